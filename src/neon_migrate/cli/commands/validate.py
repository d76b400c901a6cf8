"""`neon-migrate validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation
    from neon_migrate.validate import ValidateReport


@command(
    {
        ExitCode.OK: "no check failed; some may have warned",
        ExitCode.FAILED: "a check failed",
    },
    database="optional",
)
@click.option(
    "--since", type=int, metavar="VERSION", help="Migrations above this one are new: breaking changes in them are told."
)
def validate(invocation: Invocation, since: int | None) -> Outcome:
    """Check everything that can be known before pushing: files, syntax, replay, downs, seeds, breaking changes.

    Everything runs on a scratch Postgres; the down files of new migrations (of the newest 20) also with rows in every
    table, which gives the grade of the way back: exact, lossy or impossible. A database, where one is named, is asked
    only for its version and for what is applied. Where it does not answer, the checks that need it say so and the rest
    goes on; one that --database-url names was asked for, so the exit code then is 5.
    """
    from neon_migrate import api
    from neon_migrate.render.validate import validate_page

    report = api.validate(invocation.project(), since=since)
    return Outcome(report, validate_page(report), _exit_code(report, asked=invocation.options.database_url is not None))


def _exit_code(report: ValidateReport, *, asked: bool) -> ExitCode:
    if report.failed:
        return ExitCode.FAILED
    return ExitCode.UNREACHABLE if asked and report.unanswered else ExitCode.OK
