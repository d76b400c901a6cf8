"""Defaults of views' columns."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "of a new view",
        "",
        "CREATE TABLE t (a integer, b text); CREATE SEQUENCE s; CREATE VIEW v AS SELECT a, b FROM t; ALTER VIEW v ALTER a SET DEFAULT nextval('s')",
        sql=(
            "CREATE SEQUENCE public.s",
            "CREATE TABLE public.t (\n    a integer,\n    b text\n)",
            "CREATE VIEW public.v AS\n SELECT a,\n    b\n   FROM public.t",
            "ALTER VIEW public.v ALTER COLUMN a SET DEFAULT nextval('public.s'::regclass)",
        ),
        back=(
            "DROP VIEW public.v",
            "DROP TABLE public.t",
            "DROP SEQUENCE public.s",
        ),
    ),
    Case(
        "another, and none",
        "CREATE TABLE t (a integer, b text); CREATE SEQUENCE s; CREATE VIEW v AS SELECT a, b FROM t; ALTER VIEW v ALTER a SET DEFAULT 1; ALTER VIEW v ALTER b SET DEFAULT 'x'",
        "CREATE TABLE t (a integer, b text); CREATE SEQUENCE s; CREATE VIEW v AS SELECT a, b FROM t; ALTER VIEW v ALTER a SET DEFAULT 2",
        sql=(
            "ALTER VIEW public.v ALTER COLUMN b DROP DEFAULT",
            "ALTER VIEW public.v ALTER COLUMN a SET DEFAULT 2",
        ),
        back=(
            "ALTER VIEW public.v ALTER COLUMN a SET DEFAULT 1",
            "ALTER VIEW public.v ALTER COLUMN b SET DEFAULT 'x'::text",
        ),
    ),
    Case(
        "put back on a view that is made anew",
        "CREATE TABLE t (a integer, b text); CREATE SEQUENCE s; CREATE VIEW v AS SELECT a, b FROM t; ALTER VIEW v ALTER a SET DEFAULT 1",
        "CREATE TABLE t (a bigint, b text); CREATE SEQUENCE s; CREATE VIEW v AS SELECT a, b FROM t; ALTER VIEW v ALTER a SET DEFAULT 1",
        sql=(
            "DROP VIEW public.v",
            "ALTER TABLE public.t ALTER COLUMN a TYPE bigint",
            "CREATE VIEW public.v AS\n SELECT a,\n    b\n   FROM public.t",
            "ALTER VIEW public.v ALTER COLUMN a SET DEFAULT 1",
        ),
        back=(
            "DROP VIEW public.v",
            "ALTER TABLE public.t ALTER COLUMN a TYPE integer USING a::integer",
            "CREATE VIEW public.v AS\n SELECT a,\n    b\n   FROM public.t",
            "ALTER VIEW public.v ALTER COLUMN a SET DEFAULT 1",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_view_column_default(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
