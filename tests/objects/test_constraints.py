"""Primary keys, unique, foreign-key, check and exclusion constraints."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "primary key added and dropped",
        "CREATE TABLE t (a integer NOT NULL)",
        "CREATE TABLE t (a integer PRIMARY KEY)",
        sql=("ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (a)",),
        back=("ALTER TABLE public.t DROP CONSTRAINT t_pkey",),
    ),
    Case(
        "primary key over other columns",
        "CREATE TABLE t (a integer, b integer NOT NULL, PRIMARY KEY (a))",
        "CREATE TABLE t (a integer, b integer, PRIMARY KEY (a, b))",
        sql=(
            "ALTER TABLE public.t DROP CONSTRAINT t_pkey",
            "ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (a, b)",
        ),
        back=(
            "ALTER TABLE public.t DROP CONSTRAINT t_pkey",
            "ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (a)",
        ),
    ),
    Case(
        "primary key changed under a foreign key",
        "CREATE TABLE t (a integer PRIMARY KEY, b integer NOT NULL); CREATE TABLE u (a integer REFERENCES t)",
        "CREATE TABLE t (a integer UNIQUE NOT NULL, b integer PRIMARY KEY); CREATE TABLE u (a integer REFERENCES t (a))",
        sql=(
            "ALTER TABLE public.u DROP CONSTRAINT u_a_fkey",
            "ALTER TABLE public.t DROP CONSTRAINT t_pkey",
            "ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (b)",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_key UNIQUE (a)",
            "ALTER TABLE public.u ADD CONSTRAINT u_a_fkey FOREIGN KEY (a) REFERENCES public.t(a)",
        ),
    ),
    Case(
        "unique added and dropped",
        "CREATE TABLE t (a integer, b integer)",
        "CREATE TABLE t (a integer, b integer, UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b))",
        sql=("ALTER TABLE public.t ADD CONSTRAINT t_a_b_key UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b)",),
        back=("ALTER TABLE public.t DROP CONSTRAINT t_a_b_key",),
    ),
    Case(
        "unique deferrable",
        "CREATE TABLE t (a integer UNIQUE)",
        "CREATE TABLE t (a integer UNIQUE DEFERRABLE INITIALLY DEFERRED)",
        sql=(
            "ALTER TABLE public.t DROP CONSTRAINT t_a_key",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_key UNIQUE (a) DEFERRABLE INITIALLY DEFERRED",
        ),
    ),
    Case(
        "check added and dropped",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer CHECK (a > 0))",
        sql=("ALTER TABLE public.t ADD CONSTRAINT t_a_check CHECK (a > 0)",),
        back=("ALTER TABLE public.t DROP CONSTRAINT t_a_check",),
    ),
    Case(
        "check changed",
        "CREATE TABLE t (a integer CHECK (a > 0))",
        "CREATE TABLE t (a integer CHECK (a > 1))",
        sql=(
            "ALTER TABLE public.t DROP CONSTRAINT t_a_check",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_check CHECK (a > 1)",
        ),
        back=(
            "ALTER TABLE public.t DROP CONSTRAINT t_a_check",
            "ALTER TABLE public.t ADD CONSTRAINT t_a_check CHECK (a > 0)",
        ),
    ),
    Case(
        "check renamed",
        "CREATE TABLE t (a integer CONSTRAINT x CHECK (a > 0))",
        "CREATE TABLE t (a integer CONSTRAINT y CHECK (a > 0))",
        sql=("ALTER TABLE public.t RENAME CONSTRAINT x TO y",),
        back=("ALTER TABLE public.t RENAME CONSTRAINT y TO x",),
    ),
    Case(
        "check validated",
        "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT x CHECK (a > 0) NOT VALID",
        "CREATE TABLE t (a integer CONSTRAINT x CHECK (a > 0))",
        sql=("ALTER TABLE public.t VALIDATE CONSTRAINT x",),
        back=(
            "ALTER TABLE public.t DROP CONSTRAINT x",
            "ALTER TABLE public.t ADD CONSTRAINT x CHECK (a > 0) NOT VALID",
        ),
    ),
    Case(
        "check becomes unique of the same name",
        "CREATE TABLE t (a integer CONSTRAINT x CHECK (a > 0))",
        "CREATE TABLE t (a integer CONSTRAINT x UNIQUE)",
        sql=("ALTER TABLE public.t DROP CONSTRAINT x", "ALTER TABLE public.t ADD CONSTRAINT x UNIQUE (a)"),
        back=("ALTER TABLE public.t DROP CONSTRAINT x", "ALTER TABLE public.t ADD CONSTRAINT x CHECK (a > 0)"),
    ),
    Case(
        "check not enforced",
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer CONSTRAINT x CHECK (a > 0) NOT ENFORCED)",
        sql=("ALTER TABLE public.t ADD CONSTRAINT x CHECK (a > 0) NOT ENFORCED",),
        back=("ALTER TABLE public.t DROP CONSTRAINT x",),
    ),
    Case(
        "check not enforced becomes enforced",
        "CREATE TABLE t (a integer CONSTRAINT x CHECK (a > 0) NOT ENFORCED)",
        "CREATE TABLE t (a integer CONSTRAINT x CHECK (a > 0))",
        sql=("ALTER TABLE public.t DROP CONSTRAINT x", "ALTER TABLE public.t ADD CONSTRAINT x CHECK (a > 0)"),
    ),
    Case(
        "foreign key with actions",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer)",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer REFERENCES a ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE)",
        sql=(
            "ALTER TABLE public.b ADD CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES public.a(id) ON UPDATE SET NULL ON DELETE CASCADE DEFERRABLE",
        ),
        back=("ALTER TABLE public.b DROP CONSTRAINT b_a_fkey",),
    ),
    Case(
        "foreign key changed",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer REFERENCES a)",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer REFERENCES a ON DELETE CASCADE)",
        sql=(
            "ALTER TABLE public.b DROP CONSTRAINT b_a_fkey",
            "ALTER TABLE public.b ADD CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES public.a(id) ON DELETE CASCADE",
        ),
    ),
    Case(
        "foreign key not valid",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer)",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer); ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES a NOT VALID",
        sql=("ALTER TABLE public.b ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES public.a(id) NOT VALID",),
        back=("ALTER TABLE public.b DROP CONSTRAINT f",),
    ),
    Case(
        "foreign key to a unique index",
        "CREATE TABLE a (id integer); CREATE TABLE b (a integer)",
        "CREATE TABLE a (id integer); CREATE UNIQUE INDEX i ON a (id); CREATE TABLE b (a integer REFERENCES a (id))",
        sql=(
            "CREATE UNIQUE INDEX i ON public.a (id)",
            "ALTER TABLE public.b ADD CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES public.a(id)",
        ),
        back=("ALTER TABLE public.b DROP CONSTRAINT b_a_fkey", "DROP INDEX public.i"),
    ),
    Case(
        "foreign key over two columns",
        "",
        "CREATE TABLE a (x integer, y integer, PRIMARY KEY (x, y)); CREATE TABLE b (x integer, y integer, FOREIGN KEY (x, y) REFERENCES a MATCH FULL)",
        sql=(
            "CREATE TABLE public.a (\n    x integer NOT NULL,\n    y integer NOT NULL,\n    CONSTRAINT a_pkey PRIMARY KEY (x, y)\n)",
            "CREATE TABLE public.b (\n    x integer,\n    y integer,\n    CONSTRAINT b_x_y_fkey FOREIGN KEY (x, y) REFERENCES public.a(x, y) MATCH FULL\n)",
        ),
    ),
    Case(
        "foreign key to a table that goes",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer REFERENCES a)",
        "CREATE TABLE b (a integer)",
        sql=("ALTER TABLE public.b DROP CONSTRAINT b_a_fkey", "DROP TABLE public.a"),
        back=(
            "CREATE TABLE public.a (\n    id integer NOT NULL,\n    CONSTRAINT a_pkey PRIMARY KEY (id)\n)",
            "ALTER TABLE public.b ADD CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES public.a(id)",
        ),
        loses=("table public.a with all its rows",),
    ),
    Case(
        "exclusion",
        "CREATE EXTENSION btree_gist; CREATE TABLE t (room integer, during tsrange)",
        "CREATE EXTENSION btree_gist; CREATE TABLE t (room integer, during tsrange, EXCLUDE USING gist (room WITH =, during WITH &&))",
        sql=(
            "ALTER TABLE public.t ADD CONSTRAINT t_room_during_excl EXCLUDE USING gist (room WITH =, during WITH &&)",
        ),
        back=("ALTER TABLE public.t DROP CONSTRAINT t_room_during_excl",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_constraints(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
