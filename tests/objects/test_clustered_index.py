"""The index by which CLUSTER sorts a table."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "by the primary key of a new table",
        "",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer); CREATE INDEX i ON t (b); ALTER TABLE t CLUSTER ON t_pkey",
        sql=(
            "CREATE TABLE public.t (\n    a integer NOT NULL,\n    b integer,\n    CONSTRAINT t_pkey PRIMARY KEY (a)\n)",
            "CREATE INDEX i ON public.t (b)",
            "ALTER TABLE public.t CLUSTER ON t_pkey",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "by another index",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer); CREATE INDEX i ON t (b); ALTER TABLE t CLUSTER ON t_pkey",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer); CREATE INDEX i ON t (b); ALTER TABLE t CLUSTER ON i",
        sql=("ALTER TABLE public.t CLUSTER ON i",),
        back=("ALTER TABLE public.t CLUSTER ON t_pkey",),
    ),
    Case(
        "by an index that is made anew",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer); CREATE INDEX i ON t (b); ALTER TABLE t CLUSTER ON i",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer); CREATE INDEX i ON t (b, a); ALTER TABLE t CLUSTER ON i",
        sql=(
            "ALTER TABLE public.t SET WITHOUT CLUSTER",
            "DROP INDEX public.i",
            "CREATE INDEX i ON public.t (b, a)",
            "ALTER TABLE public.t CLUSTER ON i",
        ),
        back=(
            "ALTER TABLE public.t SET WITHOUT CLUSTER",
            "DROP INDEX public.i",
            "CREATE INDEX i ON public.t (b)",
            "ALTER TABLE public.t CLUSTER ON i",
        ),
    ),
    Case(
        "by an index that is renamed",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer); CREATE INDEX i ON t (b); ALTER TABLE t CLUSTER ON i",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer); CREATE INDEX j ON t (b); ALTER TABLE t CLUSTER ON j",
        sql=(
            "ALTER INDEX public.i RENAME TO j",
            "ALTER TABLE public.t CLUSTER ON j",
        ),
        back=(
            "ALTER INDEX public.j RENAME TO i",
            "ALTER TABLE public.t CLUSTER ON i",
        ),
    ),
    Case(
        "of a materialised view",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE INDEX i ON m (a)",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE INDEX i ON m (a); ALTER MATERIALIZED VIEW m CLUSTER ON i",
        sql=("ALTER MATERIALIZED VIEW public.m CLUSTER ON i",),
        back=("ALTER MATERIALIZED VIEW public.m SET WITHOUT CLUSTER",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_clustered_index(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
