"""`neon-migrate restore`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.cli.invocation import Invocation
    from neon_migrate.neon.model import RestorePoint
    from neon_migrate.restore import RestorePlan


@command(
    {
        ExitCode.OK: "the branch was restored",
        ExitCode.REFUSED: "not confirmed; Neon does not let it be restored; its history does not reach that far",
        ExitCode.BUSY: "other operations of the Neon project did not end in time",
    },
    database="required",
)
@click.option("--lsn", metavar="LSN", help="Go back to this position of the write-ahead log.")
@click.option(
    "--time",
    metavar="TIME",
    help="Go back to this moment, such as 2026-11-22T18:30:00Z; with --lsn: when that was recorded.",
)
@click.option("--plan", metavar="FILE", help="Go back to before a deployment: its neon-migrate-deployment.json.")
@click.option("--preserve-under-name", metavar="NAME", default="", help="The branch that keeps the state of now.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def restore(
    invocation: Invocation, lsn: str | None, time: str | None, plan: str | None, preserve_under_name: str, yes: bool
) -> Outcome:
    """Take production's Neon branch back to an earlier state, with every database on it.

    Every write since is lost from it; shows how many rows by table, where they can be counted, and asks to type the
    branch's name. The state of now stays as a branch of its own. Needs NEON_API_KEY and NEON_PROJECT_ID, and of the
    database its URL alone: it may be gone, or let nobody in.
    """
    from neon_migrate import api
    from neon_migrate.render.restore import restore_page

    report = api.restore(
        invocation.project(),
        _point(lsn, time, plan),
        environment=os.environ,
        confirm=_confirmation(invocation, yes=yes),
        preserve_under_name=preserve_under_name,
    )
    return Outcome(report, restore_page(report), ExitCode.OK if report.confirmed else ExitCode.REFUSED)


def _point(lsn: str | None, time: str | None, plan: str | None) -> RestorePoint:
    from neon_migrate.restore import planned_point, restore_point

    if plan is None:
        return restore_point(lsn=lsn, time=time)
    if lsn is not None or time is not None:
        raise UsageError("--plan names the point already", remedy="Leave --lsn and --time out.")
    return planned_point(Path(plan))


def _confirmation(invocation: Invocation, *, yes: bool) -> Callable[[RestorePlan], bool]:
    if invocation.options.format == "json" and not yes:
        raise UsageError("A restore asks, and --format json leaves nobody to answer", remedy="Confirm it with --yes.")

    def confirm(plan: RestorePlan) -> bool:
        from neon_migrate.render.restore import plan_page

        if yes:
            invocation.show(plan_page(plan))
            return True
        return invocation.ask(plan_page(plan), f"Type {plan.branch} to go on: ") == plan.branch

    return confirm
