"""The group of commands: found by their files, imported when they run, and every way a run can end."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import click

from neon_migrate import __version__
from neon_migrate.cli import commands
from neon_migrate.cli.command import Command, global_options
from neon_migrate.cli.invocation import Invocation, Outcome
from neon_migrate.cli.screen import Screen
from neon_migrate.errors import ExitCode, InterruptedRunError, NeonMigrateError, StatementError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "neon-migrate"
TRACEBACK_VARIABLE = "NEON_MIGRATE_TRACEBACK"


class Commands(click.Group):
    """The commands, one module each in `neon_migrate.cli.commands`; only the one that runs is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, from their file names."""
        return sorted(module.name.rstrip("_").replace("_", "-") for module in iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> Command | None:
        """The command of that name, imported now; None for an unknown one."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = cmd_name.replace("-", "_")
        modules = {found.name for found in iter_modules(commands.__path__)}
        name = module if module in modules else module + "_"
        found: Command = getattr(import_module(f"{commands.__name__}.{name}"), name)
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
            hint = f"Did you mean {near[0]!r}?" if near else f"{PROGRAM} --help lists the commands."
            raise UsageError(f"There is no command {name!r}", remedy=hint)
        return super().resolve_command(ctx, args)


def application() -> Commands:
    """The whole command line as a click group."""
    group = Commands(
        PROGRAM,
        params=[*global_options()],
        help=(
            "Bring schema.json to a Neon (or any PostgreSQL) database through versioned, proven, reversible "
            "migrations that sqlx understands."
        ),
        epilog="neon-migrate COMMAND --help shows a command's options and exit codes.",
    )
    return click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")(group)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; everything it has to say is written by then."""
    invocation = Invocation()
    if _asks_for_json(arguments):
        invocation.options.format = "json"  # so that a command line that can't be parsed is answered in JSON too
    screen = Screen(invocation)
    invocation.observer, invocation.show, invocation.ask = screen.observe, screen.show, screen.ask
    try:
        return _finish(invocation, screen, arguments)
    except BrokenPipeError:
        _drop_output()  # whoever read it has gone, as `head` does
        return ExitCode.FAILED
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        if isinstance(error, OSError) and error.filename is None:
            _drop_output()
        return _fail(invocation, screen, error)
    finally:
        screen.pause()


def _drop_output() -> None:
    """Let what is still buffered go nowhere, so that Python does not fail over it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _asks_for_json(arguments: Sequence[str]) -> bool:
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)


def _finish(invocation: Invocation, screen: Screen, arguments: Sequence[str]) -> int:
    asked = list(arguments) or ["--help"]
    result = application().main(asked, prog_name=PROGRAM, standalone_mode=False, obj=invocation)
    if isinstance(result, Outcome):
        screen.deliver(result)
        return result.exit_code
    return int(result or 0) if arguments else ExitCode.USAGE


def _fail(invocation: Invocation, screen: Screen, error: BaseException) -> int:
    from neon_migrate.cli.secrets import Secrets

    secrets = Secrets(os.environ)
    for conninfo in (invocation.options.database_url, *invocation.conninfos):
        secrets.learn(conninfo)
    if isinstance(error, click.UsageError) and error.ctx is not None and error.ctx.parent is not None:
        invocation.command = error.ctx.info_name or ""
    shown = secrets.clean(_translated(error))
    screen.fail(shown)
    if os.environ.get(TRACEBACK_VARIABLE) == "1":
        from traceback import format_exception

        sys.stderr.write(secrets.redact("".join(format_exception(error))))
    return shown.exit_code


def _translated(error: BaseException) -> NeonMigrateError:
    """Any exception as one of ours, with what the user can do about it."""
    match error:
        case StatementError(sqlstate="42501", remedy=""):
            error.remedy = f"{PROGRAM} doctor shows which privilege is missing, and how to grant it."
            return error
        case NeonMigrateError():
            return error
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else PROGRAM
            return UsageError(" ".join(error.format_message().split()), remedy=f"{path} --help shows how it is used.")
        case click.ClickException():
            return UsageError(error.format_message())
        case KeyboardInterrupt() | click.Abort():
            return InterruptedRunError("Interrupted", remedy=f"{PROGRAM} status shows how far the database came.")
        case OSError(filename=name, strerror=str(reason)):
            what = "The output" if name is None else name
            return NeonMigrateError(f"{what}: {reason}", remedy="Put that right and run it again.")
        case _:
            return NeonMigrateError(
                f"A fault in neon-migrate {__version__}: {type(error).__name__}",
                why=str(error),
                remedy=(
                    f"Run it again with {TRACEBACK_VARIABLE}=1 and report what it prints, with the command line, to "
                    "the issue tracker of neon-migrate."
                ),
            )
