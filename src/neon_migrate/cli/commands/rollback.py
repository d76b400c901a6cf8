"""`neon-migrate rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.cli.invocation import Invocation
    from neon_migrate.rollback import RollbackPlan


@command(
    {
        ExitCode.OK: "the migrations were taken back",
        ExitCode.REFUSED: "not confirmed; data would be lost or a way back was computed, which options allow; or the "
        "database is not what a computed one starts from",
        ExitCode.HISTORY: "the version is not applied, or the folder and the ledger contradict each other",
        ExitCode.BUSY: "another run holds the migration lock, or a lock could not be had in time",
    },
    database="required",
)
@click.argument("version", type=int)
@click.option("--yes", is_flag=True, help="Don't ask. Covers neither data loss nor computed ways back.")
@click.option("--tracking-only", is_flag=True, help="Delete the ledger rows alone; says what is left to do by hand.")
@click.option("--allow-data-loss", is_flag=True, help="Go on where tables, columns or values would go.")
@click.option("--computed", is_flag=True, help="Run the computed way back of a migration that has no down file.")
def rollback(
    invocation: Invocation, version: int, yes: bool, tracking_only: bool, allow_data_loss: bool, computed: bool
) -> Outcome:
    """Take VERSION and every later migration off the database, newest first.

    Shows which migrations go, by which down, and what data would be lost (with row counts), and asks to type the
    version. Each way back and the removal of its ledger row are one transaction, all or nothing, also where it is
    computed: where that locks something for as long as there are rows, it is said. What is computed is run only on a
    database that is what its migrations make. On a shared database prefer `undo`.
    """
    from neon_migrate import api
    from neon_migrate.render.rollback import rollback_page

    report = api.rollback(
        invocation.project(),
        version,
        confirm=_confirmation(invocation, yes=yes),
        tracking_only=tracking_only,
        allow_data_loss=allow_data_loss,
        computed_downs=computed,
    )
    return Outcome(report, rollback_page(report), ExitCode.OK if report.confirmed else ExitCode.REFUSED)


def _confirmation(invocation: Invocation, *, yes: bool) -> Callable[[RollbackPlan], bool]:
    if invocation.options.format == "json" and not yes:
        raise UsageError("A rollback asks, and --format json leaves nobody to answer", remedy="Confirm it with --yes.")

    def confirm(plan: RollbackPlan) -> bool:
        from neon_migrate.render.rollback import plan_page

        if yes:
            invocation.show(plan_page(plan))
            return True
        return invocation.ask(plan_page(plan), f"Type {plan.version} to go on: ") == str(plan.version)

    return confirm
