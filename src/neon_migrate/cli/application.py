"""The command line as a whole, and every way a run can end."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import click

from neon_migrate import __version__
from neon_migrate.cli import commands
from neon_migrate.cli.group import Commands
from neon_migrate.cli.invocation import Invocation, Outcome
from neon_migrate.cli.screen import Screen
from neon_migrate.errors import ExitCode, InterruptedRunError, NeonMigrateError, StatementError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "neon-migrate"
TRACEBACK_VARIABLE = "NEON_MIGRATE_TRACEBACK"


def application() -> Commands:
    """The whole command line as a click group."""
    group = Commands(
        PROGRAM,
        commands,
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
    from neon_migrate.masking import Secrets

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
