"""Storage, compression, statistics and options of columns."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "all of them, of a new table",
        "",
        'CREATE TABLE t (a text COMPRESSION pglz, "B" text); ALTER TABLE t ALTER a SET STORAGE EXTERNAL;'
        ' ALTER TABLE t ALTER COLUMN a SET STATISTICS 500; ALTER TABLE t ALTER "B" SET (n_distinct = -0.5, n_distinct_inherited = 7)',
        sql=(
            'CREATE TABLE public.t (\n    a text,\n    "B" text\n)',
            'ALTER TABLE ONLY public.t ALTER COLUMN "B" SET (n_distinct = -0.5, n_distinct_inherited = 7)',
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STORAGE EXTERNAL",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET COMPRESSION pglz",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STATISTICS 500",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "others, and back to those of the type",
        "CREATE TABLE t (a text, b numeric); ALTER TABLE t ALTER a SET STATISTICS 0; ALTER TABLE t ALTER b SET STORAGE EXTERNAL;"
        " ALTER TABLE t ALTER a SET COMPRESSION pglz; ALTER TABLE t ALTER a SET (n_distinct = 3)",
        "CREATE TABLE t (a text, b numeric); ALTER TABLE t ALTER a SET STATISTICS 10; ALTER TABLE t ALTER a SET (n_distinct = 4)",
        sql=(
            "ALTER TABLE ONLY public.t ALTER COLUMN b SET STORAGE MAIN",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET COMPRESSION default",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STATISTICS 10",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET (n_distinct = 4)",
        ),
        back=(
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET COMPRESSION pglz",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STATISTICS 0",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET (n_distinct = 3)",
            "ALTER TABLE ONLY public.t ALTER COLUMN b SET STORAGE EXTERNAL",
        ),
    ),
    Case(
        "kept by a column that changes its type",
        "CREATE TABLE t (a text); ALTER TABLE t ALTER a SET STORAGE EXTERNAL; ALTER TABLE t ALTER a SET STATISTICS 7",
        "CREATE TABLE t (a varchar); ALTER TABLE t ALTER a SET STORAGE EXTERNAL; ALTER TABLE t ALTER a SET STATISTICS 7",
        sql=(
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STORAGE EXTENDED",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STATISTICS -1",
            "ALTER TABLE public.t ALTER COLUMN a TYPE character varying",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STORAGE EXTERNAL",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STATISTICS 7",
        ),
        back=(
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STORAGE EXTENDED",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STATISTICS -1",
            "ALTER TABLE public.t ALTER COLUMN a TYPE text",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STORAGE EXTERNAL",
            "ALTER TABLE ONLY public.t ALTER COLUMN a SET STATISTICS 7",
        ),
    ),
    Case(
        "of a materialised view, and of an index over expressions",
        "CREATE TABLE t (a text); CREATE INDEX i ON t (a, lower(a), upper(a)); CREATE MATERIALIZED VIEW m AS SELECT a FROM t",
        "CREATE TABLE t (a text); CREATE INDEX i ON t (a, lower(a), upper(a)); CREATE MATERIALIZED VIEW m AS SELECT a FROM t;"
        " ALTER INDEX i ALTER COLUMN 2 SET STATISTICS 300; ALTER INDEX i ALTER COLUMN 3 SET STATISTICS 400;"
        " ALTER MATERIALIZED VIEW m ALTER COLUMN a SET STATISTICS 5",
        sql=(
            "ALTER INDEX public.i ALTER COLUMN 2 SET STATISTICS 300",
            "ALTER INDEX public.i ALTER COLUMN 3 SET STATISTICS 400",
            "ALTER MATERIALIZED VIEW public.m ALTER COLUMN a SET STATISTICS 5",
        ),
        back=(
            "ALTER INDEX public.i ALTER COLUMN 2 SET STATISTICS -1",
            "ALTER INDEX public.i ALTER COLUMN 3 SET STATISTICS -1",
            "ALTER MATERIALIZED VIEW public.m ALTER COLUMN a SET STATISTICS -1",
        ),
    ),
    Case(
        "put back on an index that is made anew",
        "CREATE TABLE t (a text); CREATE INDEX i ON t (lower(a)); ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 300",
        "CREATE TABLE t (a text); CREATE INDEX i ON t (upper(a)); ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 300",
        sql=(
            "DROP INDEX public.i",
            "CREATE INDEX i ON public.t (upper(a))",
            "ALTER INDEX public.i ALTER COLUMN 1 SET STATISTICS 300",
        ),
        back=(
            "DROP INDEX public.i",
            "CREATE INDEX i ON public.t (lower(a))",
            "ALTER INDEX public.i ALTER COLUMN 1 SET STATISTICS 300",
        ),
    ),
    Case(
        "of a partitioned table and its partitions, each its own",
        "CREATE TABLE t (a integer, b text) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT",
        "CREATE TABLE t (a integer, b text) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT;"
        " ALTER TABLE t ALTER b SET STATISTICS 9; ALTER TABLE p ALTER b SET STATISTICS 8; ALTER TABLE t ALTER b SET STORAGE EXTERNAL",
        sql=(
            "ALTER TABLE ONLY public.p ALTER COLUMN b SET STORAGE EXTERNAL",
            "ALTER TABLE ONLY public.p ALTER COLUMN b SET STATISTICS 8",
            "ALTER TABLE ONLY public.t ALTER COLUMN b SET STORAGE EXTERNAL",
            "ALTER TABLE ONLY public.t ALTER COLUMN b SET STATISTICS 9",
        ),
        back=(
            "ALTER TABLE ONLY public.p ALTER COLUMN b SET STORAGE EXTENDED",
            "ALTER TABLE ONLY public.p ALTER COLUMN b SET STATISTICS -1",
            "ALTER TABLE ONLY public.t ALTER COLUMN b SET STORAGE EXTENDED",
            "ALTER TABLE ONLY public.t ALTER COLUMN b SET STATISTICS -1",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_column_settings(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
