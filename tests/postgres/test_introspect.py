"""Reading a Catalog from a real Postgres: what is modelled, what is named, and what is nobody's change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from every_kind import BASE, ROLES
from neon_migrate.catalog import Key
from neon_migrate.errors import StatementError
from neon_migrate.objects import kinds
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.postgres.progress import PROGRESS_TABLE
from neon_migrate.postgres.reading import Reading

if TYPE_CHECKING:
    from neon_migrate.kind import Kind
    from neon_migrate.postgres.session import Session

UNKNOWN = {
    "type": ("CREATE TYPE shell", "public.shell"),
    "function of access method": (
        "ALTER OPERATOR FAMILY pg_catalog.integer_ops USING btree ADD FUNCTION 1 (text, text) bttextcmp(text, text)",
        "function 1 (pg_catalog.text, pg_catalog.text) of pg_catalog.integer_ops USING btree",
    ),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_an_object_of_a_kind_without_a_file_is_named(session: Session, kind: str) -> None:
    """What no kind reads is named once by Postgres's own word, and what belongs to it is not named again."""
    ddl, identity = UNKNOWN[kind]
    session.script(ddl)

    found = [(thing.type, thing.identity) for thing in read_catalog(session).unmodelled]

    assert found == [(kind, identity)]


def test_the_parts_of_modelled_objects_are_not_named(session: Session) -> None:
    """Row types, toast tables, identity sequences, keys' indexes, NOT NULL constraints and view rules are parts."""
    session.script(
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL, n serial UNIQUE);"
        "CREATE TABLE u (t_id bigint REFERENCES t); CREATE VIEW v AS SELECT id FROM t;"
        "CREATE TYPE pair AS (a int, b int); CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0);"
    )

    assert read_catalog(session).unmodelled == ()


def test_bookkeeping_extensions_and_ignored_tables_are_left_out(session: Session) -> None:
    """The ledger, our progress table, extensions' members and ignored tables are in no Catalog, nor their parts."""
    session.script(
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, checksum bytea NOT NULL);"
        f"CREATE TABLE {PROGRESS_TABLE} (version bigint PRIMARY KEY);"
        "CREATE EXTENSION hstore; CREATE SCHEMA cron; CREATE TABLE cron.job (id serial PRIMARY KEY, at text UNIQUE);"
    )

    catalog = read_catalog(session, ignore=["cron.job*"])

    assert catalog.unmodelled == ()
    assert {key.kind for key in catalog.objects} == {"schema", "extension"}


def test_a_schema_that_is_ignored_as_a_whole_is_left_out_with_all_in_it(session: Session) -> None:
    """Or compare would want to drop the schema of somebody else's tables, types and functions."""
    before = read_catalog(session)
    session.script(
        "CREATE SCHEMA cron; CREATE TYPE cron.state AS ENUM ('on'); CREATE TABLE cron.job (id serial, at cron.state);"
        "CREATE VIEW cron.jobs AS SELECT * FROM cron.job; CREATE SEQUENCE cron.free; CREATE TABLE cron.p (i int)"
        " PARTITION BY RANGE (i); CREATE FUNCTION cron.f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "COMMENT ON SCHEMA cron IS 'theirs'"
    )

    catalog = read_catalog(session, ignore=["cron.*"])

    assert catalog.objects == before.objects
    assert catalog.unmodelled == ()


def test_what_is_not_asked_for_is_not_there(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that the walk finds nothing stored of has no rows: asking every kind gives the same Catalog."""
    session.script(f"{'; '.join(f'DROP ROLE IF EXISTS {role}; CREATE ROLE {role}' for role in ROLES)}; {BASE}")
    asked: set[str] = set()
    present = Reading.kinds_present

    def noted(reading: Reading) -> list[Kind[Any]]:
        asked.update(kind.name for kind in present(reading))
        return present(reading)

    monkeypatch.setattr(Reading, "kinds_present", noted)
    few = read_catalog(session)
    monkeypatch.setattr(Reading, "kinds_present", lambda reading: list(kinds().values()))
    every = read_catalog(session)
    session.script(f"DROP OWNED BY {', '.join(ROLES)}; DROP ROLE {', '.join(ROLES)}")

    assert few.fingerprint == every.fingerprint
    assert {key.kind for key in every.objects} <= asked < set(kinds())


def test_reading_inside_a_transaction_leaves_it_as_it_was(session: Session) -> None:
    """An open transaction's own changes are seen; afterwards it is open, with its search_path."""
    session.query("BEGIN")
    session.query("SET LOCAL search_path = public")
    session.query("CREATE TABLE unsaved (a integer)")

    catalog = read_catalog(session)

    assert Key("table", "public", "unsaved") in catalog.objects
    assert session.query("SHOW search_path") == [("public",)]
    assert session.in_transaction


def test_a_reading_that_fails_leaves_no_transaction_open(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next statement of the session is not refused."""
    session.script("CREATE TABLE t (a integer)")
    monkeypatch.setattr(type(kinds()["table"]), "query", lambda kind, major: "SELECT 1 / 0")

    with pytest.raises(StatementError):
        read_catalog(session)

    assert not session.in_transaction
    assert session.query("SELECT 1") == [(1,)]


def test_all_that_is_not_compared_has_its_reason(session: Session) -> None:
    """A setting, a security label and an object of no kind are named for reasons of their own."""
    session.script(
        "CREATE TYPE shell; CREATE TABLE t (); SET allow_system_table_mods = on;"
        "INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'mac', 'secret');"
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit = on', current_database()); END $$"
    )

    found = read_catalog(session).unmodelled

    assert {one.type for one in found} == {"type", "security label on table", "setting"}
    assert len({one.reason for one in found}) == len(found)


def test_names_in_expressions_are_qualified_whatever_the_search_path(session: Session) -> None:
    """A Catalog reads the same under any search_path of the session."""
    session.script("CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('ok'); CREATE TABLE t (m app.mood DEFAULT 'ok')")
    plain = read_catalog(session)
    session.query("SET search_path = app, public")

    assert read_catalog(session).fingerprint == plain.fingerprint
    assert plain.objects[Key("column", "public", "t", "m")].default == "'ok'::app.mood"  # type: ignore[attr-defined]


def test_nothing_more_is_asked_where_every_object_is_known(session: Session) -> None:
    """Toast tables with their indexes, keys, sequences and extensions' types are no reason to ask what they are."""
    session.script(
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL);"
        "CREATE EXTENSION hstore; CREATE TABLE u (t_id int REFERENCES _sqlx_migrations (version), made hstore);"
        "CREATE TABLE t (id serial PRIMARY KEY, body text DEFAULT 'x' CHECK (body <> '')); CREATE VIEW v AS TABLE t;"
        "CREATE TYPE pair AS (a int); CREATE TYPE mood AS ENUM ('ok'); CREATE DOMAIN d AS int CHECK (VALUE > 0);"
        "CREATE TYPE r AS RANGE (subtype = float8); CREATE MATERIALIZED VIEW m AS TABLE t; CREATE INDEX ON m (id);"
        "CREATE TABLE p (i int PRIMARY KEY) PARTITION BY RANGE (i); CREATE TABLE p1 PARTITION OF p DEFAULT"
    )
    asked: list[str] = []
    query = session.query
    session.query = lambda sql, parameters=(): (asked.append(sql), query(sql, parameters))[1]  # type: ignore[method-assign]

    read_catalog(session)

    assert asked == []
