"""Sequences, and which column they go away with."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.sequence_options import SequenceOptions
from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "created and dropped",
        "",
        "CREATE SEQUENCE s",
        sql=("CREATE SEQUENCE public.s",),
        back=("DROP SEQUENCE public.s",),
    ),
    Case(
        "dropped while no column says how far it was",
        "CREATE SEQUENCE s; CREATE TABLE t (id serial)",
        "CREATE TABLE t (id integer NOT NULL)",
        sql=(
            "ALTER TABLE public.t ALTER COLUMN id DROP DEFAULT",
            "DROP SEQUENCE public.s",
            "DROP SEQUENCE public.t_id_seq",
        ),
        loses=("position of sequence public.s",),
    ),
    Case(
        "in the place of a type",
        "CREATE TYPE s AS ENUM ('a')",
        "CREATE SEQUENCE s",
        sql=("DROP TYPE public.s", "CREATE SEQUENCE public.s"),
        back=("DROP SEQUENCE public.s", "CREATE TYPE public.s AS ENUM ('a')"),
    ),
    Case(
        "with all options",
        "",
        "CREATE SEQUENCE s AS smallint INCREMENT BY -2 MINVALUE -100 MAXVALUE 50 START WITH 10 CACHE 5 CYCLE",
        sql=(
            "CREATE SEQUENCE public.s AS smallint INCREMENT BY -2 MINVALUE -100 MAXVALUE 50 START WITH 10 CACHE 5 CYCLE",
        ),
    ),
    Case(
        "options changed",
        "CREATE SEQUENCE s AS integer START WITH 5 CACHE 2",
        "CREATE SEQUENCE s INCREMENT BY 10 MINVALUE 10 MAXVALUE 1000 START WITH 10 CYCLE",
        sql=(
            "SELECT setval('public.s', 10, false) FROM public.s WHERE last_value < 10 OR last_value = 5 AND NOT is_called",
            "ALTER SEQUENCE public.s AS bigint INCREMENT BY 10 MINVALUE 10 MAXVALUE 1000 START WITH 10 CACHE 1 CYCLE",
        ),
        back=(
            "ALTER SEQUENCE public.s AS integer INCREMENT BY 1 NO MINVALUE NO MAXVALUE START WITH 5 CACHE 2 NO CYCLE",
        ),
    ),
    Case(
        "unlogged",
        "CREATE UNLOGGED SEQUENCE s; CREATE SEQUENCE r",
        "CREATE SEQUENCE s CACHE 3; CREATE UNLOGGED SEQUENCE r; CREATE UNLOGGED SEQUENCE q",
        sql=(
            "CREATE UNLOGGED SEQUENCE public.q",
            "ALTER SEQUENCE public.r SET UNLOGGED",
            "ALTER SEQUENCE public.s CACHE 3",
            "ALTER SEQUENCE public.s SET LOGGED",
        ),
    ),
    Case(
        "unlogged with its table is no difference of its own",
        "CREATE TABLE t (a serial)",
        "CREATE UNLOGGED TABLE t (a serial)",
        sql=("ALTER TABLE public.t SET UNLOGGED",),
        back=("ALTER TABLE public.t SET LOGGED",),
    ),
    Case(
        "direction turned",
        "CREATE SEQUENCE s",
        "CREATE SEQUENCE s INCREMENT BY -1",
        sql=("ALTER SEQUENCE public.s INCREMENT BY -1 NO MINVALUE NO MAXVALUE START WITH -1 RESTART WITH -1",),
        back=("ALTER SEQUENCE public.s INCREMENT BY 1 NO MINVALUE NO MAXVALUE START WITH 1 RESTART WITH 1",),
    ),
    Case(
        "column owns it",
        "CREATE SEQUENCE s; CREATE TABLE t (id bigint)",
        "CREATE SEQUENCE s; CREATE TABLE t (id bigint); ALTER SEQUENCE s OWNED BY t.id",
        sql=("ALTER SEQUENCE public.s OWNED BY public.t.id",),
        back=("ALTER SEQUENCE public.s OWNED BY NONE",),
    ),
    Case(
        "goes from one column to another",
        "CREATE TABLE t (a bigint, b bigint); CREATE SEQUENCE s OWNED BY t.a",
        "CREATE TABLE t (a bigint, b bigint); CREATE SEQUENCE s OWNED BY t.b",
        sql=("ALTER SEQUENCE public.s OWNED BY public.t.b",),
        back=("ALTER SEQUENCE public.s OWNED BY public.t.a",),
    ),
    Case(
        "stays when its column goes",
        "CREATE TABLE t (a bigint, b bigint); CREATE SEQUENCE s OWNED BY t.a",
        "CREATE TABLE t (b bigint); CREATE SEQUENCE s",
        sql=("ALTER SEQUENCE public.s OWNED BY NONE", "ALTER TABLE public.t DROP COLUMN a"),
        loses=("column public.t.a with its values",),
    ),
    Case(
        "dropped with its table",
        "CREATE TABLE t (id serial)",
        "",
        sql=("DROP TABLE public.t",),
        back=("CREATE TABLE public.t (\n    id serial\n)",),
        loses=("table public.t with all its rows",),
    ),
    Case(
        "default without ownership",
        "CREATE TABLE t (id bigint)",
        "CREATE SEQUENCE s; CREATE TABLE t (id bigint DEFAULT nextval('s'))",
        sql=(
            "CREATE SEQUENCE public.s",
            "ALTER TABLE public.t ALTER COLUMN id SET DEFAULT nextval('public.s'::regclass)",
            "SELECT setval('public.s', max(id)) FROM public.t HAVING max(id) >= 1",
        ),
        back=("ALTER TABLE public.t ALTER COLUMN id DROP DEFAULT", "DROP SEQUENCE public.s"),
    ),
    Case(
        "serial with an odd name",
        "",
        'CREATE TABLE "my table" ("my id" bigserial PRIMARY KEY)',
        sql=(
            'CREATE TABLE public."my table" (\n    "my id" bigserial,\n    CONSTRAINT "my table_pkey" PRIMARY KEY ("my id")\n)',
        ),
    ),
    Case(
        "serial with options of its own",
        "",
        "CREATE TABLE t (id serial); ALTER SEQUENCE t_id_seq CACHE 7",
        sql=(
            "CREATE SEQUENCE public.t_id_seq AS integer CACHE 7",
            "CREATE TABLE public.t (\n    id integer DEFAULT nextval('public.t_id_seq'::regclass) NOT NULL\n)",
            "ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_sequence(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)


def test_options_are_shown_as_sql() -> None:
    """In differences, by what is not the default."""
    plain = SequenceOptions("integer", 1, 1, 1, 2**31 - 1, 1, False)
    assert str(plain) == "integer"
    assert str(SequenceOptions("bigint", 5, 10, 1, 2**63 - 1, 1, True)) == "bigint INCREMENT BY 10 START WITH 5 CYCLE"
