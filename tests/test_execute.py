"""One migration onto one session, on real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate import execute
from neon_migrate.errors import StatementError
from neon_migrate.ledger import rows
from neon_migrate.pipeline import run_pipeline
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target


class Runs:
    """Runs texts as migrations on one session."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench = bench
        self.session = session
        self.conditions = execute.Conditions(execute.ensure_ledger(session, bench.settings))

    def migration(self, text: str, *, down: str | None = None, version: int = 1) -> Migration:
        (self.bench.settings.migrations / f"{version}_it.up.sql").write_bytes(text.encode())
        if down is not None:
            (self.bench.settings.migrations / f"{version}_it.down.sql").write_bytes(down.encode())
        return next(one for one in self.bench.migrations() if one.version == version)

    def up(self, text: str, **more: Any) -> int:
        return execute.run_up(self.session, self.migration(text, **more), self.bench.settings, self.conditions)

    def versions(self) -> list[int]:
        return [row.version for row in rows.read(self.session.query(rows.select(self.conditions.ledger)))]


@pytest.fixture
def runs(tmp_path: Path, database: Target, session: Session) -> Runs:
    return Runs(Workbench(tmp_path, database), session)


def test_the_duration_is_measured_by_the_server_and_recorded_in_the_same_transaction(runs: Runs) -> None:
    """Nanoseconds; sqlx writes -1 first and updates it after the commit."""
    taken = runs.up("SELECT pg_sleep(0.05);")
    assert 50_000_000 <= taken < 20_000_000_000
    ((recorded, installed),) = runs.session.query("SELECT execution_time, installed_on FROM _sqlx_migrations")
    assert recorded == taken
    assert abs(datetime.now(UTC) - installed) < timedelta(minutes=1)


def test_a_down_takes_the_row_away_in_the_same_transaction(runs: Runs) -> None:
    """And where it fails both stay."""
    runs.up("CREATE TABLE a ();", down="DROP TABLE a;")
    migration = runs.bench.migrations()[0]
    assert execute.run_down(runs.session, migration, runs.bench.settings, runs.conditions) > 0
    assert runs.versions() == []
    migration = runs.migration("CREATE TABLE a ();", down="DROP TABLE a;\nSELECT nope;")
    execute.run_up(runs.session, migration, runs.bench.settings, runs.conditions)
    with pytest.raises(StatementError) as caught:
        execute.run_down(runs.session, migration, runs.bench.settings, runs.conditions)
    assert str(caught.value.where) == "migrations/1_it.down.sql:2:8"
    assert runs.versions() == [1]
    assert runs.session.query("SELECT to_regclass('a')::text") == [("a",)]


@pytest.mark.parametrize("text", ["", "-- nothing\n", ";;", "SELECT 1 -- no line end", "SELECT 1;\r\n"])
def test_any_end_of_a_file_is_fine(runs: Runs, text: str) -> None:
    """A comment at the end hides nothing of ours; an empty file is a migration too."""
    runs.up(text)
    assert runs.versions() == [1]
    assert not runs.session.in_transaction


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT 1;\n  SELECT 1/0;", "2:3"),
        ("SELECT 1;\n  SELEC 1;", "2:3"),
        ("-- ä€\nSELECT 'ä', nope;", "2:13"),
        ("DO $$ BEGIN\n  PERFORM 1/0;\nEND $$;", "1:1"),
        ("COPY t FROM STDIN", "1:1"),
        ("\ufeffSELECT 1", "1:1"),
    ],
)
def test_an_error_names_line_and_column(runs: Runs, text: str, place: str) -> None:
    """Where Postgres gives a position, that; else where the statement starts. Columns count characters."""
    with pytest.raises(StatementError) as caught:
        runs.up(text)
    assert str(caught.value.where) == f"migrations/1_it.up.sql:{place}"
    assert runs.versions() == []
    assert not runs.session.in_transaction


def test_a_constraint_that_fails_at_commit_is_told_as_that(runs: Runs) -> None:
    """No statement of the file is to blame."""
    with pytest.raises(StatementError) as caught:
        runs.up(
            "CREATE TABLE a (i int PRIMARY KEY, j int REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
            " INSERT INTO a VALUES (1, 2);"
        )
    assert "when the transaction was committed" in caught.value.why
    assert caught.value.statement == ""
    assert runs.session.query("SELECT to_regclass('a')::text") == [(None,)]


def test_copy_has_nothing_to_read_and_nowhere_to_write(runs: Runs) -> None:
    """COPY FROM STDIN fails clearly instead of waiting for ever; what COPY TO STDOUT gives is passed over."""
    runs.up("CREATE TABLE a (i int); INSERT INTO a VALUES (1); COPY a TO STDOUT; SELECT 1;")
    with pytest.raises(StatementError, match="no data stream"):
        runs.up("SELECT 1; COPY a FROM STDIN;", version=2)
    assert runs.versions() == [1]


def test_a_pipeline_is_one_transaction_a_migration(runs: Runs) -> None:
    """Each has its own: what the second one can't see of the first (a new enum value) it sees after its commit."""
    first = runs.migration("CREATE TYPE mood AS ENUM ('ok');")
    second = runs.migration("ALTER TYPE mood ADD VALUE 'sad';", version=2)
    third = runs.migration("CREATE TABLE a (m mood DEFAULT 'sad');", version=3)
    ran = run_pipeline(runs.session, [first, second, third], runs.bench.settings, runs.conditions)
    assert ran.error is None
    assert len(ran.durations_ns) == 3
    ((ordered,),) = runs.session.query(
        "SELECT array_agg(version ORDER BY installed_on) = array_agg(version ORDER BY version)"
        " AND count(DISTINCT installed_on) = 3 FROM _sqlx_migrations"
    )
    assert ordered


def test_a_pipeline_goes_on_after_what_has_to_go_alone(runs: Runs) -> None:
    """No-transaction files and those with transaction control are sent as sqlx sends them, in their place."""
    texts = ["CREATE TABLE a (i int);", "-- no-transaction\nVACUUM a; SELECT 1;", "COMMIT;", "DROP TABLE a;"]
    migrations = [runs.migration(text, version=number) for number, text in enumerate(texts, 1)]
    ran = run_pipeline(runs.session, migrations, runs.bench.settings, runs.conditions)
    assert ran.error is None
    assert runs.versions() == [1, 2, 3, 4]


def test_quotes_that_mean_something_else_are_not_trusted(runs: Runs) -> None:
    """With standard_conforming_strings off a backslash can hide a quote, so every text goes by itself."""
    runs.session.script("SET standard_conforming_strings = off; SET escape_string_warning = off")
    migration = runs.migration("SELECT '\\'; CREATE TABLE a ();")
    assert not execute.embeddable(runs.session, migration)
    with pytest.raises(StatementError, match="unterminated"):
        execute.run_up(runs.session, migration, runs.bench.settings, runs.conditions)
    assert runs.versions() == []


def test_what_a_migration_resets_does_not_stop_its_row(runs: Runs) -> None:
    """RESET ALL takes our note of the start away too: the duration is then not known, as in sqlx before its UPDATE."""
    assert runs.up("RESET ALL;") == -1
    assert runs.versions() == [1]


def test_a_guard_that_fails_sends_nothing_of_the_file(runs: Runs) -> None:
    """Its error is not blamed on the file."""
    guarded = execute.Conditions(runs.conditions.ledger, "SELECT 1/0")
    with pytest.raises(StatementError) as caught:
        execute.run_up(runs.session, runs.migration("CREATE TABLE a ();"), runs.bench.settings, guarded)
    assert "it.up.sql" not in str(caught.value)
    assert runs.session.query("SELECT to_regclass('a')::text") == [(None,)]
