"""The names that things have while a plan is under way, on a real Postgres: free, and never the same for two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.diff import diff
from neon_migrate.online import online
from neon_migrate.plan import plan
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.postgres.session import connect
from schema_pairs import catalog_of

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

LONG = "a" * 61
PARTED = (
    "CREATE TABLE p (k integer, a integer) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
)


def scripts(session: Session, old: str, new: str) -> str:
    """What is run to come from `old` to `new` with the tables in use, once it was run and did come there."""
    goal = catalog_of(session, new)
    session.script(old)
    batches = online(plan(read_catalog(session), goal))
    for batch in batches:
        session.script(batch.script())
    assert diff(read_catalog(session), goal) == ()
    return "".join(batch.script() for batch in batches)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            f"CREATE TABLE t (a integer, b text); CREATE INDEX {LONG}1 ON t (a); CREATE INDEX {LONG}2 ON t (b)",
            f"CREATE TABLE t (a integer, b text); CREATE INDEX {LONG}1 ON t (a, b); CREATE INDEX {LONG}2 ON t (b, a)",
            id="indexes",
        ),
        pytest.param(
            f"CREATE TYPE {LONG}1 AS ENUM ('a', 'b'); CREATE TYPE {LONG}2 AS (e {LONG}1); CREATE TABLE t (f {LONG}2)",
            f"CREATE TYPE {LONG}1 AS ENUM ('b', 'a'); CREATE TYPE {LONG}2 AS (e {LONG}1); CREATE TABLE t (f {LONG}2)",
            id="types that are swapped together",
        ),
    ],
)
def test_long_names_that_begin_alike_stay_apart(session: Session, old: str, new: str) -> None:
    """Each is cut to make room for an ending."""
    found = scripts(session, old, new)
    assert f"{LONG}1" in found
    assert f"{LONG}2" in found


def test_checks_for_not_null_of_columns_that_begin_alike() -> None:
    """Before PostgreSQL 18 NOT NULL comes by way of a check with a name of its own."""
    with scratch_server(major=17) as server:
        name = server.create()
        with connect(server.target(name)) as session:
            table = "CREATE TABLE t ({0}1 integer{1}, {0}2 integer{1})"
            found = scripts(session, table.format(LONG, ""), table.format(LONG, " NOT NULL"))
        server.drop(name)
    assert found.count("NOT VALID") == 2


@pytest.mark.parametrize(
    ("beside", "old", "new", "name"),
    [
        pytest.param(
            "CREATE TABLE u (id integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME i_new));",
            "CREATE TABLE t (a integer, b integer); CREATE INDEX i ON t (a)",
            "CREATE TABLE t (a integer, b integer); CREATE INDEX i ON t (a, b)",
            "i_new1",
            id="the sequence behind an identity",
        ),
        pytest.param(
            f"{PARTED} CREATE INDEX pi ON p (a); ALTER INDEX p1_a_idx RENAME TO i_new;",
            "CREATE TABLE t (a integer, b integer); CREATE INDEX i ON t (a)",
            "CREATE TABLE t (a integer, b integer); CREATE INDEX i ON t (a, b)",
            "i_new1",
            id="a partition's copy of an index",
        ),
        pytest.param(
            "CREATE TYPE r AS RANGE (SUBTYPE = integer, MULTIRANGE_TYPE_NAME = e_replaced);",
            "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (e e)",
            "CREATE TYPE e AS ENUM ('b', 'a'); CREATE TABLE t (e e)",
            "e_replaced1",
            id="a multirange type",
        ),
        pytest.param(
            "CREATE TYPE e_replaced AS ENUM ('a');",
            "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (e e)",
            "CREATE TYPE e AS ENUM ('b', 'a'); CREATE TABLE t (e e)",
            "e_replaced1",
            id="a type",
        ),
        pytest.param(
            "",
            "CREATE TABLE t (c integer, b integer CONSTRAINT t_c_not_null NOT NULL)",
            "CREATE TABLE t (c integer NOT NULL, b integer NOT NULL)",
            "t_c_not_null1",
            id="NOT NULL of a column that was renamed",
        ),
    ],
)
def test_what_has_the_name_already_keeps_it(session: Session, beside: str, old: str, new: str, name: str) -> None:
    """A number makes another."""
    assert name in scripts(session, beside + old, beside + new)


def test_an_array_type_makes_way(session: Session) -> None:
    """Postgres gives it another name where a type is to have its own."""
    types = 'CREATE TYPE "_e" AS ENUM ({0}); CREATE TYPE e_replaced AS ENUM (\'a\'); CREATE TABLE t (e "_e")'
    arrays = "CREATE TYPE e AS ENUM ('x');"
    found = scripts(session, arrays + types.format("'a', 'b'"), arrays + types.format("'b', 'a'"))
    assert "RENAME TO _e_replaced;" in found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "CREATE TABLE t (a integer CONSTRAINT x NOT NULL, b integer CONSTRAINT y NOT NULL)",
            "CREATE TABLE t (a integer CONSTRAINT y NOT NULL, b integer CONSTRAINT x NOT NULL)",
        ),
        (
            "CREATE TABLE t (a integer CONSTRAINT x NOT NULL, b integer)",
            "CREATE TABLE t (a integer, b integer CONSTRAINT x NOT NULL)",
        ),
        (
            "CREATE TABLE t (a integer CONSTRAINT x NOT NULL, b integer, CONSTRAINT y CHECK (b > 0))",
            "CREATE TABLE t (a integer CONSTRAINT y NOT NULL, b integer, CONSTRAINT x CHECK (b > 0))",
        ),
        (
            "CREATE TABLE t (a integer, b integer, CONSTRAINT x CHECK (b > 0))",
            "CREATE TABLE t (a integer CONSTRAINT x NOT NULL, b integer)",
        ),
    ],
    ids=["exchanged", "another column's", "exchanged with a check", "a check's that goes"],
)
def test_names_of_not_null_change_hands(session: Session, old: str, new: str) -> None:
    """They are a table's constraints since PostgreSQL 18: only one may have a name."""
    goal = catalog_of(session, old)
    scripts(session, old, new)
    for batch in online(plan(read_catalog(session), goal)):
        session.script(batch.script())
    assert diff(read_catalog(session), goal) == ()
