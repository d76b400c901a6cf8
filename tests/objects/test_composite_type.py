"""Composite types of their own."""

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
        'CREATE TYPE ct AS (a integer, "B" text COLLATE "C")',
        sql=('CREATE TYPE public.ct AS (\n    a integer,\n    "B" text COLLATE pg_catalog."C"\n)',),
        back=("DROP TYPE public.ct",),
    ),
    Case(
        "attributes come, go and change",
        "CREATE TYPE ct AS (a text, b integer)",
        'CREATE TYPE ct AS (a text COLLATE "C", c numeric(5,2)[], d date)',
        sql=(
            'ALTER TYPE public.ct DROP ATTRIBUTE b, ALTER ATTRIBUTE a TYPE text COLLATE pg_catalog."C", ADD ATTRIBUTE c numeric(5,2)[], ADD ATTRIBUTE d date',
        ),
        back=(
            "ALTER TYPE public.ct DROP ATTRIBUTE c, DROP ATTRIBUTE d, ALTER ATTRIBUTE a TYPE text, ADD ATTRIBUTE b integer",
        ),
    ),
    Case(
        "an attribute changes its type while columns have it",
        "CREATE TYPE ct AS (a integer); CREATE TABLE t (one ct, more ct[]); CREATE VIEW v AS SELECT one FROM t",
        "CREATE TYPE ct AS (a text); CREATE TABLE t (one ct, more ct[]); CREATE VIEW v AS SELECT one FROM t",
        sql=(
            "DROP VIEW public.v",
            "ALTER TYPE public.ct RENAME TO ct_replaced",
            "CREATE TYPE public.ct AS (\n    a text\n)",
            "ALTER TABLE public.t ALTER COLUMN more TYPE public.ct[] USING more::text[]::public.ct[], ALTER COLUMN one TYPE public.ct USING one::text::public.ct",
            "DROP TYPE public.ct_replaced",
            "CREATE VIEW public.v AS\n SELECT one\n   FROM public.t",
        ),
    ),
    Case(
        "made anew where the order is another",
        "CREATE TYPE ct AS (a text, b integer)",
        "CREATE TYPE ct AS (b integer, a text)",
        sql=(
            "DROP TYPE public.ct",
            "CREATE TYPE public.ct AS (\n    b integer,\n    a text\n)",
        ),
        back=(
            "DROP TYPE public.ct",
            "CREATE TYPE public.ct AS (\n    a text,\n    b integer\n)",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_composite_type(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
