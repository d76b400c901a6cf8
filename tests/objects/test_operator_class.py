"""Operator classes."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with all it needs, and an index that uses it",
        "",
        "CREATE FUNCTION cmp(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN $1 - $2;"
        " CREATE FUNCTION below(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 < $2;"
        " CREATE FUNCTION same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 = $2;"
        " CREATE OPERATOR <<< (FUNCTION = below, LEFTARG = integer, RIGHTARG = integer); CREATE OPERATOR === (FUNCTION = same, LEFTARG = integer, RIGHTARG = integer); CREATE OPERATOR CLASS odd FOR TYPE integer USING btree AS OPERATOR 1 <<<, OPERATOR 3 ===, FUNCTION 1 cmp(integer, integer); CREATE TABLE t (a integer); CREATE INDEX i ON t (a odd); COMMENT ON OPERATOR CLASS odd USING btree IS 'x'",
        sql=(
            "CREATE TABLE public.t (\n    a integer\n)",
            "CREATE FUNCTION public.below(integer, integer)\n RETURNS boolean\n LANGUAGE sql\n IMMUTABLE\nRETURN ($1 < $2)",
            "CREATE FUNCTION public.cmp(integer, integer)\n RETURNS integer\n LANGUAGE sql\n IMMUTABLE\nRETURN ($1 - $2)",
            "CREATE FUNCTION public.same(integer, integer)\n RETURNS boolean\n LANGUAGE sql\n IMMUTABLE\nRETURN ($1 = $2)",
            "CREATE OPERATOR public.<<< (FUNCTION = public.below, LEFTARG = integer, RIGHTARG = integer)",
            "CREATE OPERATOR public.=== (FUNCTION = public.same, LEFTARG = integer, RIGHTARG = integer)",
            "CREATE OPERATOR FAMILY public.odd USING btree",
            "CREATE OPERATOR CLASS public.odd FOR TYPE integer USING btree FAMILY public.odd AS\n    FUNCTION 1 (integer, integer) public.cmp(integer,integer),\n    OPERATOR 1 public.<<<(integer,integer),\n    OPERATOR 3 public.===(integer,integer)",
            "CREATE INDEX i ON public.t (a public.odd)",
            "COMMENT ON OPERATOR CLASS public.odd USING btree IS 'x'",
        ),
        back=(
            "DROP TABLE public.t",
            "DROP OPERATOR CLASS public.odd USING btree",
            "DROP OPERATOR FAMILY public.odd USING btree",
            "DROP OPERATOR public.<<< (integer, integer)",
            "DROP OPERATOR public.=== (integer, integer)",
            "DROP FUNCTION public.below(integer, integer)",
            "DROP FUNCTION public.cmp(integer, integer)",
            "DROP FUNCTION public.same(integer, integer)",
        ),
    ),
    Case(
        "made anew, and what uses it",
        "CREATE FUNCTION cmp(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN $1 - $2;"
        " CREATE FUNCTION below(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 < $2;"
        " CREATE FUNCTION same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 = $2;"
        " CREATE OPERATOR <<< (FUNCTION = below, LEFTARG = integer, RIGHTARG = integer); CREATE OPERATOR === (FUNCTION = same, LEFTARG = integer, RIGHTARG = integer); CREATE OPERATOR FAMILY odd USING btree; CREATE OPERATOR CLASS odd FOR TYPE integer USING btree FAMILY odd AS OPERATOR 1 <<<, OPERATOR 3 ===, FUNCTION 1 cmp(integer, integer); CREATE TABLE t (a integer); CREATE INDEX i ON t (a odd)",
        "CREATE FUNCTION cmp(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN $1 - $2;"
        " CREATE FUNCTION below(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 < $2;"
        " CREATE FUNCTION same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 = $2;"
        " CREATE OPERATOR <<< (FUNCTION = below, LEFTARG = integer, RIGHTARG = integer); CREATE OPERATOR === (FUNCTION = same, LEFTARG = integer, RIGHTARG = integer); CREATE OPERATOR FAMILY odd USING btree; CREATE OPERATOR CLASS odd FOR TYPE integer USING btree FAMILY odd AS OPERATOR 1 <<<, FUNCTION 1 cmp(integer, integer); CREATE TABLE t (a integer); CREATE INDEX i ON t (a odd)",
        sql=(
            "DROP INDEX public.i",
            "DROP OPERATOR CLASS public.odd USING btree",
            "CREATE OPERATOR CLASS public.odd FOR TYPE integer USING btree FAMILY public.odd AS\n    FUNCTION 1 (integer, integer) public.cmp(integer,integer),\n    OPERATOR 1 public.<<<(integer,integer)",
            "CREATE INDEX i ON public.t (a public.odd)",
        ),
        back=(
            "DROP INDEX public.i",
            "DROP OPERATOR CLASS public.odd USING btree",
            "CREATE OPERATOR CLASS public.odd FOR TYPE integer USING btree FAMILY public.odd AS\n    FUNCTION 1 (integer, integer) public.cmp(integer,integer),\n    OPERATOR 1 public.<<<(integer,integer),\n    OPERATOR 3 public.===(integer,integer)",
            "CREATE INDEX i ON public.t (a public.odd)",
        ),
    ),
    Case(
        "stored as another type, ordering by a family",
        "",
        "CREATE OPERATOR CLASS near FOR TYPE point USING gist AS OPERATOR 11 |>> (point, point), OPERATOR 15 <-> (point, point) FOR ORDER BY float_ops, FUNCTION 1 gist_point_consistent(internal, point, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal), FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal), FUNCTION 7 gist_box_same(box, box, internal), FUNCTION 8 (point, point) gist_point_distance(internal, point, smallint, oid, internal), STORAGE box",
        sql=(
            "CREATE OPERATOR FAMILY public.near USING gist",
            "ALTER OPERATOR FAMILY public.near USING gist ADD FUNCTION 8 (point, point) gist_point_distance(internal,point,smallint,oid,internal), OPERATOR 11 |>>(point,point), OPERATOR 15 <->(point,point) FOR ORDER BY pg_catalog.float_ops",
            "CREATE OPERATOR CLASS public.near FOR TYPE point USING gist FAMILY public.near AS\n    FUNCTION 1 (point, point) gist_point_consistent(internal,point,smallint,oid,internal),\n    FUNCTION 2 (point, point) gist_box_union(internal,internal),\n    FUNCTION 5 (point, point) gist_box_penalty(internal,internal,internal),\n    FUNCTION 6 (point, point) gist_box_picksplit(internal,internal),\n    FUNCTION 7 (point, point) gist_box_same(box,box,internal),\n    STORAGE box",
        ),
        back=(
            "DROP OPERATOR CLASS public.near USING gist",
            "DROP OPERATOR FAMILY public.near USING gist",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator_class(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
