"""resolve, on real Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.apply import apply
from neon_migrate.errors import HistoryError, RefusedError, StatementError
from neon_migrate.resolve import resolve
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.target import Target


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    bench = Workbench(tmp_path, database)
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.write(_2_b="CREATE INDEX a_i ON a (i);")
    return bench


def test_a_change_that_is_there_without_its_row_becomes_applied(bench: Workbench) -> None:
    """As after a crash between a no-transaction statement and its row; sqlx then finds nothing to do."""
    bench.query("CREATE INDEX a_i ON a (i)")
    report = resolve(bench.project, 2, applied=True)
    assert report.changed
    assert report.seen == ("index public.a.a_i",) or report.seen == ("index public.a_i",)
    assert bench.query("SELECT success, execution_time FROM _sqlx_migrations WHERE version = 2") == [(True, -1)]
    assert bench.sqlx("info").count("installed") == 2
    assert apply(bench.project).applied == ()


def test_applied_is_refused_where_the_change_is_not_there(bench: Workbench) -> None:
    """The missing object is named and the ledger stays."""
    with pytest.raises(RefusedError) as caught:
        resolve(bench.project, 2, applied=True)
    assert "a_i is missing" in caught.value.why
    assert bench.versions() == [1]


def test_a_dirty_row_becomes_clean_or_goes(bench: Workbench) -> None:
    """By what the database looks like."""
    apply(bench.project)
    bench.query("UPDATE _sqlx_migrations SET success = false WHERE version = 2")
    with pytest.raises(RefusedError):
        resolve(bench.project, 2, applied=False)
    resolve(bench.project, 2, applied=True)
    assert bench.query("SELECT success FROM _sqlx_migrations WHERE version = 2") == [(True,)]
    bench.query("UPDATE _sqlx_migrations SET success = false WHERE version = 2")
    bench.query("DROP INDEX a_i")
    resolve(bench.project, 2, applied=False)
    assert bench.versions() == [1]


def test_the_checksum_of_an_edited_file_is_taken_over_once_its_schema_is_there(bench: Workbench) -> None:
    """A hand-made fix: file and database were changed alike."""
    apply(bench.project)
    bench.write(_2_b="CREATE INDEX a_i ON a (i DESC);")
    with pytest.raises(RefusedError):
        resolve(bench.project, 2, applied=True)
    bench.query("DROP INDEX a_i")
    bench.query("CREATE INDEX a_i ON a (i DESC)")
    resolve(bench.project, 2, applied=True)
    assert bench.sqlx("info").count("installed") == 2


def test_a_version_on_which_later_ones_build(bench: Workbench) -> None:
    """They do not run without it, so what it changes is seen where they are not yet there."""
    apply(bench.project)
    bench.query("UPDATE _sqlx_migrations SET success = false WHERE version = 1")
    with pytest.raises(HistoryError) as caught:
        resolve(bench.project, 1, applied=False)
    assert caught.value.what.startswith("The other applied migrations do not run without 1")
    assert "newest version first" in caught.value.remedy
    resolve(bench.project, 1, applied=True)
    assert bench.query("SELECT success FROM _sqlx_migrations WHERE version = 1") == [(True,)]
    bench.query("DROP TABLE a")
    with pytest.raises(RefusedError, match="with version 1 applied"):
        resolve(bench.project, 1, applied=True)


def test_drift_that_has_nothing_to_do_with_the_version_is_told_and_no_hindrance(bench: Workbench) -> None:
    """Only the objects that the version changes decide."""
    bench.query("CREATE INDEX a_i ON a (i)")
    bench.query("CREATE TABLE by_hand ()")
    report = resolve(bench.project, 2, applied=True)
    assert [one.name for one in report.drift] == ["public.by_hand"]


def test_nothing_to_resolve_is_said(bench: Workbench) -> None:
    """The ledger already says so."""
    assert not resolve(bench.project, 1, applied=True).changed
    assert not resolve(bench.project, 2, applied=False).changed


def test_a_version_that_nobody_knows_is_refused(bench: Workbench) -> None:
    """Neither a file nor a row."""
    with pytest.raises(HistoryError, match="no migration of version 9"):
        resolve(bench.project, 9, applied=False)


def test_a_row_without_a_file_goes_only_when_the_database_is_what_the_others_give(bench: Workbench) -> None:
    """Its file can't be replayed, so every difference counts."""
    apply(bench.project)
    (bench.settings.migrations / "2_b.sql").unlink()
    with pytest.raises(RefusedError):
        resolve(bench.project, 2, applied=False)
    bench.query("DROP INDEX a_i")
    resolve(bench.project, 2, applied=False)
    assert bench.versions() == [1]


def test_what_was_noted_of_a_run_that_stopped_half_way_is_forgotten(bench: Workbench) -> None:
    """A no-transaction migration that was taken back by hand starts from its first statement again."""
    bench.write(_2_b="-- no-transaction\nCREATE INDEX a_i ON a (i);\nSELECT nope;")
    with pytest.raises(StatementError):
        apply(bench.project)
    bench.query("DROP INDEX a_i")
    bench.write(_2_b="-- no-transaction\nCREATE INDEX a_i ON a (i DESC);\nSELECT 1;")
    resolve(bench.project, 2, applied=False)
    assert bench.query("SELECT to_regclass('_neon_migrate_progress')::text") == [(None,)]
    assert [one.version for one in apply(bench.project).applied] == [2]
