"""Tables."""

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
        "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL UNIQUE, CHECK (id > 0))",
        sql=(
            "CREATE TABLE public.t (\n    id integer NOT NULL,\n    name text NOT NULL,\n    CONSTRAINT t_pkey PRIMARY KEY (id),\n    CONSTRAINT t_name_key UNIQUE (name),\n    CONSTRAINT t_id_check CHECK (id > 0)\n)",
        ),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "without columns",
        "",
        "CREATE TABLE t ()",
        sql=("CREATE TABLE public.t ()",),
        back=("DROP TABLE public.t",),
    ),
    Case(
        "unlogged with parameters",
        "",
        "CREATE UNLOGGED TABLE t (id integer) WITH (fillfactor = 70, autovacuum_enabled = false)",
        sql=("CREATE UNLOGGED TABLE public.t (\n    id integer\n) WITH (autovacuum_enabled = false, fillfactor = 70)",),
    ),
    Case(
        "unlogged and parameters changed",
        "CREATE TABLE t (id integer) WITH (fillfactor = 70, parallel_workers = 2)",
        "CREATE UNLOGGED TABLE t (id integer) WITH (fillfactor = 80)",
        sql=(
            "ALTER TABLE public.t SET UNLOGGED",
            "ALTER TABLE public.t SET (fillfactor = 80)",
            "ALTER TABLE public.t RESET (parallel_workers)",
        ),
        back=("ALTER TABLE public.t SET LOGGED", "ALTER TABLE public.t SET (fillfactor = 70, parallel_workers = 2)"),
    ),
    Case(
        "parameters of the relation behind its large values",
        "CREATE TABLE t (a text) WITH (toast.autovacuum_enabled = false)",
        "CREATE TABLE t (a text) WITH (fillfactor = 70, toast.vacuum_truncate = false)",
        sql=(
            "ALTER TABLE public.t SET (fillfactor = 70, toast.vacuum_truncate = false)",
            "ALTER TABLE public.t RESET (toast.autovacuum_enabled)",
        ),
        back=(
            "ALTER TABLE public.t SET (toast.autovacuum_enabled = false)",
            "ALTER TABLE public.t RESET (fillfactor, toast.vacuum_truncate)",
        ),
    ),
    Case(
        "two that need each other",
        "",
        "CREATE TABLE a (id integer PRIMARY KEY, b integer); CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b",
        sql=(
            "CREATE TABLE public.a (\n    id integer NOT NULL,\n    b integer,\n    CONSTRAINT a_pkey PRIMARY KEY (id)\n)",
            "CREATE TABLE public.b (\n    id integer NOT NULL,\n    a integer,\n    CONSTRAINT b_pkey PRIMARY KEY (id)\n)",
            "ALTER TABLE public.a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES public.b(id)",
            "ALTER TABLE public.b ADD CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES public.a(id)",
        ),
        back=(
            "ALTER TABLE public.a DROP CONSTRAINT a_b_fkey",
            "ALTER TABLE public.b DROP CONSTRAINT b_a_fkey",
            "DROP TABLE public.a",
            "DROP TABLE public.b",
        ),
    ),
    Case(
        "one that needs itself",
        "",
        "CREATE TABLE a (id integer PRIMARY KEY, parent integer REFERENCES a)",
        sql=(
            "CREATE TABLE public.a (\n    id integer NOT NULL,\n    parent integer,\n    CONSTRAINT a_pkey PRIMARY KEY (id),\n    CONSTRAINT a_parent_fkey FOREIGN KEY (parent) REFERENCES public.a(id)\n)",
        ),
        back=("DROP TABLE public.a",),
    ),
    Case(
        "ordered by what they need",
        "",
        "CREATE TABLE z (id integer PRIMARY KEY); CREATE TABLE a (z integer REFERENCES z)",
        sql=(
            "CREATE TABLE public.z (\n    id integer NOT NULL,\n    CONSTRAINT z_pkey PRIMARY KEY (id)\n)",
            "CREATE TABLE public.a (\n    z integer,\n    CONSTRAINT a_z_fkey FOREIGN KEY (z) REFERENCES public.z(id)\n)",
        ),
        back=("DROP TABLE public.a", "DROP TABLE public.z"),
    ),
    Case(
        "replaced by an enum of its name",
        "CREATE TABLE mood (id integer)",
        "CREATE TYPE mood AS ENUM ('a')",
        sql=("DROP TABLE public.mood", "CREATE TYPE public.mood AS ENUM ('a')"),
        back=("DROP TYPE public.mood", "CREATE TABLE public.mood (\n    id integer\n)"),
        loses=("table public.mood with all its rows",),
    ),
    Case(
        "replaced by an index of its name",
        "CREATE TABLE t (id integer); CREATE TABLE i ()",
        "CREATE TABLE t (id integer); CREATE INDEX i ON t (id)",
        sql=("DROP TABLE public.i", "CREATE INDEX i ON public.t (id)"),
        back=("DROP INDEX public.i", "CREATE TABLE public.i ()"),
        loses=("table public.i with all its rows",),
    ),
    Case(
        "keeps its keyword of a name",
        "",
        'CREATE TABLE "order" ("select" integer, "Größe" integer, "a""b" integer)',
        sql=('CREATE TABLE public."order" (\n    "select" integer,\n    "Größe" integer,\n    "a""b" integer\n)',),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_table(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
