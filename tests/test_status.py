"""`status`, on real databases and beside sqlx's own CLI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from neon_migrate.apply import apply
from neon_migrate.errors import MigrationFileError, StatementError, UsageError
from neon_migrate.ledger import rows
from neon_migrate.postgres.session import Session
from neon_migrate.project import Project
from neon_migrate.render.plain import text
from neon_migrate.render.status import status_page
from neon_migrate.status import status
from workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from neon_migrate.postgres.target import Target


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    return Workbench(tmp_path, database)


def states(bench: Workbench) -> list[tuple[int, str]]:
    return [(entry.version, entry.state) for entry in status(bench.project).entries]


def test_before_anything_was_applied_all_is_pending_and_nothing_is_written(bench: Workbench) -> None:
    """Not even the table."""
    bench.write(_1_a="SELECT 1;", _2_b="SELECT 1;")
    report = status(bench.project)
    assert not report.ledger_exists
    assert [(entry.version, entry.state) for entry in report.entries] == [(1, "pending"), (2, "pending")]
    assert report.entries[0].installed_on is None
    assert bench.query("SELECT to_regclass('_sqlx_migrations')") == [(None,)]


def test_after_sqlx_has_run_status_says_what_it_wrote(bench: Workbench) -> None:
    """Time, duration and checksum are the ledger's."""
    bench.write(_1_a_b="SELECT pg_sleep(0.01);")
    bench.sqlx("run")
    bench.write(_2_c="SELECT 1;")
    report = status(bench.project)
    assert report.faults == ()
    assert report.ledger_exists
    applied, pending = report.entries
    (row,) = bench.query("SELECT version, description, installed_on, encode(checksum, 'hex') FROM _sqlx_migrations")
    assert (applied.version, applied.description, applied.installed_on, applied.checksum) == row
    assert applied.state == "applied"
    assert applied.execution_time_ns is not None
    assert applied.execution_time_ns > 10_000_000
    assert [entry.version for entry in report.pending] == [pending.version] == [2]
    info = bench.sqlx("info")
    assert "1/installed a b" in info
    assert "2/pending c" in info


def test_every_fault_of_a_history_is_named(bench: Workbench) -> None:
    """One of each, made by hand in the ledger or the folder."""
    bench.write(_1_a="SELECT 1;", _2_b="SELECT 1;", _3_c="SELECT 1;", _5_e="SELECT 1;")
    bench.sqlx("run")
    bench.write(_2_b="SELECT 2;", _4_d="SELECT 1;", _5_again="SELECT 1;", _6_f__down="SELECT 1;", **{"07-g": ""})
    (bench.settings.migrations / "1_a.sql").unlink()
    bench.query("UPDATE _sqlx_migrations SET success = false WHERE version = 3")
    found = {(fault.code, fault.version, fault.blocks) for fault in status(bench.project).faults}
    assert found == {
        ("applied-without-file", 1, True),
        ("checksum-mismatch", 2, True),
        ("dirty", 3, True),
        ("out-of-order", 4, False),
        ("duplicate-version", 5, True),
        ("down-without-up", 6, False),
        ("not-a-migration", None, False),
    }
    assert dict(states(bench))[3] == "dirty"


def test_a_table_of_that_name_further_along_the_path_is_not_the_ledger(bench: Workbench) -> None:
    """CREATE TABLE IF NOT EXISTS looks in the first schema only, so sqlx would make another one."""
    bench.write(_1_a="SELECT 1;")
    name = bench.target.parameters()["dbname"]
    bench.query("CREATE SCHEMA first")
    bench.query(rows.create_table("public._sqlx_migrations"))
    bench.query(f'ALTER DATABASE "{name}" SET search_path = first, public')
    assert not status(bench.project).ledger_exists
    bench.sqlx("run")
    assert bench.query("SELECT version FROM first._sqlx_migrations") == [(1,)]
    assert status(bench.project).ledger_exists


@pytest.mark.parametrize("table", ["_sqlx_migrations", '"My Ledger"', "apart._m", 'apart."M.1"'])
def test_the_ledger_may_have_any_name(tmp_path: Path, database: Target, table: str) -> None:
    """Qualified, quoted or plain."""
    bench = Workbench(tmp_path, database, table_name=table)
    bench.query("CREATE SCHEMA apart")
    bench.write(_1_a="SELECT 1;", _2_b="SELECT 1;")
    assert not status(bench.project).ledger_exists
    bench.query(rows.create_table(table))
    bench.query(rows.insert(table, bench.migrations()[0]))
    report = status(bench.project)
    assert [(entry.state, entry.execution_time_ns) for entry in report.entries] == [("applied", -1), ("pending", None)]
    assert report.faults == ()


def test_it_takes_two_round_trips(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside connecting; counted where they are made."""
    bench.write(_1_a="SELECT 1;")
    bench.sqlx("run")
    made: list[str] = []
    for name in ("query", "queries", "script", "message"):
        original = getattr(Session, name)

        def counted(session: Session, *arguments: Any, _original: Any = original, _name: str = name) -> Any:
            made.append(_name)
            return _original(session, *arguments)

        monkeypatch.setattr(Session, name, counted)
    assert len(status(bench.project).entries) == 1
    assert len(made) == 2


def test_a_run_that_stopped_half_way_is_shown(bench: Workbench) -> None:
    """Without a transaction a part of a pending migration is there already; so of the down of an applied one."""
    bench.write(_1_a="-- no-transaction\nSELECT 1;\nSELECT 2;\nSELECT nope;")
    with pytest.raises(StatementError):
        apply(bench.project)
    (entry,) = status(bench.project).entries
    assert (entry.state, entry.statements_done) == ("pending", 2)
    assert "pending, 2 statements done" in text(status_page(status(bench.project)))
    bench.query("UPDATE _neon_migrate_progress SET statement = 1, direction = 'down'")
    bench.query(rows.insert("_sqlx_migrations", bench.migrations()[0]))
    assert "applied, 1 statement of its down done" in text(status_page(status(bench.project)))


def test_the_report_is_json_and_shows_no_password(bench: Workbench) -> None:
    """Times as RFC 3339, checksums in hexadecimal."""
    bench.write(_1_a="SELECT 1;")
    bench.sqlx("run")
    document = json.loads(msgspec.json.encode(status(bench.project)))
    assert document["entries"][0]["state"] == "applied"
    assert len(document["entries"][0]["checksum"]) == 96


def test_without_a_database_the_three_ways_are_named(bench: Workbench) -> None:
    """Never a local one silently."""
    with pytest.raises(UsageError) as caught:
        status(Project(bench.settings))
    assert "--local" in caught.value.remedy


def test_without_a_folder_it_says_so(tmp_path: Path, database: Target) -> None:
    """As sqlx does."""
    bench = Workbench(tmp_path, database)
    bench.settings.migrations.rmdir()
    with pytest.raises(MigrationFileError, match="There is no folder"):
        status(bench.project)


def test_a_ledger_that_may_not_be_read_is_an_error(bench: Workbench) -> None:
    """Not an empty history."""
    bench.write(_1_a="SELECT 1;")
    bench.query(rows.create_table("_sqlx_migrations"))
    bench.query("ALTER TABLE _sqlx_migrations RENAME COLUMN checksum TO other")
    with pytest.raises(StatementError, match="checksum"):
        status(bench.project)
