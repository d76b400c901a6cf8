"""Functions and procedures."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.plan import plan
from schema_pairs import Case, assert_leads, catalog_of, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "created and dropped",
        "",
        "CREATE FUNCTION f(a integer, OUT b text, VARIADIC c text[] DEFAULT '{}') LANGUAGE sql STABLE STRICT COST 5 SET search_path = public AS 'SELECT ''x'''; CREATE PROCEDURE p(INOUT a integer) LANGUAGE plpgsql AS 'BEGIN END'; COMMENT ON FUNCTION f IS 'x'; COMMENT ON PROCEDURE p IS 'y'",
        sql=(
            "CREATE FUNCTION public.f(a integer, OUT b text, VARIADIC c text[] DEFAULT '{}'::text[])\n RETURNS text\n LANGUAGE sql\n STABLE STRICT COST 5\n SET search_path TO 'public'\nAS $function$SELECT 'x'$function$",
            "CREATE PROCEDURE public.p(INOUT a integer)\n LANGUAGE plpgsql\nAS $procedure$BEGIN END$procedure$",
            "COMMENT ON FUNCTION public.f(integer, text[]) IS 'x'",
            "COMMENT ON PROCEDURE public.p(integer) IS 'y'",
        ),
        back=(
            "DROP FUNCTION public.f(integer, text[])",
            "DROP PROCEDURE public.p(integer)",
        ),
    ),
    Case(
        "replaced",
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION f() TO anonymous",
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2'; GRANT EXECUTE ON FUNCTION f() TO anonymous",
        sql=(
            "CREATE OR REPLACE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\n IMMUTABLE\nAS $function$SELECT 2$function$",
        ),
        back=(
            "CREATE OR REPLACE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
        ),
    ),
    Case(
        "with another result, made anew with what uses it",
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT f()",
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'; CREATE VIEW v AS SELECT f()",
        sql=(
            "DROP VIEW public.v",
            "DROP FUNCTION public.f()",
            "CREATE FUNCTION public.f()\n RETURNS bigint\n LANGUAGE sql\nAS $function$SELECT 1::bigint$function$",
            "CREATE VIEW public.v AS\n SELECT public.f() AS f",
        ),
        back=(
            "DROP VIEW public.v",
            "DROP FUNCTION public.f()",
            "CREATE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
            "CREATE VIEW public.v AS\n SELECT public.f() AS f",
        ),
    ),
    Case(
        "other and more defaults, under a view; fewer are a function made anew",
        "CREATE FUNCTION f(OUT o integer, a integer, b integer DEFAULT 1) LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT f(1)",
        "CREATE FUNCTION f(OUT o integer, a integer DEFAULT 3, b integer DEFAULT 2) LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT f(1)",
        sql=(
            "CREATE OR REPLACE FUNCTION public.f(OUT o integer, a integer DEFAULT 3, b integer DEFAULT 2)\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
        ),
        back=(
            "DROP VIEW public.v",
            "DROP FUNCTION public.f(integer, integer)",
            "CREATE FUNCTION public.f(OUT o integer, a integer, b integer DEFAULT 1)\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
            "CREATE VIEW public.v AS\n SELECT public.f(1) AS f",
        ),
    ),
    Case(
        "a polymorphic argument's default of another type",
        "CREATE FUNCTION f(a anyelement DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION f(a anyelement DEFAULT 'x'::text) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        sql=(
            "DROP FUNCTION public.f(anyelement)",
            "CREATE FUNCTION public.f(a anyelement DEFAULT 'x'::text)\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
        ),
    ),
    Case(
        "a body that calls what is made later",
        "",
        "CREATE FUNCTION z() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION a() RETURNS integer LANGUAGE sql AS 'SELECT z()'",
        sql=(
            "SET check_function_bodies = off",
            "CREATE FUNCTION public.a()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT z()$function$",
            "RESET check_function_bodies",
            "CREATE FUNCTION public.z()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
        ),
        back=(
            "DROP FUNCTION public.a()",
            "DROP FUNCTION public.z()",
        ),
    ),
    Case(
        "a body that comes to call what is made later",
        "CREATE FUNCTION a() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION z() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION a() RETURNS integer LANGUAGE sql AS 'SELECT z()'",
        sql=(
            "SET check_function_bodies = off",
            "CREATE OR REPLACE FUNCTION public.a()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT z()$function$",
            "RESET check_function_bodies",
            "CREATE FUNCTION public.z()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
        ),
        back=(
            "DROP FUNCTION public.z()",
            "CREATE OR REPLACE FUNCTION public.a()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
        ),
    ),
    Case(
        "a body about the table that has it in a check",
        "",
        "CREATE TABLE t (a integer); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t'; ALTER TABLE t ADD CHECK (f() < 10)",
        sql=(
            "SET check_function_bodies = off",
            "CREATE FUNCTION public.f()\n RETURNS bigint\n LANGUAGE sql\nAS $function$SELECT count(*) FROM t$function$",
            "RESET check_function_bodies",
            "CREATE TABLE public.t (\n    a integer,\n    CONSTRAINT t_check CHECK (public.f() < 10)\n)",
        ),
        back=(
            "DROP TABLE public.t",
            "DROP FUNCTION public.f()",
        ),
    ),
    Case(
        "bodies that Postgres understands are in order",
        "",
        "CREATE FUNCTION z() RETURNS integer LANGUAGE sql RETURN 1; CREATE FUNCTION a() RETURNS integer LANGUAGE sql RETURN z()",
        sql=(
            "CREATE FUNCTION public.z()\n RETURNS integer\n LANGUAGE sql\nRETURN 1",
            "CREATE FUNCTION public.a()\n RETURNS integer\n LANGUAGE sql\nRETURN public.z()",
        ),
        back=(
            "DROP FUNCTION public.a()",
            "DROP FUNCTION public.z()",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_function(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)


_F = "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'"
_ANEW = "CREATE FUNCTION f(b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'"
_PARTITIONED = (
    "CREATE TABLE u (a integer DEFAULT f(1), b integer) PARTITION BY RANGE (b);"
    " CREATE TABLE u1 PARTITION OF u FOR VALUES FROM (1) TO (2); CREATE TABLE u2 PARTITION OF u DEFAULT;"
    " ALTER TABLE u2 ALTER a SET DEFAULT f(2)"
)
_DOMAIN = (
    "CREATE DOMAIN d AS integer DEFAULT f(1) CHECK (VALUE > 0) CONSTRAINT z CHECK (f(VALUE) = 1) CHECK (VALUE < 9);"
    " COMMENT ON CONSTRAINT z ON DOMAIN d IS 'z'; CREATE TABLE u (a d)"
)
_READS = (
    "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(a) FROM t; END;"
    " CREATE TABLE u (a bigint DEFAULT g())"
)
_OPERATOR = "CREATE OPERATOR ### (LEFTARG = integer, FUNCTION = f, RIGHTARG = integer)"


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (
            f"{_F}; CREATE TABLE u (a integer DEFAULT f(1))",
            f"{_ANEW}; CREATE TABLE u (a integer DEFAULT f(1))",
            "TABLE",
        ),
        (f"{_F}; CREATE TABLE u (a integer DEFAULT f(1))", f"{_ANEW}; CREATE TABLE u (a bigint DEFAULT f(2))", "TABLE"),
        (f"{_F}; {_PARTITIONED}", f"{_ANEW}; {_PARTITIONED}", "TABLE"),
        (f"{_F}; {_DOMAIN}", f"{_ANEW}; {_DOMAIN}", "DOMAIN"),
        (f"CREATE TABLE t (a integer); {_READS}", f"CREATE TABLE t (a bigint); {_READS}", "TABLE"),
        (
            f"{_F.replace('f(', 'f(c integer, ')}; {_OPERATOR}; CREATE TABLE u (a integer DEFAULT (1 ### 2))",
            f"{_ANEW.replace('f(', 'f(d integer, ')}; {_OPERATOR}; CREATE TABLE u (a integer NOT NULL DEFAULT (1 ### 2))",
            "TABLE",
        ),
    ],
    ids=("default", "default of a retyped column", "partitions", "domain", "body over a retyped column", "operator"),
)
def test_what_has_it_in_a_default_stays(session: Session, old: str, new: str, kept: str) -> None:
    """The default, or the domain's check, goes before the function is made again, and comes back after it."""
    catalogs = catalog_of(session, old), catalog_of(session, new)
    for start, before, after in ((old, *catalogs), (new, *reversed(catalogs))):
        planned = plan(before, after)
        assert f"DROP {kept}" not in planned.script()
        assert_leads(session, start, planned, after)


def test_one_check_of_a_domain_goes_with_its_function(session: Session) -> None:
    """Those that do without it stay, and are not looked at again."""
    planned = plan(catalog_of(session, f"{_F}; {_DOMAIN}"), catalog_of(session, f"{_ANEW}; {_DOMAIN}")).script()
    assert planned.count("DROP CONSTRAINT") == planned.count("ADD CONSTRAINT z CHECK (public.f(VALUE) = 1)") == 1
    assert "ALTER DOMAIN public.d SET DEFAULT public.f(1)" in planned
