"""Replica identities of tables."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "full, of a new table",
        "",
        "CREATE TABLE t (a integer); ALTER TABLE t REPLICA IDENTITY FULL",
        sql=(
            "CREATE TABLE public.t (\n    a integer\n)",
            "ALTER TABLE public.t REPLICA IDENTITY FULL",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "nothing, then by an index",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, UNIQUE (a)); CREATE UNIQUE INDEX i ON t (b); ALTER TABLE t REPLICA IDENTITY NOTHING",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, UNIQUE (a)); CREATE UNIQUE INDEX i ON t (b); ALTER TABLE t REPLICA IDENTITY USING INDEX i",
        sql=("ALTER TABLE public.t REPLICA IDENTITY USING INDEX i",),
        back=("ALTER TABLE public.t REPLICA IDENTITY NOTHING",),
    ),
    Case(
        "by an index, then by a unique constraint",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, UNIQUE (a)); CREATE UNIQUE INDEX i ON t (b); ALTER TABLE t REPLICA IDENTITY USING INDEX i",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, UNIQUE (a)); CREATE UNIQUE INDEX i ON t (b); ALTER TABLE t REPLICA IDENTITY USING INDEX t_a_key",
        sql=("ALTER TABLE public.t REPLICA IDENTITY USING INDEX t_a_key",),
        back=("ALTER TABLE public.t REPLICA IDENTITY USING INDEX i",),
    ),
    Case(
        "by an index that is made anew",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, UNIQUE (a)); CREATE UNIQUE INDEX i ON t (b); ALTER TABLE t REPLICA IDENTITY USING INDEX i",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, UNIQUE (a)); CREATE UNIQUE INDEX i ON t (b, a); ALTER TABLE t REPLICA IDENTITY USING INDEX i",
        sql=(
            "ALTER TABLE public.t REPLICA IDENTITY DEFAULT",
            "DROP INDEX public.i",
            "CREATE UNIQUE INDEX i ON public.t (b, a)",
            "ALTER TABLE public.t REPLICA IDENTITY USING INDEX i",
        ),
        back=(
            "ALTER TABLE public.t REPLICA IDENTITY DEFAULT",
            "DROP INDEX public.i",
            "CREATE UNIQUE INDEX i ON public.t (b)",
            "ALTER TABLE public.t REPLICA IDENTITY USING INDEX i",
        ),
    ),
    Case(
        "kept by a column that changes its type",
        "CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, UNIQUE (a)); CREATE UNIQUE INDEX i ON t (b); ALTER TABLE t REPLICA IDENTITY USING INDEX i",
        "CREATE TABLE t (a integer NOT NULL, b bigint NOT NULL, UNIQUE (a)); CREATE UNIQUE INDEX i ON t (b); ALTER TABLE t REPLICA IDENTITY USING INDEX i",
        sql=("ALTER TABLE public.t ALTER COLUMN b TYPE bigint",),
        back=("ALTER TABLE public.t ALTER COLUMN b TYPE integer USING b::integer",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_replica_identity(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
