"""Changes of columns in tables that have rows: online and in one transaction, there and back, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.online import offline, online
from neon_migrate.plan import plan
from neon_migrate.settings import Settings
from neon_migrate.sources.database import catalog_of, scratch_catalog
from peers import difference, dumped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.catalog import Catalog
    from neon_migrate.online import Batch
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Rows

SETTINGS = Settings(Path(), Path(), Path())


@dataclass(frozen=True)
class Walk:
    """A database on its way.

    goals  the Catalog and the dump of each of the two schemas
    """

    server: ScratchServer
    database: str
    goals: tuple[tuple[Catalog, tuple[str, ...]], ...]
    at_once: bool

    def to(self, goal: int) -> tuple[Batch, ...]:
        """Bring it to one of the two schemas, and see that it is just that; gives what was run."""
        wanted, dump = self.goals[goal]
        planned = plan(scratch_catalog(self.server, self.database, SETTINGS), wanted)
        batches = offline(planned) if self.at_once else online(planned)
        with self.server.session(self.database) as session:
            for batch in batches:
                session.script(batch.script())
            assert not plan(catalog_of(session, SETTINGS), wanted).statements
        assert not difference(dumped(self.server.target(self.database)), dump)
        return batches

    def query(self, sql: str) -> Rows:
        """What it has."""
        with self.server.session(self.database) as session:
            return session.query(sql)


def walks(server: ScratchServer, old: str, new: str, rows: str) -> Iterator[Walk]:
    """The same way twice, online and in one transaction, from a database with `old` and these rows."""
    names = server.create(), server.create()
    for name, ddl in zip(names, (old, new), strict=True):
        with server.session(name) as session:
            session.script(ddl)
    goals = tuple((scratch_catalog(server, name, SETTINGS), dumped(server.target(name))) for name in names)
    for at_once in (False, True):
        database = server.create(template=names[0])
        with server.session(database) as session:
            session.script(rows)
        yield Walk(server, database, goals, at_once)
        server.drop(database)
    for name in names:
        server.drop(name)


def statements(batches: tuple[Batch, ...]) -> list[str]:
    """Their SQL."""
    return [statement.sql for batch in batches for statement in batch.statements]


WIDER = pytest.param(
    "CREATE TABLE t (a integer PRIMARY KEY, b integer DEFAULT 3 NOT NULL, c integer, d varchar(5))",
    "CREATE TABLE t (a bigint PRIMARY KEY, b bigint DEFAULT 4 NOT NULL, c bigint NOT NULL, d varchar(9))",
    "INSERT INTO t SELECT i, i, i, 'x' FROM generate_series(1, 50) i",
    "SELECT a::text, b::text, c::text, d::text FROM t ORDER BY 1",
    id="several columns, a default, NOT NULL",
)


@pytest.mark.parametrize(
    ("old", "new", "rows", "look"),
    [
        WIDER,
        pytest.param(
            "CREATE TABLE p (id integer PRIMARY KEY, k integer UNIQUE);"
            " CREATE TABLE c (id integer PRIMARY KEY, p integer REFERENCES p, k integer REFERENCES p (k))",
            "CREATE TABLE p (id bigint PRIMARY KEY, k bigint UNIQUE);"
            " CREATE TABLE c (id bigint PRIMARY KEY, p bigint REFERENCES p, k bigint REFERENCES p (k))",
            "INSERT INTO p SELECT i, i FROM generate_series(1, 9) i; INSERT INTO c SELECT i, i, i FROM p AS t (i, j)",
            "SELECT c.id::text, p.id::text FROM c JOIN p ON p.id = c.p AND p.k = c.k ORDER BY 1",
            id="both ends of foreign keys",
        ),
        pytest.param(
            "CREATE TABLE t (a integer, b varchar(9) DEFAULT 'x', c text)",
            "CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 3),"
            " b char(12) COLLATE \"C\" DEFAULT 'y' NOT NULL, c integer NOT NULL DEFAULT 7)",
            "INSERT INTO t SELECT i, 'b' || i, i FROM generate_series(1, 9) i",
            "SELECT a::text, rtrim(b), c::text FROM t ORDER BY 1",
            id="type, default, NOT NULL, identity and collation at once",
        ),
        pytest.param(
            "CREATE TABLE t (a integer, b integer, g integer GENERATED ALWAYS AS (a + b) STORED);"
            " CREATE INDEX g ON t (g); CREATE INDEX a ON t (a) WHERE b > 0; CREATE VIEW v AS SELECT g, a FROM t;"
            " COMMENT ON COLUMN t.g IS 'sum'",
            "CREATE TABLE t (a bigint, b bigint, g bigint GENERATED ALWAYS AS (a + b) STORED);"
            " CREATE INDEX g ON t (g); CREATE INDEX a ON t (a) WHERE b > 0; CREATE VIEW v AS SELECT g, a FROM t;"
            " COMMENT ON COLUMN t.g IS 'sum'",
            "INSERT INTO t SELECT i, i FROM generate_series(1, 9) i",
            "SELECT a::text, b::text, g::text FROM t ORDER BY 1",
            id="columns that one is computed from, with what is on them",
        ),
        pytest.param(
            "CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a) STORED)",
            "CREATE TABLE t (a integer, g bigint GENERATED ALWAYS AS (a) STORED)",
            "INSERT INTO t SELECT i FROM generate_series(1, 9) i",
            "SELECT a::text, g::text FROM t ORDER BY 1",
            id="a computed column, which takes no USING",
        ),
        pytest.param(
            "CREATE TABLE t (a integer, b integer, g integer GENERATED ALWAYS AS (a + 1) VIRTUAL)",
            "CREATE TABLE t (a bigint, b bigint DEFAULT 3, g bigint GENERATED ALWAYS AS (a + 2) VIRTUAL)",
            "INSERT INTO t SELECT i, i FROM generate_series(1, 9) i",
            "SELECT a::text, b::text FROM t ORDER BY 1",
            id="columns that a virtual one is computed from",
        ),
        pytest.param(
            "CREATE TABLE t (a varchar(9), b text, c integer); ALTER TABLE t ALTER a SET STORAGE EXTERNAL,"
            " ALTER a SET STATISTICS 500, ALTER b SET COMPRESSION pglz, ALTER c SET (n_distinct = 5)",
            "CREATE TABLE t (a jsonb, b varchar(50), c bigint); ALTER TABLE t ALTER a SET STORAGE EXTERNAL,"
            " ALTER a SET STATISTICS 500, ALTER b SET COMPRESSION pglz, ALTER c SET (n_distinct = 5)",
            "INSERT INTO t SELECT i, i, i FROM generate_series(1, 9) i",
            "SELECT a::text, b::text, c::text FROM t ORDER BY 1",
            id="columns with settings, which stay",
        ),
        pytest.param(
            "CREATE TABLE p (a integer, b integer); CREATE TABLE c (a integer, b integer, x integer) INHERITS (p)",
            "CREATE TABLE p (a bigint, b bigint DEFAULT 1);"
            " CREATE TABLE c (a bigint, b bigint DEFAULT 2, x bigint) INHERITS (p)",
            "INSERT INTO p SELECT i, i FROM generate_series(1, 9) i; INSERT INTO c SELECT i, i, i FROM p AS t (i, j)",
            "SELECT a::text, b::text FROM p ORDER BY 1",
            id="columns that a child has from its parent and as its own",
        ),
        pytest.param(
            "CREATE TABLE p (a integer, b integer, k integer) PARTITION BY RANGE (k);"
            " CREATE TABLE q PARTITION OF p DEFAULT; CREATE INDEX ON p (a)",
            "CREATE TABLE p (a bigint, b bigint NOT NULL DEFAULT 3, k integer) PARTITION BY RANGE (k);"
            " CREATE TABLE q PARTITION OF p DEFAULT; CREATE INDEX ON p (a)",
            "INSERT INTO p SELECT i, i, i FROM generate_series(1, 9) i",
            "SELECT a::text, b::text FROM p ORDER BY 1",
            id="columns of a partitioned table",
        ),
        pytest.param(
            "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (a e, b text, z integer)",
            "CREATE DOMAIN e AS text CHECK (VALUE <> ''); CREATE TABLE t (a text, b e, z bigint)",
            "INSERT INTO t SELECT 'a', 'b', i FROM generate_series(1, 9) i",
            "SELECT a::text, b::text, z::text FROM t ORDER BY z",
            id="a column that needs the name of another one's old type",
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
            " CREATE TABLE t (a integer DEFAULT f(), b integer DEFAULT f())",
            "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';"
            " CREATE TABLE t (a bigint DEFAULT f(), b bigint DEFAULT f())",
            "INSERT INTO t SELECT i, i FROM generate_series(1, 9) i",
            "SELECT a::text, b::text FROM t ORDER BY 1",
            id="a default's function is another one",
        ),
        pytest.param(
            "CREATE TABLE t (a integer[], b json, d date, e char(5), f inet)",
            "CREATE TABLE t (a bigint[], b jsonb, d timestamp, e text, f text)",
            "INSERT INTO t SELECT ARRAY[i], '{}', '2020-01-01', 'abc', '1.2.3.4' FROM generate_series(1, 9) i",
            "SELECT a::text, b::text, rtrim(e::text), left(f::text, 7) FROM t ORDER BY 1",
            id="arrays, documents, moments, texts",
        ),
    ],
)
def test_rows_keep_their_values(scratch: ScratchServer, old: str, new: str, rows: str, look: str) -> None:
    """There and back, whatever changes at once."""
    for walk in walks(scratch, old, new, rows):
        values = walk.query(look)
        for goal in (1, 0):
            walk.to(goal)
            assert walk.query(look) == values


@pytest.mark.parametrize(("old", "new", "rows", "look"), [WIDER])
def test_a_table_is_written_anew_once(scratch: ScratchServer, old: str, new: str, rows: str, look: str) -> None:
    """Its file is another one after a single one of the statements, seen from within their transaction."""
    node = "SELECT pg_relation_filenode('t')"
    for walk in walks(scratch, old, new, rows):
        for goal in (1, 0):
            planned = plan(scratch_catalog(scratch, walk.database, SETTINGS), walk.goals[goal][0])
            with scratch.session(walk.database) as session:
                files = [session.query(node)]
                session.script("BEGIN")
                for statement in planned.statements:
                    session.script(statement.sql)
                    files.append(session.query(node))
                session.script("COMMIT")
            assert sum(one != other for one, other in pairwise(files)) == 1
            walk.to(goal)


SERIAL = "CREATE TABLE t (id serial PRIMARY KEY, n integer)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            SERIAL, "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer)", id="it"
        ),
        pytest.param(
            SERIAL,
            "CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 7) PRIMARY KEY, n integer)",
            id="with another type and increment",
        ),
        pytest.param(
            "CREATE SEQUENCE s INCREMENT BY -5; CREATE TABLE t (id bigint NOT NULL DEFAULT nextval('s'), n integer);"
            " ALTER SEQUENCE s OWNED BY t.id",
            "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY -5), n integer)",
            id="downwards",
        ),
        pytest.param(
            "CREATE SEQUENCE s; CREATE TABLE t (id bigint NOT NULL DEFAULT nextval('s'), n integer)",
            "CREATE SEQUENCE s; CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, n integer)",
            id="from a sequence that stays",
        ),
        pytest.param(
            "CREATE SEQUENCE s; CREATE TABLE t (id bigint NOT NULL DEFAULT nextval('s'), n integer)",
            "CREATE TABLE t (id bigserial, n integer)",
            id="another sequence",
        ),
        pytest.param(
            "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY, n integer)",
            "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY (MINVALUE 10 START WITH 10), n integer)",
            id="other bounds",
        ),
        pytest.param(
            f"{SERIAL}; COMMENT ON SEQUENCE t_id_seq IS 'x'; CREATE VIEW v AS SELECT nextval('t_id_seq')",
            "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer)",
            id="with what hangs on the sequence",
        ),
    ],
)
def test_no_number_comes_again(scratch: ScratchServer, old: str, new: str) -> None:
    """Whatever numbers a column goes on where it was, though the last rows are gone; there, and back."""
    rows = "INSERT INTO t (n) SELECT i FROM generate_series(1, 20) i; DELETE FROM t WHERE n > 2"
    insert = "INSERT INTO t (n) VALUES (0) RETURNING id"
    for walk in walks(scratch, old, new, rows):
        upwards = "-5" not in old
        given = 20 if upwards else -96
        for goal in (1, 0):
            walk.to(goal)
            ((number,),) = walk.query(insert)
            assert number > given if upwards else number < given
            assert abs(number - given) <= 7
            walk.query("DELETE FROM t WHERE n = 0")
            given = number


NUMBERED = "INSERT INTO t (id, n) OVERRIDING SYSTEM VALUE VALUES (41, 1), (-3, 1)"


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        pytest.param(SERIAL, "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer)", 42),
        pytest.param(
            "CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY, n integer)",
            "CREATE TABLE t (id bigserial, n integer)",
            42,
        ),
        pytest.param(
            "CREATE SEQUENCE s; CREATE TABLE t (id numeric DEFAULT nextval('s'), n integer)",
            "CREATE SEQUENCE r; CREATE TABLE t (id text DEFAULT nextval('r'), n integer)",
            "42",
        ),
        pytest.param(
            "CREATE SEQUENCE s; CREATE TABLE t (id bigint NOT NULL, n integer)",
            "CREATE SEQUENCE s; CREATE TABLE t (id bigint NOT NULL DEFAULT nextval('s'), n integer)",
            42,
        ),
        pytest.param(
            "CREATE SEQUENCE s INCREMENT BY -1; CREATE TABLE t (id bigint NOT NULL DEFAULT nextval('s'), n integer)",
            "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1), n integer)",
            -4,
        ),
        pytest.param(
            "CREATE SEQUENCE s MAXVALUE 50 CYCLE; CREATE TABLE t (id bigint NOT NULL DEFAULT nextval('s'), n integer)",
            "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 50 CYCLE), n integer)",
            1,
        ),
    ],
)
def test_no_number_is_given_that_is_there(scratch: ScratchServer, old: str, new: str, first: object) -> None:
    """Rows that somebody else numbered are beyond where the sequence is; one that begins again is left where it was."""
    for walk in walks(scratch, old, new, NUMBERED):
        walk.to(1)
        assert walk.query("INSERT INTO t (n) VALUES (0) RETURNING id") == [(first,)]


ROLE = "columns_reader"
IDENTITY = "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY{})"


@pytest.fixture
def role(scratch: ScratchServer) -> Iterator[None]:
    """Somebody to give privileges to."""
    with scratch.session("postgres") as session:
        session.query(f"CREATE ROLE {ROLE}")
        yield
        session.query(f"DROP ROLE {ROLE}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            IDENTITY.format("") + f"; GRANT USAGE ON SEQUENCE t_a_seq TO {ROLE}",
            IDENTITY.format(" (SEQUENCE NAME zz)")
            + f"; GRANT USAGE, SELECT ON SEQUENCE zz TO {ROLE}; COMMENT ON SEQUENCE zz IS 'z'",
            id="renamed, with what is said of it",
        ),
        pytest.param(
            IDENTITY.format(" (SEQUENCE NAME yy)")
            + "; CREATE TABLE u (a integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME zz));"
            + f" GRANT USAGE ON SEQUENCE zz TO {ROLE}; COMMENT ON SEQUENCE yy IS 'y'",
            IDENTITY.format(" (SEQUENCE NAME zz)")
            + "; CREATE TABLE u (a integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME yy))",
            id="exchanged",
        ),
        pytest.param(
            IDENTITY.format(" (START WITH 5)") + "; CREATE SEQUENCE zz",
            IDENTITY.format(" (SEQUENCE NAME zz MINVALUE 100 START WITH 200)") + "; CREATE TABLE t_a_seq ()",
            id="another's name, and others' bounds",
        ),
        pytest.param(
            f"{IDENTITY.format('')}; COMMENT ON SEQUENCE t_a_seq IS 'x'",
            "CREATE TABLE t (a serial); COMMENT ON SEQUENCE t_a_seq IS 'y'",
            id="serial in its place",
        ),
        pytest.param(
            "CREATE SEQUENCE s",
            'CREATE SEQUENCE s; CREATE SCHEMA "S s"; CREATE TABLE "S s".t (a integer GENERATED ALWAYS AS IDENTITY'
            """ (SEQUENCE NAME "S s"."Z ""z")); COMMENT ON SEQUENCE "S s"."Z ""z" IS 'z'""",
            id="with its table",
        ),
    ],
)
def test_the_sequence_behind_an_identity_has_its_name(scratch: ScratchServer, role: None, old: str, new: str) -> None:
    """And goes on under it; privileges and comments on it are there."""
    for walk in walks(scratch, old, new, ""):
        walk.to(1)
        walk.to(0)


def test_a_sequence_that_is_renamed_goes_on(scratch: ScratchServer) -> None:
    """Whatever else changes of it."""
    old, new = IDENTITY.format(""), IDENTITY.format(" (SEQUENCE NAME zz INCREMENT BY 2)").replace("integer", "bigint")
    for walk in walks(scratch, old, new, "INSERT INTO t SELECT FROM generate_series(1, 3); DELETE FROM t"):
        for goal, number in ((1, 5), (0, 6)):
            walk.to(goal)
            assert walk.query("INSERT INTO t DEFAULT VALUES RETURNING a") == [(number,)]


def test_a_sequence_that_gave_no_number_starts_where_the_new_one_does(scratch: ScratchServer) -> None:
    """One that was set by hand goes on from there, though it gave none."""
    new = "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY (START WITH 1000) PRIMARY KEY, n integer)"
    for rows, first in (("", 1000), ("ALTER SEQUENCE t_id_seq RESTART WITH 500", 500)):
        for walk in walks(scratch, SERIAL, new, rows):
            walk.to(1)
            assert walk.query("INSERT INTO t (n) VALUES (0) RETURNING id") == [(first,)]


def test_a_sequence_of_several_columns_is_behind_none_of_them(scratch: ScratchServer) -> None:
    """Each may only take it further."""
    old = "CREATE TABLE t (a integer, b integer)"
    new = "CREATE SEQUENCE s; CREATE TABLE t (a integer DEFAULT nextval('s'), b integer DEFAULT nextval('s'))"
    for walk in walks(scratch, old, new, "INSERT INTO t VALUES (50, 3)"):
        walk.to(1)
        assert walk.query("SELECT nextval('s')") == [(51,)]


def test_odd_names(scratch: ScratchServer) -> None:
    """Of schema, table and column."""
    table = '"S \' s"."T "" t"'
    schema = 'CREATE SCHEMA "S \' s"; CREATE TABLE'
    old, new = (f'{schema} {table} ("I \' "" d" {kind}, n integer)' for kind in ("serial", "bigserial"))
    identity = new.replace("bigserial", "bigint GENERATED ALWAYS AS IDENTITY")
    for walk in walks(scratch, old, identity, f"INSERT INTO {table} (n) VALUES (1), (2); DELETE FROM {table}"):
        for goal, number in ((1, 3), (0, 4)):
            walk.to(goal)
            assert walk.query(f'INSERT INTO {table} (n) VALUES (1) RETURNING "I \' "" d"') == [(number,)]


def test_a_column_that_its_table_is_partitioned_by_keeps_its_type(scratch: ScratchServer) -> None:
    """Postgres refuses another one; that is said beforehand, with what to do."""
    old, new = (f"CREATE TABLE p (k {kind}) PARTITION BY RANGE (k)" for kind in ("integer", "bigint"))
    (walk, _) = walks(scratch, old, new, "")
    (refusal,) = plan(walk.goals[0][0], walk.goals[1][0]).refusals
    assert refusal.what == "column public.p.k can't become bigint: table public.p is partitioned by it"


VIRTUAL = "(a integer, g integer GENERATED ALWAYS AS (a + {}) VIRTUAL{})"
UNDER_VIEWS = "CREATE VIEW v AS SELECT g FROM t; CREATE VIEW w AS SELECT * FROM v"


@pytest.mark.parametrize(
    ("schema", "anew"),
    [
        pytest.param(f"CREATE TABLE t {VIRTUAL.format('{}', '')}; {UNDER_VIEWS}", False, id="under views"),
        pytest.param(f"CREATE TABLE t {VIRTUAL.format('{}', ' NOT NULL')}; {UNDER_VIEWS}", False, id="NOT NULL"),
        pytest.param(
            f"CREATE TABLE t {VIRTUAL.format('{}', '')} PARTITION BY RANGE (a);"
            f" CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9); {UNDER_VIEWS}",
            False,
            id="of partitions",
        ),
        pytest.param(f"CREATE TABLE t {VIRTUAL.format('{}', ' CHECK (g > 0)')}; {UNDER_VIEWS}", True, id="checked"),
        pytest.param(
            f"CREATE TABLE t {VIRTUAL.format('{}', '')}; CREATE PUBLICATION p FOR TABLE t; {UNDER_VIEWS}",
            True,
            id="published",
        ),
    ],
)
def test_a_virtual_column_gets_another_expression(scratch: ScratchServer, schema: str, anew: bool) -> None:
    """Under the views that read it; made anew, which costs nothing, only where Postgres can't give it another."""
    for walk in walks(scratch, schema.format(1), schema.format(2), "INSERT INTO t (a) VALUES (4)"):
        for goal, computed in ((1, 6), (0, 5)):
            run = statements(walk.to(goal))
            assert any("DROP" in sql for sql in run) == anew
            assert walk.query("SELECT g FROM w") == [(computed,)]
