"""Grants."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "on every kind of object",
        "",
        "CREATE SCHEMA app; CREATE TABLE app.t (a integer, b serial); CREATE FUNCTION f() RETURNS integer LANGUAGE sql RETURN 1;"
        " CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC END; CREATE TYPE mood AS ENUM ('ok'); CREATE VIEW v AS SELECT 1 AS a;"
        " GRANT USAGE, CREATE ON SCHEMA app TO authenticated; GRANT ALL ON app.t TO authenticated WITH GRANT OPTION;"
        " GRANT SELECT (a), UPDATE (a) ON app.t TO anonymous; GRANT ALL ON SEQUENCE app.t_b_seq TO authenticated;"
        " REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC; GRANT EXECUTE ON PROCEDURE p() TO authenticated;"
        " REVOKE USAGE ON TYPE mood FROM PUBLIC; GRANT SELECT ON v TO PUBLIC",
        sql=(
            "CREATE SCHEMA app",
            "CREATE TYPE public.mood AS ENUM ('ok')",
            "CREATE TABLE app.t (\n    a integer,\n    b serial\n)",
            "CREATE VIEW public.v AS\n SELECT 1 AS a",
            "CREATE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\nRETURN 1",
            "CREATE PROCEDURE public.p()\n LANGUAGE sql\nBEGIN ATOMIC\nEND",
            "GRANT CREATE, USAGE ON SCHEMA app TO authenticated",
            "GRANT SELECT (a), UPDATE (a) ON TABLE app.t TO anonymous",
            "GRANT SELECT, UPDATE, USAGE ON SEQUENCE app.t_b_seq TO authenticated",
            "GRANT ALL ON TABLE app.t TO authenticated WITH GRANT OPTION",
            "REVOKE USAGE ON TYPE public.mood FROM PUBLIC",
            "REVOKE EXECUTE ON FUNCTION public.f() FROM PUBLIC",
            "GRANT EXECUTE ON PROCEDURE public.p() TO authenticated",
            "GRANT SELECT ON TABLE public.v TO PUBLIC",
        ),
    ),
    Case(
        "more, less and with the right to pass on",
        "CREATE TABLE t (a integer); GRANT SELECT, INSERT ON t TO authenticated; GRANT SELECT ON t TO anonymous WITH GRANT OPTION",
        "CREATE TABLE t (a integer); GRANT SELECT, DELETE ON t TO authenticated; GRANT SELECT ON t TO anonymous",
        sql=(
            "REVOKE GRANT OPTION FOR SELECT ON TABLE public.t FROM anonymous",
            "REVOKE INSERT ON TABLE public.t FROM authenticated",
            "GRANT DELETE ON TABLE public.t TO authenticated",
        ),
        back=(
            "GRANT SELECT ON TABLE public.t TO anonymous WITH GRANT OPTION",
            "REVOKE DELETE ON TABLE public.t FROM authenticated",
            "GRANT INSERT ON TABLE public.t TO authenticated",
        ),
    ),
    Case(
        "all there is and less",
        "CREATE TABLE t (a integer); GRANT ALL ON t TO authenticated",
        "CREATE TABLE t (a integer); GRANT SELECT ON t TO authenticated",
        sql=("REVOKE ALL ON TABLE public.t FROM authenticated", "GRANT SELECT ON TABLE public.t TO authenticated"),
        back=("GRANT ALL ON TABLE public.t TO authenticated",),
    ),
    Case(
        "put back on a view that is made anew, with its comment",
        "CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t; GRANT SELECT ON v TO anonymous;"
        " GRANT UPDATE (a) ON v TO anonymous; COMMENT ON VIEW v IS 'x'",
        "CREATE TABLE t (a bigint); CREATE VIEW v AS SELECT a FROM t; GRANT SELECT ON v TO anonymous;"
        " GRANT UPDATE (a) ON v TO anonymous; COMMENT ON VIEW v IS 'x'",
        sql=(
            "DROP VIEW public.v",
            "ALTER TABLE public.t ALTER COLUMN a TYPE bigint",
            "CREATE VIEW public.v AS\n SELECT a\n   FROM public.t",
            "GRANT SELECT ON TABLE public.v TO anonymous",
            "GRANT UPDATE (a) ON TABLE public.v TO anonymous",
            "COMMENT ON VIEW public.v IS 'x'",
        ),
    ),
    Case(
        "on a column, after what the table's are taken",
        "CREATE TABLE t (a integer, b integer); GRANT SELECT, UPDATE ON t TO anonymous; GRANT SELECT (a) ON t TO anonymous",
        "CREATE TABLE t (a integer, b integer); GRANT UPDATE ON t TO anonymous; GRANT SELECT (a) ON t TO anonymous",
        sql=(
            "REVOKE SELECT ON TABLE public.t FROM anonymous",
            "GRANT SELECT (a) ON TABLE public.t TO anonymous",
        ),
    ),
    Case(
        "on a column, when the table's goes",
        "CREATE TABLE t (a integer, b integer); GRANT SELECT ON t TO anonymous; GRANT SELECT (a) ON t TO anonymous",
        "CREATE TABLE t (a integer, b integer); GRANT SELECT (a) ON t TO anonymous",
        sql=(
            "REVOKE SELECT ON TABLE public.t FROM anonymous",
            "GRANT SELECT (a) ON TABLE public.t TO anonymous",
        ),
        back=("GRANT SELECT ON TABLE public.t TO anonymous",),
    ),
    Case(
        "on a column that changes its type",
        "CREATE TABLE t (a integer, b integer); GRANT SELECT (a) ON t TO anonymous",
        "CREATE TABLE t (a bigint, b integer); GRANT SELECT (a) ON t TO anonymous",
        sql=("ALTER TABLE public.t ALTER COLUMN a TYPE bigint",),
    ),
    Case(
        "on the sequence of an identity column, and on schema public",
        "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY); GRANT USAGE ON t_a_seq TO anonymous;"
        " REVOKE USAGE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO anonymous",
        sql=(
            "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
            "GRANT CREATE ON SCHEMA public TO anonymous",
            "GRANT USAGE ON SEQUENCE public.t_a_seq TO anonymous",
        ),
        back=(
            "GRANT USAGE ON SCHEMA public TO PUBLIC",
            "REVOKE CREATE ON SCHEMA public FROM anonymous",
            "REVOKE USAGE ON SEQUENCE public.t_a_seq FROM anonymous",
        ),
    ),
    Case(
        "none for who owns the database or the platform",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer); GRANT SELECT ON t TO neon_superuser, neondb_owner, cloud_admin",
        sql=(),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_grant(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
