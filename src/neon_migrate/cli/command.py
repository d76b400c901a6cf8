"""What every command has in common: the global options, its documented exit codes, its `Invocation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click
from click.core import ParameterSource

from neon_migrate.cli.invocation import Invocation, Need, Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

P = ParamSpec("P")

ALWAYS = {
    ExitCode.FAILED: "it failed; the message says why",
    ExitCode.USAGE: "the command line, a setting, a file name or schema.json can't be understood",
    ExitCode.INTERRUPTED: "Ctrl-C",
}
"""Exit codes that every command can end with."""

WITH_DATABASE = {ExitCode.UNREACHABLE: "the database can't be reached or logged in to"}
"""The exit code that every command with a database adds."""


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    invocation = context.find_object(Invocation)
    if invocation is None or parameter.name is None:
        return
    if context.get_parameter_source(parameter.name) not in (None, ParameterSource.DEFAULT):
        setattr(invocation.options, parameter.name, value)


def global_options() -> list[click.Option]:
    """The options that every command takes, before or after its name."""

    def option(*names: str, **attributes: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=_remember, **attributes)

    return [
        option("--database-url", metavar="URL", help="The database; else NEON_DATABASE_URL, else DATABASE_URL."),
        option("--local", is_flag=True, help="The project's own embedded database."),
        option("--format", type=click.Choice(["text", "json"]), default="text", help="For people or for programs."),
        option("--quiet", is_flag=True, help="Print nothing but warnings, errors and documents asked for."),
        option("--no-color", is_flag=True, help="No colours, as with NO_COLOR in the environment."),
        option("-C", "directory", metavar="DIR", default=".", help="Run as if started in DIR."),
    ]


class Command(click.Command):
    """A command of neon-migrate, with the exit codes it can end with and what each means."""

    def __init__(self, *arguments: Any, exit_codes: Mapping[ExitCode, str], **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.own_params = tuple(self.params)
        self.params.extend(global_options())
        self.exit_codes = dict(sorted(exit_codes.items()))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options first, then the global ones, then the exit codes."""
        records = {parameter: parameter.get_help_record(ctx) for parameter in self.get_params(ctx)}
        own = [record for parameter, record in records.items() if record and parameter in self.own_params]
        others = [record for parameter, record in records.items() if record and parameter not in self.own_params]
        for title, found in (("Options", own), ("Global options", others)):
            if found:
                with formatter.section(title):
                    formatter.write_dl(found)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning) for code, meaning in self.exit_codes.items()])


def command(
    exit_codes: Mapping[ExitCode, str], *, database: Need = "none"
) -> Callable[[Callable[Concatenate[Invocation, P], Outcome]], Command]:
    """Make a function a command: its docstring is the help, its first parameter the `Invocation`."""
    meanings = ALWAYS | (WITH_DATABASE if database != "none" else {}) | dict(exit_codes)

    def decorate(function: Callable[Concatenate[Invocation, P], Outcome]) -> Command:
        @click.pass_context
        def callback(context: click.Context, /, *arguments: P.args, **parameters: P.kwargs) -> Outcome:
            invocation = context.find_object(Invocation) or Invocation()
            invocation.command, invocation.need = context.command_path.partition(" ")[2] or name, database
            return function(invocation, *arguments, **parameters)

        name = function.__name__.rstrip("_").replace("_", "-")
        parameters = list(reversed(getattr(function, "__click_params__", [])))
        return Command(name, callback=callback, params=parameters, help=function.__doc__, exit_codes=meanings)

    return decorate
