"""Production as it was read, and a scratch that stands in for it: its schema, ledger and roles, and none of its rows.

Production itself is only ever read, in one read-only transaction: trying something there and rolling it back would take
the locks that a rehearsal is to tell of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from neon_migrate.differences import Difference, differences
from neon_migrate.errors import ImpossibleError, StatementError
from neon_migrate.expected import other_major
from neon_migrate.ledger.history import History
from neon_migrate.objects.extension import with_offered_versions
from neon_migrate.plan import plan
from neon_migrate.postgres.progress import note, read_progress
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.sizes import read_sizes
from neon_migrate.report import TableSize
from neon_migrate.run_plan import run_plan
from neon_migrate.settled import settled_live
from neon_migrate.sources.database import catalog_of, scratch_catalog
from neon_migrate.sources.migrations import replay
from neon_migrate.sources.roles import add_roles, roles_in
from neon_migrate.status import read_ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.ledger.folder import Folder
    from neon_migrate.ledger.migration import LedgerRow, Migration
    from neon_migrate.postgres.progress import Direction, Progress
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target
    from neon_migrate.project import Project
    from neon_migrate.settings import Settings

_READ_ONLY = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_LSN = """SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_flush_lsn() END)::pg_catalog.text"""


@dataclass(frozen=True, slots=True)
class Live:
    """A database at one moment.

    target  without Neon's pooler
    rows    of its ledger; None where it has none
    begun   the no-transaction migrations that were begun and not finished
    lsn     its write-ahead log position; empty where it could not be read
    sizes   of its tables
    """

    target: Target
    major: int
    rows: tuple[LedgerRow, ...] | None
    catalog: Catalog
    roles: frozenset[str]
    begun: Mapping[tuple[int, Direction], Progress]
    lsn: str
    sizes: tuple[TableSize, ...]
    taken_at: datetime

    def history(self, found: Folder) -> History:
        """The folder against its ledger."""
        return History(found.migrations, self.rows or (), found.strays)


@dataclass(frozen=True, slots=True)
class StandIn:
    """A scratch database in production's place.

    found     production's Catalog, in the form of `expected`: that of the replay of its applied migrations
    drift     in what the two differ
    warnings  in what the scratch could not be made like production
    """

    database: str
    found: Catalog
    expected: Catalog
    drift: tuple[Difference, ...]
    warnings: tuple[str, ...]


def read_live(project: Project) -> Live:
    """Read the project's database, in one read-only transaction.

    Raises UsageError (none named), UnreachableError, and StatementError where the ledger can't be read.
    """
    target, settings = project.require_target().direct(), project.settings
    with connect(target) as session:
        session.query(_READ_ONLY)
        rows = read_ledger(session, settings)
        live = Live(
            target,
            session.major,
            rows,
            catalog_of(session, settings),
            roles_in(session),
            read_progress(session, settings.table_name) if rows is not None else {},
            _lsn(session),
            tuple(TableSize(*size) for size in read_sizes(session)),
            datetime.now(UTC),
        )
        session.query("COMMIT")
    return live


def drift_of(server: ScratchServer, live: Live, applied: Sequence[Migration], settings: Settings) -> StandIn:
    """The replay of what is applied, and in what `live` differs from it."""
    database = replay(server, applied, settings).database
    add_roles(server, live.roles)
    found, expected = settled_live(live.catalog, server, database, settings)
    return StandIn(database, found, expected, differences(plan(found, expected).changes), other_major(server))


def stand_in(server: ScratchServer, live: Live, applied: Sequence[Migration], settings: Settings) -> StandIn:
    """A scratch database with the schema and the ledger of `live`, also where it drifted.

    What can't be made so is said in the warnings.

    Raises StatementError where an applied migration can't be replayed.
    """
    made = drift_of(server, live, applied, settings)
    warnings = (*made.warnings, *bring_in_line(server, made.database, live.catalog, settings))
    return replace(made, warnings=warnings)


def repeat_progress(server: ScratchServer, database: str, live: Live, pending: Sequence[Migration], table: str) -> None:
    """Note in the scratch how far no-transaction migrations came in `live`; `table` is the ledger's name."""
    with server.session(database) as session:
        for migration in pending:
            if progress := live.begun.get((migration.version, "up")):
                note(session, table, migration.version, migration.checksum, progress)


def _lsn(session: Session) -> str:
    """How far the log is flushed; of a standby, how far it is replayed. Empty where we may not ask."""
    session.query("SAVEPOINT neon_migrate_lsn")
    try:
        ((lsn,),) = session.query(_LSN)
    except StatementError:
        session.query("ROLLBACK TO SAVEPOINT neon_migrate_lsn")
        return ""
    return str(lsn or "")


def bring_in_line(server: ScratchServer, database: str, live: Catalog, settings: Settings) -> tuple[str, ...]:
    """Make the scratch's schema that of the live database; what can't be made so is said."""
    found, live = scratch_catalog(server, database, settings), with_offered_versions(live)
    in_line = plan(found, live)
    if not in_line.statements:
        return ()
    try:
        with server.session(database) as session:
            run_plan(session, in_line, found, in_one_transaction=True)
    except (ImpossibleError, StatementError) as error:
        return (f"The scratch could not be given the drift of the database: {error}",)
    left = differences(plan(scratch_catalog(server, database, settings), live).changes)
    return tuple(f"The scratch differs from the database: {one}" for one in left)
