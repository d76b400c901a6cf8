"""Triggers."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "of all sorts, of a new table",
        "",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE TRIGGER \"t T\" BEFORE UPDATE OF a OR DELETE ON t FOR EACH ROW WHEN (OLD.a > 1) EXECUTE FUNCTION f('x', 'y');"
        " CREATE TRIGGER s AFTER INSERT ON t REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION f();"
        " CREATE CONSTRAINT TRIGGER c AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER c",
        sql=(
            "CREATE TABLE public.t (\n    a integer,\n    b integer\n)",
            "CREATE FUNCTION public.f()\n RETURNS trigger\n LANGUAGE plpgsql\nAS $function$BEGIN END$function$",
            "CREATE CONSTRAINT TRIGGER c AFTER INSERT ON public.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.f()",
            "ALTER TABLE public.t DISABLE TRIGGER c",
            "CREATE TRIGGER s AFTER INSERT ON public.t REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.f()",
            "CREATE TRIGGER \"t T\" BEFORE DELETE OR UPDATE OF a ON public.t FOR EACH ROW WHEN (old.a > 1) EXECUTE FUNCTION public.f('x', 'y')",
        ),
        back=(
            "DROP TABLE public.t",
            "DROP FUNCTION public.f()",
        ),
    ),
    Case(
        "replaced, which keeps its comment",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); COMMENT ON TRIGGER g ON t IS 'x'",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE TRIGGER g AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f(); COMMENT ON TRIGGER g ON t IS 'x'",
        sql=("CREATE OR REPLACE TRIGGER g AFTER INSERT ON public.t FOR EACH STATEMENT EXECUTE FUNCTION public.f()",),
        back=("CREATE OR REPLACE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()",),
    ),
    Case(
        "replaced and still off",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER g",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER g",
        sql=(
            "CREATE OR REPLACE TRIGGER g BEFORE UPDATE ON public.t FOR EACH STATEMENT EXECUTE FUNCTION public.f()",
            "ALTER TABLE public.t DISABLE TRIGGER g",
        ),
        back=(
            "CREATE OR REPLACE TRIGGER g BEFORE INSERT ON public.t FOR EACH STATEMENT EXECUTE FUNCTION public.f()",
            "ALTER TABLE public.t DISABLE TRIGGER g",
        ),
    ),
    Case(
        "switched",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER g",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE REPLICA TRIGGER g",
        sql=("ALTER TABLE public.t ENABLE REPLICA TRIGGER g",),
        back=("ALTER TABLE public.t ENABLE ALWAYS TRIGGER g",),
    ),
    Case(
        "a constraint trigger is made anew",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()",
        sql=(
            "DROP TRIGGER g ON public.t",
            "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON public.t DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.f()",
        ),
        back=(
            "DROP TRIGGER g ON public.t",
            "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON public.t NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.f()",
        ),
    ),
    Case(
        "of a view",
        "CREATE VIEW v AS SELECT 1 AS a; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer)",
        "CREATE VIEW v AS SELECT 1 AS a; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer, b integer); CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f()",
        sql=("CREATE TRIGGER g INSTEAD OF INSERT ON public.v FOR EACH ROW EXECUTE FUNCTION public.f()",),
        back=("DROP TRIGGER g ON public.v",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_trigger(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
