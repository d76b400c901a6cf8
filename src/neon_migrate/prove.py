"""Runs what was generated, forward and back, on a scratch database before anyone sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.diff import Change, Drop, diff
from neon_migrate.differences import differences
from neon_migrate.errors import NeonMigrateError, StatementError
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.sources.migrations import open_scratch

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.settings import Settings

UNSAFE_USE_OF_NEW_ENUM_VALUE = "55P04"


class ProofError(NeonMigrateError):
    """What was generated does not do what it should; nothing was written."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was run and compared.

    after  the Catalog that the up text gave
    back   the Catalog that the down text gave; None where there is none
    """

    after: Catalog
    back: Catalog | None


def run_text(server: ScratchServer, database: str, text: str) -> None:
    """Run a migration's text on a scratch database as sqlx would: one message in one transaction."""
    with open_scratch(server, database) as session:
        session.query("BEGIN")
        session.script(text)
        session.query("COMMIT")


def prove(
    server: ScratchServer, start: str, up: str, down: str | None, settings: Settings, *, goal: Catalog, origin: Catalog
) -> Proof:
    """Run `up` on a clone of the database `start`, then `down`, and compare the Catalogs.

    goal, origin  what `up` and `down` have to give exactly

    Raises ProofError naming what differs, or the statement that failed. A StatementError with SQLSTATE 55P04 (an enum
    value used in the transaction that added it) is let through: the answer to it is two migrations.
    """
    database = server.create(template=start)
    try:
        after = _run(server, database, up, settings, "up")
        _same(after, goal, "applied")
        if down is None:
            return Proof(after, None)
        back = _run(server, database, down, settings, "down")
        _same(back, origin, "taken back")
        return Proof(after, back)
    finally:
        server.drop(database)


def _run(server: ScratchServer, database: str, text: str, settings: Settings, direction: str) -> Catalog:
    try:
        run_text(server, database, text)
    except StatementError as error:
        if error.sqlstate == UNSAFE_USE_OF_NEW_ENUM_VALUE:
            raise
        raise ProofError(
            f"The generated {direction} migration does not run: {error.what}",
            where=error.where,
            why=error.why,
            remedy="Nothing was written. Write this change by hand, and please report it with both schemas.",
        ) from None
    return scratch_catalog(server, database, settings)


def _same(found: Catalog, wanted: Catalog, when: str) -> None:
    remaining = differences([change for change in diff(found, wanted) if not _by_default(change, found)])
    if remaining:
        raise ProofError(
            f"The generated migration, {when}, does not give the schema it should",
            why="\n".join(map(str, remaining[:20])),
            remedy="Nothing was written. Write this change by hand, and please report it with both schemas.",
        )


def _by_default(change: Change, found: Catalog) -> bool:
    """Whether this is a grant too many that default privileges gave on something new, as they are there to do."""
    return isinstance(change, Drop) and change.key.kind == "grant" and bool(found.of_kind("default_privileges"))
