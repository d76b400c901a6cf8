"""apply, on real Postgres, with sqlx's own CLI as its peer."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from neon_migrate.apply import apply
from neon_migrate.errors import (
    BusyError,
    HistoryError,
    InterruptedRunError,
    LockTimeoutError,
    RefusedError,
    StatementError,
    UnreachableError,
    UsageError,
)
from neon_migrate.events import (
    DriftFound,
    IndexBuildProgress,
    LockWaited,
    MigrationApplied,
    Notice,
    Retrying,
    StatementDone,
    Warned,
)
from neon_migrate.ledger.migration import checksum
from neon_migrate.ledger.rows import lock_id
from neon_migrate.postgres.progress import open_table
from neon_migrate.redaction import publishable
from neon_migrate.status import status
from tests.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.ledger.folder import Folder
    from neon_migrate.postgres.target import Target


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    return Workbench(tmp_path, database)


def test_what_apply_did_is_what_sqlx_would_have_done(bench: Workbench) -> None:
    """After apply sqlx shows every migration installed and its run finds nothing to do."""
    bench.write(_0001_one__up="CREATE TABLE a (i int);", _0001_one__down="DROP TABLE a;")
    bench.write(
        _0002_two="INSERT INTO a VALUES (1);", _0003_three="-- no-transaction\nCREATE INDEX CONCURRENTLY ON a (i)"
    )
    report = apply(bench.project)
    assert [(one.version, one.verified) for one in report.applied] == [(1, True), (2, True), (3, True)]
    assert all(one.execution_time_ns > 0 for one in report.applied)
    assert report.drift == ()
    assert [entry.state for entry in report.status.entries] == ["applied"] * 3
    info = bench.sqlx("info")
    assert info.count("installed") == 3
    assert "pending" not in info
    bench.sqlx("run")
    assert bench.versions() == [1, 2, 3]
    assert bench.query("SELECT count(*) FROM a") == [(1,)]


def test_apply_and_sqlx_take_turns(bench: Workbench) -> None:
    """What either applied or reverted the other one sees, in any order."""
    bench.write(_0001_one__up="CREATE TABLE a ();", _0001_one__down="DROP TABLE a;")
    bench.sqlx("run")
    bench.write(_0002_two__up="CREATE TABLE b ();", _0002_two__down="DROP TABLE b;")
    assert [one.version for one in apply(bench.project).applied] == [2]
    bench.write(_0003_three__up="CREATE TABLE c ();", _0003_three__down="DROP TABLE c;")
    bench.sqlx("run")
    assert apply(bench.project).applied == ()
    bench.sqlx("revert")
    assert [entry.state for entry in status(bench.project).entries] == ["applied", "applied", "pending"]
    bench.sqlx("revert")
    assert [one.version for one in apply(bench.project).applied] == [2, 3]
    assert bench.sqlx("info").count("installed") == 3


def test_an_error_in_the_middle_of_a_new_database_keeps_what_came_before(bench: Workbench) -> None:
    """In one message the failing migration stops the rest; its place is named, the earlier ones are committed."""
    bench.write(
        _1_a="CREATE TABLE a ();", _2_b="CREATE TABLE b ();\n\n  SELECT nope FROM b;", _3_c="CREATE TABLE c ();"
    )
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert bench.versions() == [1]
    assert bench.query("SELECT to_regclass('b')::text, to_regclass('c')::text") == [(None, None)]
    assert str(caught.value.where) == "migrations/2_b.sql:3:10"
    assert caught.value.statement == "SELECT nope FROM b"
    assert "Applied in this run: 1." in caught.value.remedy
    assert "Not applied: 2, 3." in caught.value.remedy
    assert "rolled back" in caught.value.remedy
    assert [event.version for event in bench.told(MigrationApplied)] == [1]


def test_an_error_without_a_position_is_found_by_its_statement(bench: Workbench) -> None:
    """Postgres gives no position for a duplicate key; the statement is known by how many were finished before it."""
    bench.write(
        _1_a="CREATE TABLE a (i int PRIMARY KEY);", _2_b="INSERT INTO a VALUES (1);\nINSERT INTO a\n  VALUES (1);"
    )
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert str(caught.value.where) == "migrations/2_b.sql:2:1"
    assert caught.value.sqlstate == "23505"


def test_a_syntax_error_that_only_the_server_sees_stops_where_sqlx_would(bench: Workbench) -> None:
    """The server parses a message whole; what stands before the refused text is applied all the same."""
    bench.write(_1_a="CREATE TABLE a ();", _2_b="CREATE TABLE b ();", _3_c="SELECT 1;\nSELEC 2;", _4_d="SELECT 4")
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert bench.versions() == [1, 2]
    assert str(caught.value.where) == "migrations/3_c.sql:2:1"


def test_what_no_transaction_can_hold_is_told_where_it_belongs(bench: Workbench) -> None:
    """The remedy names the line that makes it run."""
    bench.write(_1_a="VACUUM;")
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert "first line is `-- no-transaction`" in caught.value.remedy


def test_what_is_there_already_may_be_resolved(bench: Workbench) -> None:
    """Somebody ran the migration by hand: the error says how the ledger learns of it."""
    bench.query("CREATE TABLE a ()")
    bench.write(_1_a="CREATE TABLE a ();")
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert "neon-migrate resolve 1 --applied" in caught.value.remedy


def test_a_syntax_error_is_told_to_have_left_nothing(bench: Workbench) -> None:
    """A message that the server can't read to its end is not begun, whatever stands before the error."""
    bench.write(_1_a="CREATE TABLE a ();\nCOMMIT;\nCREAT TABLE b ();")
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert "was rolled back as a whole: nothing of it is in the database" in caught.value.remedy
    assert bench.query("SELECT to_regclass('a')::text") == [(None,)]


def test_a_text_with_an_open_quote_swallows_nothing(bench: Workbench) -> None:
    """An unterminated comment or string can't take the next migration's statements into itself."""
    bench.write(_1_a="CREATE TABLE a (); /* open", _2_b="CREATE TABLE b (); -- */")
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert caught.value.where is not None
    assert caught.value.where.file == "migrations/1_a.sql"
    assert bench.versions() == []


def test_transaction_control_inside_a_file_does_what_it_does_in_sqlx(bench: Workbench, tmp_path: Path) -> None:
    """COMMIT inside a file ends its transaction: what came before stays, with sqlx as with apply."""
    bench.write(_1_a="CREATE TABLE a (); COMMIT; CREATE TABLE b ();", _2_b="CREATE TABLE c (); COMMIT; SELECT nope;")
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    ours = bench.query("SELECT relname::text FROM pg_class WHERE relname IN ('a', 'b', 'c') ORDER BY 1")
    assert bench.versions() == [1]
    assert "a part of it may be there" in caught.value.remedy
    bench.query("DROP TABLE a, b, c, _sqlx_migrations")
    assert bench.try_sqlx("run").returncode != 0
    assert bench.query("SELECT relname::text FROM pg_class WHERE relname IN ('a', 'b', 'c') ORDER BY 1") == ours
    assert bench.versions() == [1]


def test_a_search_path_left_behind_by_a_dump_does_not_hide_the_ledger(bench: Workbench) -> None:
    """pg_dump sets an empty search_path for the whole session; the ledger's name was resolved before that."""
    bench.write(_1_a="SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE public.a ();")
    bench.write(_2_b="CREATE TABLE public.b ();")
    report = apply(bench.project)
    assert [one.verified for one in report.applied] == [True, True]


def test_only_what_is_pending_up_to_the_version_asked_for(bench: Workbench) -> None:
    """`to` is included; the rest stays pending."""
    bench.write(_1_a="SELECT 1", _2_b="SELECT 2", _3_c="SELECT 3")
    assert [one.version for one in apply(bench.project, to=2).applied] == [1, 2]
    assert [entry.version for entry in status(bench.project).pending] == [3]
    assert apply(bench.project, to=2).applied == ()


def test_a_version_that_no_file_has_is_refused(bench: Workbench) -> None:
    """As sqlx refuses a target version that is not present."""
    bench.write(_1_a="SELECT 1")
    with pytest.raises(UsageError, match="no migration of version 7"):
        apply(bench.project, to=7)
    assert bench.versions() == []


def test_a_version_below_the_latest_applied_is_refused(bench: Workbench) -> None:
    """apply only goes forward, and says what goes back."""
    bench.write(_1_a="SELECT 1", _2_b="SELECT 2")
    apply(bench.project)
    with pytest.raises(HistoryError, match="below 2") as caught:
        apply(bench.project, to=1)
    assert "rollback 2" in caught.value.remedy


def test_an_edited_applied_migration_stops_everything(bench: Workbench) -> None:
    """Both checksums are shown, nothing pending is run."""
    bench.write(_1_a="CREATE TABLE a ();")
    apply(bench.project)
    checksum = bench.migrations()[0].checksum.hex()
    bench.write(_1_a="CREATE TABLE a (i int);", _2_b="SELECT 2")
    with pytest.raises(HistoryError) as caught:
        apply(bench.project)
    assert checksum in caught.value.why
    assert bench.migrations()[0].checksum.hex() in caught.value.why
    assert bench.versions() == [1]


def test_an_applied_migration_without_a_file_stops_everything(bench: Workbench) -> None:
    """As sqlx's "version missing"."""
    bench.write(_1_a="SELECT 1", _2_b="SELECT 2")
    apply(bench.project)
    (bench.settings.migrations / "1_a.sql").unlink()
    with pytest.raises(HistoryError, match="contradict"):
        apply(bench.project)


def test_a_dirty_row_stops_everything(bench: Workbench) -> None:
    """Until it is resolved, as in sqlx."""
    bench.write(_1_a="SELECT 1", _2_b="SELECT 2")
    apply(bench.project, to=1)
    bench.query("UPDATE _sqlx_migrations SET success = false")
    with pytest.raises(HistoryError) as caught:
        apply(bench.project)
    assert "resolve 1" in caught.value.remedy
    assert bench.versions() == [1]


def test_a_pending_version_below_an_applied_one_is_applied_and_said(bench: Workbench) -> None:
    """In its place in the order, as sqlx does, but not silently."""
    bench.write(_2_b="CREATE TABLE b ();")
    apply(bench.project)
    bench.write(_1_a="CREATE TABLE a ();")
    assert [one.version for one in apply(bench.project).applied] == [1]
    assert any("1_a.sql" in event.text for event in bench.told(Warned))
    assert bench.sqlx("info").count("installed") == 2


def test_a_second_run_at_the_same_time_is_told_who_holds_the_lock(bench: Workbench) -> None:
    """sqlx's own lock, so a Rust service that migrates at boot counts as a run."""
    bench.write(_1_a="SELECT 1")
    with bench.session() as other:
        other.query("SET application_name = 'the-other-service'")
        database = bench.target.parameters()["dbname"]
        other.query("SELECT pg_advisory_lock(%s)", (lock_id(database),))
        with pytest.raises(BusyError) as caught:
            apply(bench.project)
        assert f"pid {other.backend_pid} the-other-service" in caught.value.why
    (waited,) = bench.told(LockWaited)
    assert waited.holders[0].application_name == "the-other-service"
    assert bench.query("SELECT to_regclass('_sqlx_migrations')::text") == [(None,)]
    apply(bench.project)
    assert bench.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_whoever_asks_before_the_first_write_may_still_stop_the_run(bench: Workbench) -> None:
    """The lock is held by then, so that no other run can change what was looked at; there is no ledger yet."""
    bench.write(_1_one="CREATE TABLE one ();")

    def ready(found: Folder) -> None:
        assert [one.version for one in found.migrations] == [1]
        with pytest.raises(BusyError):
            apply(bench.project)
        raise RefusedError("not this one")

    with pytest.raises(RefusedError, match="not this one"):
        apply(bench.project, ready=ready)
    made = bench.query("SELECT to_regclass('one')::text, to_regclass('_sqlx_migrations')::text")
    assert made == [(None, None)]
    assert apply(bench.project).applied[0].version == 1


def test_a_lock_that_can_not_be_had_is_tried_again_as_a_whole_and_then_named(bench: Workbench) -> None:
    """lock_timeout, another try of the whole transaction, then exit 7 with the session that holds it."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.settings = bench.settings.__class__(**{**_fields(bench.settings), "lock_timeout_ms": 1500, "lock_retries": 1})
    bench.write(_2_b="CREATE TABLE b ();\nALTER TABLE a ADD COLUMN j int;")
    with bench.session() as other:
        other.script("BEGIN; LOCK TABLE a IN ACCESS SHARE MODE")
        with pytest.raises(BusyError) as caught:
            apply(bench.project)
        assert f"pid {other.backend_pid}" in caught.value.why
    assert [event.attempt for event in bench.told(Retrying)] == [1]
    assert str(caught.value.where) == "migrations/2_b.sql:2:1"
    assert bench.versions() == [1]
    assert any(waited.holders for waited in bench.told(LockWaited))


def test_a_short_lock_timeout_does_not_hide_who_was_in_the_way(bench: Workbench) -> None:
    """However short it is, the session that holds the lock is seen before it runs out."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.settings = bench.settings.__class__(**{**_fields(bench.settings), "lock_timeout_ms": 600, "lock_retries": 0})
    bench.write(_2_b="ALTER TABLE a ADD COLUMN j int;")
    with bench.session() as other:
        other.script("BEGIN; LOCK TABLE a IN ACCESS SHARE MODE")
        with pytest.raises(BusyError) as caught:
            apply(bench.project)
        assert f"pid {other.backend_pid}" in caught.value.why
    assert "Tried once, with lock_timeout = 600 ms" in caught.value.remedy
    assert {waited.what for waited in bench.told(LockWaited)} == {"a lock that migration 2 needs"}


def test_a_retry_goes_through_once_the_lock_is_free(bench: Workbench) -> None:
    """The transaction is repeated from its start, so nothing of the first try is there twice."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.write(_2_b="INSERT INTO a VALUES (1);\nALTER TABLE a ADD COLUMN j int;")
    with bench.session() as other:
        other.script("BEGIN; LOCK TABLE a IN ACCESS SHARE MODE")
        project = bench.project

        def free(event: Any) -> None:
            bench.events.append(event)
            if isinstance(event, Retrying):
                other.script("COMMIT")

        apply(type(project)(project.settings, project.target, free))
    assert bench.query("SELECT count(*) FROM a") == [(1,)]
    assert bench.versions() == [1, 2]


def _fields(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def test_a_connection_that_is_killed_in_a_transaction_leaves_nothing_and_says_so(bench: Workbench) -> None:
    """The ledger is asked over another connection whether the migration was committed."""
    bench.write(_1_a="CREATE TABLE a ();", _2_b="CREATE TABLE b (); SELECT pg_sleep(30);", _3_c="SELECT 3")
    with pytest.raises(UnreachableError) as caught, _when_sleeping(bench, "SELECT pg_terminate_backend(pid)"):
        apply(bench.project)
    assert "migrations/2_b.sql" in caught.value.what
    assert "rolled back" in caught.value.remedy
    assert "Applied in this run: 1." in caught.value.remedy
    assert bench.versions() == [1]
    assert bench.query("SELECT to_regclass('b')::text") == [(None,)]


def test_a_commit_whose_answer_was_lost_is_seen_in_the_ledger(bench: Workbench) -> None:
    """Committed is committed: the run says so instead of guessing."""
    bench.write(_1_a="SELECT 1")
    apply(bench.project)
    bench.write(
        _2_b="CREATE TABLE b (); COMMIT; INSERT INTO _sqlx_migrations SELECT 2, 'b', now(), true, checksum, 0"
        " FROM _sqlx_migrations; COMMIT; SELECT pg_sleep(30);"
    )
    with pytest.raises(UnreachableError) as caught, _when_sleeping(bench, "SELECT pg_terminate_backend(pid)"):
        apply(bench.project)
    assert "was committed all the same" in caught.value.remedy


class _when_sleeping:  # noqa: N801
    """While the block runs: `sql` is run for the session that is in pg_sleep."""

    def __init__(self, bench: Workbench, sql: str, then: Callable[[], None] | None = None) -> None:
        self._bench, self._sql, self._then = bench, sql, then
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *ignored: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with self._bench.session() as session:
            while not self._stop.is_set():
                found = session.query(f"{self._sql} FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                if found:
                    if self._then is not None:
                        self._then()
                    return
                time.sleep(0.02)


def test_drift_is_reported_and_what_is_missing_is_not_verified(bench: Workbench) -> None:
    """A table that no migration made is drift and no fault of a migration; a column that is gone is both."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    bench.query("CREATE TABLE by_hand ()")
    report = apply(bench.project)
    assert [(one.kind, one.name, one.state) for one in report.drift] == [("table", "public.by_hand", "unexpected")]
    assert [one.verified for one in report.applied] == [True]
    assert bench.told(DriftFound)
    bench.query("ALTER TABLE a DROP COLUMN i")
    bench.write(_2_b="CREATE TABLE b ();")
    assert [one.verified for one in apply(bench.project).applied] == [False]


def test_a_dry_run_leaves_the_database_as_it_is(bench: Workbench) -> None:
    """It runs on a scratch with the live schema, drift included, so what fails live fails there."""
    bench.write(_1_a="CREATE TABLE a ();")
    apply(bench.project)
    bench.query("CREATE TABLE by_hand (i int)")
    bench.write(_2_b="ALTER TABLE by_hand ADD COLUMN j int;")
    report = apply(bench.project, dry_run=True)
    assert [one.version for one in report.applied] == [2]
    assert report.dry_run
    assert sorted(one.name for one in report.drift) == ["public.by_hand", "public.by_hand.i"]
    assert bench.versions() == [1]
    bench.write(_3_c="SELECT nope;")
    with pytest.raises(StatementError, match="nope") as caught:
        apply(bench.project, dry_run=True)
    assert "dry run" in caught.value.remedy
    assert bench.versions() == [1]


def test_a_dry_run_has_the_roles_of_the_database_and_no_others(bench: Workbench) -> None:
    """A grant to a role that is there runs, and one to a role that is not fails before it would fail live."""
    role = f"reader_{uuid4().hex[:8]}"
    bench.query(f"CREATE ROLE {role}")
    bench.write(_1_a=f"CREATE TABLE a (); GRANT SELECT ON a TO {role};")
    assert [one.version for one in apply(bench.project, dry_run=True).applied] == [1]
    bench.query(f"DROP ROLE {role}")
    with pytest.raises(StatementError, match=role):
        apply(bench.project, dry_run=True)


def test_a_dry_run_claims_nothing_that_did_not_happen(bench: Workbench) -> None:
    """What ran on the scratch is in the report, not told as applied."""
    bench.write(_1_a="CREATE TABLE a ();")
    apply(bench.project, dry_run=True)
    assert not bench.told(MigrationApplied)


def test_a_dry_run_goes_on_where_a_run_without_a_transaction_stopped(bench: Workbench) -> None:
    """What is committed of the file is in the live schema already, so the rehearsal starts after it."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    text = "-- no-transaction\nCREATE INDEX CONCURRENTLY ai ON a (i);\nSELECT {};"
    bench.write(_2_b=text.format("nope"))
    with pytest.raises(StatementError):
        apply(bench.project)
    bench.write(_2_b=text.format("1"))
    assert [one.version for one in apply(bench.project, dry_run=True).applied] == [2]
    assert bench.versions() == [1]
    assert [one.version for one in apply(bench.project).applied] == [2]


def test_a_dry_run_on_a_database_without_a_ledger_does_not_make_one(bench: Workbench) -> None:
    """Not even the table."""
    bench.write(_1_a="CREATE TABLE a ();")
    assert [one.version for one in apply(bench.project, dry_run=True).applied] == [1]
    assert bench.query("SELECT to_regclass('_sqlx_migrations')::text, to_regclass('a')::text") == [(None, None)]


def test_a_ledger_in_a_schema_of_its_own(tmp_path: Path, database: Target) -> None:
    """As sqlx.toml's table-name and create-schemas say."""
    bench = Workbench(tmp_path, database, table_name="ops.migrations", create_schemas=("ops",))
    bench.write(_1_a="CREATE TABLE a ();")
    report = apply(bench.project)
    assert bench.versions() == [1]
    assert [one.version for one in report.applied] == [1]


def test_statements_outside_a_transaction_are_told_one_by_one(bench: Workbench) -> None:
    """And nothing of our own stays behind when all are done."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    bench.write(_2_b="-- no-transaction\nCREATE INDEX CONCURRENTLY a_i ON a (i);\nVACUUM a;\nINSERT INTO a VALUES (1);")
    apply(bench.project)
    assert [(event.done, event.total) for event in bench.told(StatementDone)] == [(1, 3), (2, 3), (3, 3)]
    assert bench.query("SELECT to_regclass('_neon_migrate_progress')::text") == [(None,)]
    assert bench.query("SELECT count(*) FROM a") == [(1,)]


def test_a_rerun_goes_on_after_the_last_statement_that_was_done(bench: Workbench) -> None:
    """The failing statement may be corrected; those before it are not run again, SETs excepted."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    text = "-- no-transaction\nINSERT INTO a VALUES (1);\nSET search_path = pg_catalog, public;\nVACUUM a;\nSELECT {};"
    bench.write(_2_b=text.format("nope"))
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert "3 of the 4 statements" in caught.value.remedy
    assert str(caught.value.where) == "migrations/2_b.sql:5:8"
    assert bench.versions() == [1]
    bench.write(_2_b=text.format("1"))
    apply(bench.project)
    assert bench.query("SELECT count(*) FROM a") == [(1,)]
    assert bench.versions() == [1, 2]
    assert bench.query("SELECT to_regclass('_neon_migrate_progress')::text") == [(None,)]


def test_an_edit_of_what_was_already_run_is_refused(bench: Workbench) -> None:
    """A rerun must not skip a statement that was never run."""
    bench.write(_1_a="-- no-transaction\nSELECT 1;\nSELECT nope;")
    with pytest.raises(StatementError):
        apply(bench.project)
    bench.write(_1_a="-- no-transaction\nSELECT 2;\nSELECT 3;")
    with pytest.raises(Exception, match="edited where it had already been run") as caught:
        apply(bench.project)
    assert caught.type.__name__ == "RefusedError"


def test_an_index_that_failed_is_dropped_and_built_again(bench: Workbench) -> None:
    """A failed CREATE INDEX CONCURRENTLY leaves an invalid index; once the data is right a rerun rebuilds it."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.query("INSERT INTO a VALUES (1), (1)")
    bench.write(_2_b="-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_i ON a (i) WHERE i > 0")
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert caught.value.sqlstate == "23505"
    assert bench.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_i'::regclass") == [(False,)]
    bench.query("DELETE FROM a WHERE ctid = '(0,1)'")
    report = apply(bench.project)
    assert [one.verified for one in report.applied] == [True]
    assert bench.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_i'::regclass") == [(True,)]


def test_an_invalid_index_of_another_definition_is_nobodys_to_drop(bench: Workbench) -> None:
    """It is named with its definition, and stays."""
    bench.write(_1_a="CREATE TABLE a (i int, j int);")
    apply(bench.project)
    bench.query("CREATE INDEX a_i ON a (j)")
    bench.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'a_i'::regclass")
    bench.write(_2_b="-- no-transaction\nCREATE INDEX CONCURRENTLY a_i ON a (i)")
    with pytest.raises(Exception, match="not the one of this migration") as caught:
        apply(bench.project)
    assert "(j)" in str(caught.value)
    assert bench.query("SELECT to_regclass('a_i')::text") == [("a_i",)]


def test_a_service_that_waits_for_the_lock_is_named_before_it_deadlocks(bench: Workbench) -> None:
    """CREATE INDEX CONCURRENTLY would wait for its statement, and it for our lock: 40P01 and an invalid index."""
    bench.write(_1_a="CREATE TABLE a (i int);", _2_b="-- no-transaction\nCREATE INDEX CONCURRENTLY a_i ON a (i)")
    apply(bench.project, to=1)
    key = lock_id(bench.target.parameters()["dbname"])
    with bench.session() as service:
        waiting = threading.Thread(target=lambda: service.query("SELECT pg_advisory_lock(%s)", (key,)))

        def start_the_service(event: Any) -> None:
            if type(event).__name__ == "MigrationStarted":
                waiting.start()
                while not bench.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                    time.sleep(0.02)

        project = bench.project
        with pytest.raises(BusyError, match="would deadlock") as caught:
            apply(type(project)(project.settings, project.target, start_the_service))
        waiting.join()
        assert f"pid {service.backend_pid}" in caught.value.why
    assert bench.query("SELECT to_regclass('a_i')::text") == [(None,)]


def test_ctrl_c_leaves_no_transaction_half_done(bench: Workbench) -> None:
    """The server is asked to stop, its answer is read, and the ledger says what is committed."""
    bench.write(_1_a="CREATE TABLE a ();", _2_b="CREATE TABLE b (); SELECT pg_sleep(30);")
    with pytest.raises(InterruptedRunError) as caught, _when_sleeping(bench, "SELECT 1", _press_ctrl_c):
        apply(bench.project)
    assert "while migrations/2_b.sql was running" in caught.value.what
    assert "rolled back" in caught.value.why
    assert "Applied in this run: 1." in caught.value.remedy
    assert bench.versions() == [1]
    assert bench.query("SELECT to_regclass('b')::text") == [(None,)]
    assert bench.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_ctrl_c_says_how_far_a_migration_without_a_transaction_came(bench: Workbench) -> None:
    """And a rerun goes on from there."""
    text = "-- no-transaction\nCREATE TABLE a ();\nSELECT pg_sleep({});\nCREATE TABLE b ();"
    bench.write(_1_a=text.format(30))
    with pytest.raises(InterruptedRunError) as caught, _when_sleeping(bench, "SELECT 1", _press_ctrl_c):
        apply(bench.project)
    assert "1 of the 3 statements" in caught.value.why
    bench.write(_1_a=text.format(0))
    apply(bench.project)
    assert bench.versions() == [1]


def _press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_index_build_shows_whom_it_waits_for_and_has_no_lock_timeout(bench: Workbench) -> None:
    """CREATE INDEX CONCURRENTLY waits for old transactions, however long: an aborted one leaves an invalid index."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.write(_2_b="-- no-transaction\nCREATE INDEX CONCURRENTLY a_i ON a (i)")
    with bench.session() as other:
        other.script("BEGIN; INSERT INTO a VALUES (1)")
        project = bench.project

        def free(event: Any) -> None:
            bench.events.append(event)
            if isinstance(event, IndexBuildProgress):
                other.script("COMMIT")

        apply(type(project)(project.settings, project.target, free))
        assert [waited.holders[0].pid for waited in bench.told(LockWaited)][:1] == [other.backend_pid]
    assert bench.told(IndexBuildProgress)[0].phase.startswith("waiting for")
    assert not bench.told(Retrying)
    assert bench.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_i'::regclass") == [(True,)]


def test_an_index_that_somebody_is_building_is_left_alone(bench: Workbench) -> None:
    """An invalid index may be one in the making: it is told who builds it."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.write(_2_b="-- no-transaction\nCREATE INDEX CONCURRENTLY a_i ON a (i)")
    with bench.session() as blocker, bench.session() as builder:
        blocker.script("BEGIN; INSERT INTO a VALUES (1)")
        building = threading.Thread(target=lambda: builder.query("CREATE INDEX CONCURRENTLY a_i ON a (i)"))
        building.start()
        while not bench.query("SELECT 1 FROM pg_stat_progress_create_index WHERE index_relid <> 0"):
            time.sleep(0.02)
        with pytest.raises(BusyError, match="somebody may be building") as caught:
            apply(bench.project)
        assert f"pid {builder.backend_pid}" in caught.value.why
        blocker.script("COMMIT")
        building.join()
    assert bench.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_i'::regclass") == [(True,)]


def test_a_crash_after_a_statement_and_before_its_note_is_recognised(bench: Workbench) -> None:
    """The index is there, valid, and its own: it counts as done, and sqlx sees the migration as installed."""
    bench.write(_1_a="CREATE TABLE a (i int);", _2_b="-- no-transaction\nCREATE INDEX CONCURRENTLY a_i ON a (i)")
    apply(bench.project)
    bench.query("DELETE FROM _sqlx_migrations WHERE version = 2")
    file = bench.migrations()[1].up
    with bench.session() as session:
        table, _ = open_table(session, "public._sqlx_migrations", 2, "up", checksum(file.sql))
        session.script(table.begin(2, "up"))
    assert [one.verified for one in apply(bench.project).applied] == [True]
    assert bench.versions() == [1, 2]
    assert bench.query("SELECT to_regclass('_neon_migrate_progress')::text") == [(None,)]


def test_an_unfinished_index_without_a_name_is_found_by_its_definition(bench: Workbench) -> None:
    """Postgres chose its name, and would choose another one the next time."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.query("INSERT INTO a VALUES (1), (1)")
    bench.write(_2_b="-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY ON a (i)")
    with pytest.raises(StatementError):
        apply(bench.project)
    bench.query("DELETE FROM a")
    apply(bench.project)
    assert bench.query("SELECT count(*), bool_and(indisvalid) FROM pg_index WHERE indrelid = 'a'::regclass") == [
        (1, True)
    ]


def test_a_group_of_its_own_in_a_file_without_a_transaction_has_the_lock_timeout_too(bench: Workbench) -> None:
    """BEGIN … COMMIT is one piece, and does not queue for a lock for ever with everybody else behind it."""
    bench.write(_1_a="CREATE TABLE a (i int);")
    apply(bench.project)
    bench.write(_2_b="-- no-transaction\nBEGIN;\nINSERT INTO a VALUES (1);\nALTER TABLE a ADD COLUMN j int;\nCOMMIT;")
    with bench.session() as other:
        other.script("BEGIN; LOCK TABLE a IN ACCESS SHARE MODE")
        with pytest.raises(StatementError) as caught:
            apply(bench.project)
    assert caught.value.sqlstate == "55P03"
    assert str(caught.value.where) == "migrations/2_b.sql:4:1"
    assert "No statement of migrations/2_b.sql is committed" in caught.value.remedy
    apply(bench.project)
    assert bench.query("SELECT count(*) FROM a") == [(1,)]


def test_what_the_server_remarks_is_passed_on(bench: Workbench) -> None:
    """A NOTICE of a DO block, or that something was there already."""
    bench.write(_1_a="DO $$ BEGIN RAISE NOTICE 'nothing to add'; END $$;")
    apply(bench.project)
    assert [event.text for event in bench.told(Notice)] == ["migration 1: NOTICE: nothing to add"]


def test_a_lock_that_can_not_be_had_is_published_without_what_a_function_said(bench: Workbench) -> None:
    """A function may raise a lock timeout's SQLSTATE with a row in its message: it is tried again, and left out."""
    bench.settings = bench.settings.__class__(**{**_fields(bench.settings), "lock_retries": 1})
    bench.write(_1_a="DO $$ BEGIN RAISE EXCEPTION 'of %', lower('S3CRET') USING ERRCODE = '55P03'; END $$;")
    with pytest.raises(LockTimeoutError) as caught:
        apply(bench.project)
    assert "s3cret" in caught.value.what
    assert "s3cret" not in "".join(publishable(caught.value))
    (retrying,) = bench.told(Retrying)
    assert "s3cret" not in retrying.why
