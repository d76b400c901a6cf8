"""Functions and procedures."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

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
