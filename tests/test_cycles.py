"""Things that need each other: cut where Postgres allows it, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.online import online
from neon_migrate.plan import plan
from schema_pairs import Case, assert_leads, catalog_of, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

_BODY = "BEGIN ATOMIC\n SELECT max(t.a) AS max\n    FROM public.t;\nEND"

CASES = (
    Case(
        "a default whose function reads its table",
        "",
        f"CREATE TABLE t (id integer, a integer); CREATE FUNCTION f() RETURNS integer LANGUAGE sql {_BODY};"
        " ALTER TABLE t ALTER id SET DEFAULT f()",
        sql=(
            "CREATE TABLE public.t (\n    id integer,\n    a integer\n)",
            f"CREATE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\n{_BODY}",
            "ALTER TABLE public.t ALTER COLUMN id SET DEFAULT public.f()",
        ),
        back=(
            "ALTER TABLE public.t ALTER COLUMN id DROP DEFAULT",
            "DROP FUNCTION public.f()",
            "DROP TABLE public.t",
        ),
    ),
    Case(
        "functions that call each other",
        "",
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql RETURN 1;"
        " CREATE FUNCTION g() RETURNS integer LANGUAGE sql RETURN f();"
        " CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql RETURN g(); COMMENT ON FUNCTION f() IS 'x'",
        sql=(
            "SET check_function_bodies = off",
            "CREATE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\nAS ''",
            "RESET check_function_bodies",
            "CREATE FUNCTION public.g()\n RETURNS integer\n LANGUAGE sql\nRETURN public.f()",
            "COMMENT ON FUNCTION public.f() IS 'x'",
            "CREATE OR REPLACE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\nRETURN public.g()",
        ),
        back=(
            "SET check_function_bodies = off",
            "CREATE OR REPLACE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\nAS ''",
            "RESET check_function_bodies",
            "DROP FUNCTION public.g()",
            "DROP FUNCTION public.f()",
        ),
    ),
    Case(
        "views that select from each other",
        "",
        'CREATE VIEW v AS SELECT 1 AS a, \'x\'::varchar(4) COLLATE "C" AS "b c"; CREATE VIEW w AS TABLE v;'
        ' CREATE OR REPLACE VIEW v WITH (check_option = local) AS SELECT a, "b c" FROM w; GRANT SELECT ON v TO PUBLIC',
        sql=(
            'CREATE VIEW public.v AS\n SELECT NULL::integer AS a, NULL::character varying(4) COLLATE "C" AS "b c"',
            'CREATE VIEW public.w AS\n SELECT a,\n    "b c"\n   FROM public.v',
            "GRANT SELECT ON TABLE public.v TO PUBLIC",
            'CREATE OR REPLACE VIEW public.v WITH (check_option = local) AS\n SELECT a,\n    "b c"\n   FROM public.w',
        ),
        back=(
            "CREATE OR REPLACE VIEW public.v AS\n"
            ' SELECT NULL::integer AS a, NULL::character varying(4) COLLATE "C" AS "b c"',
            "DROP VIEW public.w",
            "DROP VIEW public.v",
        ),
    ),
    Case(
        "a check whose function reads its table",
        "",
        "CREATE TABLE t (a integer); CREATE FUNCTION f() RETURNS boolean LANGUAGE sql RETURN true;"
        " ALTER TABLE t ADD CHECK (f());"
        " CREATE OR REPLACE FUNCTION f() RETURNS boolean LANGUAGE sql RETURN (SELECT max(a) > 1 FROM t)",
        sql=(
            "SET check_function_bodies = off",
            "CREATE FUNCTION public.f()\n RETURNS boolean\n LANGUAGE sql\nAS ''",
            "RESET check_function_bodies",
            "CREATE TABLE public.t (\n    a integer,\n    CONSTRAINT t_check CHECK (public.f())\n)",
            "CREATE OR REPLACE FUNCTION public.f()\n RETURNS boolean\n LANGUAGE sql\n"
            "RETURN (SELECT (max(t.a) > 1) FROM public.t)",
        ),
    ),
)

_TWO_CYCLES = (
    "CREATE TABLE t (a {0}); CREATE VIEW v AS SELECT a FROM t; CREATE FUNCTION f() RETURNS {0} LANGUAGE sql"
    " RETURN (SELECT max(a) FROM v); CREATE OR REPLACE VIEW v AS SELECT t.a FROM t WHERE f() > 1;"
    " CREATE VIEW w AS SELECT a FROM v; CREATE OR REPLACE VIEW v AS SELECT t.a FROM t, w WHERE f() > 1"
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cycles(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)


def test_cycles_over_a_retyped_column_are_taken_down_and_put_back_at_once(session: Session) -> None:
    """In one transaction, so that nobody sees a view of NULLs."""
    schemas = [_TWO_CYCLES.format(type_) for type_ in ("integer", "bigint")]
    catalogs = [catalog_of(session, schema) for schema in schemas]
    for start, before, after in ((schemas[0], *catalogs), (schemas[1], *reversed(catalogs))):
        planned = plan(before, after)
        assert_leads(session, start, planned, after)
        assert len(online(planned)) == 1


def test_a_view_that_is_there_comes_to_select_from_a_new_one(session: Session) -> None:
    """It selects NULLs for no longer than the transaction."""
    old = "CREATE VIEW v AS SELECT 1 AS a"
    new = f"{old}; CREATE VIEW w AS SELECT a FROM v; CREATE OR REPLACE VIEW v AS SELECT a FROM w"
    catalogs = [catalog_of(session, schema) for schema in (old, new)]
    for start, before, after in ((old, *catalogs), (new, *reversed(catalogs))):
        planned = plan(before, after)
        assert_leads(session, start, planned, after)
        assert len(online(planned)) == 1
