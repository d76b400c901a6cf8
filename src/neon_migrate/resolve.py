"""`resolve`: one row of the ledger set right, once the database was seen to be what that row says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.diff import Rename, diff
from neon_migrate.differences import Difference, differences
from neon_migrate.errors import HistoryError, RefusedError, StatementError
from neon_migrate.events import Step, Warned
from neon_migrate.expected import other_major, replayed_catalog
from neon_migrate.ledger import folder, rows
from neon_migrate.postgres.progress import forget
from neon_migrate.runner import locked
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.migrations import snapshot_keys
from neon_migrate.status import StatusReport, report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neon_migrate.catalog import Key
    from neon_migrate.diff import Change
    from neon_migrate.ledger.folder import Folder
    from neon_migrate.ledger.migration import LedgerRow, Migration
    from neon_migrate.project import Project
    from neon_migrate.runner import Runner


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """What was set right.

    changed   False when the ledger already said so
    seen      the objects of that version that were compared; with none, no schema tells whether it is applied
    drift     differences of the database that have nothing to do with this version
    """

    version: int
    applied: bool
    changed: bool
    seen: tuple[str, ...]
    status: StatusReport
    drift: tuple[Difference, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Compared:
    seen: tuple[str, ...]
    against: tuple[Difference, ...]
    drift: tuple[Difference, ...]
    warnings: tuple[str, ...]


def resolve(project: Project, version: int, *, applied: bool) -> ResolveReport:
    """Make the ledger say that `version` is applied (or, with `applied` False, that it is not), nothing else.

    Applied: a missing row is inserted, a dirty one or one with another checksum made that of the file. Not applied:
    the row is deleted. What is noted of a no-transaction run of it is forgotten either way.

    Raises RefusedError when the database is not what that version gives, HistoryError where there is neither a file nor
    a row, StatementError or ScratchError where it could not be compared; BusyError, UnreachableError.
    """
    found = folder.read(project.settings).require()
    migration = next((one for one in found.migrations if one.version == version), None)
    with locked(project) as run:
        ledger = run.ledger
        row = next((one for one in ledger if one.version == version), None)
        statement = _statement(run, migration, row, version, applied=applied)
        compared = _compare(project, run, _others(found, ledger, version), migration, applied=applied)
        if compared.against:
            raise _refused(version, compared.against, applied=applied)
        if statement:
            run.session.script(f"BEGIN;\n{run.conditions.guard};\n{statement};\nCOMMIT")
        forget(run.session, run.conditions.ledger, version)
        status = report(str(run.target), found, run.settle())
    for text in compared.warnings:
        project.observer(Warned(text))
    return ResolveReport(version, applied, bool(statement), compared.seen, status, compared.drift, compared.warnings)


def _others(found: Folder, ledger: Sequence[LedgerRow], version: int) -> tuple[Migration, ...]:
    """The migrations that the ledger has as applied, without this one."""
    versions = {row.version for row in ledger if row.success and row.version != version}
    return tuple(migration for migration in found.migrations if migration.version in versions)


def _statement(run: Runner, migration: Migration | None, row: LedgerRow | None, version: int, *, applied: bool) -> str:
    """What has to be done to the ledger; empty when it already says so."""
    table = run.conditions.ledger
    if migration is None and (row is None or applied):
        raise HistoryError(
            f"There is no migration of version {version}",
            why="It is in the ledger and has no file." if row else "",
            remedy=f"Bring its file back, or: neon-migrate resolve {version} --reverted"
            if row
            else "neon-migrate status lists the versions.",
        )
    if not applied:
        return rows.delete(table, version) if row else ""
    if migration is None or (row is not None and row.success and row.checksum == migration.checksum):
        return ""
    return rows.set_success(table, migration) if row else rows.insert(table, migration)


def _compare(
    project: Project, run: Runner, others: tuple[Migration, ...], migration: Migration | None, *, applied: bool
) -> _Compared:
    """The live Catalog against the replay with or without the version, in the objects that the version changes.

    A version without a file may have changed anything, so every difference counts then.
    """
    project.observer(Step("comparing the database with its migrations"))
    live = catalog_of(run.session, project.settings)
    together = tuple(sorted((*others, migration), key=lambda one: one.version)) if migration else others
    wanted = snapshot_keys(together, project.settings)
    with project.scratch(major=run.session.major, wanted=wanted) as server:
        warnings = other_major(server)
        given = replayed_catalog(project, together, server)
        try:
            before, after = replayed_catalog(project, others, server), given
        except StatementError as error:
            # Later migrations build on it. What it changes is then seen where they are not yet there.
            if migration is None or not applied:
                raise _needed(migration, error) from None
            below = tuple(one for one in others if one.version < migration.version)
            before = replayed_catalog(project, below, server)
            after = replayed_catalog(project, (*below, migration), server)
    changed = _keys(diff(before, after))
    against: list[Change] = []
    drift: list[Change] = []
    for change in diff(live, given if applied else before):
        (against if migration is None or changed & _keys([change]) else drift).append(change)
    seen = tuple(sorted(str(key) for key in changed))
    return _Compared(seen, differences(against), differences(drift), warnings)


def _needed(migration: Migration | None, error: StatementError) -> HistoryError:
    without = f"without {migration.version}" if migration else "from their files"
    return HistoryError(
        f"The other applied migrations do not run {without}; the ledger was not changed",
        where=error.where,
        why=error.what,
        remedy="Bring the missing file back, or resolve what builds on it first, the newest version first.",
    )


def _keys(changes: Iterable[Change]) -> frozenset[Key]:
    found = set()
    for change in changes:
        found.add(change.key)
        if isinstance(change, Rename):
            found.add(change.old.key)
    return frozenset(found)


def _refused(version: int, against: Sequence[Difference], *, applied: bool) -> RefusedError:
    state = "applied" if applied else "not applied"
    return RefusedError(
        f"The database does not look as it should with version {version} {state}; the ledger was not changed",
        why="\n".join(map(str, against)),
        remedy="Bring the database in line (neon-migrate compare --sql writes the statements), then run it again"
        + ("." if applied else f"; or, if the change is there: neon-migrate resolve {version} --applied."),
    )
