"""Enumerated types."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "value removed, in a partition",
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (a int, x e) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t DEFAULT",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a int, x e) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t DEFAULT",
        sql=(
            "ALTER TYPE public.e RENAME TO e_replaced",
            "CREATE TYPE public.e AS ENUM ('a')",
            "ALTER TABLE public.t ALTER COLUMN x TYPE public.e USING x::text::public.e",
            "DROP TYPE public.e_replaced",
        ),
        loses=("values b of enum public.e",),
    ),
    Case(
        "created and dropped",
        "",
        "CREATE TYPE mood AS ENUM ('sad', 'it''s ok')",
        sql=("CREATE TYPE public.mood AS ENUM ('sad', 'it''s ok')",),
        back=("DROP TYPE public.mood",),
    ),
    Case(
        "many labels stand one a line",
        "",
        "CREATE TYPE size AS ENUM ('extra extra small', 'extra small', 'small', 'medium', 'large', 'extra large', 'huge')",
        sql=(
            "CREATE TYPE public.size AS ENUM (\n    'extra extra small',\n    'extra small',\n    'small',\n    'medium',\n    'large',\n    'extra large',\n    'huge'\n)",
        ),
    ),
    Case(
        "without labels",
        "",
        "CREATE TYPE mood AS ENUM ()",
        sql=("CREATE TYPE public.mood AS ENUM ()",),
    ),
    Case(
        "label added at the end",
        "CREATE TYPE mood AS ENUM ('sad')",
        "CREATE TYPE mood AS ENUM ('sad', 'happy')",
        sql=("ALTER TYPE public.mood ADD VALUE 'happy'",),
        back=(
            "ALTER TYPE public.mood RENAME TO mood_replaced",
            "CREATE TYPE public.mood AS ENUM ('sad')",
            "DROP TYPE public.mood_replaced",
        ),
    ),
    Case(
        "labels added in front, between and at the end",
        "CREATE TYPE mood AS ENUM ('b', 'd')",
        "CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e', 'f')",
        sql=(
            "ALTER TYPE public.mood ADD VALUE 'a' BEFORE 'b'",
            "ALTER TYPE public.mood ADD VALUE 'c' AFTER 'b'",
            "ALTER TYPE public.mood ADD VALUE 'e'",
            "ALTER TYPE public.mood ADD VALUE 'f'",
        ),
    ),
    Case(
        "first label of an empty one",
        "CREATE TYPE mood AS ENUM ()",
        "CREATE TYPE mood AS ENUM ('a', 'b')",
        sql=("ALTER TYPE public.mood ADD VALUE 'a'", "ALTER TYPE public.mood ADD VALUE 'b'"),
    ),
    Case(
        "label removed under a column with a default",
        "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TABLE t (m mood NOT NULL DEFAULT 'ok')",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (m mood NOT NULL DEFAULT 'ok')",
        sql=(
            "ALTER TYPE public.mood RENAME TO mood_replaced",
            "CREATE TYPE public.mood AS ENUM ('sad', 'ok')",
            "ALTER TABLE public.t ALTER COLUMN m DROP DEFAULT, ALTER COLUMN m TYPE public.mood USING m::text::public.mood, ALTER COLUMN m SET DEFAULT 'ok'::public.mood",
            "DROP TYPE public.mood_replaced",
        ),
        back=("ALTER TYPE public.mood ADD VALUE 'happy'",),
        loses=("values happy of enum public.mood",),
    ),
    Case(
        "order changed, under an array, an index and a check",
        "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood CHECK (m <> 'a'), n mood[]); CREATE INDEX i ON t (m) WHERE m = 'b'",
        "CREATE TYPE mood AS ENUM ('b', 'a'); CREATE TABLE t (m mood CHECK (m <> 'a'), n mood[]); CREATE INDEX i ON t (m) WHERE m = 'b'",
        sql=(
            "DROP INDEX public.i",
            "ALTER TABLE public.t DROP CONSTRAINT t_m_check",
            "ALTER TYPE public.mood RENAME TO mood_replaced",
            "CREATE TYPE public.mood AS ENUM ('b', 'a')",
            "ALTER TABLE public.t ALTER COLUMN m TYPE public.mood USING m::text::public.mood, ALTER COLUMN n TYPE public.mood[] USING n::text[]::public.mood[]",
            "DROP TYPE public.mood_replaced",
            "ALTER TABLE public.t ADD CONSTRAINT t_m_check CHECK (m <> 'a'::public.mood)",
            "CREATE INDEX i ON public.t (m) WHERE m = 'b'::public.mood",
        ),
    ),
    Case(
        "label removed, comment kept",
        "CREATE TYPE mood AS ENUM ('a', 'b'); COMMENT ON TYPE mood IS 'how one feels'",
        "CREATE TYPE mood AS ENUM ('a'); COMMENT ON TYPE mood IS 'how one feels'",
        sql=(
            "ALTER TYPE public.mood RENAME TO mood_replaced",
            "CREATE TYPE public.mood AS ENUM ('a')",
            "DROP TYPE public.mood_replaced",
            "COMMENT ON TYPE public.mood IS 'how one feels'",
        ),
        loses=("values b of enum public.mood",),
    ),
    Case(
        "dropped with the last column that has it",
        "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (id integer, m mood)",
        "CREATE TABLE t (id integer)",
        sql=("ALTER TABLE public.t DROP COLUMN m", "DROP TYPE public.mood"),
        back=("CREATE TYPE public.mood AS ENUM ('a')", "ALTER TABLE public.t ADD COLUMN m public.mood"),
        loses=("column public.t.m with its values",),
    ),
    Case(
        "column becomes one",
        "CREATE TABLE t (m text DEFAULT 'a')",
        "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (m mood DEFAULT 'a')",
        sql=(
            "CREATE TYPE public.mood AS ENUM ('a')",
            "ALTER TABLE public.t ALTER COLUMN m DROP DEFAULT",
            "ALTER TABLE public.t ALTER COLUMN m TYPE public.mood USING m::public.mood, ALTER COLUMN m SET DEFAULT 'a'::public.mood",
        ),
        back=(
            "ALTER TABLE public.t ALTER COLUMN m DROP DEFAULT",
            "ALTER TABLE public.t ALTER COLUMN m TYPE text USING m::text, ALTER COLUMN m SET DEFAULT 'a'::text",
            "DROP TYPE public.mood",
        ),
        loses=("values of column public.t.m that public.mood does not take: where there are any, it fails",),
    ),
    Case(
        "label removed under a generated column",
        "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood, sad boolean GENERATED ALWAYS AS (m = 'a') STORED)",
        "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (m mood, sad boolean GENERATED ALWAYS AS (m = 'a') STORED)",
        sql=(
            "ALTER TABLE public.t DROP COLUMN sad",
            "ALTER TYPE public.mood RENAME TO mood_replaced",
            "CREATE TYPE public.mood AS ENUM ('a')",
            "ALTER TABLE public.t ALTER COLUMN m TYPE public.mood USING m::text::public.mood",
            "DROP TYPE public.mood_replaced",
            "ALTER TABLE public.t ADD COLUMN sad boolean GENERATED ALWAYS AS (m = 'a'::public.mood) STORED",
        ),
        loses=("values b of enum public.mood",),
    ),
    Case(
        "label removed under a primary key and its foreign key",
        "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood PRIMARY KEY); CREATE TABLE u (m mood REFERENCES t)",
        "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (m mood PRIMARY KEY); CREATE TABLE u (m mood REFERENCES t)",
        sql=(
            "ALTER TABLE public.u DROP CONSTRAINT u_m_fkey",
            "ALTER TYPE public.mood RENAME TO mood_replaced",
            "CREATE TYPE public.mood AS ENUM ('a')",
            "ALTER TABLE public.t ALTER COLUMN m TYPE public.mood USING m::text::public.mood",
            "ALTER TABLE public.u ALTER COLUMN m TYPE public.mood USING m::text::public.mood",
            "DROP TYPE public.mood_replaced",
            "ALTER TABLE public.u ADD CONSTRAINT u_m_fkey FOREIGN KEY (m) REFERENCES public.t(m)",
        ),
        loses=("values b of enum public.mood",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_enum(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
