"""Foreign tables."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "with its server, a view, a comment, a trigger and a grant",
        "",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer OPTIONS (column_name 'ID') NOT NULL, name text COLLATE \"C\" DEFAULT 'x', CHECK (id > 0)) SERVER s OPTIONS (schema_name 'a', table_name 'b'); CREATE VIEW v AS SELECT id FROM f; COMMENT ON FOREIGN TABLE f IS 'x'; COMMENT ON COLUMN f.name IS 'y'; GRANT SELECT ON f TO anonymous",
        sql=(
            "CREATE FOREIGN DATA WRAPPER w",
            "CREATE SERVER s FOREIGN DATA WRAPPER w",
            "CREATE FOREIGN TABLE public.f (\n    id integer OPTIONS (column_name 'ID') NOT NULL,\n    name text COLLATE pg_catalog.\"C\" DEFAULT 'x'::text,\n    CONSTRAINT f_id_check CHECK (id > 0)\n) SERVER s OPTIONS (schema_name 'a', table_name 'b')",
            "CREATE VIEW public.v AS\n SELECT id\n   FROM public.f",
            "GRANT SELECT ON TABLE public.f TO anonymous",
            "COMMENT ON FOREIGN TABLE public.f IS 'x'",
            "COMMENT ON COLUMN public.f.name IS 'y'",
        ),
        back=(
            "DROP VIEW public.v",
            "DROP FOREIGN TABLE public.f",
            "DROP SERVER s",
            "DROP FOREIGN DATA WRAPPER w",
        ),
    ),
    Case(
        "options, columns and checks come and go",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer OPTIONS (column_name 'ID') NOT NULL, name text COLLATE \"C\" DEFAULT 'x', CHECK (id > 0)) SERVER s OPTIONS (schema_name 'a', table_name 'b')",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer OPTIONS (column_name 'Id'), name text COLLATE \"C\" DEFAULT 'y' NOT NULL, more date, CHECK (id > 1)) SERVER s OPTIONS (table_name 'c')",
        sql=(
            "ALTER FOREIGN TABLE public.f DROP CONSTRAINT f_id_check",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN id DROP NOT NULL",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN id OPTIONS (SET column_name 'Id')",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN name SET DEFAULT 'y'::text",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN name SET NOT NULL",
            "ALTER FOREIGN TABLE public.f ADD COLUMN more date",
            "ALTER FOREIGN TABLE public.f ADD CONSTRAINT f_id_check CHECK (id > 1)",
            "ALTER FOREIGN TABLE public.f OPTIONS (DROP schema_name, SET table_name 'c')",
        ),
        back=(
            "ALTER FOREIGN TABLE public.f DROP CONSTRAINT f_id_check",
            "ALTER FOREIGN TABLE public.f DROP COLUMN more",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN id SET NOT NULL",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN id OPTIONS (SET column_name 'ID')",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN name SET DEFAULT 'x'::text",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN name DROP NOT NULL",
            "ALTER FOREIGN TABLE public.f ADD CONSTRAINT f_id_check CHECK (id > 0)",
            "ALTER FOREIGN TABLE public.f OPTIONS (ADD schema_name 'a', SET table_name 'b')",
        ),
    ),
    Case(
        "a column changes its type and another goes, under a view",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer OPTIONS (column_name 'ID') NOT NULL, name text COLLATE \"C\" DEFAULT 'x', CHECK (id > 0)) SERVER s OPTIONS (schema_name 'a', table_name 'b'); CREATE VIEW v AS SELECT id FROM f; GRANT SELECT ON f TO anonymous",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id bigint OPTIONS (column_name 'ID') NOT NULL, CHECK (id > 0)) SERVER s OPTIONS (schema_name 'a', table_name 'b'); CREATE VIEW v AS SELECT id FROM f; GRANT SELECT ON f TO anonymous",
        sql=(
            "DROP VIEW public.v",
            "ALTER FOREIGN TABLE public.f DROP COLUMN name",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN id TYPE bigint",
            "CREATE VIEW public.v AS\n SELECT id\n   FROM public.f",
        ),
        back=(
            "DROP VIEW public.v",
            "ALTER FOREIGN TABLE public.f ALTER COLUMN id TYPE integer",
            "ALTER FOREIGN TABLE public.f ADD COLUMN name text COLLATE pg_catalog.\"C\" DEFAULT 'x'::text",
            "CREATE VIEW public.v AS\n SELECT id\n   FROM public.f",
        ),
    ),
    Case(
        "on another server, made anew",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer OPTIONS (column_name 'ID') NOT NULL, name text COLLATE \"C\" DEFAULT 'x', CHECK (id > 0)) SERVER s OPTIONS (schema_name 'a', table_name 'b')",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE SERVER r FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer OPTIONS (column_name 'ID') NOT NULL, name text COLLATE \"C\" DEFAULT 'x', CHECK (id > 0)) SERVER r OPTIONS (schema_name 'a', table_name 'b')",
        sql=(
            "DROP FOREIGN TABLE public.f",
            "CREATE SERVER r FOREIGN DATA WRAPPER w",
            "CREATE FOREIGN TABLE public.f (\n    id integer OPTIONS (column_name 'ID') NOT NULL,\n    name text COLLATE pg_catalog.\"C\" DEFAULT 'x'::text,\n    CONSTRAINT f_id_check CHECK (id > 0)\n) SERVER r OPTIONS (schema_name 'a', table_name 'b')",
        ),
        back=(
            "DROP FOREIGN TABLE public.f",
            "DROP SERVER r",
            "CREATE FOREIGN TABLE public.f (\n    id integer OPTIONS (column_name 'ID') NOT NULL,\n    name text COLLATE pg_catalog.\"C\" DEFAULT 'x'::text,\n    CONSTRAINT f_id_check CHECK (id > 0)\n) SERVER s OPTIONS (schema_name 'a', table_name 'b')",
        ),
    ),
    Case(
        "on a server that is made anew",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer OPTIONS (column_name 'ID') NOT NULL, name text COLLATE \"C\" DEFAULT 'x', CHECK (id > 0)) SERVER s OPTIONS (schema_name 'a', table_name 'b')",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s TYPE 't' FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer OPTIONS (column_name 'ID') NOT NULL, name text COLLATE \"C\" DEFAULT 'x', CHECK (id > 0)) SERVER s OPTIONS (schema_name 'a', table_name 'b')",
        sql=(
            "DROP FOREIGN TABLE public.f",
            "DROP SERVER s",
            "CREATE SERVER s TYPE 't' FOREIGN DATA WRAPPER w",
            "CREATE FOREIGN TABLE public.f (\n    id integer OPTIONS (column_name 'ID') NOT NULL,\n    name text COLLATE pg_catalog.\"C\" DEFAULT 'x'::text,\n    CONSTRAINT f_id_check CHECK (id > 0)\n) SERVER s OPTIONS (schema_name 'a', table_name 'b')",
        ),
        back=(
            "DROP FOREIGN TABLE public.f",
            "DROP SERVER s",
            "CREATE SERVER s FOREIGN DATA WRAPPER w",
            "CREATE FOREIGN TABLE public.f (\n    id integer OPTIONS (column_name 'ID') NOT NULL,\n    name text COLLATE pg_catalog.\"C\" DEFAULT 'x'::text,\n    CONSTRAINT f_id_check CHECK (id > 0)\n) SERVER s OPTIONS (schema_name 'a', table_name 'b')",
        ),
    ),
    Case(
        "a partition, and a child",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE TABLE t (a integer, b text) PARTITION BY RANGE (a); CREATE TABLE u (a integer)",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE TABLE t (a integer, b text) PARTITION BY RANGE (a); CREATE TABLE u (a integer); CREATE FOREIGN TABLE p PARTITION OF t DEFAULT SERVER s; CREATE FOREIGN TABLE c (x text) INHERITS (u) SERVER s",
        sql=(
            "CREATE FOREIGN TABLE public.c (\n    x text\n) INHERITS (public.u) SERVER s",
            "CREATE FOREIGN TABLE public.p PARTITION OF public.t DEFAULT SERVER s",
        ),
        back=(
            "DROP FOREIGN TABLE public.c",
            "DROP FOREIGN TABLE public.p",
        ),
    ),
    Case(
        "not a column's order",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (a integer, b integer) SERVER s",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (b integer, a integer) SERVER s",
        sql=(),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_foreign_table(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
