"""Triggers of partitions that are not switched as the partitioned table's."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "off, of a new partition",
        "",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE q DISABLE TRIGGER g",
        sql=(
            "CREATE TABLE public.t (\n    a integer\n) PARTITION BY RANGE (a)",
            "CREATE TABLE public.p PARTITION OF public.t DEFAULT PARTITION BY RANGE (a)",
            "CREATE TABLE public.q PARTITION OF public.p DEFAULT",
            "CREATE FUNCTION public.f()\n RETURNS trigger\n LANGUAGE plpgsql\nAS $function$BEGIN END$function$",
            "CREATE TRIGGER g AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()",
            "ALTER TABLE ONLY public.q DISABLE TRIGGER g",
        ),
        back=(
            "DROP TABLE public.q",
            "DROP TABLE public.p",
            "DROP TABLE public.t",
            "DROP FUNCTION public.f()",
        ),
    ),
    Case(
        "switched and back",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE q DISABLE TRIGGER g",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE q ENABLE ALWAYS TRIGGER g",
        sql=("ALTER TABLE ONLY public.q ENABLE ALWAYS TRIGGER g",),
        back=("ALTER TABLE ONLY public.q DISABLE TRIGGER g",),
    ),
    Case(
        "kept by a trigger that is replaced",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE q DISABLE TRIGGER g",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE TRIGGER g AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE q DISABLE TRIGGER g",
        sql=(
            "ALTER TABLE ONLY public.q ENABLE TRIGGER g",
            "CREATE OR REPLACE TRIGGER g AFTER DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()",
            "ALTER TABLE ONLY public.q DISABLE TRIGGER g",
        ),
        back=(
            "ALTER TABLE ONLY public.q ENABLE TRIGGER g",
            "CREATE OR REPLACE TRIGGER g AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()",
            "ALTER TABLE ONLY public.q DISABLE TRIGGER g",
        ),
    ),
    Case(
        "kept by a trigger that is switched itself",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE q DISABLE TRIGGER g",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER g; ALTER TABLE q DISABLE TRIGGER g",
        sql=(
            "ALTER TABLE ONLY public.q ENABLE TRIGGER g",
            "ALTER TABLE public.t ENABLE ALWAYS TRIGGER g",
            "ALTER TABLE ONLY public.q DISABLE TRIGGER g",
        ),
        back=(
            "ALTER TABLE ONLY public.q ENABLE ALWAYS TRIGGER g",
            "ALTER TABLE public.t ENABLE TRIGGER g",
            "ALTER TABLE ONLY public.q DISABLE TRIGGER g",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_partition_trigger(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
