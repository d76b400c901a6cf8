"""Operators."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with its commutator, before what uses it",
        "",
        "CREATE FUNCTION below(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 < $2;"
        " CREATE FUNCTION above(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 > $2;"
        " CREATE OPERATOR <<< (FUNCTION = below, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = >>>,"
        " RESTRICT = scalarltsel, JOIN = scalarltjoinsel);"
        " CREATE OPERATOR >>> (FUNCTION = above, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = <<<);"
        " CREATE TABLE t (a integer CHECK (a <<< 3))",
        sql=(
            "CREATE FUNCTION public.above(integer, integer)\n RETURNS boolean\n LANGUAGE sql\n IMMUTABLE\nRETURN ($1 > $2)",
            "CREATE FUNCTION public.below(integer, integer)\n RETURNS boolean\n LANGUAGE sql\n IMMUTABLE\nRETURN ($1 < $2)",
            "CREATE OPERATOR public.<<< (FUNCTION = public.below, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(public.>>>), RESTRICT = scalarltsel, JOIN = scalarltjoinsel)",
            "CREATE TABLE public.t (\n    a integer,\n    CONSTRAINT t_a_check CHECK (a OPERATOR(public.<<<) 3)\n)",
            "CREATE OPERATOR public.>>> (FUNCTION = public.above, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(public.<<<))",
        ),
    ),
    Case(
        "prefix, with a comment",
        "",
        "CREATE OPERATOR @#@ (FUNCTION = abs, RIGHTARG = integer); COMMENT ON OPERATOR @#@ (NONE, integer) IS 'x'",
        sql=(
            "CREATE OPERATOR public.@#@ (FUNCTION = pg_catalog.abs, RIGHTARG = integer)",
            "COMMENT ON OPERATOR public.@#@ (NONE, integer) IS 'x'",
        ),
        back=("DROP OPERATOR public.@#@ (NONE, integer)",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
