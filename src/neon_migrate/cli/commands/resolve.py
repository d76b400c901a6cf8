"""`neon-migrate resolve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "the ledger says so, now or before",
        ExitCode.REFUSED: "the database is not what that would mean",
        ExitCode.HISTORY: "there is neither a file nor a row of that version",
        ExitCode.BUSY: "another run holds the migration lock",
    },
    database="required",
)
@click.argument("version", type=int)
@click.option("--applied", is_flag=True, help="VERSION is applied: its row is written or corrected.")
@click.option("--reverted", is_flag=True, help="VERSION is not applied: its row is deleted.")
def resolve(invocation: Invocation, version: int, applied: bool, reverted: bool) -> Outcome:
    """Set the ledger right about VERSION, after a crash, a dirty row or a repair by hand; the schema is not touched.

    First the database is compared with what that version should give; where it is not that, the ledger stays.
    """
    if applied == reverted:
        raise UsageError(
            "resolve needs one of --applied and --reverted",
            remedy="--applied when what VERSION makes is in the database, --reverted when it is not.",
        )
    from neon_migrate import api
    from neon_migrate.render.resolve import resolve_page

    report = api.resolve(invocation.project(), version, applied=applied)
    return Outcome(report, resolve_page(report), ExitCode.OK)
