"""After a run: whether the database is what its applied migrations give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.differences import Difference, differences
from neon_migrate.disclosure import KEPT_BACK
from neon_migrate.errors import NeonMigrateError, ScratchError, StatementError
from neon_migrate.events import DriftFound, Step, Warned
from neon_migrate.expected import disclosure_of, other_major
from neon_migrate.plan import plan
from neon_migrate.settled import settled_live
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.migrations import replay, snapshot_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.session import Session
    from neon_migrate.project import Project
    from neon_migrate.settings import Settings


@dataclass(frozen=True, slots=True)
class Drift:
    """How a live Catalog differs from the replay of what is applied.

    compared  False where the replay was not to be had; a warning says why
    """

    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]
    compared: bool

    @property
    def complete(self) -> bool:
        """Whether the two were compared and all that the migrations make is there as they make it.

        What the database has beyond that is drift too, and says nothing against a migration.
        """
        return self.compared and all(one.state == "unexpected" for one in self.differences)


@dataclass(frozen=True, slots=True)
class Live:
    """A database after a run.

    catalog  None where it could not be read; `fault` says why
    major    the server's major version
    """

    catalog: Catalog | None
    major: int
    fault: str = ""


def look(session: Session, settings: Settings) -> Live:
    """Read the Catalog of a database that was just changed: what is committed stays so, whatever fails here."""
    try:
        return Live(catalog_of(session, settings), session.major)
    except NeonMigrateError as error:
        return Live(None, session.major, str(error))


def compare_after(project: Project, applied: Sequence[Migration], live: Live) -> Drift:
    """Compare what was read after a run with the replay of `applied` on a scratch, and tell of drift.

    The run is done and committed, so what can't be compared is a warning and no error.
    """
    drift = _compared(project, applied, live)
    for warning in drift.warnings:
        project.observer(Warned(warning))
    if drift.differences:
        project.observer(DriftFound(tuple(map(str, drift.differences))))
    return drift


def _compared(project: Project, applied: Sequence[Migration], live: Live) -> Drift:
    if live.catalog is None:
        return Drift((), (f"The database could not be compared with its migrations: {live.fault}",), compared=False)
    project.observer(Step("comparing the database with its migrations"))
    try:
        with project.scratch(major=live.major, wanted=snapshot_keys(applied, project.settings)) as server:
            database = replay(server, applied, project.settings).database
            found, expected = settled_live(live.catalog, server, database, project.settings)
            drift = Drift(differences(plan(found, expected).changes), other_major(server), compared=True)
    except (ScratchError, StatementError) as error:
        return Drift((), (f"The database could not be compared with its migrations: {error}",), compared=False)
    disclosure = disclosure_of(project, live.catalog, found, expected, applied)
    if disclosure is None:
        return drift
    told = disclosure.told(drift)
    return replace(told, warnings=(*told.warnings, KEPT_BACK)) if disclosure.withheld else told
