"""`apply`: the pending migrations onto the database, each verified, and the database compared with them afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from neon_migrate.drift import compare_after, look
from neon_migrate.errors import HistoryError, NeonMigrateError, UsageError
from neon_migrate.events import DriftFound, MigrationApplied, Notice, Warned
from neon_migrate.ledger import folder
from neon_migrate.ledger.history import History
from neon_migrate.runner import locked, require_in_order
from neon_migrate.sources.migrations import snapshot_keys
from neon_migrate.standin import read_live, repeat_progress, stand_in
from neon_migrate.status import StatusReport, report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neon_migrate.differences import Difference
    from neon_migrate.events import Event, Observer
    from neon_migrate.ledger.folder import Folder
    from neon_migrate.ledger.migration import LedgerRow, Migration
    from neon_migrate.project import Project


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """A migration that this run applied.

    execution_time_ns  nanoseconds on the server, as the ledger has it; -1 where it is not known
    verified           its row was read back with this file's checksum, and all that the applied migrations make is in
                       the database as they make it
    """

    version: int
    description: str
    execution_time_ns: int
    verified: bool


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What a run did.

    applied   in order; of a dry run, what would be applied, with the durations on the scratch
    status    of the database afterwards
    drift     how the database differs from what its applied migrations give (of a dry run: before them)
    warnings  what makes the comparison less than certain
    dry_run   whether nothing was done to the database
    """

    applied: tuple[AppliedMigration, ...]
    status: StatusReport
    drift: tuple[Difference, ...] = ()
    warnings: tuple[str, ...] = ()
    dry_run: bool = False


def apply(
    project: Project,
    *,
    to: int | None = None,
    dry_run: bool = False,
    ready: Callable[[Folder], None] | None = None,
) -> ApplyReport:
    """Apply what is pending, up to and including version `to`.

    dry_run  run it on a scratch that holds the live schema, never on the database itself
    ready    is given the folder that is applied, once no other run can change the ledger and before anything is
             written; what it raises stops the run. Not asked by a dry run

    Raises UsageError (no database, no file of version `to`), HistoryError (a fault of the history; `to` is below the
    latest applied version), BusyError (another run, or a lock not to be had), RefusedError (pooled connection),
    StatementError with file, line and column, UnreachableError (also when the connection is lost), InterruptedRunError
    (Ctrl-C).
    """
    found = folder.read(project.settings).require()
    if dry_run:
        return _rehearse(project, found, to)
    with locked(project, ready=None if ready is None else partial(ready, found)) as run:
        pending = _pending(project, found, run.ledger, to)
        durations = run.up(pending, together=not run.ledger)
        ledger = run.settle()
        live = look(run.session, project.settings) if pending else None
    status = report(str(run.target), found, ledger)
    if live is None:
        return ApplyReport((), status)
    applied = History(found.migrations, ledger).applied
    compared = compare_after(project, applied, live)
    recorded = {row.version: row.checksum for row in ledger if row.success}
    done = tuple(
        AppliedMigration(
            migration.version,
            migration.description,
            taken,
            verified=compared.complete and recorded.get(migration.version) == migration.checksum,
        )
        for migration, taken in zip(pending, durations, strict=True)
    )
    return ApplyReport(done, status, compared.differences, compared.warnings)


def _pending(project: Project, found: Folder, ledger: Sequence[LedgerRow], to: int | None) -> tuple[Migration, ...]:
    """What is to be applied. Raises as sqlx does where the history or the version asked for forbids it."""
    history = History(found.migrations, tuple(ledger), found.strays)
    require_in_order(history)
    for fault in history.faults:
        project.observer(Warned(f"{fault.what}\nwhat to do: {fault.remedy}"))
    if to is None:
        return history.pending
    if all(migration.version != to for migration in found.migrations):
        raise UsageError(
            f"There is no migration of version {to}",
            remedy="neon-migrate status lists the versions.",
        )
    latest = max((row.version for row in ledger), default=None)
    if latest is not None and to < latest:
        raise HistoryError(
            f"Version {to} is below {latest}, which is applied",
            remedy=f"apply goes forward only; to take later versions back: neon-migrate rollback {_next(found, to)}",
        )
    return tuple(migration for migration in history.pending if migration.version <= to)


def _next(found: Folder, version: int) -> int:
    """The first version after `version`."""
    return min(migration.version for migration in found.migrations if migration.version > version)


def _rehearse(project: Project, found: Folder, to: int | None) -> ApplyReport:
    """The dry run: the pending migrations on a scratch that was made to look like the database."""
    settings, live = project.settings, read_live(project)
    pending = _pending(project, found, live.rows or (), to)
    applied = live.history(found).applied
    with project.scratch(major=live.major, wanted=snapshot_keys(applied, settings)) as server, _untouched():
        made = stand_in(server, live, applied, settings)
        repeat_progress(server, made.database, live, pending, settings.table_name)
        for warning in made.warnings:
            project.observer(Warned(warning))
        if made.drift:
            project.observer(DriftFound(tuple(map(str, made.drift))))
        rehearsal = replace(project, target=server.target(made.database), observer=_rehearsed(project.observer))
        with locked(rehearsal) as run:
            durations = run.up(pending, together=False)
    project.observer(Notice("A dry run: everything was run on a scratch, and the database was only read."))
    done = tuple(
        AppliedMigration(migration.version, migration.description, taken, verified=False)
        for migration, taken in zip(pending, durations, strict=True)
    )
    status = report(str(live.target), found, live.rows)
    return ApplyReport(done, status, made.drift, made.warnings, dry_run=True)


def _rehearsed(observer: Observer) -> Observer:
    """The observer without what would read as if it had happened to the database."""

    def told(event: Event) -> None:
        if not isinstance(event, MigrationApplied):
            observer(event)

    return told


@contextmanager
def _untouched() -> Iterator[None]:
    """Says of an error that it happened in a dry run."""
    try:
        yield
    except NeonMigrateError as error:
        error.remedy = "This was a dry run on a scratch; the database was not touched.\n" + error.remedy
        raise
