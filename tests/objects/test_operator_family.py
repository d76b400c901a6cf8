"""Operator families."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "created and dropped",
        "",
        'CREATE OPERATOR FAMILY "my family" USING hash; COMMENT ON OPERATOR FAMILY "my family" USING hash IS \'x\'',
        sql=(
            'CREATE OPERATOR FAMILY public."my family" USING hash',
            "COMMENT ON OPERATOR FAMILY public.\"my family\" USING hash IS 'x'",
        ),
        back=('DROP OPERATOR FAMILY public."my family" USING hash',),
    ),
    Case(
        "with what is loose in it",
        "",
        "CREATE OPERATOR FAMILY f USING btree; ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (integer, bigint), FUNCTION 1 (integer, bigint) btint48cmp(integer, bigint)",
        sql=(
            "CREATE OPERATOR FAMILY public.f USING btree",
            "ALTER OPERATOR FAMILY public.f USING btree ADD FUNCTION 1 (integer, bigint) btint48cmp(integer,bigint), OPERATOR 1 <(integer,bigint)",
        ),
        back=("DROP OPERATOR FAMILY public.f USING btree",),
    ),
    Case(
        "loose members come and go",
        "CREATE FUNCTION cmp(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN $1 - $2;"
        " CREATE FUNCTION below(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 < $2;"
        " CREATE FUNCTION same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 = $2;"
        " CREATE OPERATOR <<< (FUNCTION = below, LEFTARG = integer, RIGHTARG = integer); CREATE OPERATOR === (FUNCTION = same, LEFTARG = integer, RIGHTARG = integer); CREATE OPERATOR FAMILY f USING btree; ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 <<< (integer, integer), OPERATOR 3 === (integer, integer)",
        "CREATE OPERATOR FAMILY f USING btree; ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (integer, integer), FUNCTION 1 btint4cmp(integer, integer)",
        sql=(
            "DROP OPERATOR FAMILY public.f USING btree",
            "DROP OPERATOR public.<<< (integer, integer)",
            "DROP OPERATOR public.=== (integer, integer)",
            "DROP FUNCTION public.below(integer, integer)",
            "DROP FUNCTION public.cmp(integer, integer)",
            "DROP FUNCTION public.same(integer, integer)",
            "CREATE OPERATOR FAMILY public.f USING btree",
            "ALTER OPERATOR FAMILY public.f USING btree ADD FUNCTION 1 (integer, integer) btint4cmp(integer,integer), OPERATOR 1 <(integer,integer)",
        ),
        back=(
            "CREATE FUNCTION public.below(integer, integer)\n RETURNS boolean\n LANGUAGE sql\n IMMUTABLE\nRETURN ($1 < $2)",
            "CREATE FUNCTION public.cmp(integer, integer)\n RETURNS integer\n LANGUAGE sql\n IMMUTABLE\nRETURN ($1 - $2)",
            "CREATE FUNCTION public.same(integer, integer)\n RETURNS boolean\n LANGUAGE sql\n IMMUTABLE\nRETURN ($1 = $2)",
            "CREATE OPERATOR public.<<< (FUNCTION = public.below, LEFTARG = integer, RIGHTARG = integer)",
            "CREATE OPERATOR public.=== (FUNCTION = public.same, LEFTARG = integer, RIGHTARG = integer)",
            "ALTER OPERATOR FAMILY public.f USING btree DROP FUNCTION 1 (integer, integer), OPERATOR 1 (integer, integer)",
            "ALTER OPERATOR FAMILY public.f USING btree ADD OPERATOR 1 public.<<<(integer,integer), OPERATOR 3 public.===(integer,integer)",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator_family(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
