"""`status`: what the ledger has applied, what is pending, and every fault of the history. It writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from neon_migrate.ledger import folder, rows
from neon_migrate.ledger.history import Fault, History
from neon_migrate.postgres import progress

if TYPE_CHECKING:
    from datetime import datetime

    from neon_migrate.ledger.folder import Folder
    from neon_migrate.ledger.migration import LedgerRow
    from neon_migrate.postgres.progress import Direction
    from neon_migrate.postgres.session import Session
    from neon_migrate.project import Project
    from neon_migrate.settings import Settings

    _Begun = dict[tuple[int, Direction], int]


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """One version, known from a file, from the ledger or from both.

    state              `dirty`: the ledger says that its run failed
    execution_time_ns  nanoseconds; -1 for "committed, duration not recorded"; None while pending
    checksum           hexadecimal SHA-384: the ledger's where it has one, else the file's
    statements_done    how many statements of a no-transaction file are committed whose run was not finished: of the up
                       file while pending, of the down file once applied; None where none was begun
    """

    version: int
    description: str
    state: Literal["applied", "pending", "dirty"]
    installed_on: datetime | None
    execution_time_ns: int | None
    checksum: str
    statements_done: int | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The history of one database.

    database       its name and host, without the password
    ledger_exists  False before the first migration was ever applied
    """

    database: str
    entries: tuple[StatusEntry, ...]
    faults: tuple[Fault, ...]
    ledger_exists: bool

    @property
    def pending(self) -> tuple[StatusEntry, ...]:
        """The entries still to be applied, in order."""
        return tuple(entry for entry in self.entries if entry.state == "pending")


def status(project: Project) -> StatusReport:
    """Read the folder and the ledger: connecting plus at most two round trips, nothing written.

    Raises UsageError (no database named), UnreachableError, MigrationFileError, and StatementError where the ledger
    can't be read.
    """
    target = project.require_target()
    found = folder.read(project.settings).require()
    with project.session() as session:
        ledger, begun = _read(session, project.settings.table_name)
    found_there = report(str(target), found, ledger)
    return replace(found_there, entries=tuple(_with_progress(entry, begun) for entry in found_there.entries))


def _read(session: Session, table: str) -> tuple[tuple[LedgerRow, ...] | None, _Begun]:
    """The ledger's rows, None where there is no ledger yet, and how far unfinished migrations came. Two round trips."""
    ((exists,),), beside = session.queries([(rows.table_exists(table), ()), (progress.readable(table), ())])
    if not exists:
        return None, {}
    asked = [rows.select(table), *(progress.statements_done(name) for (name,) in beside)]
    found, *begun = session.queries([(sql, ()) for sql in asked])
    return rows.read(found), {(version, direction): done for version, direction, done in (begun[0] if begun else ())}


def _with_progress(entry: StatusEntry, begun: _Begun) -> StatusEntry:
    direction: Direction = "up" if entry.state == "pending" else "down"
    return replace(entry, statements_done=begun.get((entry.version, direction)))


def read_ledger(session: Session, settings: Settings) -> tuple[LedgerRow, ...] | None:
    """The ledger's rows by version; None where there is no ledger yet. Two round trips, nothing written."""
    ((exists,),) = session.query(rows.table_exists(settings.table_name))
    return rows.read(session.query(rows.select(settings.table_name))) if exists else None


def report(database: str, found: Folder, ledger: tuple[LedgerRow, ...] | None) -> StatusReport:
    """What `status` says of a folder and a ledger that were read."""
    history = History(found.migrations, ledger or (), found.strays)
    applied = [_of_row(row) for row in history.rows]
    pending = [
        StatusEntry(migration.version, migration.description, "pending", None, None, migration.checksum.hex())
        for migration in history.pending
    ]
    entries = sorted([*applied, *pending], key=lambda entry: entry.version)
    return StatusReport(database, tuple(entries), history.faults, ledger is not None)


def _of_row(row: LedgerRow) -> StatusEntry:
    return StatusEntry(
        row.version,
        row.description,
        "applied" if row.success else "dirty",
        row.installed_on,
        row.execution_time_ns,
        row.checksum.hex(),
    )
