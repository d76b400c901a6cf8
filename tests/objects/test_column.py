"""Columns."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "added and dropped",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer, b text)",
        sql=("ALTER TABLE public.t ADD COLUMN b text",),
        back=("ALTER TABLE public.t DROP COLUMN b",),
    ),
    Case(
        "order alone is no difference",
        "CREATE TABLE t (a integer, b text)",
        "CREATE TABLE t (b text, a integer)",
        sql=(),
        back=(),
    ),
    Case(
        "added with everything",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer, b varchar(20) COLLATE \"C\" DEFAULT 'x' NOT NULL)",
        sql=(
            "ALTER TABLE public.t ADD COLUMN b character varying(20) COLLATE pg_catalog.\"C\" DEFAULT 'x'::character varying NOT NULL",
        ),
    ),
    Case(
        "default set, changed and dropped",
        "CREATE TABLE t (a integer, b integer DEFAULT 1, c integer DEFAULT 1)",
        "CREATE TABLE t (a integer DEFAULT 1, b integer DEFAULT 2, c integer)",
        sql=(
            "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT 1",
            "ALTER TABLE public.t ALTER COLUMN b SET DEFAULT 2",
            "ALTER TABLE public.t ALTER COLUMN c DROP DEFAULT",
        ),
        back=(
            "ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT",
            "ALTER TABLE public.t ALTER COLUMN b SET DEFAULT 1",
            "ALTER TABLE public.t ALTER COLUMN c SET DEFAULT 1",
        ),
    ),
    Case(
        "not null",
        "CREATE TABLE t (a integer, b integer NOT NULL)",
        "CREATE TABLE t (a integer NOT NULL, b integer)",
        sql=("ALTER TABLE public.t ALTER COLUMN a SET NOT NULL", "ALTER TABLE public.t ALTER COLUMN b DROP NOT NULL"),
    ),
    Case(
        "wider type",
        "CREATE TABLE t (a integer DEFAULT 5, b varchar(10))",
        "CREATE TABLE t (a bigint DEFAULT 5, b varchar(20))",
        sql=(
            "ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT",
            "ALTER TABLE public.t ALTER COLUMN a TYPE bigint, ALTER COLUMN a SET DEFAULT 5",
            "ALTER TABLE public.t ALTER COLUMN b TYPE character varying(20)",
        ),
        back=(
            "ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT",
            "ALTER TABLE public.t ALTER COLUMN a TYPE integer USING a::integer, ALTER COLUMN a SET DEFAULT 5, ALTER COLUMN b TYPE character varying(10)",
        ),
    ),
    Case(
        "type without a cast of its own",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a uuid)",
        sql=("ALTER TABLE public.t ALTER COLUMN a TYPE uuid USING a::text::uuid",),
        back=("ALTER TABLE public.t ALTER COLUMN a TYPE integer USING a::text::integer",),
        loses=("values of column public.t.a that do not fit when integer becomes uuid",),
    ),
    Case(
        "text becomes an array",
        "CREATE TABLE t (a text)",
        "CREATE TABLE t (a text[])",
        sql=("ALTER TABLE public.t ALTER COLUMN a TYPE text[] USING ARRAY[a::text]",),
        loses=("values of column public.t.a that do not fit when text becomes text[]",),
    ),
    Case(
        "collation changed",
        "CREATE TABLE t (a text)",
        'CREATE TABLE t (a text COLLATE "C")',
        sql=('ALTER TABLE public.t ALTER COLUMN a TYPE text COLLATE pg_catalog."C"',),
        back=("ALTER TABLE public.t ALTER COLUMN a TYPE text",),
    ),
    Case(
        "type changed under index, key and check",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer CHECK (b > 0)); CREATE INDEX i ON t (b) WHERE b > 5",
        "CREATE TABLE t (a bigint PRIMARY KEY, b bigint CHECK (b > 0)); CREATE INDEX i ON t (b) WHERE b > 5",
        sql=("ALTER TABLE public.t ALTER COLUMN a TYPE bigint, ALTER COLUMN b TYPE bigint",),
    ),
    Case(
        "type changed at both ends of a foreign key",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer REFERENCES a)",
        "CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (a bigint REFERENCES a)",
        sql=("ALTER TABLE public.a ALTER COLUMN id TYPE bigint", "ALTER TABLE public.b ALTER COLUMN a TYPE bigint"),
        back=(
            "ALTER TABLE public.b DROP CONSTRAINT b_a_fkey",
            "ALTER TABLE public.a ALTER COLUMN id TYPE integer USING id::integer",
            "ALTER TABLE public.b ALTER COLUMN a TYPE integer USING a::integer",
            "ALTER TABLE public.b ADD CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES public.a(id)",
        ),
    ),
    Case(
        "type changed under a generated column",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED)",
        "CREATE TABLE t (a bigint, b bigint GENERATED ALWAYS AS (a * 2) STORED)",
        sql=(
            "ALTER TABLE public.t DROP COLUMN b",
            "ALTER TABLE public.t ALTER COLUMN a TYPE bigint",
            "ALTER TABLE public.t ADD COLUMN b bigint GENERATED ALWAYS AS (a * 2) STORED",
        ),
    ),
    Case(
        "generated, stored and virtual",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 1) STORED, c integer GENERATED ALWAYS AS (a + 2) VIRTUAL)",
        sql=(
            "ALTER TABLE public.t ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) STORED",
            "ALTER TABLE public.t ADD COLUMN c integer GENERATED ALWAYS AS (a + 2) VIRTUAL",
        ),
        back=("ALTER TABLE public.t DROP COLUMN b", "ALTER TABLE public.t DROP COLUMN c"),
    ),
    Case(
        "generated becomes plain",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 1) STORED)",
        "CREATE TABLE t (a integer, b integer DEFAULT 3)",
        sql=(
            "ALTER TABLE public.t ALTER COLUMN b DROP EXPRESSION",
            "ALTER TABLE public.t ALTER COLUMN b SET DEFAULT 3",
        ),
        back=(
            "ALTER TABLE public.t DROP COLUMN b",
            "ALTER TABLE public.t ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) STORED",
        ),
    ),
    Case(
        "generated becomes plain and of another type",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 1) STORED); CREATE VIEW v AS SELECT b FROM t",
        "CREATE TABLE t (a integer, b bigint); CREATE VIEW v AS SELECT b FROM t",
        sql=(
            "DROP VIEW public.v",
            "ALTER TABLE public.t ALTER COLUMN b DROP EXPRESSION",
            "ALTER TABLE public.t ALTER COLUMN b TYPE bigint",
            "CREATE VIEW public.v AS\n SELECT b\n   FROM public.t",
        ),
    ),
    Case(
        "virtual becomes plain, under a view and with a comment",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 1) VIRTUAL NOT NULL CHECK (b > 0));"
        " CREATE VIEW v AS SELECT b FROM t; COMMENT ON COLUMN t.b IS 'sum'; CREATE TABLE c () INHERITS (t)",
        "CREATE TABLE t (a integer, b integer DEFAULT 3 CHECK (b > 0)); CREATE VIEW v AS SELECT b FROM t;"
        " COMMENT ON COLUMN t.b IS 'sum'; CREATE TABLE c () INHERITS (t)",
        sql=(
            "DROP VIEW public.v",
            "ALTER TABLE public.t DROP CONSTRAINT t_b_check",
            "ALTER TABLE public.t DROP COLUMN b",
            "ALTER TABLE public.t ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) STORED NOT NULL",
            "ALTER TABLE public.t ALTER COLUMN b DROP EXPRESSION",
            "ALTER TABLE public.t ALTER COLUMN b SET DEFAULT 3",
            "ALTER TABLE public.t ALTER COLUMN b DROP NOT NULL",
            "ALTER TABLE public.t ADD CONSTRAINT t_b_check CHECK (b > 0)",
            "CREATE VIEW public.v AS\n SELECT b\n   FROM public.t",
            "COMMENT ON COLUMN public.t.b IS 'sum'",
        ),
    ),
    Case(
        "generation expression changed",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 1) STORED)",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 2) STORED)",
        sql=("ALTER TABLE public.t ALTER COLUMN b SET EXPRESSION AS (a + 2)",),
    ),
    Case(
        "generation expression changed, under a view and in a child, together with a column that it reads",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a) STORED);"
        " CREATE TABLE c () INHERITS (t); CREATE VIEW v AS SELECT b FROM t",
        "CREATE TABLE t (a integer, d integer, b integer GENERATED ALWAYS AS (a + d) STORED);"
        " CREATE TABLE c () INHERITS (t); CREATE VIEW v AS SELECT b FROM t",
        sql=(
            "ALTER TABLE public.t ADD COLUMN d integer",
            "ALTER TABLE public.t ALTER COLUMN b SET EXPRESSION AS (a + d)",
        ),
    ),
    Case(
        "generated column with an index computed anew",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 1) STORED); CREATE INDEX i ON t (b)",
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 2) STORED); CREATE INDEX i ON t (b)",
        sql=("ALTER TABLE public.t ALTER COLUMN b SET EXPRESSION AS (a + 2)",),
    ),
    Case(
        "identity",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer, b bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 100 INCREMENT BY 10))",
        sql=(
            "ALTER TABLE public.t ADD COLUMN b bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 10 START WITH 100)",
        ),
        back=("ALTER TABLE public.t DROP COLUMN b",),
    ),
    Case(
        "becomes identity",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY)",
        sql=(
            "ALTER TABLE public.t ALTER COLUMN a SET NOT NULL",
            "ALTER TABLE public.t ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY",
            "SELECT setval('public.t_a_seq', max(a)) FROM public.t HAVING max(a) >= 1",
        ),
        back=("ALTER TABLE public.t ALTER COLUMN a DROP IDENTITY", "ALTER TABLE public.t ALTER COLUMN a DROP NOT NULL"),
    ),
    Case(
        "identity changed",
        "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE t (a integer GENERATED BY DEFAULT AS IDENTITY (START WITH 5 CACHE 3))",
        sql=("ALTER TABLE public.t ALTER COLUMN a SET GENERATED BY DEFAULT SET START WITH 5 SET CACHE 3",),
        back=("ALTER TABLE public.t ALTER COLUMN a SET GENERATED ALWAYS SET START WITH 1 SET CACHE 1",),
    ),
    Case(
        "identity of another type",
        "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY)",
        sql=("ALTER TABLE public.t ALTER COLUMN a TYPE bigint",),
        back=("ALTER TABLE public.t ALTER COLUMN a TYPE integer USING a::integer",),
    ),
    Case(
        "serial becomes identity",
        "CREATE TABLE t (a serial PRIMARY KEY)",
        "CREATE TABLE t (a integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)",
        sql=(
            "ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT",
            "ALTER SEQUENCE public.t_a_seq RENAME TO t_a_seq_replaced",
            "ALTER TABLE public.t ALTER COLUMN a ADD GENERATED BY DEFAULT AS IDENTITY",
            "SELECT setval('public.t_a_seq', last_value, is_called) FROM public.t_a_seq_replaced",
            "DROP SEQUENCE public.t_a_seq_replaced",
            "SELECT setval('public.t_a_seq', max(a)) FROM public.t HAVING max(a) >= 1 AND max(a) >= (SELECT last_value FROM public.t_a_seq)",
        ),
        back=(
            "LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE",
            "ALTER SEQUENCE public.t_a_seq RENAME TO t_a_seq_replaced",
            "CREATE SEQUENCE public.t_a_seq AS integer",
            "SELECT setval('public.t_a_seq', last_value, is_called) FROM public.t_a_seq_replaced",
            "ALTER TABLE public.t ALTER COLUMN a DROP IDENTITY",
            "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT nextval('public.t_a_seq'::regclass)",
            "SELECT setval('public.t_a_seq', max(a)) FROM public.t HAVING max(a) >= 1 AND max(a) >= (SELECT last_value FROM public.t_a_seq)",
            "ALTER SEQUENCE public.t_a_seq OWNED BY public.t.a",
        ),
    ),
    Case(
        "serial becomes plain",
        "CREATE TABLE t (a serial)",
        "CREATE TABLE t (a integer NOT NULL)",
        sql=("ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT", "DROP SEQUENCE public.t_a_seq"),
        back=(
            "CREATE SEQUENCE public.t_a_seq AS integer",
            "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT nextval('public.t_a_seq'::regclass)",
            "SELECT setval('public.t_a_seq', max(a)) FROM public.t HAVING max(a) >= 1",
            "ALTER SEQUENCE public.t_a_seq OWNED BY public.t.a",
        ),
    ),
    Case(
        "serial becomes bigserial",
        "CREATE TABLE t (a serial)",
        "CREATE TABLE t (a bigserial)",
        sql=(
            "ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT",
            "ALTER SEQUENCE public.t_a_seq AS bigint",
            "ALTER TABLE public.t ALTER COLUMN a TYPE bigint, ALTER COLUMN a SET DEFAULT nextval('public.t_a_seq'::regclass)",
        ),
        back=(
            "ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT",
            "ALTER SEQUENCE public.t_a_seq AS integer",
            "ALTER TABLE public.t ALTER COLUMN a TYPE integer USING a::integer, ALTER COLUMN a SET DEFAULT nextval('public.t_a_seq'::regclass)",
        ),
    ),
    Case(
        "serial added",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer, b serial)",
        sql=("ALTER TABLE public.t ADD COLUMN b serial",),
        back=("ALTER TABLE public.t DROP COLUMN b",),
    ),
    Case(
        "with an extension's type",
        "CREATE EXTENSION citext; CREATE TABLE t (a text)",
        "CREATE EXTENSION citext; CREATE TABLE t (a citext)",
        sql=("ALTER TABLE public.t ALTER COLUMN a TYPE public.citext USING a::public.citext",),
        back=("ALTER TABLE public.t ALTER COLUMN a TYPE text USING a::text",),
        loses=("values of column public.t.a that public.citext does not take: where there are any, it fails",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_column(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
