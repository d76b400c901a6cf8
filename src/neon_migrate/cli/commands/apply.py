"""`neon-migrate apply`."""

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
        ExitCode.OK: "all that was pending is applied, or nothing was pending",
        ExitCode.REFUSED: "the connection goes through a pooler",
        ExitCode.HISTORY: "the folder and the ledger contradict each other; nothing was applied",
        ExitCode.BUSY: "another run holds the migration lock, or a lock could not be had in time",
    },
    database="required",
)
@click.option("--to", type=int, metavar="VERSION", help="Stop after this version.")
@click.option("--dry-run", is_flag=True, help="Run on a scratch that holds the live schema; the database is only read.")
@click.option("--notify", is_flag=True, help="Tell the team in the end, by SLACK_WEBHOOK.")
def apply(invocation: Invocation, to: int | None, dry_run: bool, notify: bool) -> Outcome:
    """Apply what is pending, each migration with its ledger row in one transaction, as sqlx records them.

    Then every row is read back and the database compared with what its applied migrations make.
    """
    from neon_migrate import api
    from neon_migrate.render.apply import apply_page

    if not notify:
        report = api.apply(invocation.project(), to=to, dry_run=dry_run)
        return Outcome(report, apply_page(report), ExitCode.OK)
    from neon_migrate.cli import announcement

    if dry_run:
        raise UsageError("A dry run changes nothing that a team had to be told of", remedy="Leave --notify out.")
    announcement.require_recipient()
    project = invocation.project()
    with announcement.failures_told(invocation, project):
        report = api.apply(project, to=to)
    if report.applied:
        announcement.announce(invocation, announcement.applied(report))
    return Outcome(report, apply_page(report), ExitCode.OK)
