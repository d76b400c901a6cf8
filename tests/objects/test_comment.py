"""Comments."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

TABLE = "CREATE TABLE t (id integer PRIMARY KEY, a integer CONSTRAINT pos CHECK (a > 0)); CREATE INDEX i ON t (a);"

CASES = (
    Case(
        "added and dropped",
        TABLE,
        f"{TABLE} COMMENT ON TABLE t IS 'it''s a table'",
        sql=("COMMENT ON TABLE public.t IS 'it''s a table'",),
        back=("COMMENT ON TABLE public.t IS NULL",),
    ),
    Case(
        "changed",
        f"{TABLE} COMMENT ON COLUMN t.a IS 'x'",
        f"{TABLE} COMMENT ON COLUMN t.a IS E'back\\\\slash\\nand line'",
        sql=("COMMENT ON COLUMN public.t.a IS E'back\\\\slash\nand line'",),
        back=("COMMENT ON COLUMN public.t.a IS 'x'",),
    ),
    Case(
        "on a domain's checks, one of which is made anew",
        "CREATE DOMAIN d AS integer CONSTRAINT a CHECK (VALUE > 1) CONSTRAINT b CHECK (VALUE < 9);"
        " COMMENT ON CONSTRAINT a ON DOMAIN d IS 'x'; COMMENT ON CONSTRAINT b ON DOMAIN d IS 'y'",
        "CREATE DOMAIN d AS integer CONSTRAINT a CHECK (VALUE > 2) CONSTRAINT b CHECK (VALUE < 9);"
        " COMMENT ON CONSTRAINT a ON DOMAIN d IS 'x'; COMMENT ON CONSTRAINT b ON DOMAIN d IS 'z'",
        sql=(
            "ALTER DOMAIN public.d DROP CONSTRAINT a",
            "ALTER DOMAIN public.d ADD CONSTRAINT a CHECK (VALUE > 2)",
            "COMMENT ON CONSTRAINT a ON DOMAIN public.d IS 'x'",
            "COMMENT ON CONSTRAINT b ON DOMAIN public.d IS 'z'",
        ),
    ),
    Case(
        "on everything",
        "",
        f"{TABLE} COMMENT ON COLUMN t.a IS 'c'; COMMENT ON CONSTRAINT pos ON t IS 'k'; COMMENT ON INDEX i IS 'i'; COMMENT ON TABLE t IS 't'; CREATE SCHEMA s; COMMENT ON SCHEMA s IS 's'; CREATE TYPE e AS ENUM ('a'); COMMENT ON TYPE e IS 'e'; CREATE SEQUENCE q; COMMENT ON SEQUENCE q IS 'q'",
        sql=(
            "CREATE SCHEMA s",
            "CREATE TYPE public.e AS ENUM ('a')",
            "CREATE SEQUENCE public.q",
            "CREATE TABLE public.t (\n    id integer NOT NULL,\n    a integer,\n    CONSTRAINT t_pkey PRIMARY KEY (id),\n    CONSTRAINT pos CHECK (a > 0)\n)",
            "CREATE INDEX i ON public.t (a)",
            "COMMENT ON SCHEMA s IS 's'",
            "COMMENT ON CONSTRAINT pos ON public.t IS 'k'",
            "COMMENT ON COLUMN public.t.a IS 'c'",
            "COMMENT ON TYPE public.e IS 'e'",
            "COMMENT ON INDEX public.i IS 'i'",
            "COMMENT ON SEQUENCE public.q IS 'q'",
            "COMMENT ON TABLE public.t IS 't'",
        ),
    ),
    Case(
        "on what is inside of something",
        TABLE + 'CREATE VIEW v AS SELECT a AS "x y" FROM t; CREATE TYPE c AS (one integer)',
        TABLE
        + """CREATE VIEW v AS SELECT a AS "x y" FROM t; CREATE TYPE c AS (one integer);
            COMMENT ON COLUMN v."x y" IS 'v'; COMMENT ON COLUMN c.one IS 'c'; COMMENT ON INDEX t_pkey IS 'p'""",
        sql=(
            "COMMENT ON COLUMN public.c.one IS 'c'",
            "COMMENT ON INDEX public.t_pkey IS 'p'",
            "COMMENT ON COLUMN public.v.\"x y\" IS 'v'",
        ),
        back=(
            "COMMENT ON COLUMN public.c.one IS NULL",
            "COMMENT ON INDEX public.t_pkey IS NULL",
            'COMMENT ON COLUMN public.v."x y" IS NULL',
        ),
    ),
    Case(
        "of schema public: initdb's own comes back",
        "",
        "COMMENT ON SCHEMA public IS 'ours'",
        sql=("COMMENT ON SCHEMA public IS 'ours'",),
        back=("COMMENT ON SCHEMA public IS 'standard public schema'",),
    ),
    Case(
        "goes with its object",
        f"{TABLE} COMMENT ON COLUMN t.a IS 'x'; COMMENT ON INDEX i IS 'y'",
        "CREATE TABLE t (id integer PRIMARY KEY)",
        sql=("DROP INDEX public.i", "ALTER TABLE public.t DROP CONSTRAINT pos", "ALTER TABLE public.t DROP COLUMN a"),
        back=(
            "ALTER TABLE public.t ADD COLUMN a integer",
            "ALTER TABLE public.t ADD CONSTRAINT pos CHECK (a > 0)",
            "CREATE INDEX i ON public.t (a)",
            "COMMENT ON COLUMN public.t.a IS 'x'",
            "COMMENT ON INDEX public.i IS 'y'",
        ),
        loses=("column public.t.a with its values",),
    ),
    Case(
        "kept when its object is made again",
        f"{TABLE} COMMENT ON INDEX i IS 'y'",
        "CREATE TABLE t (id integer PRIMARY KEY, a integer CONSTRAINT pos CHECK (a > 0)); CREATE INDEX i ON t (a DESC); COMMENT ON INDEX i IS 'y'",
        sql=("DROP INDEX public.i", "CREATE INDEX i ON public.t (a DESC)", "COMMENT ON INDEX public.i IS 'y'"),
    ),
    Case(
        "kept when its index is renamed",
        f"{TABLE} COMMENT ON INDEX i IS 'y'",
        "CREATE TABLE t (id integer PRIMARY KEY, a integer CONSTRAINT pos CHECK (a > 0)); CREATE INDEX j ON t (a); COMMENT ON INDEX j IS 'y'",
        sql=(
            "COMMENT ON INDEX public.i IS NULL",
            "ALTER INDEX public.i RENAME TO j",
            "COMMENT ON INDEX public.j IS 'y'",
        ),
    ),
    Case(
        "on schema public",
        "",
        "COMMENT ON SCHEMA public IS 'ours'",
        sql=("COMMENT ON SCHEMA public IS 'ours'",),
    ),
)

_TRIGGER = (
    "CREATE TABLE t (a integer) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY LIST (a);"
    " CREATE TABLE q PARTITION OF p DEFAULT; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';"
    ' CREATE TRIGGER "t r" AFTER {} ON t FOR EACH ROW EXECUTE FUNCTION f(); '
)
_COPY = Case(
    "on a partition's copy of a trigger",
    _TRIGGER.format("INSERT") + """COMMENT ON TRIGGER "t r" ON t IS 'x'""",
    _TRIGGER.format("INSERT") + """COMMENT ON TRIGGER "t r" ON q IS 'x'""",
    sql=("""COMMENT ON TRIGGER "t r" ON public.t IS NULL""", """COMMENT ON TRIGGER "t r" ON public.q IS 'x'"""),
    back=("""COMMENT ON TRIGGER "t r" ON public.q IS NULL""", """COMMENT ON TRIGGER "t r" ON public.t IS 'x'"""),
)
_ANEW = Case(
    "on a partition's copy of a trigger that is made anew",
    _TRIGGER.format("INSERT") + """COMMENT ON TRIGGER "t r" ON q IS 'x'""",
    _TRIGGER.format("DELETE") + """COMMENT ON TRIGGER "t r" ON q IS 'x'""",
    sql=('CREATE OR REPLACE TRIGGER "t r" AFTER DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()',),
)
_DETACHED = Case(
    "on a partition's copy of a trigger, when the partition leaves",
    _TRIGGER.format("INSERT") + """COMMENT ON TRIGGER "t r" ON p IS 'x'""",
    _TRIGGER.format("INSERT") + "ALTER TABLE t DETACH PARTITION p",
    sql=(
        """COMMENT ON TRIGGER "t r" ON public.p IS NULL""",
        "ALTER TABLE public.t DETACH PARTITION public.p",
    ),
)
_NOT_NULL = Case(
    "on NOT NULL",
    "CREATE TABLE t (a integer NOT NULL, b integer); COMMENT ON CONSTRAINT t_a_not_null ON t IS 'x'",
    "CREATE TABLE t (a integer CONSTRAINT sure NOT NULL, b integer NOT NULL); COMMENT ON CONSTRAINT sure ON t IS 'y';"
    " COMMENT ON CONSTRAINT t_b_not_null ON t IS 'z'",
    sql=(
        "ALTER TABLE public.t RENAME CONSTRAINT t_a_not_null TO sure",
        "ALTER TABLE public.t ALTER COLUMN b SET NOT NULL",
        "COMMENT ON CONSTRAINT sure ON public.t IS 'y'",
        "COMMENT ON CONSTRAINT t_b_not_null ON public.t IS 'z'",
    ),
)


def test_comment_on_not_null(session: Session) -> None:
    """It follows the name (PostgreSQL 18)."""
    if session.major < 18:
        pytest.skip("NOT NULL is a constraint since PostgreSQL 18")
    check(session, _NOT_NULL)


@pytest.mark.parametrize("case", [*CASES, _COPY, _ANEW, _DETACHED], ids=str)
def test_comment(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
