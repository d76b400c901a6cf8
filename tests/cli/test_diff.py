"""`neon-migrate diff` as a person runs it: exit codes, what goes where, and no password anywhere."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import ExitCode
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.session import connect
from secure_server import PASSWORD
from workbench import url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.postgres.target import Target
    from secure_server import SecureServer
    from tests.cli.conftest import Ran

    Run = Callable[..., Ran]

A = "CREATE TABLE a (id int PRIMARY KEY, gone text);\n"
B = "CREATE TABLE a (id int PRIMARY KEY, added text);\n"


@pytest.fixture
def files(folder: Path) -> Path:
    """A folder with a project and two files of SQL."""
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_a.sql").write_text(A)
    (folder / "a.sql").write_text(A)
    (folder / "b.sql").write_text(B)
    return folder


def test_the_exit_code_is_0_for_equal_and_3_for_different(run: Run, files: Path) -> None:
    """The tree says what TO has more and what it has not; what would go is named."""
    done = run("diff", "a.sql", "migrations")
    assert (done.code, done.err) == (ExitCode.OK, "")
    assert done.out == "equal: a.sql and migrations are the same schema.\n"
    done = run("diff", "a.sql", "b.sql")
    assert done.code == ExitCode.DIFFERENT
    assert done.out == (
        "What makes a.sql into b.sql\n"
        "  public.a\n"
        "    + column added new\n"
        "    - column gone goes\n"
        "rename? column public.a.gone may be added now: both are text. If it is: "
        '"renamed_from": "gone" on column added of a in schema.json\n'
        "loses data: column public.a.gone with its values\n"
        "2 differences. neon-migrate diff --sql --allow-data-loss prints the SQL.\n"
    )


def test_the_sql_can_be_piped_into_the_database(run: Run, files: Path, database: Target) -> None:
    """Nothing else is on standard output, warnings included, and afterwards the two are equal."""
    with connect(database) as session:
        session.script(A)
        env = {"DATABASE_URL": url(database)}
        (files / "migrations" / "0001_b.sql").write_text(A)
        (files / "migrations" / "0002_b.sql").write_text("ALTER TABLE a ADD note text")
        done = run("diff", "live", "migrations", "--sql", env=env)
        assert done.code == ExitCode.DIFFERENT
        assert "warning: 0001_b.sql" in done.err
        session.script(done.out)
    assert run("diff", "live", "migrations", env=env).code == ExitCode.OK
    assert run("diff", "live", "migrations", "--sql", env=env).out.startswith("-- ")


def test_the_sql_says_in_how_many_transactions_it_is(run: Run, files: Path) -> None:
    """And how to run it; offline it is one."""
    (files / "c.sql").write_text(A + "CREATE INDEX a_gone ON a (gone); ALTER TABLE a ADD CHECK (id > 0)")
    parts = run("diff", "a.sql", "c.sql", "--sql").out
    assert parts.splitlines()[0].startswith("-- Several transactions")
    assert "CREATE INDEX CONCURRENTLY a_gone" in parts
    assert "VALIDATE CONSTRAINT" in parts
    whole = run("diff", "a.sql", "c.sql", "--sql", "--offline").out.splitlines()
    assert (whole[0], len(whole), whole[-1]) == ("BEGIN;", 4, "COMMIT;")


def test_sql_that_loses_data_is_refused_with_4(run: Run, files: Path) -> None:
    """Nothing on standard output, what would go on standard error; the option allows it, and the SQL says it."""
    for arguments in (("--sql",), ("--sql", "--format", "json")):
        refused = run("diff", "a.sql", "b.sql", *arguments)
        assert refused.code == ExitCode.REFUSED
        assert "public.a.gone" in refused.out + refused.err
        assert "--allow-data-loss" in refused.out + refused.err
        assert "ALTER TABLE" not in refused.out + refused.err
    allowed = run("diff", "a.sql", "b.sql", "--sql", "--allow-data-loss", "--quiet")
    assert allowed.code == ExitCode.DIFFERENT
    assert allowed.out.splitlines()[0] == "-- loses data: column public.a.gone with its values"
    assert "ALTER TABLE public.a DROP COLUMN gone;" in allowed.out


def test_an_enum_value_is_committed_before_it_is_used(run: Run, files: Path, database: Target) -> None:
    """Also --offline, where all the rest is one transaction: the SQL is one that runs."""
    enum = "CREATE TYPE e AS ENUM ('a'{0}); CREATE TABLE t (a e DEFAULT '{1}', b int{2});"
    (files / "a.sql").write_text(enum.format("", "a", ""))
    (files / "b.sql").write_text(enum.format(", 'n'", "n", ", c int"))
    done = run("diff", "a.sql", "b.sql", "--sql", "--offline")
    assert (done.code, done.err) == (ExitCode.DIFFERENT, "")
    with connect(database) as session:
        session.script(enum.format("", "a", ""))
    psql = [find_build(major=None).program("psql"), "-v", "ON_ERROR_STOP=1", "-d", url(database)]
    subprocess.run(psql, input=done.out, text=True, capture_output=True, check=True)
    equal = run("diff", url(database), "b.sql")
    assert equal.code == ExitCode.OK, equal.out


def test_sql_that_is_known_to_fail_is_not_printed(run: Run, files: Path) -> None:
    """A pipe into psql would run it: the command fails, and says what running it on a scratch has shown."""
    held = "CREATE TABLE a (x {0}); CREATE MATERIALIZED VIEW m AS SELECT a FROM a;"  # whole rows of a, stored
    (files / "a.sql").write_text(held.format("int"))
    (files / "b.sql").write_text(held.format("bigint"))
    done = run("diff", "a.sql", "b.sql", "--sql")
    assert (done.code, done.out) == (ExitCode.FAILED, "")
    assert "The SQL from a.sql to b.sql fails, so it is not printed" in done.err
    assert "the statements don't lead there" in done.err
    told = json.loads(run("diff", "a.sql", "b.sql", "--format", "json").out)
    assert told["report"]["failure"].startswith("Run on a scratch, the statements don't lead there")


def test_json_has_the_changes_and_the_plan(run: Run, files: Path) -> None:
    """In batches that are committed one by one; they are left out where they lose data and that was not allowed."""
    report = run("diff", "a.sql", "b.sql", "--format", "json").json["report"]
    assert (report["withheld"], report["batches"], len(report["losses"])) == (True, [], 1)
    assert [found["name"] for found in report["differences"]] == ["public.a.added", "public.a.gone"]
    done = run("diff", "a.sql", "b.sql", "--format", "json", "--allow-data-loss")
    assert done.code == done.json["exit_code"] == ExitCode.DIFFERENT
    report = done.json["report"]
    assert report["withheld"] is False
    (batch,) = report["batches"]
    assert batch["transactional"] is True
    assert {statement["loses"] != "" for statement in batch["statements"]} == {True, False}
    assert len(report["fingerprint"]) == 64


def test_a_name_with_a_line_break_stays_in_its_comment(run: Run, files: Path) -> None:
    """What the SQL says about its losses can't become SQL itself."""
    (files / "odd.sql").write_text('CREATE TABLE "odd\nDROP TABLE a; --" ();')
    (files / "none.sql").write_text("")
    done = run("diff", "odd.sql", "none.sql", "--sql", "--allow-data-loss")
    assert done.out.splitlines()[:2] == ["-- loses data: table public.odd", "-- DROP TABLE a; -- with all its rows"]


def test_paths_start_where_c_says(run: Run, files: Path) -> None:
    """As if started there."""
    (files / "deep").mkdir()
    (files / "deep" / "c.sql").write_text(B)
    assert run("-C", "deep", "diff", "c.sql", "../b.sql").code == ExitCode.OK
    assert run("diff", "c.sql", "b.sql").code == ExitCode.USAGE


def test_a_database_is_looked_for_where_live_is_said(run: Run, files: Path) -> None:
    """A variable that can't be read stops nobody who does not mean it."""
    env = {"DATABASE_URL": "mysql://h/d"}
    assert run("diff", "a.sql", "migrations", env=env).code == ExitCode.OK
    assert run("diff", "a.sql", "live", env=env).code == ExitCode.USAGE
    assert "--database-url" in run("diff", "a.sql", "live").err


def test_local_is_live(run: Run, files: Path) -> None:
    """With --local, `live` is the project's own embedded database."""
    try:
        assert run("apply", "--local", "--quiet").code == ExitCode.OK
        done = run("diff", "live", "b.sql", "--local")
        assert done.out.startswith("What makes the local database into b.sql\n")
    finally:
        run("local", "--stop")


def test_a_fault_in_a_file_is_shown_where_it_is(run: Run, files: Path) -> None:
    """File, line, column, and a caret under it; schema.json likewise."""
    (files / "bad.sql").write_text("CREATE TABLE a ();\n  CREATE TABEL b ();\n")
    done = run("diff", "a.sql", "bad.sql")
    assert done.code == ExitCode.FAILED
    assert "at bad.sql:2:10" in done.err
    assert "    2 |   CREATE TABEL b ();\n      |          ^\n" in done.err
    (files / "bad.json").write_text(json.dumps({"tables": {"a": {"fields": {"id": {"type": "txet"}}}}}, indent=2))
    done = run("diff", "bad.json", "a.sql")
    assert done.code == ExitCode.USAGE
    assert "bad.json:" in done.err


@pytest.mark.parametrize("wrong", ["", "x"])
def test_the_password_of_a_side_is_never_shown(run: Run, files: Path, secure_server: SecureServer, wrong: str) -> None:
    """Neither when it works nor when it does not, in text, JSON, SQL or a traceback."""
    side = secure_server.url("app", password=PASSWORD + wrong)
    secret = side.partition("app:")[2].partition("@")[0]
    for arguments, env in (
        ((), {}),
        (("--format", "json"), {}),
        (("--sql", "--allow-data-loss"), {}),
        ((), {"NEON_MIGRATE_TRACEBACK": "1"}),
    ):
        done = run("diff", side, "a.sql", *arguments, env=env)
        assert done.code == (ExitCode.UNREACHABLE if wrong else ExitCode.DIFFERENT), done.out + done.err
        shown = done.out + done.err
        assert PASSWORD not in shown
        assert secret not in shown
        assert side not in shown


@pytest.mark.parametrize("side", ["postgresql://me:hunt/er2@host/d", "me:hunter2@host/d", "mysql://me:hunter2@host/d"])
def test_a_side_that_cant_be_understood_keeps_its_password(run: Run, files: Path, side: str) -> None:
    """One screen, with what to do."""
    done = run("diff", "a.sql", side)
    assert done.code == ExitCode.USAGE
    assert "hunt" not in done.err
    assert "what to do: " in done.err
    assert done.out == ""
