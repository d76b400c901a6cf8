"""Indexes that no constraint made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

TABLE = "CREATE TABLE t (a integer, b text, c jsonb);"

CASES = (
    Case(
        "created and dropped",
        TABLE,
        f"{TABLE} CREATE INDEX i ON t (a)",
        sql=("CREATE INDEX i ON public.t (a)",),
        back=("DROP INDEX public.i",),
    ),
    Case(
        "unique, with order and nulls",
        TABLE,
        f"{TABLE} CREATE UNIQUE INDEX i ON t (a DESC NULLS LAST, b NULLS FIRST)",
        sql=("CREATE UNIQUE INDEX i ON public.t (a DESC NULLS LAST, b NULLS FIRST)",),
    ),
    Case(
        "unique with nulls not distinct",
        TABLE,
        f"{TABLE} CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT",
        sql=("CREATE UNIQUE INDEX i ON public.t (a) NULLS NOT DISTINCT",),
    ),
    Case(
        "partial, expression, included",
        TABLE,
        f"{TABLE} CREATE INDEX i ON t (lower(b)) INCLUDE (a) WHERE a > 5",
        sql=("CREATE INDEX i ON public.t (lower(b)) INCLUDE (a) WHERE a > 5",),
    ),
    Case(
        "method, operator class and parameters",
        TABLE,
        f"{TABLE} CREATE INDEX i ON t USING gin (c jsonb_path_ops) WITH (fastupdate = off)",
        sql=("CREATE INDEX i ON public.t USING gin (c jsonb_path_ops) WITH (fastupdate=off)",),
    ),
    Case(
        "operator class with collation",
        TABLE,
        f'{TABLE} CREATE INDEX i ON t (b COLLATE "C" text_pattern_ops)',
        sql=('CREATE INDEX i ON public.t (b COLLATE "C" text_pattern_ops)',),
    ),
    Case(
        "hash",
        TABLE,
        f"{TABLE} CREATE INDEX i ON t USING hash (b)",
        sql=("CREATE INDEX i ON public.t USING hash (b)",),
    ),
    Case(
        "changed",
        f"{TABLE} CREATE INDEX i ON t (a)",
        f"{TABLE} CREATE INDEX i ON t (a, b)",
        sql=("DROP INDEX public.i", "CREATE INDEX i ON public.t (a, b)"),
        back=("DROP INDEX public.i", "CREATE INDEX i ON public.t (a)"),
    ),
    Case(
        "renamed",
        f"{TABLE} CREATE INDEX i ON t (a)",
        f"{TABLE} CREATE INDEX j ON t (a)",
        sql=("ALTER INDEX public.i RENAME TO j",),
        back=("ALTER INDEX public.j RENAME TO i",),
    ),
    Case(
        "two of one definition",
        TABLE,
        f"{TABLE} CREATE INDEX i ON t (a); CREATE INDEX j ON t (a)",
        sql=("CREATE INDEX i ON public.t (a)", "CREATE INDEX j ON public.t (a)"),
    ),
    Case(
        "names exchanged",
        f"{TABLE} CREATE INDEX i ON t (a); CREATE INDEX j ON t (b)",
        f"{TABLE} CREATE INDEX j ON t (a); CREATE INDEX i ON t (b)",
        sql=(
            "DROP INDEX public.i",
            "DROP INDEX public.j",
            "CREATE INDEX i ON public.t (b)",
            "CREATE INDEX j ON public.t (a)",
        ),
    ),
    Case(
        "name passed on",
        f"{TABLE} CREATE INDEX i ON t (a)",
        f"{TABLE} CREATE INDEX j ON t (a); CREATE INDEX i ON t (b)",
        sql=("DROP INDEX public.i", "CREATE INDEX i ON public.t (b)", "CREATE INDEX j ON public.t (a)"),
    ),
    Case(
        "becomes a constraint",
        f"{TABLE} CREATE UNIQUE INDEX i ON t (a)",
        f"{TABLE} ALTER TABLE t ADD CONSTRAINT i UNIQUE (a)",
        sql=("DROP INDEX public.i", "ALTER TABLE public.t ADD CONSTRAINT i UNIQUE (a)"),
        back=("ALTER TABLE public.t DROP CONSTRAINT i", "CREATE UNIQUE INDEX i ON public.t (a)"),
    ),
    Case(
        "text USING btree in an expression",
        TABLE,
        f"{TABLE} CREATE INDEX \"x USING btree (\" ON t ((b || ' USING btree ('))",
        sql=("CREATE INDEX \"x USING btree (\" ON public.t ((b || ' USING btree ('::text))",),
    ),
    Case(
        "odd name in an odd schema",
        'CREATE SCHEMA "My Own"; CREATE TABLE "My Own"."T 1" (a integer)',
        'CREATE SCHEMA "My Own"; CREATE TABLE "My Own"."T 1" (a integer); CREATE INDEX "I 1" ON "My Own"."T 1" (a)',
        sql=('CREATE INDEX "I 1" ON "My Own"."T 1" (a)',),
        back=('DROP INDEX "My Own"."I 1"',),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_index(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
