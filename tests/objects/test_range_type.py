"""Range types."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "after its subtype, before what uses it",
        "",
        "CREATE TYPE size AS ENUM ('s', 'm', 'l'); CREATE TYPE sizes AS RANGE (SUBTYPE = size);"
        " CREATE TABLE t (fits sizes, among sizes[], many sizes_multirange);"
        " CREATE VIEW v AS SELECT sizes('s', 'm') AS small",
        sql=(
            "CREATE TYPE public.size AS ENUM ('s', 'm', 'l')",
            "CREATE TYPE public.sizes AS RANGE (SUBTYPE = public.size, MULTIRANGE_TYPE_NAME = public.sizes_multirange)",
            "CREATE TABLE public.t (\n    fits public.sizes,\n    among public.sizes[],\n    many public.sizes_multirange\n)",
            "CREATE VIEW public.v AS\n SELECT public.sizes('s'::public.size, 'm'::public.size) AS small",
        ),
        back=("DROP VIEW public.v", "DROP TABLE public.t", "DROP TYPE public.sizes", "DROP TYPE public.size"),
    ),
    Case(
        "with all options",
        "",
        "CREATE FUNCTION gap(text, text) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN length($1) - length($2);"
        ' CREATE TYPE words AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops, COLLATION = "C",'
        " SUBTYPE_DIFF = gap, MULTIRANGE_TYPE_NAME = many_words)",
        sql=(
            "CREATE FUNCTION public.gap(text, text)\n RETURNS double precision\n LANGUAGE sql\n IMMUTABLE\nRETURN (length($1) - length($2))",
            'CREATE TYPE public.words AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = pg_catalog.text_pattern_ops, COLLATION = pg_catalog."C", SUBTYPE_DIFF = public.gap, MULTIRANGE_TYPE_NAME = public.many_words)',
        ),
    ),
    Case(
        "made anew, and the view over it",
        "CREATE TYPE r AS RANGE (SUBTYPE = integer); CREATE VIEW v AS SELECT NULL::r AS empty; COMMENT ON TYPE r IS 'x'",
        "CREATE TYPE r AS RANGE (SUBTYPE = bigint); CREATE VIEW v AS SELECT NULL::r AS empty; COMMENT ON TYPE r IS 'x'",
        sql=(
            "DROP VIEW public.v",
            "DROP TYPE public.r",
            "CREATE TYPE public.r AS RANGE (SUBTYPE = bigint, MULTIRANGE_TYPE_NAME = public.r_multirange)",
            "CREATE VIEW public.v AS\n SELECT NULL::public.r AS empty",
            "COMMENT ON TYPE public.r IS 'x'",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_range_type(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
