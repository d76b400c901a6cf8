"""What goes and comes and looks alike is proposed as a rename, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.diff import diff
from neon_migrate.rename_candidates import rename_candidates
from schema_pairs import catalog_of

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session


def candidates(session: Session, old: str, new: str) -> list[str]:
    """What is proposed between two schemas."""
    before, after = catalog_of(session, old), catalog_of(session, new)
    return [str(one) for one in rename_candidates(before, after, diff(before, after))]


@pytest.mark.parametrize(
    ("old", "new", "proposed"),
    [
        pytest.param(
            "CREATE TABLE users (id int, mail text)",
            "CREATE TABLE users (id int, email text)",
            ["column public.users.mail may be email now: both are text"],
            id="a column",
        ),
        pytest.param(
            "CREATE TYPE m AS ENUM ('a'); CREATE DOMAIN d AS integer CHECK (VALUE > 0); CREATE TYPE c AS (a integer);"
            " CREATE TYPE r AS RANGE (SUBTYPE = date); CREATE TABLE t (m m, d d, c c, r r)",
            "CREATE TYPE n AS ENUM ('a'); CREATE DOMAIN e AS integer CHECK (VALUE > 0); CREATE TYPE f AS (a integer);"
            " CREATE TYPE s AS RANGE (SUBTYPE = date); CREATE TABLE t (m n, d e, c f, r s)",
            [
                "type public.c may be f now: both are the same composite type",
                "type public.d may be e now: both are the same domain type",
                "type public.m may be n now: both are the same enum type",
                "type public.r may be s now: both are the same range type",
            ],
            id="types that are the same",
        ),
        pytest.param(
            "CREATE TYPE m AS ENUM ('a', 'b'); CREATE DOMAIN d AS integer; CREATE TYPE c AS (a integer)",
            "CREATE TYPE n AS ENUM ('b', 'a'); CREATE DOMAIN e AS bigint; CREATE TYPE f AS (b integer)",
            [],
            id="types that are not",
        ),
        pytest.param(
            "CREATE TABLE users (id int, mail text)",
            "CREATE TABLE users (id int, email varchar(80))",
            [],
            id="another type",
        ),
        pytest.param(
            "CREATE TABLE users (id int); CREATE TABLE logs (id int, a text)",
            "CREATE TABLE users (id int, a text); CREATE TABLE logs (id int)",
            [],
            id="a column of another table",
        ),
        pytest.param(
            "CREATE TABLE t (first_name text, street text)",
            "CREATE TABLE t (street_name text, given_name text)",
            [
                "column public.t.first_name may be given_name now: both are text",
                "column public.t.street may be street_name now: both are text",
            ],
            id="two columns, each by its name",
        ),
        pytest.param(
            "CREATE TABLE t (a text NOT NULL, b text)",
            "CREATE TABLE t (c text NOT NULL)",
            ["column public.t.a may be c now: both are text"],
            id="the one that is the same in all else",
        ),
        pytest.param(
            "CREATE TABLE client (id int PRIMARY KEY, name text, born date)",
            "CREATE TABLE customer (id int PRIMARY KEY, name text, born date, vip bool)",
            ["table public.client may be customer now: 3 of 4 columns are the same"],
            id="a table",
        ),
        pytest.param(
            "CREATE TABLE client (id int PRIMARY KEY, name text)",
            "CREATE TABLE invoice (id int PRIMARY KEY, total numeric, due date)",
            [],
            id="two tables with an id",
        ),
        pytest.param(
            "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (i int)",
            "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE b.t (i int)",
            ["table a.t may be b.t now: 1 of 1 columns are the same"],
            id="a table in another schema",
        ),
        pytest.param(
            "CREATE SCHEMA a; CREATE TABLE a.users (id int, name text, born date)",
            "CREATE SCHEMA b; CREATE TABLE b.people (id int, name text, born date)",
            ["table a.users may be b.people now: 3 of 3 columns are the same"],
            id="a table in another schema and under another name",
        ),
        pytest.param(
            "CREATE SCHEMA a; CREATE TABLE a.users (id int, name text, born date)",
            "CREATE SCHEMA b; CREATE TABLE b.people (id int, name text, died date)",
            [],
            id="neither schema nor name nor columns",
        ),
        pytest.param(
            "CREATE TABLE p (i int, a text); CREATE TABLE c () INHERITS (p)",
            "CREATE TABLE p (i int, b text); CREATE TABLE c () INHERITS (p)",
            ["column public.p.a may be b now: both are text"],
            id="an inherited column follows its parent's",
        ),
        pytest.param("CREATE TABLE a ()", "CREATE TABLE b ()", [], id="tables without columns"),
    ],
)
def test_proposed(session: Session, old: str, new: str, proposed: list[str]) -> None:
    """Each thing at most once, the likest pair first."""
    assert sorted(candidates(session, old, new)) == sorted(proposed)


def test_the_advice_is_what_schema_json_understands(session: Session) -> None:
    """It names the table or column that it has to stand on."""
    before = catalog_of(session, "CREATE TABLE a (i int, j int)")
    after = catalog_of(session, "CREATE TABLE b (i int, j int)")
    (table,) = rename_candidates(before, after, diff(before, after))
    assert table.advice == '"renamed_from": "a" on table b in schema.json'
    before = catalog_of(session, "CREATE SCHEMA s; CREATE TABLE s.a (i int, j int)")
    (table,) = rename_candidates(before, after, diff(before, after))
    assert table.advice == '"renamed_from": "s.a" on table public.b in schema.json'
