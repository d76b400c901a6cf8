"""Casts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "by a function",
        "",
        "CREATE TYPE pair AS (a integer); CREATE FUNCTION first(pair) RETURNS integer LANGUAGE sql RETURN ($1).a;"
        " CREATE CAST (pair AS integer) WITH FUNCTION first(pair) AS IMPLICIT; CREATE CAST (pair AS text) WITH INOUT;"
        " COMMENT ON CAST (pair AS text) IS 'x'",
        sql=(
            "CREATE TYPE public.pair AS (\n    a integer\n)",
            "CREATE FUNCTION public.first(public.pair)\n RETURNS integer\n LANGUAGE sql\nRETURN ($1).a",
            "CREATE CAST (public.pair AS integer) WITH FUNCTION public.first(public.pair) AS IMPLICIT",
            "CREATE CAST (public.pair AS text) WITH INOUT",
            "COMMENT ON CAST (public.pair AS text) IS 'x'",
        ),
        back=(
            "DROP CAST (public.pair AS integer)",
            "DROP CAST (public.pair AS text)",
            "DROP FUNCTION public.first(public.pair)",
            "DROP TYPE public.pair",
        ),
    ),
    Case(
        "made anew",
        "CREATE CAST (boolean AS bigint) WITH INOUT",
        "CREATE CAST (boolean AS bigint) WITH INOUT AS ASSIGNMENT",
        sql=("DROP CAST (boolean AS bigint)", "CREATE CAST (boolean AS bigint) WITH INOUT AS ASSIGNMENT"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cast(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
