"""Bad input: a clear error on one screen, the documented exit code, and nothing changed."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.errors import ExitCode
from neon_migrate.ledger.rows import lock_id
from neon_migrate.postgres.session import connect
from secure_server import PASSWORD, SecureServer, Welcome, free_port, scripted_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.postgres.target import Target
    from tests.cli.conftest import Ran

    Run = Callable[..., Ran]

USERS = {"users": {"fields": {"id": {"type": "bigint", "primary": True, "identity": "always"}}}}


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file of a project but the settings' own folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".neon-migrate" not in path.parts
    }


def refused(done: Ran, code: ExitCode, *words: str) -> None:
    """One screen on standard error, with the words, a remedy, and no traceback; nothing on standard output."""
    assert done.code == code, done.out + done.err
    assert "error: " in done.err
    assert "what to do: " in done.err
    assert len(done.err.splitlines()) <= 24
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done.err


def with_schema(folder: Path, document: Any) -> None:
    text = document if isinstance(document, str) else json.dumps(document, indent=2)
    (folder / "schema.json").write_text(text)


def with_migrations(folder: Path, **files: str | bytes) -> None:
    """Migration files; a name like `_0001_a__up` stands for `0001_a.up.sql`."""
    (folder / "migrations").mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / "migrations" / (name.removeprefix("_").replace("__", ".") + ".sql")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param('{"tables": {', ("schema.json:1:", "JSON"), id="not JSON"),
        pytest.param({"tabels": USERS}, ("tabels", "tables"), id="unknown key"),
        pytest.param(
            {"tables": {"users": {"fields": {"id": {"type": "bigint", "nullabel": False}}}}},
            ("nullabel", "nullable"),
            id="unknown key of a column",
        ),
        pytest.param({"tables": {"users": {"fields": {"id": {"type": "txet"}}}}}, ("txet",), id="unknown type"),
        pytest.param(
            {"tables": {"a": {"fields": {"b_id": {"type": "int", "references": {"table": "b", "column": "id"}}}}}},
            ('"b"',),
            id="reference to a missing table",
        ),
        pytest.param(
            {
                "tables": {"roles": {"fields": {"name": {"type": "text", "primary": True}, "level": {"type": "int"}}}},
                "seeds": {"roles": {"unique_key": "name", "records": [{"level": 1}]}},
            },
            ("name", "roles"),
            id="seed without key",
        ),
    ],
)
def test_a_fault_in_schema_json_is_shown_where_it_is(
    run: Run, folder: Path, document: Any, words: tuple[str, ...]
) -> None:
    """`generate` names the fault with line, column and caret, exits with 2 and writes nothing."""
    with_schema(folder, document)
    before = snapshot(folder)
    done = run("generate")
    refused(done, ExitCode.USAGE, "schema.json:", "^", *words)
    assert snapshot(folder) == before


def test_tables_that_reference_each_other_are_fine(run: Run, folder: Path) -> None:
    """A cycle of foreign keys is no fault: the keys are added when both tables are there."""
    table = {"id": {"type": "int", "primary": True}}
    tables = {
        name: {"fields": {**table, "other": {"type": "int", "references": {"table": other, "column": "id"}}}}
        for name, other in (("a", "b"), ("b", "a"))
    }
    with_schema(folder, {"tables": tables})
    done = run("generate")
    assert done.code == ExitCode.OK, done.err
    assert run("generate", "--check").code == ExitCode.OK


@pytest.mark.parametrize(
    ("files", "state", "words"),
    [
        pytest.param(
            {"_0001_a": "SELECT 1;", "_0001_b": "SELECT 1;"},
            "failed",
            ("0001_a.sql", "0001_b.sql"),
            id="one version twice",
        ),
        pytest.param(
            {"_0001_a": "SELECT 1;", "_0002_b__down": "SELECT 1;"}, "failed", ("0002_b.down.sql",), id="down without up"
        ),
        pytest.param({"_0001_a": "SELECT 1;", "_notes": "SELECT 1;"}, "failed", ("notes.sql",), id="not a migration"),
        pytest.param({"_0001_a": b""}, "warned", ("0001_a.sql",), id="empty file"),
        pytest.param({"_0001_a": b"SELECT 1;\r\n"}, "warned", ("0001_a.sql", "CRLF"), id="CRLF"),
        pytest.param({"_0001_a": b"\xef\xbb\xbfSELECT 1;\n"}, "failed", ("0001_a.sql", "byte order mark"), id="BOM"),
    ],
)
def test_validate_names_the_file(
    run: Run, folder: Path, files: dict[str, str], state: str, words: tuple[str, ...]
) -> None:
    """What is wrong with files is found before anything is applied, and stands in the table of checks."""
    with_migrations(folder, **files)
    before = snapshot(folder)
    done = run("validate")
    assert done.code == (ExitCode.FAILED if state == "failed" else ExitCode.OK)
    assert state in done.out
    for word in words:
        assert word in done.out
    assert snapshot(folder) == before


def test_validate_of_a_database_that_does_not_answer(run: Run, folder: Path) -> None:
    """All that needs none is checked; asked for by option it is exit code 5, found in .env it is not."""
    with_migrations(folder, _0001_a="CREATE TABLE a (id int);\n")
    url = f"postgresql://u:hunter22@localhost:{free_port()}/x"
    asked = run("validate", "--database-url", url)
    assert asked.code == ExitCode.UNREACHABLE
    assert "could not be asked" in asked.out + asked.err
    assert "replay" in asked.out
    (folder / ".env").write_text(f"DATABASE_URL={url}\n")
    around = run("validate")
    assert around.code == ExitCode.OK
    assert "could not be asked" in around.out + around.err
    assert "hunter22" not in asked.out + asked.err + around.out + around.err


def test_a_syntax_error_far_down_is_shown_with_its_line(run: Run, folder: Path, database: Target) -> None:
    """In line 900 as in line 1: file, line, column, the line itself and a caret; nothing is applied."""
    text = "".join(f"SELECT {number}; -- line {number}\n" for number in range(1, 900)) + "CREATE TABEL t ();\n"
    with_migrations(folder, _0001_long=text)
    for command in (("validate",), ("apply", "--database-url", database.conninfo)):
        done = run(*command)
        shown = done.out + done.err
        assert done.code == ExitCode.FAILED
        assert "0001_long.sql:900:8" in shown
        assert "  900 | CREATE TABEL t ();" in shown
        assert "      |        ^" in shown
    assert "1 pending" in run("status", "--database-url", database.conninfo).out


@pytest.fixture
def applied(run: Run, folder: Path, database: Target) -> Callable[..., Ran]:
    """Runs on a database to which migration 2 of two is applied."""
    with_migrations(folder, _0002_a="CREATE TABLE a ();\n", _0003_b="CREATE TABLE b ();\n")

    def on_database(*arguments: str, **how: Any) -> Ran:
        return run(*arguments, "--database-url", database.conninfo, **how)

    assert on_database("apply", "--to", "2").code == ExitCode.OK
    return on_database


def query(database: Target, sql: str) -> list[tuple[Any, ...]]:
    with connect(database) as session:
        return session.query(sql)


def test_an_edited_migration_stops_everything(applied: Run, folder: Path, database: Target) -> None:
    """Both checksums and when it was applied; `apply` exits with 6 and applies nothing."""
    (edited,) = query(database, "SELECT encode(checksum, 'hex') FROM _sqlx_migrations")
    (folder / "migrations" / "0002_a.sql").write_text("CREATE TABLE a (id int);\n")
    status = applied("status")
    assert status.code == ExitCode.HISTORY
    assert edited[0] in status.out
    refused(applied("apply"), ExitCode.HISTORY, "0002_a.sql")
    assert query(database, "SELECT to_regclass('b')::text") == [(None,)]


def test_an_applied_migration_without_a_file_stops_everything(applied: Run, folder: Path, database: Target) -> None:
    """It is named with when it was applied."""
    (folder / "migrations" / "0002_a.sql").unlink()
    assert applied("status").code == ExitCode.HISTORY
    refused(applied("apply"), ExitCode.HISTORY, "2")
    assert query(database, "SELECT to_regclass('b')::text") == [(None,)]


def test_a_warning_is_shown_once(applied: Run, folder: Path) -> None:
    """It stands among the progress, and with --quiet it is still there; to `verify` it is something that is missing."""
    (folder / "migrations" / "0002_a.sql").unlink()
    for command in ("verify", "compare"):
        shown = applied(command)
        assert shown.code == ExitCode.DIFFERENT
        assert (shown.out + shown.err).count("and has no file") == 1, shown.out + shown.err
    assert applied("compare", "--quiet").err.count("and has no file") == 1


def test_quiet_does_not_hide_what_went_wrong(run: Run, applied: Run, folder: Path) -> None:
    """A fault, a failed check, a failed step: on standard error, whole. A difference is only the exit code."""
    assert applied("status", "--check", "--quiet").err == ""
    (folder / "migrations" / "0002_a.sql").write_text("CREAT TABLE a ();\n")
    for command, code, words in (
        (("status",), ExitCode.HISTORY, "0002_a.sql was changed"),
        (("validate",), ExitCode.FAILED, "syntax error"),
    ):
        done = applied(*command, "--quiet")
        assert (done.code, done.out) == (code, "")
        assert words in done.err
    done = run("doctor", "--quiet", "--database-url", f"postgresql://u@localhost:{free_port()}/x")
    assert done.code == ExitCode.UNREACHABLE
    assert "what to do" in done.err


def test_a_dirty_row_stops_everything(applied: Run, database: Target) -> None:
    """What sqlx recorded as failed has to be resolved first, and the message says how."""
    query(database, "UPDATE _sqlx_migrations SET success = false")
    assert applied("status").code == ExitCode.HISTORY
    refused(applied("apply"), ExitCode.HISTORY, "resolve 2")
    assert query(database, "SELECT to_regclass('b')::text") == [(None,)]


def test_a_pending_migration_below_an_applied_one_is_told(applied: Run, folder: Path) -> None:
    """Merged branches: it is no contradiction, and sqlx runs it too, so `status` warns and says why."""
    with_migrations(folder, _0001_early="CREATE TABLE early ();\n")
    status = applied("status")
    assert status.code == ExitCode.OK
    assert "0001_early.sql is pending and below 2" in status.out
    assert applied("status", "--check").code == ExitCode.DIFFERENT


def test_without_a_database_the_three_ways_are_named(run: Run, folder: Path) -> None:
    """Never a database that nobody named."""
    with_migrations(folder, _0001_a="SELECT 1;\n")
    for command in ("apply", "status", "verify", "compare", "doctor", "export"):
        refused(run(command), ExitCode.USAGE, "--database-url", "NEON_DATABASE_URL", "--local")


def test_two_databases_at_once_are_refused(run: Run) -> None:
    """--local and --database-url contradict each other."""
    refused(run("status", "--local", "--database-url", "postgresql://h/d"), ExitCode.USAGE, "--local")


@pytest.mark.parametrize(
    ("command", "how"),
    [
        ("status", "wrong password"),
        ("apply", "wrong password"),
        ("doctor", "wrong password"),
        ("status", "unknown host"),
        ("status", "database missing"),
        ("status", "nobody listens"),
    ],
)
def test_a_database_that_cant_be_reached(
    run: Run, folder: Path, secure_server: SecureServer, command: str, how: str
) -> None:
    """Exit code 5, the cause, a remedy, and the password nowhere, in text, JSON or a traceback."""
    with_migrations(folder, _0001_a="SELECT 1;\n")
    url = {
        "wrong password": secure_server.url("app", password=PASSWORD + "x"),
        "unknown host": secure_server.url("app").replace("localhost", "nowhere.invalid"),
        "database missing": secure_server.url("missing"),
        "nobody listens": secure_server.url("app").replace(str(secure_server.port), str(free_port())),
    }[how]
    for arguments, env in (((), {}), (("--format", "json"), {}), ((), {"NEON_MIGRATE_TRACEBACK": "1"})):
        done = run(command, *arguments, env={"NEON_DATABASE_URL": url, **env})
        assert done.code == ExitCode.UNREACHABLE, done.out + done.err
        shown = done.out + done.err
        assert PASSWORD not in shown
        assert url not in shown
        assert url.partition("app:")[2].partition("@")[0] not in shown
        if arguments:
            assert done.json["exit_code"] == ExitCode.UNREACHABLE


def test_a_url_that_cant_be_read_keeps_its_password(run: Run) -> None:
    """The commonest mistake, a password that was not encoded, must not print it."""
    for arguments in ((), ("--format", "json")):
        done = run("status", "--database-url", "postgresql://me:sec/ret@[host/db", *arguments)
        assert done.code in (ExitCode.USAGE, ExitCode.UNREACHABLE)
        assert "sec/ret" not in done.out + done.err


def test_a_url_in_the_wrong_place_keeps_its_password(run: Run) -> None:
    """`neon-migrate status postgresql://…` is a usage error that doesn't repeat the URL's password."""
    done = run("status", "postgresql://me:hunter2@host/db")
    assert done.code == ExitCode.USAGE
    assert "hunter2" not in done.err


def test_a_server_that_is_too_old_is_refused(run: Run, folder: Path) -> None:
    """With its version, before anything is sent to it."""
    with_migrations(folder, _0001_a="SELECT 1;\n")
    with scripted_server(Welcome("9.6.24")) as old:
        done = run("status", env={"DATABASE_URL": old.target().conninfo})
    assert done.code in (ExitCode.FAILED, ExitCode.UNREACHABLE)
    assert "9.6" in done.err
    assert PASSWORD not in done.err


def test_a_role_without_privileges_is_told_so(run: Run, folder: Path, secure_server: SecureServer) -> None:
    """Postgres's own words, and nothing is left behind."""
    with_migrations(folder, _0001_a="CREATE TABLE a ();\n")
    env = {"DATABASE_URL": secure_server.url("app", user="stranger", sslmode="require")}
    refused(run("apply", env=env), ExitCode.FAILED, "permission denied")
    assert run("doctor", env=env).code == ExitCode.FAILED


def test_a_connection_that_is_lost_mid_statement(run: Run, folder: Path, database: Target) -> None:
    """What was done, what was not, and what to do; the next run goes on from there."""
    with_migrations(folder, _0001_a="CREATE TABLE a ();\n")
    assert run("apply", "--database-url", database.conninfo).code == ExitCode.OK
    with_migrations(folder, _0002_b="SELECT pg_sleep(60);\n")
    killer = threading.Thread(target=_kill_sleeper, args=(database,))
    killer.start()
    done = run("apply", "--database-url", database.conninfo)
    killer.join()
    refused(done, ExitCode.UNREACHABLE, "0002")
    assert "1 migration applied, 1 pending" in run("status", "--database-url", database.conninfo).out


def _kill_sleeper(database: Target) -> None:
    sql = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE query LIKE '%pg_sleep(60)%' AND wait_event = 'PgSleep' AND pid <> pg_backend_pid()"
    )
    with connect(database) as session:
        while not session.query(sql):
            time.sleep(0.05)


def test_a_full_disk_on_export(run: Run, database: Target) -> None:
    """A device on which every write fails, as on a full disk."""
    done = run("export", "--database-url", database.conninfo, "-o", "/dev/full")
    refused(done, ExitCode.FAILED, "/dev/full", "No space left")


def test_a_second_run_at_the_same_time_names_the_first(run: Run, folder: Path, database: Target) -> None:
    """The lock is sqlx's; who holds it is told, with exit code 7, and nothing is applied."""
    (folder / "neon-migrate.toml").write_text("wait-for-lock-s = 0.2\n")
    with_migrations(folder, _0001_a="CREATE TABLE a ();\n")
    with connect(database) as first:
        first.query("SELECT pg_advisory_lock(%s)", (lock_id(database.parameters()["dbname"]),))
        done = run("apply", "--database-url", database.conninfo)
        refused(done, ExitCode.BUSY, str(first.backend_pid))
    assert query(database, "SELECT to_regclass('a')::text") == [(None,)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("lock-retries = ", ("neon-migrate.toml", "TOML")),
        ("lock-retrys = 2", ("lock-retrys", "lock-retries")),
        ("lock-retries = 'many'", ("lock-retries", "number")),
    ],
)
def test_a_fault_in_the_settings(run: Run, folder: Path, content: str, words: tuple[str, ...]) -> None:
    """The file, the setting, and the nearest known name."""
    (folder / "neon-migrate.toml").write_text(content)
    refused(run("generate"), ExitCode.USAGE, *words)
