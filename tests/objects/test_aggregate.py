"""Aggregates."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "after its functions, before what uses it",
        "",
        "CREATE FUNCTION plus(integer, integer) RETURNS integer LANGUAGE sql RETURN $1 + $2;"
        " CREATE AGGREGATE total(integer) (SFUNC = plus, STYPE = integer, INITCOND = '0', PARALLEL = SAFE);"
        " CREATE VIEW v AS SELECT total(n) AS sum FROM generate_series(1, 3) AS s(n)",
        sql=(
            "CREATE FUNCTION public.plus(integer, integer)\n RETURNS integer\n LANGUAGE sql\nRETURN ($1 + $2)",
            "CREATE AGGREGATE public.total(integer) (SFUNC = public.plus, STYPE = integer, INITCOND = '0', PARALLEL = SAFE)",
            "CREATE VIEW public.v AS\n SELECT public.total(n) AS sum\n   FROM generate_series(1, 3) s(n)",
        ),
        back=(
            "DROP VIEW public.v",
            "DROP AGGREGATE public.total(integer)",
            "DROP FUNCTION public.plus(integer, integer)",
        ),
    ),
    Case(
        "replaced where its result stays",
        "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer); COMMENT ON AGGREGATE total(integer) IS 'sum'",
        "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '1');"
        " COMMENT ON AGGREGATE total(integer) IS 'sum'",
        sql=("CREATE OR REPLACE AGGREGATE public.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '1')",),
        back=("CREATE OR REPLACE AGGREGATE public.total(integer) (SFUNC = int4pl, STYPE = integer)",),
    ),
    Case(
        "made anew where its result changes",
        "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);"
        " COMMENT ON AGGREGATE total(integer) IS 'sum'",
        "CREATE AGGREGATE total(integer) (SFUNC = int4_sum, STYPE = bigint); COMMENT ON AGGREGATE total(integer) IS 'sum'",
        sql=(
            "DROP AGGREGATE public.total(integer)",
            "CREATE AGGREGATE public.total(integer) (SFUNC = int4_sum, STYPE = bigint)",
            "COMMENT ON AGGREGATE public.total(integer) IS 'sum'",
        ),
    ),
    Case(
        "over ordered sets, moving, sorted and without arguments",
        "",
        'CREATE AGGREGATE share("double precision" float8 ORDER BY anyelement) (SFUNC = ordered_set_transition,'
        " STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE);"
        " CREATE AGGREGATE rows_seen(*) (SFUNC = int8inc, STYPE = int8, INITCOND = 0, MSFUNC = int8inc,"
        " MINVFUNC = int8dec, MSTYPE = int8, MINITCOND = 0, COMBINEFUNC = int8pl, SSPACE = 32, MSSPACE = 64);"
        " CREATE AGGREGATE least_of(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = <);"
        ' CREATE AGGREGATE place(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi,'
        " STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL)",
        sql=(
            "CREATE AGGREGATE public.least_of(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = OPERATOR(pg_catalog.<))",
            'CREATE AGGREGATE public.place(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL)',
            "CREATE AGGREGATE public.rows_seen(*) (SFUNC = int8inc, STYPE = bigint, SSPACE = 32, COMBINEFUNC = int8pl, INITCOND = '0', MSFUNC = int8inc, MINVFUNC = int8dec, MSTYPE = bigint, MSSPACE = 64, MINITCOND = '0')",
            'CREATE AGGREGATE public.share("double precision" double precision ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE)',
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_aggregate(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
