"""Owners of objects, which are compared where the settings ask for it."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from every_kind import BASE, SUBSCRIPTION
from every_kind import ROLES as OTHERS
from neon_migrate.catalog import Key
from neon_migrate.diff import diff
from neon_migrate.differences import differences
from neon_migrate.errors import StatementError
from neon_migrate.objects.owner import Owner
from neon_migrate.online import online
from neon_migrate.plan import plan
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.settings import Settings
from neon_migrate.sources.database import catalog_of

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.catalog import Catalog
    from neon_migrate.postgres.session import Session

ROLES = "CREATE ROLE freeholder; CREATE ROLE leaseholder;"
TABLE = "CREATE TABLE t (id serial PRIMARY KEY, n integer GENERATED ALWAYS AS IDENTITY)"
FUNCTION = "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1'"

WITH_OWNERS = {
    "aggregate",
    "collation",
    "composite_type",
    "conversion",
    "domain",
    "enum",
    "foreign_data_wrapper",
    "foreign_table",
    "function",
    "language",
    "materialized_view",
    "operator",
    "operator_class",
    "operator_family",
    "publication",
    "range_type",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "table",
    "text_search_configuration",
    "text_search_dictionary",
    "view",
}


def read(session: Session, ddl: str, asked_for: tuple[str, ...] = ("owner",)) -> Catalog:
    """The Catalog, with owners where these are asked for, after some DDL, which leaves nothing."""
    session.script("BEGIN")
    try:
        session.script(f"{ROLES} {ddl}")
        catalog = read_catalog(session, asked_for=asked_for)
        assert catalog.depends.keys() <= catalog.objects.keys()
        return catalog
    finally:
        session.script("ROLLBACK")


def leads(session: Session, old: str, new: str) -> tuple[str, ...]:
    """The plan from one to the other, after it was run and gave exactly the other."""
    before, after = read(session, old), read(session, new)
    planned = plan(before, after)
    assert diff(read(session, f"{old}; {planned.script()}"), after) == ()
    return tuple(statement.sql for statement in planned.statements)


CASES = (
    ("given", TABLE, f"{TABLE}; ALTER TABLE t OWNER TO freeholder", ("ALTER TABLE public.t OWNER TO freeholder",)),
    (
        "given back",
        f"{TABLE}; ALTER TABLE t OWNER TO freeholder",
        TABLE,
        ("ALTER TABLE public.t OWNER TO CURRENT_ROLE",),
    ),
    (
        "passed on",
        f"{TABLE}; ALTER TABLE t OWNER TO freeholder",
        f"{TABLE}; ALTER TABLE t OWNER TO leaseholder",
        ("ALTER TABLE public.t OWNER TO leaseholder",),
    ),
    (
        "said of what is new",
        "",
        f"{FUNCTION}; ALTER FUNCTION f(integer) OWNER TO freeholder; GRANT ALL ON FUNCTION f(integer) TO leaseholder; COMMENT ON FUNCTION f(integer) IS 'x'",
        (
            "CREATE FUNCTION public.f(integer)\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT $1$function$",
            "ALTER FUNCTION public.f(integer) OWNER TO freeholder",
            "GRANT EXECUTE ON FUNCTION public.f(integer) TO leaseholder",
            "COMMENT ON FUNCTION public.f(integer) IS 'x'",
        ),
    ),
    ("goes with its object", f"{TABLE}; ALTER TABLE t OWNER TO freeholder", "", ("DROP TABLE public.t",)),
    (
        "kept when its object is made again",
        "CREATE VIEW v AS SELECT 1 AS a; ALTER VIEW v OWNER TO freeholder",
        "CREATE VIEW v AS SELECT 1::bigint AS a; ALTER VIEW v OWNER TO freeholder",
        (
            "DROP VIEW public.v",
            "CREATE VIEW public.v AS\n SELECT 1::bigint AS a",
            "ALTER VIEW public.v OWNER TO freeholder",
        ),
    ),
    (
        "said again when an enum is made again",
        "CREATE TYPE e AS ENUM ('a', 'b'); ALTER TYPE e OWNER TO freeholder",
        "CREATE TYPE e AS ENUM ('b'); ALTER TYPE e OWNER TO freeholder",
        (
            "ALTER TYPE public.e RENAME TO e_replaced",
            "CREATE TYPE public.e AS ENUM ('b')",
            "DROP TYPE public.e_replaced",
            "ALTER TYPE public.e OWNER TO freeholder",
        ),
    ),
    (
        "swapped with a role that had been granted something",
        f"{TABLE}; ALTER TABLE t OWNER TO freeholder; GRANT SELECT ON t TO leaseholder",
        f"{TABLE}; ALTER TABLE t OWNER TO leaseholder; GRANT SELECT ON t TO freeholder",
        (
            "REVOKE SELECT ON TABLE public.t FROM leaseholder",
            "ALTER TABLE public.t OWNER TO leaseholder",
            "GRANT SELECT ON TABLE public.t TO freeholder",
        ),
    ),
    (
        "of schema public: that of the database comes back",
        "ALTER SCHEMA public OWNER TO freeholder",
        "ALTER SCHEMA public OWNER TO pg_database_owner",
        ("ALTER SCHEMA public OWNER TO pg_database_owner",),
    ),
    (
        "who has what default privileges give",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO freeholder",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO freeholder; CREATE TABLE u (); ALTER TABLE u OWNER TO freeholder",
        ("CREATE TABLE public.u ()", "ALTER TABLE public.u OWNER TO freeholder"),
    ),
)


@pytest.mark.parametrize(("old", "new", "sql"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_owner(session: Session, old: str, new: str, sql: tuple[str, ...]) -> None:
    """The plan is as written, and running it gives exactly the new schema, and the way back the old one."""
    assert leads(session, old, new) == sql
    leads(session, new, old)


def test_all_that_has_an_owner_of_its_own_is_given_one(session: Session) -> None:
    """Of one of each kind; the owners are all that differs, and all of them can be given."""
    roles = "; ".join(f"CREATE ROLE {role}" for role in OTHERS)
    mine, theirs = (
        f"ALTER ROLE freeholder SUPERUSER; {roles}; {BASE}; {SUBSCRIPTION}",
        f"ALTER ROLE freeholder SUPERUSER; {roles}; SET ROLE freeholder; {BASE}; {SUBSCRIPTION}; RESET ROLE",
    )
    old, new = read(session, mine), read(session, theirs)
    owners = {obj.on.kind for obj in new.objects.values() if isinstance(obj, Owner)}
    assert owners == WITH_OWNERS
    planned = plan(old, new)
    assert {change.key.kind for change in planned.changes} == {"owner"}
    assert diff(read(session, f"{mine}; {planned.script()}"), new) == ()
    assert diff(read(session, f"{theirs}; {plan(new, old).script()}"), old) == ()


def test_owners_are_read_where_the_settings_ask_for_it(session: Session, tmp_path: Path) -> None:
    """By default nobody asks."""
    settings = Settings(tmp_path, tmp_path / "migrations", tmp_path / "schema.json")
    session.script(f"BEGIN; {ROLES} {TABLE}; ALTER TABLE t OWNER TO freeholder")
    try:
        usual, asked = catalog_of(session, settings), catalog_of(session, replace(settings, owners=True))
    finally:
        session.script("ROLLBACK")
    assert [key for key in asked.objects if key not in usual.objects] == [Key("owner", "public", "table t")]
    assert usual.of_kind("owner") == ()


def test_a_difference_says_both_owners(session: Session) -> None:
    """Also where one side says none; of what is missing as a whole it is just a part."""
    none, freeholder = read(session, TABLE), read(session, f"{TABLE}; ALTER TABLE t OWNER TO freeholder")
    assert list(map(str, differences(diff(none, freeholder)))) == [
        "owner public.table t is different (role: expected freeholder, found CURRENT_ROLE)"
    ]
    assert list(map(str, differences(diff(freeholder, none)))) == [
        "owner public.table t is different (role: expected CURRENT_ROLE, found freeholder)"
    ]
    assert "owner public.table t is missing" in map(str, differences(diff(read(session, ""), freeholder)))


T = "CREATE TABLE t (id bigint, n integer)"
FREE = f"CREATE SEQUENCE s; {T}"
OWNED = f"{FREE}; ALTER SEQUENCE s OWNED BY t.id"
OF_TABLE = "ALTER TABLE t OWNER TO freeholder"
OF_SEQUENCE = "ALTER SEQUENCE s OWNER TO freeholder"


@pytest.mark.parametrize(
    ("free", "owned"),
    [
        (f"{FREE}; {OF_SEQUENCE}", OWNED),
        (FREE, f"{OWNED}; {OF_TABLE}"),
        (f"{FREE}; {OF_TABLE}", f"{OWNED}; {OF_TABLE}"),
        (f"{FREE}; {OF_TABLE}; {OF_SEQUENCE}", f"{OWNED}; {OF_TABLE}"),
        (f"{FREE}; {OF_SEQUENCE}", f"{OWNED}; ALTER TABLE t OWNER TO leaseholder"),
        (f"{FREE}; ALTER SEQUENCE s OWNER TO leaseholder; {OF_TABLE}", OWNED),
        (f"{T}; {OF_TABLE}", f"{OWNED}; {OF_TABLE}"),
        (T, f"{OWNED}; {OF_TABLE}"),
        (f"{T}; {OF_TABLE}", f"{T}; ALTER TABLE t ADD m serial; {OF_TABLE}"),
        ("SELECT 1", f"{OWNED}; {OF_TABLE}"),
    ],
)
def test_a_sequence_is_whose_its_table_is_before_a_column_owns_it(session: Session, free: str, owned: str) -> None:
    """And another's only once no column owns it any more: Postgres refuses both the other way round."""
    leads(session, free, owned)
    leads(session, owned, free)


def test_nothing_is_said_of_a_sequence_that_is_its_table_owners_already(session: Session) -> None:
    """Only that the column owns it."""
    both = f"{FREE}; {OF_TABLE}; {OF_SEQUENCE}"
    assert leads(session, both, f"{OWNED}; {OF_TABLE}") == ("ALTER SEQUENCE public.s OWNED BY public.t.id",)
    assert leads(session, f"{OWNED}; {OF_TABLE}", both) == ("ALTER SEQUENCE public.s OWNED BY NONE",)


VIEW = """CREATE TABLE t (a {}); GRANT SELECT ON t TO freeholder; CREATE VIEW v AS SELECT a FROM t; ALTER VIEW v OWNER TO freeholder;
GRANT SELECT ON v TO leaseholder; CREATE MATERIALIZED VIEW m AS SELECT a FROM v; ALTER TABLE m OWNER TO leaseholder;
COMMENT ON MATERIALIZED VIEW m IS 'x'; GRANT SELECT ON m TO current_user"""
ENUM = """CREATE TYPE e AS ENUM ({}); CREATE DOMAIN d AS e; ALTER TYPE e OWNER TO freeholder;
ALTER DOMAIN d OWNER TO leaseholder; REVOKE USAGE ON TYPE e FROM PUBLIC; CREATE TABLE t (a e, b d[]);
CREATE FUNCTION f(e) RETURNS e LANGUAGE sql SECURITY DEFINER AS 'SELECT $1';
ALTER FUNCTION f(e) OWNER TO leaseholder; REVOKE EXECUTE ON FUNCTION f(e) FROM PUBLIC"""
MADE_ANEW = "CREATE FUNCTION f() RETURNS {0} LANGUAGE sql AS 'SELECT 1::{0}'; ALTER FUNCTION f() OWNER TO freeholder"
BECOMES = "CREATE {0} f() {1} LANGUAGE sql BEGIN ATOMIC SELECT 1; END; ALTER {0} f() OWNER TO freeholder"
DIVIDED = """CREATE TABLE p (a integer, b integer) PARTITION BY RANGE ({}); CREATE TABLE q PARTITION OF p DEFAULT;
ALTER TABLE p OWNER TO freeholder; ALTER TABLE q OWNER TO leaseholder"""
COLLATION = """CREATE COLLATION c (locale = '{}'); ALTER COLLATION c OWNER TO freeholder;
CREATE TABLE t (a text COLLATE c); CREATE VIEW v AS SELECT a FROM t; ALTER VIEW v OWNER TO leaseholder"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(VIEW.format("integer"), VIEW.format("bigint"), id="views on a changed column"),
        pytest.param(ENUM.format("'a', 'b'"), ENUM.format("'b'"), id="types, and a function over them"),
        pytest.param(MADE_ANEW.format("integer"), MADE_ANEW.format("bigint"), id="a function"),
        pytest.param(
            BECOMES.format("FUNCTION", "RETURNS integer"), BECOMES.format("PROCEDURE", ""), id="now a procedure"
        ),
        pytest.param(DIVIDED.format("a"), DIVIDED.format("b"), id="a table partitioned otherwise"),
        pytest.param(COLLATION.format("C"), COLLATION.format("POSIX"), id="a collation"),
    ],
)
def test_what_is_made_again_is_whose_it_was(session: Session, old: str, new: str) -> None:
    """Where nobody asked for owners too, both ways, and at the end of each transaction: what is there has its owner."""
    for start, goal in ((old, new), (new, old)):
        before, after = (read(session, ddl, ()) for ddl in (start, goal))
        expected = set(read(session, goal).of_kind("owner"))
        assert expected
        batches = online(plan(before, after))
        assert batches
        for done in range(1, len(batches) + 1):
            so_far = "; ".join(statement.sql for batch in batches[:done] for statement in batch.statements)
            assert set(read(session, f"{start}; {so_far}").of_kind("owner")) == expected
        assert diff(read(session, f"{start}; {plan(before, after).script()}"), read(session, goal)) == ()


def test_owners_that_nobody_asked_for_make_no_difference(session: Session) -> None:
    """Nor does what is new get one."""
    mine, theirs = (read(session, ddl, ()) for ddl in (TABLE, f"{TABLE}; ALTER TABLE t OWNER TO freeholder"))
    assert mine == theirs
    assert mine.fingerprint == theirs.fingerprint
    assert plan(mine, theirs).statements == ()
    assert "OWNER" not in plan(read(session, "SELECT 1", ()), theirs).script()


def test_who_may_not_give_something_back_is_told_so(session: Session) -> None:
    """An owner of the schema may drop what is another's there, and make it again, but only a member give it back."""
    ddl = f"{VIEW}; CREATE SCHEMA s; CREATE VIEW s.v AS SELECT a FROM t; ALTER VIEW s.v OWNER TO freeholder"
    before, after = (read(session, ddl.format(type_), ()) for type_ in ("integer", "bigint"))
    assert "ALTER VIEW s.v OWNER TO freeholder" in plan(before, after).script()
    session.script(f"BEGIN; {ROLES} {ddl.format('integer')}; CREATE ROLE mover; ALTER SCHEMA s OWNER TO mover")
    try:
        session.script("SET ROLE mover; DROP VIEW s.v; CREATE VIEW s.v AS SELECT 1 AS a")
        with pytest.raises(StatementError) as refused:
            session.script("ALTER VIEW s.v OWNER TO freeholder")
    finally:
        session.script("ROLLBACK")
    assert "freeholder" in refused.value.what
    assert refused.value.remedy.startswith("Only a member of a role can give something to it")
