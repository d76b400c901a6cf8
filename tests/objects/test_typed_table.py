"""Tables of a composite type, which has their columns."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with its type",
        "",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct (a WITH OPTIONS NOT NULL DEFAULT 3 PRIMARY KEY, CHECK (b <> ''))",
        sql=(
            "CREATE TYPE public.ct AS (\n    a integer,\n    b text\n)",
            "CREATE TABLE public.t OF public.ct (\n    CONSTRAINT t_pkey PRIMARY KEY (a),\n    CONSTRAINT t_b_check CHECK (b <> ''::text)\n)",
            "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT 3",
            "ALTER TABLE public.t ALTER COLUMN a SET NOT NULL",
        ),
        back=(
            "DROP TABLE public.t",
            "DROP TYPE public.ct",
        ),
    ),
    Case(
        "of a type that is there",
        "CREATE TYPE ct AS (a integer, b text)",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct; CREATE INDEX i ON t (b); COMMENT ON COLUMN t.b IS 'x'",
        sql=(
            "CREATE TABLE public.t OF public.ct",
            "CREATE INDEX i ON public.t (b)",
            "COMMENT ON COLUMN public.t.b IS 'x'",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "attributes of its type come and go",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct",
        "CREATE TYPE ct AS (a integer, b text, d integer, c date); CREATE TABLE t OF ct (d DEFAULT 4)",
        sql=(
            "ALTER TYPE public.ct ADD ATTRIBUTE d integer CASCADE, ADD ATTRIBUTE c date CASCADE",
            "ALTER TABLE public.t ALTER COLUMN d SET DEFAULT 4",
        ),
        back=("ALTER TYPE public.ct DROP ATTRIBUTE d CASCADE, DROP ATTRIBUTE c CASCADE",),
    ),
    Case(
        "an attribute changes its type",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct; CREATE TABLE u OF ct",
        "CREATE TYPE ct AS (a integer, b varchar(5)); CREATE TABLE t OF ct (b NOT NULL); CREATE TABLE u OF ct",
        sql=(
            "ALTER TYPE public.ct ALTER ATTRIBUTE b TYPE character varying(5) CASCADE",
            "ALTER TABLE public.t ALTER COLUMN b SET NOT NULL",
        ),
        loses=("values of attributes b of public.ct that do not fit",),
        back=(
            "ALTER TYPE public.ct ALTER ATTRIBUTE b TYPE text CASCADE",
            "ALTER TABLE public.t ALTER COLUMN b DROP NOT NULL",
        ),
    ),
    Case(
        "a plain table gets a type",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t (a integer, b text DEFAULT 'x')",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct (b DEFAULT 'x')",
        sql=("ALTER TABLE public.t OF public.ct",),
        back=("ALTER TABLE public.t NOT OF",),
    ),
    Case(
        "another type of the same attributes",
        "CREATE TYPE ct AS (a integer, b text); CREATE TYPE cu AS (a integer, b text); CREATE TABLE t OF cu",
        "CREATE TYPE ct AS (a integer, b text); CREATE TYPE cu AS (a integer, b text); CREATE TABLE t OF ct",
        sql=("ALTER TABLE public.t OF public.ct",),
        back=("ALTER TABLE public.t OF public.cu",),
    ),
    Case(
        "its columns' own properties",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct (a DEFAULT 1)",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct (a DEFAULT 2, b NOT NULL)",
        sql=(
            "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT 2",
            "ALTER TABLE public.t ALTER COLUMN b SET NOT NULL",
        ),
        back=(
            "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT 1",
            "ALTER TABLE public.t ALTER COLUMN b DROP NOT NULL",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_typed_table(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
