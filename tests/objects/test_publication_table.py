"""The tables of publications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with columns and a condition",
        "",
        "CREATE TABLE t (a integer, b text, c text); CREATE PUBLICATION p FOR TABLE t (a, b) WHERE (a > 1)",
        sql=(
            "CREATE TABLE public.t (\n    a integer,\n    b text,\n    c text\n)",
            "CREATE PUBLICATION p",
            "ALTER PUBLICATION p ADD TABLE public.t (a, b) WHERE (a > 1)",
        ),
        back=("DROP PUBLICATION p", "DROP TABLE public.t"),
    ),
    Case(
        "changed",
        "CREATE TABLE t (a integer, b text); CREATE PUBLICATION p FOR TABLE t (a)",
        "CREATE TABLE t (a integer, b text); CREATE PUBLICATION p FOR TABLE t",
        sql=("ALTER PUBLICATION p DROP TABLE public.t", "ALTER PUBLICATION p ADD TABLE public.t"),
    ),
    Case(
        "of a table that goes",
        "CREATE TABLE t (a integer); CREATE TABLE u (a integer); CREATE PUBLICATION p FOR TABLE t, u",
        "CREATE TABLE u (a integer); CREATE PUBLICATION p FOR TABLE u",
        sql=("ALTER PUBLICATION p DROP TABLE public.t", "DROP TABLE public.t"),
        loses=("table public.t with all its rows",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_publication_table(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
