"""Rewrite rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "created and dropped",
        "CREATE TABLE t (a integer); CREATE TABLE log (a integer)",
        "CREATE TABLE t (a integer); CREATE TABLE log (a integer);"
        " CREATE RULE kept AS ON DELETE TO t DO ALSO INSERT INTO log VALUES (OLD.a); ALTER TABLE t DISABLE RULE kept",
        sql=(
            "CREATE RULE kept AS\n    ON DELETE TO public.t DO  INSERT INTO public.log (a)\n  VALUES (old.a)",
            "ALTER TABLE public.t DISABLE RULE kept",
        ),
        back=("DROP RULE kept ON public.t",),
    ),
    Case(
        "replaced and enabled",
        "CREATE TABLE t (a integer); CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING; ALTER TABLE t DISABLE RULE r",
        "CREATE TABLE t (a integer); CREATE RULE r AS ON DELETE TO t WHERE OLD.a > 1 DO INSTEAD NOTHING",
        sql=(
            "CREATE OR REPLACE RULE r AS\n    ON DELETE TO public.t\n   WHERE old.a > 1 DO INSTEAD NOTHING",
            "ALTER TABLE public.t ENABLE RULE r",
        ),
    ),
    Case(
        "of a view that is made anew",
        "CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t;"
        " CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (NEW.a)",
        "CREATE TABLE t (a bigint); CREATE VIEW v AS SELECT a FROM t;"
        " CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (NEW.a)",
        sql=(
            "DROP VIEW public.v",
            "ALTER TABLE public.t ALTER COLUMN a TYPE bigint",
            "CREATE VIEW public.v AS\n SELECT a\n   FROM public.t",
            "CREATE RULE r AS\n    ON INSERT TO public.v DO INSTEAD  INSERT INTO public.t (a)\n  VALUES (new.a)",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
