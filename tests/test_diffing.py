"""`diff`: every sort of side against every other, what is withheld, and sides that make no sense."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from generating import Desk, schema
from neon_migrate.catalog import Catalog, Unmodelled
from neon_migrate.differences import Difference, of_other_kinds
from neon_migrate.diffing import diff
from neon_migrate.errors import (
    MigrationFileError,
    NeonMigrateError,
    RefusedError,
    SchemaError,
    StatementError,
    UsageError,
)
from neon_migrate.events import Warned
from neon_migrate.postgres.dump import dump_schema
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.postgres.session import connect
from neon_migrate.project import Project
from neon_migrate.settings import load
from peers import dumped, run_by_psql
from workbench import url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from neon_migrate.events import Event
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target

FIELDS = {"id": {"type": "integer", "primary": True, "identity": "always"}, "status": {"type": "varchar(9)"}}
KNOWN = "status IN ('new', 'paid')"
ORDERS = {"orders": {"fields": FIELDS, "checks": [{"name": "known", "expression": KNOWN}]}}
A = "CREATE TABLE a (id int PRIMARY KEY, gone text);"
B = "CREATE TABLE a (id int PRIMARY KEY, added text); CREATE INDEX a_added ON a (added);"


@pytest.fixture
def desk(tmp_path: Path, scratch: ScratchServer, database: Target) -> Desk:
    """A project whose live database is empty."""
    return Desk(tmp_path, scratch, database)


@pytest.fixture
def other(scratch: ScratchServer) -> Iterator[Target]:
    """A second database."""
    name = scratch.create()
    yield scratch.target(name)
    scratch.drop(name)


def run(target: Target, sql: str) -> None:
    with connect(target) as session:
        session.script(sql)


def test_the_sql_makes_one_database_into_the_other(desk: Desk, database: Target, other: Target) -> None:
    """Neither is written to; the statements, run on FROM, leave no difference, and pg_dump agrees."""
    run(database, A)
    run(other, B)
    before = (dumped(database), dumped(other))
    report = diff(desk.project(), "live", url(other), allow_data_loss=True)
    assert [(found.kind, found.name, found.state) for found in report.differences] == [
        ("column", "public.a.added", "missing"),
        ("column", "public.a.gone", "unexpected"),
        ("index", "public.a_added", "missing"),
    ]
    assert (dumped(database), dumped(other)) == before
    run_by_psql(database, report.script())
    assert dumped(database) == dumped(other)
    again = diff(desk.project(), url(other), "live")
    assert (again.different, again.statements, again.script()) == (False, (), "")


def test_the_sql_is_in_batches_unless_nobody_uses_the_database(desk: Desk, database: Target, other: Target) -> None:
    """Each says why it is apart; offline they are one transaction, which leads to the same."""
    run(database, A)
    run(other, B)
    parts, whole = (
        diff(desk.project(), "live", url(other), allow_data_loss=True, offline=offline) for offline in (False, True)
    )
    assert [(len(batch.statements), batch.transactional, bool(batch.why)) for batch in parts.batches] == [
        (2, True, True),
        (1, False, True),
    ]
    assert "CREATE INDEX CONCURRENTLY a_added ON public.a (added);" in parts.script()
    assert [batch.transactional for batch in whole.batches] == [True]
    assert (whole.script().startswith("BEGIN;\n"), whole.script().endswith("COMMIT;\n")) == (True, True)
    run_by_psql(database, whole.script())
    assert dumped(database) == dumped(other)


def test_one_schema_in_every_form_is_no_difference(desk: Desk, database: Target) -> None:
    """A schema.json, migrations written by hand, a database that has them, and its dump: also where Postgres writes an
    expression down otherwise than it was written, and that otherwise again."""
    columns = "id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status varchar(9)"
    text = f"CREATE TABLE orders ({columns}, CONSTRAINT known CHECK ({KNOWN}));"
    desk.project(schema(ORDERS), {"0001_orders.sql": text})
    run(database, text)
    (desk.root / "dump.sql").write_text(dump_schema(database).text)
    for before, after in permutations(("schema.json", "migrations", "dump.sql", "live"), 2):
        report = diff(desk.project(), before, after)
        assert report.differences == (), (before, after)


def test_an_expression_that_means_something_else_stays_a_difference(desk: Desk, database: Target) -> None:
    """A live check that differs in a value, and one that is the same but not validated, are told."""
    table = "CREATE TABLE orders (a varchar(9), b varchar(9));"
    live = "ALTER TABLE orders ADD CONSTRAINT {0} CHECK ({0} IN ('new', '{1}')){2};"
    run(database, table + live.format("a", "paid", "") + live.format("b", "paid", " NOT VALID"))
    desk.project(files={"a/other.sql": table + live.format("a", "sent", "") + live.format("b", "paid", "")})
    for sides in (("live", "a/other.sql"), ("a/other.sql", "live")):
        report = diff(desk.project(), *sides)
        assert [found.name for found in report.differences] == ["public.orders.a", "public.orders.b"]


def test_an_invalid_index_is_no_valid_one(desk: Desk, database: Target) -> None:
    """Writing an expression down again makes nothing valid that is not."""
    table, index = "CREATE TABLE a (b varchar);", "CREATE UNIQUE INDEX {} one ON a ((b || 'x'));"
    run(database, table + "INSERT INTO a VALUES ('twice'), ('twice');")
    with pytest.raises(StatementError, match="could not create unique index"):
        run(database, index.format("CONCURRENTLY"))
    desk.project(files={"a/a.sql": table + index.format("")})
    assert [found.name for found in diff(desk.project(), "live", "a/a.sql").differences] == ["public.one"]


def test_migrations_are_taken_up_to_a_version(desk: Desk) -> None:
    """`migrations@1` is the folder's state after version 1; leading zeros are the file's own."""
    desk.project(files={"0001_a.sql": "CREATE TABLE a ();", "0002_b.sql": "CREATE TABLE b ();"})
    forward = diff(desk.project(), "migrations@0001", "migrations")
    assert [(found.name, found.state) for found in forward.differences] == [("public.b", "missing")]
    assert forward.script() == "CREATE TABLE public.b ();\n"
    assert not diff(desk.project(), "migrations@2", "migrations").different


def test_a_folder_with_an_at_sign_is_a_folder(desk: Desk) -> None:
    """What exists under the whole name is meant, whatever is in it."""
    desk.project(files={"team@2/0001_a.sql": "CREATE TABLE a ();", "team@2/0002_b.sql": "CREATE TABLE b ();"})
    assert [found.name for found in diff(desk.project(), "team@2@1", "team@2").differences] == ["public.b"]


def test_statements_that_lose_data_are_withheld(desk: Desk) -> None:
    """What would go is named; the statements are told once that is allowed."""
    project = desk.project(files={"a/a.sql": A, "a/b.sql": B})
    report = diff(project, "a/a.sql", "a/b.sql")
    assert (report.withheld, report.statements, len(report.losses)) == (True, (), 1)
    assert "public.a.gone" in report.losses[0]
    with pytest.raises(RefusedError, match="would lose data") as caught:
        report.script()
    assert caught.value.why == report.losses[0]
    allowed = diff(project, "a/a.sql", "a/b.sql", allow_data_loss=True)
    assert not allowed.withheld
    assert [bool(statement.loses) for statement in allowed.statements].count(True) == 1
    assert {"column public.a.added", "index public.a_added"} <= {
        name for statement in allowed.statements for name in statement.serves
    }


def test_what_is_of_no_known_kind_is_named_and_counted(desk: Desk) -> None:
    """Where one side has not even the name, that is a difference that no statement removes."""
    project = desk.project(files={"a/a.sql": "", "a/b.sql": "CREATE TYPE shell;"})
    report = diff(project, "a/a.sql", "a/b.sql")
    assert report.differences == (Difference("type", "public.shell", "missing"),)
    assert report.coverage == (Unmodelled("type", "public.shell"),)
    assert report.statements == ()
    both = diff(project, "a/b.sql", "a/b.sql")
    assert (both.different, both.coverage) == (False, report.coverage)


def test_names_of_no_known_kind_are_compared_both_ways() -> None:
    """Missing and unexpected, seen from what was found."""
    found, expected = (Catalog({}, unmodelled=(Unmodelled("cast", name), Unmodelled("x", "same"))) for name in "ab")
    assert [(each.name, each.state) for each in of_other_kinds(found, expected)] == [
        ("b", "missing"),
        ("a", "unexpected"),
    ]


def test_what_schema_json_has_no_word_for_stays(desk: Desk, database: Target) -> None:
    """It is no difference on either side, and named; two schema.json are compared as a whole."""
    run(database, "CREATE TABLE a (id int); CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';")
    table = {"a": {"fields": {"id": {"type": "integer"}}}}
    project = desk.project(schema(table))
    for sides in (("live", "schema.json"), ("schema.json", "live")):
        report = diff(project, *sides)
        assert report.differences == ()
        assert [(found.type, found.identity.partition("(")[0]) for found in report.coverage] == [
            ("function", "public.one")
        ]
    more = "CREATE VIEW v AS SELECT 1 AS one; CREATE TYPE shell;"
    desk.project(files={"b/schema.json": json.dumps(schema(table, sql=["more.sql"])), "b/more.sql": more})
    found = diff(project, "schema.json", "b/schema.json").differences
    assert [(each.kind, each.state) for each in found] == [("view", "missing"), ("type", "missing")]


RENAMED = schema({"a": {"fields": {"title": {"type": "text", "renamed_from": "name"}, "more": {"type": "int"}}}})


def test_a_rename_that_is_asked_for_is_done(desk: Desk, database: Target) -> None:
    """`renamed_from` says that a column that goes is the one that comes; in a database no less than in migrations."""
    run(database, "CREATE TABLE a (name text); INSERT INTO a VALUES ('kept')")
    project = desk.project(RENAMED, {"0001_a.sql": "CREATE TABLE a (name text);"})
    for side in ("migrations", "live"):
        report = diff(project, side, "schema.json")
        assert (report.renames, report.losses, report.warnings) == (("column name to title",), (), ())
        assert [statement.sql for statement in report.statements] == [
            "ALTER TABLE public.a RENAME COLUMN name TO title",
            "ALTER TABLE public.a ADD COLUMN more integer",
        ]
    run_by_psql(database, report.script())
    assert not diff(project, "live", "schema.json").different
    with connect(database) as session:
        assert session.query("SELECT title FROM a") == [("kept",)]


def test_a_rename_alone_is_a_difference(desk: Desk) -> None:
    """Though nothing else is left to do once it is done."""
    fields = {"title": {"type": "text", "renamed_from": "name"}}
    project = desk.project(schema({"a": {"fields": fields}}), {"0001_a.sql": "CREATE TABLE a (name text);"})
    report = diff(project, "migrations", "schema.json")
    assert report.different
    assert report.differences == ()
    assert len(report.statements) == 1


def test_what_may_be_a_rename_is_told(desk: Desk) -> None:
    """Nothing is assumed: the column goes, and the loss has to be allowed."""
    (desk.root / "a.sql").write_text("CREATE TABLE t (i int, mail text);")
    (desk.root / "b.sql").write_text("CREATE TABLE t (i int, email text);")
    report = diff(desk.project(), "a.sql", "b.sql")
    assert report.withheld
    assert [str(one) for one in report.rename_candidates] == ["column public.t.mail may be email now: both are text"]


def test_what_fails_on_rows_is_warned_of(desk: Desk, database: Target) -> None:
    """The statements were run on tables with rows before they are shown, also where FROM is a database."""
    run(database, "CREATE TABLE t (i int, mail text);")
    (desk.root / "b.sql").write_text("CREATE TABLE t (i int, mail text, born date NOT NULL);")
    told = diff(desk.project(), "live", "b.sql").warnings
    assert len(told) == 1
    assert "null values" in told[0]
    assert diff(desk.project(), "live", "b.sql", tried=False).warnings == ()


def test_from_a_schema_json_the_statements_are_tried_beside_what_it_has_no_word_for(
    desk: Desk, database: Target
) -> None:
    """The database's other things are made on the scratch first: nothing is warned of."""
    run(database, "CREATE TABLE t (i int, mail text); CREATE TEXT SEARCH DICTIONARY d (template = simple);")
    project = desk.project(schema({"t": {"fields": {"i": {"type": "int"}}}}))
    report = diff(project, "schema.json", "live")
    assert [one.name for one in report.differences] == ["public.t.mail"]
    assert report.statements
    assert report.warnings == ()


def test_two_texts_may_make_the_same_roles(tmp_path: Path) -> None:
    """Each runs on a server of its own. Roles that a text takes for granted are made first."""
    for name, grantee in (("a.sql", "somebody"), ("b.sql", "maker")):
        owned = 'CREATE ROLE maker; CREATE TABLE a (); ALTER TABLE a OWNER TO "An owner";'
        (tmp_path / name).write_text(f"{owned} GRANT SELECT ON a TO {grantee};")
    project = Project(load(tmp_path))
    assert not diff(project, "a.sql", "a.sql").different
    assert all(found.kind != "table" for found in diff(project, "a.sql", "b.sql").differences)


def test_what_cant_run_in_one_transaction_runs_statement_by_statement(desk: Desk) -> None:
    """As psql does it: an index built concurrently, an enum value used at once, also beside roles that it makes and
    roles that it takes for granted."""
    pieces = (
        "BEGIN; CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (m mood, t text); COMMIT;"
        "ALTER TYPE mood ADD VALUE 'glad'; ALTER TABLE a ALTER m SET DEFAULT 'glad';{0}"
    )
    whole = "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE a (m mood DEFAULT 'glad', t text);{0}"
    roles = 'CREATE ROLE pieces_maker; ALTER TABLE a OWNER TO "pieces owner";'
    for name, index in (("with", f"CREATE INDEX {{}} a_t ON a (t);{roles}"), ("without", "")):
        files = {
            f"{name}/pieces.sql": pieces.format(index.format("CONCURRENTLY")),
            f"{name}/whole.sql": whole.format(index.removesuffix(roles).format("")),
        }
        assert not diff(desk.project(files=files), f"{name}/pieces.sql", f"{name}/whole.sql").different


def test_a_text_runs_on_the_major_version_of_the_other_side(tmp_path: Path) -> None:
    """PostgreSQL 17 beside a database of 17, though 18 would be at hand."""
    check = "current_setting('server_version_num')::int / 10000 <> 17"
    text = f"DO $$ BEGIN IF {check} THEN RAISE 'another version'; END IF; END $$; CREATE TABLE a ();"
    (tmp_path / "a.sql").write_text(text)
    with scratch_server(major=17) as server:
        target = server.target(server.create())
        report = diff(Project(load(tmp_path)), url(target), "a.sql")
    assert [found.name for found in report.differences] == ["public.a"]
    assert report.warnings == ()


def test_one_side_twice_is_equal_and_said(desk: Desk) -> None:
    """It is no error, since a script may come to it, but rarely what was meant."""
    told: list[Event] = []
    known = desk.project(files={"0001_a.sql": A})
    project = replace(known, observer=told.append)
    report = diff(project, "migrations", "migrations")
    assert (report.different, report.statements) == (False, ())
    assert [event.text for event in told if isinstance(event, Warned)] == list(report.warnings)
    assert "one and the same" in report.warnings[0]


def test_files_that_sqlx_passes_over_are_told(desk: Desk) -> None:
    """Two of one version: which one counts is said."""
    project = desk.project(files={"0001_a.sql": A, "0001_b.sql": B, "a/a.sql": A})
    report = diff(project, "migrations", "a/a.sql")
    assert not report.different
    assert "0001_b.sql" in report.warnings[0]


def test_paths_start_from_the_folder_that_is_given(desk: Desk) -> None:
    """`base`, else the project's root."""
    project = desk.project(files={"deep/a.sql": A, "other/a.sql": B})
    assert not diff(project, "a.sql", "../deep/a.sql", base=desk.root / "deep").different
    assert diff(project, "deep/a.sql", "other/a.sql").different


def wrong(write: Callable[[Desk], object], word: str, kind: type[NeonMigrateError], pattern: str) -> object:
    return pytest.param(write, word, kind, pattern, id=word)


@pytest.mark.parametrize(
    ("write", "word", "kind", "pattern"),
    [
        wrong(lambda desk: None, "nowhere.sql", UsageError, "TO: there is no file or folder 'nowhere.sql'"),
        wrong(lambda desk: None, "nowhere/schema.json", UsageError, "there is no file or folder"),
        wrong(lambda desk: None, "migrations@7", UsageError, r"migrations@7: there is no version '7'"),
        wrong(lambda desk: None, "migrations@", UsageError, "there is no version ''"),
        wrong(lambda desk: None, "migrations@one", UsageError, "there is no version 'one'"),
        wrong(lambda desk: (desk.root / "empty").mkdir(), "empty", UsageError, "empty holds no migrations"),
        wrong(
            lambda desk: desk.project(files={"diesel/1_a/up.sql": "SELECT 1;"}),
            "diesel",
            UsageError,
            "diesel holds no migrations\n1_a/ holds .sql files and sqlx does not look into folders",
        ),
        wrong(lambda desk: (desk.root / "a.txt").touch(), "a.txt", UsageError, "neither a .json nor a .sql file"),
        wrong(
            lambda desk: (desk.root / "bad.sql").write_text("CREATE TABLE a ();\n\n  CREATE TABEL b ();\n"),
            "bad.sql",
            StatementError,
            r'^bad\.sql:3:10: syntax error at or near "TABEL"',
        ),
        wrong(
            lambda desk: (desk.root / "late.sql").write_text("CREATE TABLE a ();\nCREATE VIEW v AS SELECT b FROM a;\n"),
            "late.sql",
            StatementError,
            r'^late\.sql:2:25: column "b" does not exist',
        ),
        wrong(
            lambda desk: (desk.root / "psql.sql").write_text(
                "\\restrict K\nSELECT 1;\n\\connect app\n\\unrestrict K\n"
            ),
            "psql.sql",
            StatementError,
            r"^psql\.sql:3:1: .*\n.*psql's own commands",
        ),
        wrong(
            lambda desk: (desk.root / "b.sql").write_bytes(b"--\n-- \xe9"), "b.sql", UsageError, r"b\.sql:2:4: .*UTF-8"
        ),
        wrong(lambda desk: (desk.root / "n.sql").write_bytes(b"SELECT\0 1"), "n.sql", UsageError, r"n\.sql:1:7: .*NUL"),
        wrong(
            lambda desk: (desk.root / "bad.json").write_text('{"tables": {'), "bad.json", SchemaError, r"json:1:\d+: "
        ),
        wrong(
            lambda desk: desk.project(files={"odd/x_a.sql": "SELECT 1;"}), "odd", MigrationFileError, "is not a version"
        ),
        wrong(lambda desk: None, "postgresql://h", UsageError, "from TO can't be used\nIt names no database"),
        wrong(lambda desk: None, "mysql://h/d", UsageError, "from TO can't be used\nIt begins with mysql://"),
    ],
)
def test_a_side_that_makes_no_sense(
    desk: Desk, write: Callable[[Desk], object], word: str, kind: type[NeonMigrateError], pattern: str
) -> None:
    """The side, the place in its file where there is one, and why."""
    desk.project(files={"0001_a.sql": "CREATE TABLE a ();"})
    write(desk)
    with pytest.raises(kind) as caught:
        diff(desk.project(), "migrations", word)
    assert type(caught.value) is kind
    assert re.search(pattern, str(caught.value).replace(f"{desk.root}/", ""))


@pytest.mark.parametrize(
    "word",
    [
        "postgresql://me:hunt/er2@host/d",
        "postgres://me:hunt er2@[host/d",
        "mysql://me:hunt/er2@host/d",
        "me:hunt/er2@host/d",
        "host=h password=hunt/er2",
        "psql 'postgresql://me:hunt/er2@host/d'",
    ],
)
def test_a_word_that_may_hold_a_password_is_not_repeated(desk: Desk, word: str) -> None:
    """However a connection string is mistyped."""
    with pytest.raises(UsageError) as caught:
        diff(desk.project(), word, "schema.json")
    assert "hunt" not in str(caught.value)
    assert "FROM" in str(caught.value)


def test_live_without_a_database_names_the_three_ways(tmp_path: Path) -> None:
    """And nothing else needs one."""
    (tmp_path / "a.sql").write_text(A)
    with pytest.raises(UsageError, match="No database was named"):
        diff(Project(load(tmp_path)), "a.sql", "live")


def test_a_database_that_may_not_be_written_to_is_compared(desk: Desk, session: Session) -> None:
    """As a replica is: nothing is written there."""
    ((name,),) = session.query("SELECT quote_ident(current_database())")
    session.script(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    desk.project(files={"a/a.sql": A})
    assert diff(desk.project(), "live", "a/a.sql").different
