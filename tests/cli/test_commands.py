"""Each command at work on a real database: its exit codes, its JSON, and what it asks."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.errors import ExitCode
from neon_migrate.postgres.session import connect
from peers import run_by_psql
from tests.cli.conftest import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.postgres.target import Target
    from tests.cli.conftest import Ran

    Run = Callable[..., Ran]

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")
SCHEMA = {
    "tables": {
        "users": {
            "fields": {
                "id": {"type": "bigint", "primary": True, "identity": "always"},
                "email": {"type": "text", "nullable": False, "unique": True},
            }
        }
    }
}
UP = """\
CREATE TABLE public.users (
    id bigint GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email)
);
"""


def query(database: Target, sql: str) -> list[tuple[Any, ...]]:
    with connect(database) as session:
        return session.query(sql)


@pytest.fixture
def on(run: Run, folder: Path, database: Target) -> Run:
    """Runs on a database with a project in step whose one migration is not yet applied."""
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_users.up.sql").write_text(UP)
    (folder / "migrations" / "0001_users.down.sql").write_text("DROP TABLE public.users;\n")

    def on_database(*arguments: str, **how: Any) -> Ran:
        return run(*arguments, "--database-url", database.conninfo, **how)

    return on_database


@pytest.fixture
def applied(on: Run) -> Run:
    """The same with the migration applied."""
    assert on("apply").code == ExitCode.OK
    return on


def test_generate_check_exits_with_3_when_out_of_step(run: Run, on: Run, folder: Path) -> None:
    """It writes nothing, and says what is missing."""
    assert run("generate", "--check").code == ExitCode.OK
    schema = json.loads(json.dumps(SCHEMA))
    schema["tables"]["users"]["fields"]["name"] = {"type": "text"}
    (folder / "schema.json").write_text(json.dumps(schema))
    done = run("generate", "--check", "--format", "json")
    assert done.code == done.json["exit_code"] == ExitCode.DIFFERENT
    assert [(found["kind"], found["name"]) for found in done.json["report"]["differences"]] == [
        ("column", "public.users.name")
    ]
    assert len(list((folder / "migrations").iterdir())) == 2


def test_generate_refuses_data_loss_with_4(run: Run, on: Run, folder: Path) -> None:
    """What would go is named, nothing is written; the option allows it."""
    (folder / "schema.json").write_text(json.dumps({"tables": {}}))
    done = run("generate")
    assert done.code == ExitCode.REFUSED
    assert "public.users" in done.err
    assert "--allow-data-loss" in done.err
    assert len(list((folder / "migrations").iterdir())) == 2
    assert run("generate", "--allow-data-loss").code == ExitCode.OK


def test_pending_migrations_are_3_only_where_asked(on: Run, database: Target) -> None:
    """`status` is 0 and `status --check` 3; neither makes the ledger's table."""
    assert on("status").code == ExitCode.OK
    assert on("status", "--check").code == ExitCode.DIFFERENT
    assert query(database, "SELECT to_regclass('_sqlx_migrations')::text") == [(None,)]
    assert on("apply").code == ExitCode.OK
    assert on("status", "--check").code == ExitCode.OK


def test_a_dry_run_leaves_the_database_alone(on: Run, database: Target) -> None:
    """What would be applied is listed, and the database is as it was."""
    done = on("apply", "--dry-run", "--format", "json")
    assert done.code == ExitCode.OK
    assert [found["version"] for found in done.json["report"]["applied"]] == [1]
    assert query(database, "SELECT count(*) FROM pg_class WHERE relname IN ('users', '_sqlx_migrations')") == [(0,)]


def test_apply_reports_each_migration_and_the_status(on: Run) -> None:
    """On standard output what is verified; on standard error, as it happens, what is applied."""
    done = on("apply")
    assert done.code == ExitCode.OK
    assert re.search(r"^ +1  users +\d+ \w+  yes$", done.out, re.MULTILINE)
    assert "1 migration applied, 0 pending" in done.out
    assert "applied 1 users" in done.err
    assert "nothing to do" in on("apply").out


def test_drift_is_3_in_compare_and_verify(applied: Run, database: Target) -> None:
    """`verify` names what is missing, `compare` both that and what is too much, `--sql` what would mend it."""
    assert (applied("verify").code, applied("compare").code) == (ExitCode.OK, ExitCode.OK)
    query(database, "ALTER TABLE users DROP CONSTRAINT users_email_key")
    query(database, "CREATE TABLE by_hand (id int)")
    verify, compare, sql = applied("verify"), applied("compare"), applied("compare", "--sql")
    assert (verify.code, compare.code, sql.code) == (ExitCode.DIFFERENT,) * 3
    assert "users_email_key" in verify.out
    assert "by_hand" not in verify.out
    assert "- unique users_email_key missing" in compare.out
    assert "+ table public.by_hand unexpected with 1 column" in compare.out
    run_by_psql(database, sql.out)
    assert applied("compare").code == ExitCode.OK


def test_rollback_asks_for_the_version(applied: Run, database: Target) -> None:
    """Anything but the version is a no: exit code 4, and nothing is done."""
    query(database, "INSERT INTO users (email) VALUES ('a@b.c')")
    refused = applied("rollback", "1", "--yes")
    assert refused.code == ExitCode.REFUSED
    assert "--allow-data-loss" in refused.err
    for answer in ("", "yes\n", "2\n"):
        done = applied("rollback", "1", "--allow-data-loss", stdin=answer)
        assert done.code == ExitCode.REFUSED
        assert "Type 1 to go on: " in done.err
        assert "nothing was done" in done.out
    assert query(database, "SELECT count(*) FROM users") == [(1,)]
    done = applied("rollback", "1", "--allow-data-loss", stdin="1\n")
    assert done.code == ExitCode.OK
    assert "table public.users" in done.err
    assert "(1 now)" in done.err
    assert query(database, "SELECT to_regclass('users')::text") == [(None,)]


def test_rollback_as_json_needs_yes(applied: Run) -> None:
    """There is nobody to answer a question that a program asked for."""
    done = applied("rollback", "1", "--allow-data-loss", "--format", "json")
    assert done.code == done.json["exit_code"] == ExitCode.USAGE
    done = applied("rollback", "1", "--allow-data-loss", "--format", "json", "--yes")
    assert done.code == ExitCode.OK
    assert [found["version"] for found in done.json["report"]["reverted"]] == [1]


def test_rollback_of_the_ledger_alone_says_what_is_left_to_do(applied: Run, database: Target) -> None:
    """--tracking-only deletes the row and keeps the table."""
    done = applied("rollback", "1", "--tracking-only", "--yes")
    assert done.code == ExitCode.OK
    assert "DROP TABLE public.users;" in done.out
    assert query(database, "SELECT count(*) FROM _sqlx_migrations") == [(0,)]
    assert query(database, "SELECT count(*) FROM users") == [(0,)]


def test_resolve_sets_the_ledger_right(applied: Run, database: Target) -> None:
    """With one of two options; refused with 4 where the database contradicts it."""
    assert applied("resolve", "1").code == ExitCode.USAGE
    assert applied("resolve", "1", "--applied", "--reverted").code == ExitCode.USAGE
    assert applied("resolve", "1", "--reverted").code == ExitCode.REFUSED
    query(database, "DELETE FROM _sqlx_migrations")
    done = applied("resolve", "1", "--applied")
    assert done.code == ExitCode.OK
    assert "the ledger now says that 1 is applied" in done.out
    assert applied("status", "--check").code == ExitCode.OK


def test_export_and_import_meet(applied: Run, folder: Path) -> None:
    """The exported file is proven; the imported schema.json asks for exactly what is there."""
    assert "proven: " in applied("export", "-o", "out.sql").out
    assert (folder / "out.sql").read_text().startswith("--")
    assert applied("import").code == ExitCode.REFUSED
    assert applied("import", "--replace").code == ExitCode.OK
    assert applied("generate", "--check").code == ExitCode.OK


def test_undo_writes_a_migration_that_goes_back(applied: Run, database: Target) -> None:
    """It is pending like any other, and applying it gives the schema before."""
    assert applied("undo", "1").code == ExitCode.REFUSED
    assert applied("undo", "1", "--allow-data-loss").code == ExitCode.OK
    assert applied("apply").code == ExitCode.OK
    assert query(database, "SELECT to_regclass('users')::text") == [(None,)]
    assert applied("undo", "7").code == ExitCode.HISTORY


def test_the_json_schema_accepts_the_starter(run: Run, folder: Path) -> None:
    """What `schema` prints is the file that `init` writes; -o writes it too."""
    run("init")
    printed = run("schema").out
    assert json.loads(printed)["$schema"].startswith("https://json-schema.org/")
    assert printed == (folder / "neon-migrate.schema.json").read_text()
    run("schema", "-o", "again.json")
    assert (folder / "again.json").read_text() == printed


def test_ctrl_c_leaves_nothing_half_done(on: Run, folder: Path, database: Target) -> None:
    """Exit code 130; what was committed before stays, what was running is rolled back, and both are said."""
    (folder / "migrations" / "0002_slow.up.sql").write_text("CREATE TABLE slow ();\nSELECT pg_sleep(60);\n")
    (folder / "migrations" / "0002_slow.down.sql").write_text("DROP TABLE slow;\n")
    assert on("apply", "--to", "1").code == ExitCode.OK
    running = subprocess.Popen(
        [PROGRAM, "apply", "--database-url", database.conninfo],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    while not query(database, asleep):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, shown = running.communicate(timeout=60)
    assert running.returncode == ExitCode.INTERRUPTED
    assert "0002_slow" in shown
    assert "Traceback" not in shown
    assert query(database, "SELECT to_regclass('slow')::text") == [(None,)]
    assert "1 migration applied, 1 pending" in on("status").out


def test_a_shell_completes_commands_and_options(run: Run) -> None:
    """As the script of `completion` asks."""

    def complete(*words: str) -> list[str]:
        env = {
            "_NEON_MIGRATE_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("neon-migrate", *words)),
            "COMP_CWORD": str(len(words)),
        }
        return [line.partition(",")[2] for line in run(env=env).out.splitlines()]

    assert complete("sta") == ["status"]
    assert complete("rollback", "--allow") == ["--allow-data-loss"]
    assert complete("status", "--format", "j") == ["json"]


def on_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What a command writes to a terminal, standard error included."""
    ours, its = pty.openpty()
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "DATABASE_URL")}
    done = subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=folder,
        env=inherited | {"TERM": "xterm-256color", "COLUMNS": "100"} | environment,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    printed = b""
    try:
        while chunk := os.read(ours, 65_536):
            printed += chunk
    except OSError:
        pass  # Linux: the other end is closed
    finally:
        os.close(ours)
        done.wait()
    return printed.decode()


def test_a_terminal_gets_colour_and_progress_a_pipe_gets_neither(run: Run, on: Run, folder: Path) -> None:
    """Both say the same; --no-color and NO_COLOR leave the colours out; --quiet says nothing."""
    piped = run("generate", "--check")
    assert not ESCAPE.search(piped.out + piped.err)
    assert piped.err == ""
    terminal = on_terminal(folder, "generate", "--check")
    assert COLOUR.search(terminal)
    assert "replaying 1 migration" in terminal
    assert piped.out.strip() in " ".join(ESCAPE.sub("", terminal).split())
    assert not COLOUR.search(on_terminal(folder, "generate", "--check", "--no-color"))
    assert not COLOUR.search(on_terminal(folder, "generate", "--check", NO_COLOR="1"))
    assert not ESCAPE.search(on_terminal(folder, "generate", "--check", TERM="dumb"))
    assert on_terminal(folder, "generate", "--check", "--quiet") == ""
