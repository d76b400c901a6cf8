"""A group of commands: found by their files, imported when they run."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import click

from neon_migrate.cli.command import Command, global_options
from neon_migrate.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType


class Commands(click.Group):
    """The commands of a package, one module (or package, for a group in the group) each."""

    def __init__(self, name: str, package: ModuleType, **attributes: Any) -> None:
        super().__init__(name, params=[*global_options()], **attributes)
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, from their file names."""
        return sorted(module.name.rstrip("_").replace("_", "-") for module in iter_modules(self._package.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> Command | Commands | None:
        """The command of that name, imported now; None for an unknown one."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = cmd_name.replace("-", "_")
        modules = {found.name for found in iter_modules(self._package.__path__)}
        name = module if module in modules else module + "_"
        found: Command | Commands = getattr(import_module(f"{self._package.__name__}.{name}"), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the first sentence of their help, whole."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(limit=200)) for name, command in found if command])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, and with the nearest command for an unknown one."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"{ctx.command_path} --help lists the commands."
            raise UsageError(f"There is no command {name!r}", remedy=hint)
        return super().resolve_command(ctx, args)
