"""`neon-migrate status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "nothing stands in the way",
        ExitCode.DIFFERENT: "with --check: migrations are pending",
        ExitCode.HISTORY: "the folder and the ledger contradict each other",
    },
    database="required",
)
@click.option("--check", is_flag=True, help="Exit with 3 when migrations are pending.")
def status(invocation: Invocation, check: bool) -> Outcome:
    """Show what is applied, with time and duration, what is pending, and every fault of the history.

    It writes nothing to the database, not even the ledger's table.
    """
    from neon_migrate import api
    from neon_migrate.render.status import status_page

    report = api.status(invocation.project())
    code = ExitCode.OK
    if any(fault.blocks for fault in report.faults):
        code = ExitCode.HISTORY
    elif check and report.pending:
        code = ExitCode.DIFFERENT
    return Outcome(report, status_page(report), code)
