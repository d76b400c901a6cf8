"""Runs a Plan on the database it was made for, and on no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import RefusedError
from neon_migrate.online import offline, online
from neon_migrate.sources.database import catalog_of

if TYPE_CHECKING:
    from neon_migrate.plan import Plan
    from neon_migrate.postgres.session import Session
    from neon_migrate.settings import Settings


def run_plan(session: Session, plan: Plan, settings: Settings, *, in_one_transaction: bool = False) -> None:
    """Run a Plan's batches one after the other, each committed by itself; or all of it in one transaction.

    Raises RefusedError, before anything is run, where the database is not as the Plan expects it (it changed meanwhile,
    or is another one); StatementError where a statement fails: the batches before it stay.
    """
    if catalog_of(session, settings).fingerprint != plan.fingerprint:
        raise RefusedError(
            "The database is not the one that this plan starts from, so nothing was run",
            why="It was changed since the plan was made, or it is another database.",
            remedy="Make the plan again, from how the database is now.",
        )
    for batch in offline(plan) if in_one_transaction else online(plan):
        try:
            session.script(batch.script())
        finally:
            if session.in_transaction:
                session.query("ROLLBACK")
