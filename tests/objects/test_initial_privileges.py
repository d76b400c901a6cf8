"""Grants on what is made while default privileges are in force."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "what a new table is given unasked is not given twice",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO anonymous; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO authenticated;",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO anonymous; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO authenticated; CREATE TABLE t (a integer); CREATE VIEW v AS SELECT 1 AS a",
        sql=(
            "CREATE TABLE public.t (\n    a integer\n)",
            "CREATE VIEW public.v AS\n SELECT 1 AS a",
        ),
        back=(
            "DROP VIEW public.v",
            "DROP TABLE public.t",
        ),
    ),
    Case(
        "what a new table is to lack is taken back",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO anonymous; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO authenticated;",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO anonymous; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO authenticated; CREATE TABLE t (a integer); REVOKE INSERT ON t FROM anonymous; REVOKE ALL ON t FROM authenticated",
        sql=(
            "CREATE TABLE public.t (\n    a integer\n)",
            "REVOKE INSERT ON TABLE public.t FROM anonymous",
            "REVOKE ALL ON TABLE public.t FROM authenticated",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "more than it is given",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO anonymous; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO authenticated;",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO anonymous; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO authenticated; CREATE TABLE t (a integer); GRANT UPDATE ON t TO anonymous; GRANT SELECT (a) ON t TO PUBLIC",
        sql=(
            "CREATE TABLE public.t (\n    a integer\n)",
            "GRANT SELECT (a) ON TABLE public.t TO PUBLIC",
            "GRANT UPDATE ON TABLE public.t TO anonymous",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "functions that everybody may call, and nobody",
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO anonymous;",
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO anonymous; CREATE FUNCTION f() RETURNS integer LANGUAGE sql RETURN 1; CREATE FUNCTION g() RETURNS integer LANGUAGE sql RETURN 1; GRANT EXECUTE ON FUNCTION g() TO PUBLIC; REVOKE EXECUTE ON FUNCTION g() FROM anonymous",
        sql=(
            "CREATE FUNCTION public.f()\n RETURNS integer\n LANGUAGE sql\nRETURN 1",
            "CREATE FUNCTION public.g()\n RETURNS integer\n LANGUAGE sql\nRETURN 1",
            "GRANT EXECUTE ON FUNCTION public.g() TO PUBLIC",
            "REVOKE EXECUTE ON FUNCTION public.g() FROM anonymous",
        ),
        back=(
            "DROP FUNCTION public.f()",
            "DROP FUNCTION public.g()",
        ),
    ),
    Case(
        "the sequence of an identity column",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO anonymous",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO anonymous; CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY, b serial); REVOKE USAGE ON SEQUENCE t_a_seq, t_b_seq FROM anonymous",
        sql=(
            "CREATE TABLE public.t (\n    a integer GENERATED ALWAYS AS IDENTITY,\n    b serial\n)",
            "REVOKE USAGE ON SEQUENCE public.t_a_seq FROM anonymous",
            "REVOKE USAGE ON SEQUENCE public.t_b_seq FROM anonymous",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "a view that is made anew",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO anonymous; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO authenticated; CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t; REVOKE ALL ON v FROM anonymous",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO anonymous; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO authenticated; CREATE TABLE t (a bigint); CREATE VIEW v AS SELECT a FROM t; REVOKE ALL ON v FROM anonymous",
        sql=(
            "DROP VIEW public.v",
            "ALTER TABLE public.t ALTER COLUMN a TYPE bigint",
            "CREATE VIEW public.v AS\n SELECT a\n   FROM public.t",
            "REVOKE INSERT, SELECT ON TABLE public.v FROM anonymous",
        ),
        back=(
            "DROP VIEW public.v",
            "ALTER TABLE public.t ALTER COLUMN a TYPE integer USING a::integer",
            "CREATE VIEW public.v AS\n SELECT a\n   FROM public.t",
            "REVOKE INSERT, SELECT ON TABLE public.v FROM anonymous",
        ),
    ),
    Case(
        "default privileges that go and come are not in force",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO anonymous",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO authenticated; CREATE TABLE t (a integer); GRANT SELECT ON t TO anonymous; REVOKE SELECT ON t FROM authenticated",
        sql=(
            "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM anonymous",
            "CREATE TABLE public.t (\n    a integer\n)",
            "GRANT SELECT ON TABLE public.t TO anonymous",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO authenticated",
        ),
        back=(
            "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM authenticated",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO anonymous",
            "DROP TABLE public.t",
        ),
    ),
    Case(
        "default privileges that change",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO anonymous",
        "ALTER DEFAULT PRIVILEGES GRANT UPDATE ON TABLES TO anonymous; CREATE TABLE t (a integer)",
        sql=(
            "CREATE TABLE public.t (\n    a integer\n)",
            "REVOKE SELECT ON TABLE public.t FROM anonymous",
            "GRANT UPDATE ON TABLE public.t TO anonymous",
            "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM anonymous",
            "ALTER DEFAULT PRIVILEGES GRANT UPDATE ON TABLES TO anonymous",
        ),
        back=(
            "ALTER DEFAULT PRIVILEGES REVOKE UPDATE ON TABLES FROM anonymous",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO anonymous",
            "DROP TABLE public.t",
        ),
    ),
    Case(
        "schemas and types",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO anonymous; ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO anonymous; ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC; CREATE SCHEMA s; REVOKE USAGE ON SCHEMA s FROM anonymous; CREATE TYPE e AS ENUM ('a'); GRANT USAGE ON TYPE e TO PUBLIC; CREATE DOMAIN d AS integer",
        sql=(
            "CREATE SCHEMA s",
            "CREATE TYPE public.e AS ENUM ('a')",
            "CREATE DOMAIN public.d AS integer",
            "REVOKE USAGE ON SCHEMA s FROM anonymous",
            "GRANT USAGE ON TYPE public.e TO PUBLIC",
        ),
        back=(
            "DROP DOMAIN public.d",
            "DROP TYPE public.e",
            "DROP SCHEMA s",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_initial_privileges(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
