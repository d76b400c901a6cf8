"""Writes docs/commands.md, and the table in README.md, from the command line itself; a test fails when one is stale.

python docs/make_commands.py
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neon_migrate.cli.application import application
from neon_migrate.cli.command import Command
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).with_name("commands.md")
README = Path(__file__).parents[1] / "README.md"
COLUMNS = (
    "\n| command | what it does | options of its own | exit codes beside 0, 1, 2, 130 |\n| --- | --- | --- | --- |\n"
)
START, END = "<!-- commands -->\n", "<!-- /commands -->\n"

HEAD = """\
# The commands

<!-- Written by docs/make_commands.py from the code: change the code, then run it. -->

Every command reports for people, and with `--format json` for programs: one JSON object on standard output with
`command`, `ok`, `exit_code`, `report`, `error` (`type`, `what`, `where`, `why`, `remedy`, for a refused statement also
`sqlstate` and `statement`), `notices` and `warnings`. Results go to standard output, progress and errors to standard
error. An unexpected fault is told in a few lines; `NEON_MIGRATE_TRACEBACK=1` in the environment shows the traceback.
"""

CODES = {
    ExitCode.OK: "in order",
    ExitCode.FAILED: "the command could not do what was asked, or a check failed",
    ExitCode.USAGE: "the command line, a setting, a file name or schema.json can't be understood",
    ExitCode.DIFFERENT: "a difference that was asked about: drift, something missing, pending, out of step",
    ExitCode.REFUSED: "refused as unsafe; the message names the option that allows it",
    ExitCode.UNREACHABLE: "the database can't be reached or logged in to",
    ExitCode.HISTORY: "the migrations folder and the ledger contradict each other",
    ExitCode.BUSY: "another run holds the migration lock, or a lock could not be had in time",
    ExitCode.INTERRUPTED: "Ctrl-C",
}


def page() -> str:
    """The whole page."""
    group = application()
    context = click.Context(group, info_name="neon-migrate")
    parts = [
        HEAD,
        "## Global options\n\nBefore or after the command; the later one counts.\n",
        _table(("option", "meaning"), _options(group, context)),
        "## Exit codes\n\nThe same in every command, and stable.\n",
        _table(("code", "meaning"), ((str(int(code)), meaning) for code, meaning in CODES.items())),
    ]
    for command, own in _commands(context):
        parts += _section(command, own)
    return "\n".join(parts)


def readme() -> str:
    """README.md with the present table of commands."""
    head, _, rest = README.read_text(encoding="utf-8").partition(START)
    context = click.Context(application(), info_name="neon-migrate")
    rows = "".join(_row(command, own) for command, own in _commands(context))
    return head + START + COLUMNS + rows + END + rest.partition(END)[2]


def _row(command: Command, context: click.Context) -> str:
    usage = " ".join(piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]")
    own = [parameter for parameter in command.own_params if isinstance(parameter, click.Option)]
    options = ", ".join(f"`{parameter.opts[-1]}`" for parameter in own)
    codes = ", ".join(str(int(code)) for code in command.exit_codes if code not in (0, 1, 2, 130))
    cells = (f"`{_name(context)} {usage}".strip() + "`", command.get_short_help_str(limit=300), options, codes)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _commands(context: click.Context) -> Iterator[tuple[Command, click.Context]]:
    """Every command with its context, those of a group in the group too."""
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        own = click.Context(command, info_name=name, parent=context) if command else context
        if isinstance(command, click.Group):
            yield from _commands(own)
        elif isinstance(command, Command):
            yield command, own


def _name(context: click.Context) -> str:
    return context.command_path.partition(" ")[2]


def _section(command: Command, context: click.Context) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {_name(context)}\n"
    yield inspect.cleandoc(command.help or "").replace("\b\n", "```\n", 1) + _closing(command.help or "")
    yield f"```\n{context.command_path} {usage}\n```\n"
    if own := list(_options(command, context)):
        yield _table(("option", "meaning"), own)
    yield _table(("exit code", "when"), ((str(int(code)), when) for code, when in command.exit_codes.items()))


def _closing(help_text: str) -> str:
    return "\n```\n" if "\b" in help_text else "\n"


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    own = getattr(command, "own_params", None)
    for parameter in command.get_params(context):
        if own is not None and parameter not in own:
            continue
        record = parameter.get_help_record(context)
        if record is not None:
            yield f"`{record[0]}`", record[1]


def _table(columns: tuple[str, str], rows: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str:
    lines = [columns, ("---", "---"), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
