"""Partitioned tables, partitions and tables that inherit."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CHECKED = "CREATE TABLE t (a integer NOT NULL, n integer, CONSTRAINT positive CHECK (n > 0)) PARTITION BY RANGE (a);"
KEYED = (
    "CREATE TABLE {0} (a integer PRIMARY KEY, n integer, CONSTRAINT positive CHECK (n > 0)) PARTITION BY RANGE (a);"
    " CREATE INDEX {0}_n ON {0} (n);"
)

CASES = (
    Case(
        "partitioned by list with a default partition, divided again",
        "",
        "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY, kind text NOT NULL, at date, PRIMARY KEY (id, kind))"
        " PARTITION BY LIST (kind); CREATE INDEX i ON t (at); CREATE TABLE a PARTITION OF t FOR VALUES IN ('a');"
        " CREATE TABLE rest PARTITION OF t DEFAULT PARTITION BY HASH (id);"
        " CREATE TABLE rest_0 PARTITION OF rest (CHECK (id > 0)) FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        " ALTER TABLE a ALTER COLUMN at SET DEFAULT '2020-01-01'; CREATE INDEX only_a ON a (lower(kind))",
        sql=(
            "CREATE TABLE public.t (\n    id integer GENERATED ALWAYS AS IDENTITY,\n    kind text NOT NULL,\n    at date,\n    CONSTRAINT t_pkey PRIMARY KEY (id, kind)\n) PARTITION BY LIST (kind)",
            "CREATE TABLE public.a PARTITION OF public.t FOR VALUES IN ('a')",
            "ALTER TABLE public.a ALTER COLUMN at SET DEFAULT '2020-01-01'::date",
            "CREATE TABLE public.rest PARTITION OF public.t DEFAULT PARTITION BY HASH (id)",
            "CREATE TABLE public.rest_0 PARTITION OF public.rest (\n    CONSTRAINT rest_0_id_check CHECK (id > 0)\n) FOR VALUES WITH (modulus 2, remainder 0)",
            "CREATE INDEX only_a ON public.a (lower(kind))",
            "CREATE INDEX i ON public.t (at)",
        ),
    ),
    Case(
        "attached while its parent loses a column that it has not",
        "CREATE TABLE t (a integer, gone text) PARTITION BY RANGE (a); CREATE TABLE p (a integer, own text)",
        "CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT",
        sql=(
            "ALTER TABLE public.p DROP COLUMN own",
            "ALTER TABLE public.t DROP COLUMN gone",
            "ALTER TABLE public.t ATTACH PARTITION public.p DEFAULT",
        ),
        loses=("column public.p.own with its values", "column public.t.gone with its values"),
    ),
    Case(
        "detached with what its parent's keys and indexes made on it",
        "CREATE TABLE r (id integer PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY, n integer REFERENCES r)"
        " PARTITION BY RANGE (id); CREATE INDEX t_n ON t (n); CREATE TABLE p PARTITION OF t DEFAULT",
        "CREATE TABLE r (id integer PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY, n integer REFERENCES r)"
        " PARTITION BY RANGE (id); CREATE INDEX t_n ON t (n);"
        " CREATE TABLE p (id integer PRIMARY KEY, n integer CONSTRAINT t_n_fkey REFERENCES r);"
        " CREATE INDEX p_n_idx ON p (n)",
        sql=("ALTER TABLE public.t DETACH PARTITION public.p",),
    ),
    Case(
        "detached without what its parent's keys and indexes made on it",
        "CREATE TABLE t (id integer PRIMARY KEY, n integer) PARTITION BY RANGE (id); CREATE INDEX t_n ON t (n);"
        " CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY RANGE (id); CREATE TABLE q PARTITION OF p DEFAULT",
        "CREATE TABLE t (id integer PRIMARY KEY, n integer) PARTITION BY RANGE (id); CREATE INDEX t_n ON t (n);"
        " CREATE TABLE p (id integer NOT NULL, n integer, UNIQUE (id)) PARTITION BY RANGE (id); CREATE TABLE q PARTITION OF p DEFAULT",
        sql=(
            "ALTER TABLE public.t DETACH PARTITION public.p",
            "DROP INDEX public.p_n_idx",
            "ALTER TABLE public.p DROP CONSTRAINT p_pkey",
            "ALTER TABLE public.p ADD CONSTRAINT p_id_key UNIQUE (id)",
        ),
    ),
    Case(
        "attached once its columns are as those of its parent",
        "CREATE TABLE t (a integer NOT NULL, b bigint DEFAULT 3) PARTITION BY RANGE (a); CREATE TABLE p (a integer, b integer)",
        "CREATE TABLE t (a integer NOT NULL, b bigint DEFAULT 3) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT",
        sql=(
            "ALTER TABLE public.p ALTER COLUMN a SET NOT NULL",
            "ALTER TABLE public.p ALTER COLUMN b TYPE bigint, ALTER COLUMN b SET DEFAULT 3",
            "ALTER TABLE public.t ATTACH PARTITION public.p DEFAULT",
        ),
    ),
    Case(
        "from one parent to another that has other columns",
        "CREATE TABLE a (x integer, gone text) PARTITION BY RANGE (x); CREATE TABLE b (x integer) PARTITION BY RANGE (x);"
        " CREATE TABLE p PARTITION OF a DEFAULT",
        "CREATE TABLE a (x integer, gone text) PARTITION BY RANGE (x); CREATE TABLE b (x integer, more text NOT NULL)"
        " PARTITION BY RANGE (x); CREATE TABLE p PARTITION OF b DEFAULT",
        sql=(
            "ALTER TABLE public.a DETACH PARTITION public.p",
            "ALTER TABLE public.b ADD COLUMN more text NOT NULL",
            "ALTER TABLE public.p ADD COLUMN more text NOT NULL",
            "ALTER TABLE public.p DROP COLUMN gone",
            "ALTER TABLE public.b ATTACH PARTITION public.p DEFAULT",
        ),
        loses=("column public.p.gone with its values",),
    ),
    Case(
        "attached once it has the checks of its parent",
        f"{CHECKED} CREATE TABLE p (a integer NOT NULL, n integer)",
        f"{CHECKED} CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9)",
        sql=(
            "ALTER TABLE public.p ADD CONSTRAINT positive CHECK (n > 0)",
            "ALTER TABLE public.t ATTACH PARTITION public.p FOR VALUES FROM (1) TO (9)",
        ),
        back=(
            "ALTER TABLE public.t DETACH PARTITION public.p",
            "ALTER TABLE public.p DROP CONSTRAINT positive",
        ),
    ),
    Case(
        "attached, divided itself, once it has another check of that name",
        f"{CHECKED} CREATE TABLE p (a integer NOT NULL, n integer, CONSTRAINT positive CHECK (n > 1))"
        " PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT",
        f"{CHECKED} CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT",
        sql=(
            "ALTER TABLE public.p DROP CONSTRAINT positive",
            "ALTER TABLE public.p ADD CONSTRAINT positive CHECK (n > 0)",
            "ALTER TABLE public.t ATTACH PARTITION public.p FOR VALUES FROM (1) TO (9)",
        ),
    ),
    Case(
        "attached with the keys, indexes and checks that it has already",
        f"{KEYED.format('t')} CREATE TABLE p (a integer PRIMARY KEY, n integer, CONSTRAINT positive CHECK (n > 0)); CREATE INDEX p_of_n ON p (n)",
        f"{KEYED.format('t')} CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9)",
        sql=(
            "ALTER INDEX public.p_of_n RENAME TO p_n_idx",
            "ALTER TABLE public.t ATTACH PARTITION public.p FOR VALUES FROM (1) TO (9)",
        ),
    ),
    Case(
        "from one parent to another that has equal keys and indexes",
        f"{KEYED.format('t')} {KEYED.format('u')} CREATE TABLE p PARTITION OF t DEFAULT",
        f"{KEYED.format('t')} {KEYED.format('u')} CREATE TABLE p PARTITION OF u DEFAULT",
        sql=(
            "ALTER TABLE public.t DETACH PARTITION public.p",
            "ALTER TABLE public.u ATTACH PARTITION public.p DEFAULT",
        ),
    ),
    Case(
        "a child inherits a check that is not its own",
        "CREATE TABLE t (a integer, CONSTRAINT positive CHECK (a > 0)); CREATE TABLE c (a integer)",
        "CREATE TABLE t (a integer, CONSTRAINT positive CHECK (a > 0)); CREATE TABLE c (a integer) INHERITS (t)",
        sql=(
            "ALTER TABLE public.t DROP CONSTRAINT positive",
            "ALTER TABLE public.c INHERIT public.t",
            "ALTER TABLE public.t ADD CONSTRAINT positive CHECK (a > 0)",
        ),
    ),
    Case(
        "a child keeps the column that its parent loses",
        "CREATE TABLE t (a integer, b integer); CREATE TABLE c () INHERITS (t)",
        "CREATE TABLE t (a integer); CREATE TABLE c (b integer) INHERITS (t)",
        sql=("ALTER TABLE ONLY public.t DROP COLUMN b",),
        loses=("column public.t.b with its values",),
    ),
    Case(
        "a column of all partitions",
        "CREATE TABLE t (a integer, gone text) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9)",
        "CREATE TABLE t (a integer, more text DEFAULT 'x' NOT NULL) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9)",
        sql=(
            "ALTER TABLE public.t ADD COLUMN more text DEFAULT 'x'::text NOT NULL",
            "ALTER TABLE public.t DROP COLUMN gone",
        ),
        loses=("column public.t.gone with its values",),
    ),
    Case(
        "retyped in all partitions",
        "CREATE TABLE t (a integer, n integer DEFAULT 1) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9)",
        "CREATE TABLE t (a integer, n bigint NOT NULL) PARTITION BY RANGE (a);"
        " CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9); ALTER TABLE p ALTER COLUMN n SET DEFAULT 7",
        sql=(
            "ALTER TABLE public.p ALTER COLUMN n DROP DEFAULT",
            "ALTER TABLE ONLY public.t ALTER COLUMN n DROP DEFAULT",
            "ALTER TABLE public.t ALTER COLUMN n TYPE bigint",
            "ALTER TABLE public.t ALTER COLUMN n SET NOT NULL",
            "ALTER TABLE public.p ALTER COLUMN n SET DEFAULT 7",
        ),
    ),
    Case(
        "attached, with another bound and detached",
        "CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9);"
        " CREATE TABLE q PARTITION OF t FOR VALUES FROM (10) TO (19); CREATE TABLE r (a integer)",
        "CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p (a integer);"
        " CREATE TABLE q PARTITION OF t FOR VALUES FROM (10) TO (29); CREATE TABLE r PARTITION OF t DEFAULT",
        sql=(
            "ALTER TABLE public.t DETACH PARTITION public.p",
            "ALTER TABLE public.t DETACH PARTITION public.q",
            "ALTER TABLE public.t ATTACH PARTITION public.q FOR VALUES FROM (10) TO (29)",
            "ALTER TABLE public.t ATTACH PARTITION public.r DEFAULT",
        ),
    ),
    Case(
        "made anew where it is divided otherwise",
        "CREATE TABLE t (a integer, b integer); COMMENT ON COLUMN t.a IS 'x'",
        "CREATE TABLE t (a integer, b integer) PARTITION BY RANGE (a); COMMENT ON COLUMN t.a IS 'x'",
        sql=(
            "DROP TABLE public.t",
            "CREATE TABLE public.t (\n    a integer,\n    b integer\n) PARTITION BY RANGE (a)",
            "COMMENT ON COLUMN public.t.a IS 'x'",
        ),
        loses=("table public.t with all its rows",),
    ),
    Case(
        "inheriting from two tables",
        "",
        "CREATE TABLE a (id integer NOT NULL, CHECK (id > 0)); CREATE TABLE b (name text DEFAULT 'b');"
        " CREATE TABLE c (extra text) INHERITS (a, b)",
        sql=(
            "CREATE TABLE public.a (\n    id integer NOT NULL,\n    CONSTRAINT a_id_check CHECK (id > 0)\n)",
            "CREATE TABLE public.b (\n    name text DEFAULT 'b'::text\n)",
            "CREATE TABLE public.c (\n    extra text\n) INHERITS (public.a, public.b)",
        ),
        back=("DROP TABLE public.c", "DROP TABLE public.a", "DROP TABLE public.b"),
    ),
    Case(
        "no longer inheriting",
        "CREATE TABLE a (id integer); CREATE TABLE c (extra text) INHERITS (a)",
        "CREATE TABLE a (id integer); CREATE TABLE c (id integer, extra text)",
        sql=("ALTER TABLE public.c NO INHERIT public.a",),
        back=("ALTER TABLE public.c INHERIT public.a",),
    ),
    Case(
        "a row trigger and a foreign key of a partitioned table are its own alone",
        "CREATE TABLE u (id integer PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';"
        " CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT",
        "CREATE TABLE u (id integer PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';"
        " CREATE TABLE t (a integer REFERENCES u) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT;"
        " CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        sql=(
            "ALTER TABLE public.t ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES public.u(id)",
            "CREATE TRIGGER g AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_inheritance(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
