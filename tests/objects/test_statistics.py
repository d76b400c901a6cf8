"""Extended statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.diff import diff
from schema_pairs import Case, catalog_of, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "created and dropped",
        "CREATE TABLE t (a integer, b integer)",
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s (ndistinct, mcv) ON a, b, (a + b) FROM t;"
        " ALTER STATISTICS s SET STATISTICS 500",
        sql=(
            "CREATE STATISTICS public.s (ndistinct, mcv) ON a, b, (a + b) FROM public.t",
            "ALTER STATISTICS public.s SET STATISTICS 500",
        ),
        back=("DROP STATISTICS public.s",),
    ),
    Case(
        "gone with its table",
        "",
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON a, b FROM t; COMMENT ON STATISTICS s IS 'x'",
        sql=(
            "CREATE TABLE public.t (\n    a integer,\n    b integer\n)",
            "CREATE STATISTICS public.s ON a, b FROM public.t",
            "COMMENT ON STATISTICS public.s IS 'x'",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "its target alone",
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON a, b FROM t",
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON a, b FROM t;"
        " ALTER STATISTICS s SET STATISTICS 0",
        sql=("ALTER STATISTICS public.s SET STATISTICS 0",),
        back=("ALTER STATISTICS public.s SET STATISTICS -1",),
    ),
    Case(
        "about a column that goes",
        "CREATE TABLE t (a integer, b integer, c integer); CREATE STATISTICS s ON a, c FROM t",
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON a, b FROM t",
        sql=(
            "DROP STATISTICS public.s",
            "CREATE STATISTICS public.s ON a, b FROM public.t",
            "ALTER TABLE public.t DROP COLUMN c",
        ),
        loses=("column public.t.c with its values",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_statistics(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)


def test_the_order_of_the_columns_is_that_of_their_table_and_no_difference(session: Session) -> None:
    """Postgres writes them in the table's order; expressions come after them, and names with commas stay whole."""
    columns = ("a integer", '"b, c" integer', "d text")
    made = 'CREATE TABLE t ({}); CREATE STATISTICS s (mcv) ON a, "b, c", lower(d), (a + 1) FROM t'
    catalogs = [catalog_of(session, made.format(", ".join(order))) for order in (columns, columns[::-1])]
    assert catalogs[0].fingerprint == catalogs[1].fingerprint
    assert diff(*catalogs) == ()
    alone = catalog_of(session, "CREATE TABLE t (a integer); CREATE STATISTICS s ON (a + 1) FROM t")
    assert [obj.definition for obj in alone.of_kind("statistics")] == [  # type: ignore[attr-defined]
        "CREATE STATISTICS public.s ON (a + 1) FROM public.t"
    ]
