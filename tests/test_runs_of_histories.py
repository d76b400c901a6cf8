"""The real histories of the inputs: applied to a live database, and rolled back as far as their own downs allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.apply import apply
from neon_migrate.errors import StatementError
from neon_migrate.ledger import folder
from neon_migrate.rollback import rollback
from neon_migrate.status import status
from tests.histories import history_project
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.target import Target

NAMES = (
    "bors",
    "cratesio",
    "docsrs",
    "helium_verifier",
    "neon_storage_controller",
    "quickwit",
    "sqlx_own_no_tx",
    "svix",
    "z2p",
    "zksync_prover",
)

STOPPED_BY = {
    "cratesio": 20241025112826,
    "neon_storage_controller": 20250617082247,
    "quickwit": 20,
    "svix": 20220428190104,
}
"""The newest version whose own down file fails, for the histories that have one."""


@pytest.mark.parametrize("name", NAMES)
def test_a_real_history_is_applied_and_taken_back(
    name: str, inputs: Path, tmp_path: Path, database: Target, record_property: pytest.RecordProperty
) -> None:
    """sqlx agrees with the ledger, the database is what the files give, and what has a down that runs goes again."""
    project = history_project(inputs, name, tmp_path, database)
    bench = Workbench(tmp_path, database, migrations=project.settings.migrations)
    bench.query("DROP DATABASE IF EXISTS test_db")  # one history makes it, and databases are the whole server's
    report = apply(bench.project)
    migrations = folder.read(bench.settings).migrations
    assert [one.version for one in report.applied] == [one.version for one in migrations]
    assert all(one.verified for one in report.applied)
    assert not status(bench.project).pending
    assert bench.sqlx("info").count("/installed") == len(migrations)
    undone, stopped = _taken_back(bench, migrations)
    assert stopped == STOPPED_BY.get(name)
    assert bench.versions() == [one.version for one in migrations if one.version not in undone]
    record_property("inputs: histories applied and verified", {"passed": 1})
    way_back = "stopped by their own faulty down" if stopped else "taken back as far as there are downs"
    record_property("inputs: histories taken back", {way_back: 1})


def _taken_back(bench: Workbench, migrations: tuple[Migration, ...]) -> tuple[set[int], int | None]:
    """Roll back the newest migrations that have a down file; gives them, and the one whose down file fails."""
    reversible: list[Migration] = []
    for migration in reversed(migrations):
        if migration.down is None:
            break
        reversible.append(migration)
    stopped = None
    while reversible:
        try:
            report = rollback(bench.project, reversible[-1].version, confirm=lambda plan: True, allow_data_loss=True)
        except StatementError as error:
            assert error.where is not None
            names = [one.down.path.name if one.down else "" for one in reversible]
            at = names.index(error.where.file.rpartition("/")[2])
            stopped = reversible[at].version
            reversible = reversible[:at]
            continue
        return {one.version for one in report.reverted}, stopped
    return set(), stopped
