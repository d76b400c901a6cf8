"""Runs a Plan on the database it was made for, and on no other.

The texts of migrations are no Plans any more: the ledger guards those, and `prove` runs them as they are going to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import RefusedError
from neon_migrate.online import offline, online

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog
    from neon_migrate.plan import Plan
    from neon_migrate.postgres.session import Session


def require_start(fingerprint: str, found: Catalog) -> None:
    """Raises RefusedError where `found` is not the Catalog that a Plan with this fingerprint starts from."""
    if found.fingerprint != fingerprint:
        raise RefusedError(
            "The database is not the one that this plan starts from, so nothing was run",
            why="It was changed since the plan was made, or it is another database.",
            remedy="Run the command again: it plans from how the database is now.",
        )


def run_plan(session: Session, plan: Plan, found: Catalog, *, in_one_transaction: bool = False) -> None:
    """Run a Plan's batches one after the other, each committed by itself; or all of it in one transaction.

    found  the Catalog of the database, as it was just read

    Raises RefusedError, before anything is run, where the database is not as the Plan expects it, and ImpossibleError
    where Postgres has no way to do it; StatementError where a statement fails: the batches before it stay.
    """
    require_start(plan.fingerprint, found)
    plan.require_way()
    for batch in offline(plan) if in_one_transaction else online(plan):
        try:
            session.script(batch.script())
        finally:
            if session.in_transaction:
                session.query("ROLLBACK")
