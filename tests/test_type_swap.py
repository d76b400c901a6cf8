"""Types that others take the place of: both ways, online and in one transaction, with rows that stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from between_batches import run_watched
from both_ways import both_sides
from neon_migrate.diff import diff
from neon_migrate.errors import ImpossibleError
from neon_migrate.online import offline, online
from neon_migrate.plan import plan
from neon_migrate.run_plan import run_plan
from neon_migrate.sources.database import scratch_catalog
from peers import difference, dumped
from schema_pairs import catalog_of, statements
from test_between_batches import SETTINGS, assert_nothing_is_amiss

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.online import Batch
    from neon_migrate.plan import Plan
    from neon_migrate.postgres.scratch import ScratchServer

LONGER, SHORTER = "CREATE TYPE m AS ENUM ('a', 'b', 'c'); ", "CREATE TYPE m AS ENUM ('c', 'b'); "


def over_enum(ddl: str, *, then: str | None = None) -> tuple[str, str]:
    """The same DDL, or another one then, over an enum whose values change."""
    return LONGER + ddl, SHORTER + (ddl if then is None else then)


BESIDE = "CREATE DOMAIN d AS m; CREATE TABLE t (id {0}, m d NOT NULL DEFAULT '{1}', n text DEFAULT '{1}'::m::text)"


def over_domain(ddl: str) -> tuple[str, str]:
    """The same DDL over a domain that gets another type."""
    old, new = (f"CREATE DOMAIN d AS {type_} CHECK (VALUE > 0); " for type_ in ("integer", "bigint"))
    return old + ddl, new + ddl


def assert_leads_both_ways(
    server: ScratchServer, old: str, new: str, rows: str, look: str, batches: Callable[[Plan], tuple[Batch, ...]]
) -> None:
    """From `old` to `new` and back each statement runs, what `look` selects stays, and pg_dump finds what it should."""
    with both_sides(server, old, new) as databases:
        catalogs = [scratch_catalog(server, name, SETTINGS) for name in databases]
        dumps = [dumped(server.target(name)) for name in databases]
        with server.session(databases[0]) as session:
            session.script(rows)
            seen = session.query(look)
        assert seen
        for start, goal in ((0, 1), (1, 0)):
            with server.session(databases[0]) as session:
                for batch in batches(plan(catalogs[start], catalogs[goal])):
                    session.script(batch.script())
                assert session.query(look) == seen
            found = scratch_catalog(server, databases[0], SETTINGS)
            assert diff(found, catalogs[goal]) == ()
            assert not plan(found, catalogs[goal]).statements
            assert not difference(dumped(server.target(databases[0])), dumps[goal])


PAIRS = (
    pytest.param(
        *over_enum(
            """CREATE TYPE ct AS (x integer, y m, "Z z" m[]); CREATE TYPE cu AS (c ct, cs ct[]);
            CREATE TABLE t (id integer PRIMARY KEY, c ct, cs ct[], u cu DEFAULT ROW(ROW(1, 'b', '{b,c}'), NULL));
            CREATE VIEW v AS SELECT (c).y, cs FROM t; COMMENT ON TYPE ct IS 'x'; COMMENT ON COLUMN ct.y IS 'y';
            CREATE FUNCTION f(ct) RETURNS m LANGUAGE sql AS 'SELECT $1.y'; CREATE INDEX i ON t (((c).y))"""
        ),
        """INSERT INTO t VALUES (1, ROW(5, 'b', '{b,NULL}'), ARRAY[ROW(6, 'c', '{}')::ct, NULL],
          ROW(ROW(7, NULL, NULL), ARRAY[ROW(1, 'b', '{c}')::ct])), (2, NULL, '{}', NULL),
          (3, ROW(NULL, NULL, NULL), NULL, DEFAULT)""",
        "SELECT id, c::text, cs::text, u::text FROM t ORDER BY id",
        id="an enum within composite types and arrays of them",
    ),
    pytest.param(
        *over_enum(
            """CREATE DOMAIN d AS m DEFAULT 'b' CHECK (VALUE <> 'c'::m); CREATE DOMAIN dd AS d NOT NULL;
            CREATE DOMAIN da AS m[] CHECK (cardinality(VALUE) < 5); COMMENT ON CONSTRAINT d_check ON DOMAIN d IS 'x';
            CREATE TABLE t (id integer, d d, da da, ds d[], das da[], dd dd DEFAULT 'b', CHECK (d::m = 'b'::m),
              UNIQUE (id, d)); CREATE VIEW v AS SELECT d, da FROM t; GRANT USAGE ON TYPE d TO PUBLIC"""
        ),
        """INSERT INTO t VALUES (1, 'b', '{b,c}', '{b,b}', ARRAY['{b}'::da], DEFAULT),
          (2, NULL, NULL, NULL, NULL, 'b')""",
        "SELECT id, d::text, da::text, ds::text, das::text, dd::text FROM t ORDER BY id",
        id="an enum beneath domains",
    ),
    pytest.param(
        *over_domain(
            """CREATE DOMAIN e AS d CHECK (VALUE < 100); CREATE DOMAIN ea AS d[]; CREATE TYPE ct AS (a d, b e);
            CREATE TYPE r AS RANGE (SUBTYPE = d, MULTIRANGE_TYPE_NAME = rs); CREATE TYPE cr AS (c r);
            CREATE TABLE t (id integer, a d, b e, c ea, d r DEFAULT '[1,2)', e rs DEFAULT '{}', f ct, g ct[], h r[],
              i cr, EXCLUDE USING gist (d WITH &&)); CREATE INDEX i ON t USING gist (e);
            CREATE FUNCTION f(r, e[]) RETURNS ct LANGUAGE sql AS 'SELECT NULL::ct'"""
        ),
        """INSERT INTO t VALUES (1, 1, 2, '{1,2}', '[1,5]', '{[1,2],[3,4]}', ROW(1, 2), ARRAY[ROW(1, NULL)::ct],
          ARRAY['[1,1]'::r], ROW('[2,3)')), (2, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
        "SELECT id, a, b, c::text, d::text, e::text, f::text, g::text, h::text, i::text FROM t ORDER BY id",
        id="a domain beneath domains, ranges and composite types",
    ),
    pytest.param(
        *over_enum(
            """CREATE TYPE mr AS RANGE (SUBTYPE = m, MULTIRANGE_TYPE_NAME = mm); CREATE TABLE t (id integer,
              m m DEFAULT 'b', ms m[] DEFAULT '{b}', r mr, rs mr[], mm mm, note text DEFAULT ('b'::m)::text,
              g text GENERATED ALWAYS AS (CASE WHEN m = 'b'::m THEN 'x' END) STORED, CHECK (m <> ALL ('{}'::m[])));
            CREATE INDEX i ON t (m) WHERE m = 'b'; CREATE INDEX j ON t (m, id); CREATE POLICY p ON t USING (m = 'b');
            CREATE FUNCTION f(m, VARIADIC m[]) RETURNS mr LANGUAGE sql AS 'SELECT NULL::mr';
            CREATE MATERIALIZED VIEW w AS SELECT m FROM t; CREATE UNIQUE INDEX wi ON w (m); CREATE VIEW v AS TABLE t"""
        ),
        """INSERT INTO t VALUES (1, 'b', '{{b,c},{c,b}}', '[b,b]', ARRAY['[c,c]'::mr], '{[b,b]}'),
          (2, NULL, NULL, '(,)', NULL, NULL)""",
        "SELECT id, m::text, ms::text, r::text, rs::text, mm::text, note, g FROM t ORDER BY id",
        id="an enum in arrays, ranges, expressions and signatures",
    ),
    pytest.param(
        *over_enum(
            """CREATE TABLE p (id integer, m m DEFAULT 'c') PARTITION BY LIST (id); CREATE INDEX i ON p (m);
            CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); ALTER TABLE p1 ALTER m SET DEFAULT 'b';
            CREATE TABLE a (m m DEFAULT 'b'); CREATE TABLE b (m m DEFAULT 'c', x integer) INHERITS (a);
            CREATE TABLE c () INHERITS (b)"""
        ),
        """INSERT INTO p VALUES (1, 'b'); INSERT INTO a VALUES ('b'); INSERT INTO b VALUES ('c');
          INSERT INTO c VALUES ('b')""",
        "SELECT m::text FROM p UNION ALL (SELECT m::text FROM a ORDER BY m)",
        id="an enum in partitions and in tables that inherit",
    ),
    pytest.param(
        *over_enum(
            """CREATE TABLE t (id integer, m m, n m); CREATE STATISTICS st ON m, n FROM t;
            CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
            CREATE TRIGGER tr BEFORE UPDATE OF m ON t FOR EACH ROW WHEN (NEW.m = 'b') EXECUTE FUNCTION tf();
            CREATE RULE ru AS ON UPDATE TO t WHERE new.m = 'c' DO NOTHING; CREATE CAST (m AS integer) WITH INOUT;
            ALTER TABLE t ALTER m SET STATISTICS 50; CREATE AGGREGATE ag(m) (SFUNC = array_append, STYPE = m[]);
            CREATE PUBLICATION pub FOR TABLE t (id, m); GRANT SELECT (m) ON t TO PUBLIC;
            CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
            CREATE FOREIGN TABLE ft (a m) SERVER s"""
        ),
        "INSERT INTO t VALUES (1, 'b', 'c')",
        "SELECT id, m::text, n::text FROM t",
        id="an enum under everything else that a table can have",
    ),
    pytest.param(
        *over_enum(
            """CREATE TYPE ct AS (a integer, b m, e integer, c text); CREATE TABLE u (x ct);
            CREATE TABLE t OF ct (a PRIMARY KEY, b DEFAULT 'b'); CREATE VIEW v AS SELECT a, b FROM t;
            CREATE INDEX i ON t (e)""",
            then="""CREATE TYPE ct AS (a integer, b m, e bigint, n m, o text); CREATE TABLE u (x ct);
            CREATE TABLE t OF ct (a PRIMARY KEY, b DEFAULT 'c', n DEFAULT 'b'); CREATE VIEW v AS SELECT a, b FROM t;
            CREATE INDEX i ON t (e)""",
        ),
        "INSERT INTO t (a, b, e) VALUES (1, 'b', 6); INSERT INTO u SELECT t FROM t",
        "SELECT a, b::text, e FROM t UNION ALL SELECT (x).a, (x).b::text, (x).e FROM u",
        id="a type of tables whose attributes come, go and change",
    ),
    pytest.param(
        "CREATE TYPE ct AS (a text, b integer); CREATE TABLE t OF ct (a NOT NULL, CHECK (a <> ''))",
        "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct (a NOT NULL, CHECK (a <> 0))",
        "INSERT INTO t VALUES ('5', 6)",
        "SELECT a::text, b::text FROM t",
        id="a type of tables whose attributes no cast makes what they are to be",
    ),
    pytest.param(
        *over_enum(
            """CREATE TYPE ct AS (a integer, b m, c text); CREATE DOMAIN d AS ct; CREATE TYPE cu AS (x ct, y ct[]);
            CREATE TABLE t (id integer, a ct, b ct[], c d, d d[], e cu, f cu[])""",
            then="""CREATE TYPE ct AS (b m, n date, a integer); CREATE DOMAIN d AS ct; CREATE TYPE cu AS (x ct, y ct[]);
            CREATE TABLE t (id integer, a ct, b ct[], c d, d d[], e cu, f cu[])""",
        ),
        """INSERT INTO t (id, a, b, c, d, e, f) SELECT 1, r, ARRAY[ARRAY[r, NULL], ARRAY[r, r]], r, ARRAY[r::d],
          ROW(r, ARRAY[r])::cu, ARRAY[ROW(r, ARRAY[NULL::ct])::cu] FROM (SELECT ROW(3, 'b', NULL)::ct) AS one (r);
          INSERT INTO t VALUES (2); INSERT INTO t VALUES (3, ROW(NULL, NULL, NULL))""",
        """SELECT id, a IS DISTINCT FROM NULL, (a).a, (a).b::text, (b[2][1]).a, b[1][2] IS NULL, (c).a, (d[1]).b::text,
          ((e).x).a, ((e).y[1]).a, (f[1].x).a, f[1].y::text FROM t ORDER BY id""",
        id="attributes in another order",
    ),
    pytest.param(
        *over_enum(
            "CREATE TYPE ct AS (a integer, b m); CREATE TABLE t (id integer, c ct, m m DEFAULT 'b', n m)",
            then="CREATE TYPE ct AS (a integer, b text); CREATE TABLE t (id integer, c ct, m text DEFAULT 'b', n m)",
        ),
        "INSERT INTO t VALUES (1, ROW(1, 'b'), 'b', 'c')",
        "SELECT id, c::text, m::text, n::text FROM t",
        id="columns and attributes that are of another type afterwards",
    ),
    pytest.param(
        """CREATE TYPE m AS ENUM ('a', 'b'); CREATE TYPE n AS ENUM ('x', 'y'); CREATE TYPE ct AS (m m, n n);
        CREATE TABLE t (c ct, n n)""",
        """CREATE TYPE m AS ENUM ('b'); CREATE TYPE n AS ENUM ('y', 'x'); CREATE TYPE ct AS (m m, n n);
        CREATE TABLE t (c ct, n n)""",
        "INSERT INTO t VALUES (ROW('b', 'x'), 'y')",
        "SELECT c::text, n::text FROM t",
        id="two enums in one composite type",
    ),
    pytest.param(
        *over_enum("CREATE TABLE t (id integer, m m); CREATE TYPE ct AS (x t, y integer); CREATE DOMAIN d AS t"),
        "INSERT INTO t VALUES (1, 'b')",
        "SELECT id, m::text FROM t",
        id="a table whose row type is in types that nothing is of",
    ),
    pytest.param(
        r"""CREATE TYPE ct AS ("a'$function$\b" integer, b text); CREATE TABLE t (c ct)""",
        r"""CREATE TYPE ct AS (b text, "a'$function$\b" integer); CREATE TABLE t (c ct)""",
        "INSERT INTO t VALUES (ROW(5, 'x'))",
        "SELECT (c).b, jsonb_object_keys(to_jsonb(c)) FROM t ORDER BY 2",
        id="attributes in another order, of names that end a text",
    ),
    pytest.param(
        "CREATE TYPE r AS RANGE (SUBTYPE = float8); CREATE TABLE t (a r, b r[])",
        "CREATE TYPE r AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi); CREATE TABLE t (a r, b r[])",
        "INSERT INTO t VALUES ('[1,2.5]', ARRAY['(1,2)'::r])",
        "SELECT a::text, b::text FROM t",
        id="options of a range",
    ),
)


@pytest.mark.parametrize("batches", [online, offline])
@pytest.mark.parametrize(("old", "new", "rows", "look"), PAIRS)
def test_a_swap_keeps_values(
    scratch: ScratchServer, old: str, new: str, rows: str, look: str, batches: Callable[[Plan], tuple[Batch, ...]]
) -> None:
    """Whatever is made of the type, and whatever hangs on its columns."""
    assert_leads_both_ways(scratch, old, new, rows, look, batches)


def test_a_table_is_written_once(scratch: ScratchServer) -> None:
    """Its columns of the types are changed by one statement."""
    old, new = over_enum("CREATE DOMAIN d AS m; CREATE TABLE t (a m, b d, c m[] DEFAULT '{b}')")
    name = scratch.create()
    with scratch.session(name) as session:
        planned = plan(catalog_of(session, old), catalog_of(session, new))
    scratch.drop(name)
    assert len([sql for sql in statements(planned) if sql.startswith("ALTER TABLE")]) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            *over_enum(
                "CREATE TABLE t (id integer, m m NOT NULL DEFAULT 'a')",
                then="CREATE TABLE t (id integer, m m NOT NULL DEFAULT 'c')",
            ),
            id="another default",
        ),
        pytest.param(
            *over_enum(BESIDE.format("integer", "a"), then=BESIDE.format("bigint", "b")),
            id="another default by way of a domain, and another column's type",
        ),
    ],
)
def test_a_default_is_there_all_the_time(scratch: ScratchServer, old: str, new: str) -> None:
    """The old one or the new one: a table takes rows of defaults between any two batches."""
    assert_nothing_is_amiss(scratch, old, new)


SAID = """REVOKE USAGE ON TYPE m FROM PUBLIC; COMMENT ON TYPE m IS 'x'; CREATE DOMAIN d AS m CHECK (VALUE <> 'c');
REVOKE USAGE ON TYPE d FROM PUBLIC; GRANT USAGE ON TYPE d TO pg_monitor WITH GRANT OPTION; COMMENT ON DOMAIN d IS 'y';
COMMENT ON CONSTRAINT d_check ON DOMAIN d IS 'z'; CREATE TABLE t (m m, d d); CREATE INDEX i ON t (d)"""


def test_what_is_said_of_a_type_is_so_all_the_time(scratch: ScratchServer) -> None:
    """Its grants, above all what PUBLIC may not, and comments are committed along with the new type."""
    assert_nothing_is_amiss(scratch, *over_enum(SAID))


def test_a_default_that_calls_a_new_function(scratch: ScratchServer) -> None:
    """The old one stays until the function for the new type is there; the way back needs the default changed before."""
    old, new = over_enum(
        "CREATE TABLE t (id integer, m m NOT NULL DEFAULT 'b')",
        then="""CREATE FUNCTION f() RETURNS m LANGUAGE sql AS 'SELECT ''b''::m';
        CREATE TABLE t (id integer, m m NOT NULL DEFAULT f())""",
    )
    name = scratch.create()
    with scratch.session(name) as session:
        before, after = catalog_of(session, old), catalog_of(session, new)
        session.script(old)
        assert run_watched(session, plan(before, after), SETTINGS) == []
    assert diff(scratch_catalog(scratch, name, SETTINGS), after) == ()
    scratch.drop(name)
    with pytest.raises(ImpossibleError, match="calls function"):
        plan(after, before).require_way()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        pytest.param(
            *over_enum(
                "CREATE TABLE t (m m) PARTITION BY LIST (m); CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('b')"
            ),
            "enum public.m can't be replaced: table public.t is partitioned by column m",
            id="partitioned by an enum",
        ),
        pytest.param(
            *over_enum(
                "CREATE TABLE t (m m) PARTITION BY HASH ((m::text || 'x'))".replace("m::text", "(m = 'b')::text")
            ),
            "enum public.m can't be replaced: table public.t is partitioned by column m",
            id="partitioned by an expression over an enum",
        ),
        pytest.param(
            *over_enum("CREATE TABLE t (m m); CREATE TABLE u (t t)"),
            "enum public.m can't be replaced: column public.u.t holds rows of table public.t",
            id="a column of the table's row type",
        ),
        pytest.param(
            *over_enum(
                """CREATE FUNCTION f(m) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
                CREATE DOMAIN d AS m CHECK (f(VALUE)); CREATE TABLE t (d d)"""
            ),
            "enum public.m can't be replaced: domain public.d calls function public.f(public.m), which takes or "
            "gives it",
            id="a function that a domain calls",
        ),
        pytest.param(
            "CREATE TYPE ct AS (a integer, b text); CREATE TABLE t OF ct",
            "CREATE TYPE ct AS (b text, a integer); CREATE TABLE t OF ct",
            "composite type public.ct can't have its attributes in another order: it is the type of public.t",
            id="the order of a table's columns",
        ),
    ],
)
def test_where_postgres_has_no_way(scratch: ScratchServer, old: str, new: str, what: str) -> None:
    """Nothing is run: what can't be done, why, and what to do instead is said before."""
    name = scratch.create()
    with scratch.session(name) as session:
        before, after = catalog_of(session, old), catalog_of(session, new)
        for planned in (plan(before, after), plan(after, before)):
            with pytest.raises(ImpossibleError) as refused:
                planned.require_way()
            assert refused.value.what == what
            assert refused.value.why
            assert refused.value.remedy
            assert planned.refusals[0].statement in statements(planned)
        session.script(old)
        with pytest.raises(ImpossibleError):
            run_plan(session, plan(before, after), before)
        assert diff(scratch_catalog(scratch, name, SETTINGS), before) == ()
    scratch.drop(name)
