"""Domains."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from both_ways import assert_both_ways
from neon_migrate.errors import ImpossibleError, StatementError
from neon_migrate.plan import plan
from schema_pairs import Case, catalog_of, check

if TYPE_CHECKING:
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "NOT NULL by a name",
        "CREATE DOMAIN d AS integer; CREATE DOMAIN named AS text NOT NULL",
        "CREATE DOMAIN d AS integer CONSTRAINT filled NOT NULL; CREATE DOMAIN named AS text CONSTRAINT filled NOT NULL; CREATE DOMAIN made AS text CONSTRAINT made_up NOT NULL",
        sql=(
            "ALTER DOMAIN public.d ADD CONSTRAINT filled NOT NULL",
            "CREATE DOMAIN public.made AS text CONSTRAINT made_up NOT NULL",
            "ALTER DOMAIN public.named RENAME CONSTRAINT named_not_null TO filled",
        ),
        back=(
            "DROP DOMAIN public.made",
            "ALTER DOMAIN public.d DROP NOT NULL",
            "ALTER DOMAIN public.named RENAME CONSTRAINT filled TO named_not_null",
        ),
    ),
    Case(
        "NOT NULL by a name that Postgres may have chosen: no difference",
        "CREATE DOMAIN e AS integer NOT NULL; ALTER DOMAIN e RENAME TO d",
        "CREATE DOMAIN d AS integer NOT NULL",
        sql=(),
        back=(),
    ),
    Case(
        "of another type that keeps all values",
        "CREATE DOMAIN d AS integer CHECK (VALUE > 0); CREATE TABLE t (x d DEFAULT 5 PRIMARY KEY, y d[])",
        "CREATE DOMAIN d AS bigint CHECK (VALUE > 0); CREATE TABLE t (x d DEFAULT 5 PRIMARY KEY, y d[])",
        sql=(
            "ALTER TYPE public.d RENAME TO d_replaced",
            "CREATE DOMAIN public.d AS bigint CONSTRAINT d_check CHECK (VALUE > 0)",
            "ALTER TABLE public.t ALTER COLUMN x DROP DEFAULT, ALTER COLUMN x TYPE public.d USING x::text::public.d, ALTER COLUMN x SET DEFAULT 5, ALTER COLUMN y TYPE public.d[] USING y::text[]::public.d[]",
            "DROP TYPE public.d_replaced",
        ),
    ),
    Case(
        "of a narrower type",
        "CREATE DOMAIN d AS text; CREATE TABLE t (x d)",
        "CREATE DOMAIN d AS varchar(20); CREATE TABLE t (x d)",
        sql=(
            "ALTER TYPE public.d RENAME TO d_replaced",
            "CREATE DOMAIN public.d AS character varying(20)",
            "ALTER TABLE public.t ALTER COLUMN x TYPE public.d USING x::text::public.d",
            "DROP TYPE public.d_replaced",
        ),
        loses=("values of domain public.d that do not fit when text becomes character varying(20)",),
    ),
    Case(
        "of another type, beneath a view and a function",
        "CREATE DOMAIN d AS integer; COMMENT ON DOMAIN d IS 'x'; CREATE TABLE t (x d); CREATE VIEW v AS SELECT x FROM t;"
        " CREATE FUNCTION f(d) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE DOMAIN d AS bigint; COMMENT ON DOMAIN d IS 'x'; CREATE TABLE t (x d); CREATE VIEW v AS SELECT x FROM t;"
        " CREATE FUNCTION f(d) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        sql=(
            "DROP FUNCTION public.f(public.d)",
            "DROP VIEW public.v",
            "ALTER TYPE public.d RENAME TO d_replaced",
            "CREATE DOMAIN public.d AS bigint",
            "ALTER TABLE public.t ALTER COLUMN x TYPE public.d USING x::text::public.d",
            "DROP TYPE public.d_replaced",
            "CREATE VIEW public.v AS\n SELECT x\n   FROM public.t",
            "CREATE FUNCTION public.f(public.d)\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
            "COMMENT ON DOMAIN public.d IS 'x'",
        ),
    ),
    Case(
        "of another type, in a partition with defaults of its own",
        "CREATE DOMAIN d AS integer; CREATE TABLE t (a int, x d DEFAULT 3, y d DEFAULT 3) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t DEFAULT; ALTER TABLE p ALTER x SET DEFAULT 4, ALTER y DROP DEFAULT",
        "CREATE DOMAIN d AS bigint; CREATE TABLE t (a int, x d DEFAULT 3, y d DEFAULT 3) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t DEFAULT; ALTER TABLE p ALTER x SET DEFAULT 4, ALTER y DROP DEFAULT",
        sql=(
            "ALTER TYPE public.d RENAME TO d_replaced",
            "CREATE DOMAIN public.d AS bigint",
            "ALTER TABLE public.p ALTER COLUMN x DROP DEFAULT",
            "ALTER TABLE public.t ALTER COLUMN x DROP DEFAULT, ALTER COLUMN x TYPE public.d USING x::text::public.d, ALTER COLUMN x SET DEFAULT 3, ALTER COLUMN y DROP DEFAULT, ALTER COLUMN y TYPE public.d USING y::text::public.d, ALTER COLUMN y SET DEFAULT 3",
            "ALTER TABLE public.p ALTER COLUMN x SET DEFAULT 4",
            "ALTER TABLE public.p ALTER COLUMN y DROP DEFAULT",
            "DROP TYPE public.d_replaced",
        ),
    ),
    Case(
        "of another type while no column has it",
        "CREATE DOMAIN d AS integer",
        "CREATE DOMAIN d AS bigint",
        sql=("DROP DOMAIN public.d", "CREATE DOMAIN public.d AS bigint"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_domain(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)


def test_values_of_a_domain_of_another_type_stay(session: Session) -> None:
    """Also in arrays and in partitions."""
    old, new = (
        f"CREATE DOMAIN d AS {type_}; CREATE TABLE t (a integer, b d, c d[]) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t DEFAULT"
        for type_ in ("integer", "numeric")
    )
    planned = plan(catalog_of(session, old), catalog_of(session, new))
    session.script("BEGIN")
    session.script(f"{old}; INSERT INTO t VALUES (1, 7, '{{8,9}}'); {planned.script()}")
    assert session.query("SELECT b::text, c::text FROM t") == [("7", "{8,9}")]
    session.script("ROLLBACK")


ARRAYS = "CREATE TABLE t (a d, b d[]); CREATE VIEW v AS SELECT a FROM t; INSERT INTO t VALUES ('1', '{2}');"
COMPOSITES = (
    "CREATE DOMAIN e AS d; CREATE TYPE c AS (x e); CREATE TABLE t (a c, b d); INSERT INTO t VALUES (ROW('1'), '2')"
)
STRICT = "CREATE DOMAIN d AS text DEFAULT '1' NOT NULL CONSTRAINT c CHECK (VALUE <> 'y')"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"CREATE DOMAIN d AS text; {ARRAYS}", f"{STRICT}; {ARRAYS} COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x'"),
        (f"CREATE DOMAIN d AS text; {COMPOSITES}", f"{STRICT}; {COMPOSITES}"),
    ],
    ids=["arrays", "composite types, by way of a domain"],
)
@pytest.mark.parametrize("in_use", [True, False], ids=["online", "offline"])
def test_values_within_others_are_checked(scratch: ScratchServer, old: str, new: str, in_use: bool) -> None:
    """Postgres looks at none of them for ALTER DOMAIN, so another domain takes the place: all at once."""
    assert_both_ways(scratch, old, new, in_use=in_use)


def test_values_within_rows_that_are_values(session: Session) -> None:
    """Neither can be done: said before anything is run, and by Postgres."""
    tables = "CREATE TABLE t (a d); CREATE TABLE u (x t)"
    old, new = f"CREATE DOMAIN d AS text; {tables}", f"{STRICT}; {tables}"
    planned = plan(catalog_of(session, old), catalog_of(session, new))
    with pytest.raises(ImpossibleError, match=r"column public\.u\.x holds rows of table public\.t"):
        planned.require_way()
    with pytest.raises(StatementError, match=r'cannot alter type "d" because column "u\.x" uses it'):
        catalog_of(session, f"{old}; ALTER DOMAIN d SET NOT NULL")


def test_a_check_within_arrays_that_calls_a_function_made_anew(session: Session) -> None:
    """It would have to be looked at again, without the function in between: said before anything is run."""
    old, new = (
        f"CREATE FUNCTION f({name} text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';"
        " CREATE DOMAIN d AS text CHECK (f(VALUE)); CREATE TABLE t (a d[])"
        for name in ("", "x")
    )
    planned = plan(catalog_of(session, old), catalog_of(session, new))
    with pytest.raises(ImpossibleError, match=r"domain public\.d can't be checked again"):
        planned.require_way()
