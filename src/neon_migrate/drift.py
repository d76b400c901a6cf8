"""After a run: whether the database is what its applied migrations give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.differences import Difference, differences
from neon_migrate.errors import ScratchError, StatementError
from neon_migrate.events import DriftFound, Step, Warned
from neon_migrate.expected import other_major, replayed_catalog
from neon_migrate.plan import plan
from neon_migrate.sources.migrations import snapshot_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.project import Project


@dataclass(frozen=True, slots=True)
class Drift:
    """How a live Catalog differs from the replay of what is applied.

    compared  False where the replay was not to be had; a warning says why
    """

    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]
    compared: bool

    @property
    def in_line(self) -> bool:
        """Whether the two were compared and are the same."""
        return self.compared and not self.differences


def compare_after(project: Project, applied: Sequence[Migration], live: Catalog, major: int) -> Drift:
    """Compare the live Catalog with the replay of `applied` on a scratch of the `major` version, and tell of drift.

    The run that it follows is done and committed, so a scratch that can't be had is a warning and no error.
    """
    project.observer(Step("comparing the database with its migrations"))
    try:
        with project.scratch(major=major, wanted=snapshot_keys(applied, project.settings)) as server:
            warnings = other_major(server)
            found = differences(plan(live, replayed_catalog(project, applied, server)).changes)
        drift = Drift(found, warnings, compared=True)
    except (ScratchError, StatementError) as error:
        drift = Drift((), (f"The database could not be compared with its migrations: {error}",), compared=False)
    for warning in drift.warnings:
        project.observer(Warned(warning))
    if drift.differences:
        project.observer(DriftFound(tuple(map(str, drift.differences))))
    return drift
