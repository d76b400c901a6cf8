"""Ways that Postgres allows only in a certain order, or not at all: there and back, online and at once, with rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from both_ways import SETTINGS, assert_both_ways
from neon_migrate.diff import diff
from neon_migrate.errors import ImpossibleError, StatementError
from neon_migrate.online import online
from neon_migrate.plan import plan
from neon_migrate.sources.database import catalog_of
from neon_migrate.type_change import FAMILIES, are_comparable
from schema_pairs import catalog_of as catalog_of_ddl

if TYPE_CHECKING:
    from neon_migrate.postgres.scratch import ScratchServer

P = "CREATE TABLE p (a integer, b {}) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT"
NESTED = f"{P} PARTITION BY RANGE (a); CREATE TABLE r PARTITION OF q DEFAULT"
INHERITS = "CREATE TABLE p (a integer, b {}); CREATE TABLE q () INHERITS (p); CREATE TABLE r (c text) INHERITS (q)"
ROW = "INSERT INTO p VALUES (1, 2)"
TRIGGER = "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
KEYS = "CREATE TABLE p (id {0} PRIMARY KEY); CREATE TABLE c (pid {0} REFERENCES p);"
PAIR = "INSERT INTO p VALUES ({0}); INSERT INTO c VALUES ({0})"
MOVING = "CREATE TABLE p (id integer PRIMARY KEY, code integer NOT NULL); CREATE TABLE c (pid integer REFERENCES p);"
CODES = "INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1)"

RANGE = (
    "CREATE TABLE p (a integer PRIMARY KEY, b integer) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT;"
)
LIST = RANGE.replace("BY RANGE", "BY LIST")
RICH = (
    "CREATE TABLE r (a integer PRIMARY KEY, b integer); ALTER TABLE p ADD FOREIGN KEY (b) REFERENCES o; "
    " CREATE INDEX i ON p (b); CREATE VIEW v AS SELECT a FROM p; CREATE VIEW w AS SELECT a FROM q;"
    " COMMENT ON TABLE p IS 'x'; GRANT SELECT ON p TO PUBLIC; INSERT INTO o VALUES (2); INSERT INTO p VALUES (1, 2)"
)
REFERRED = (
    f"CREATE TABLE c (a integer REFERENCES p); {ROW}; INSERT INTO c VALUES (1);"
    f" CREATE TRIGGER t BEFORE UPDATE ON p {TRIGGER}"
)
DIVIDED = f"{NESTED.replace('{}', 'integer')};"
CHECKED = f"CREATE INDEX ON p (b); ALTER TABLE p ADD CHECK (b > 0); {ROW}"
UNLOGGED = "CREATE UNLOGGED TABLE z (a integer PRIMARY KEY); CREATE UNLOGGED TABLE b (a integer REFERENCES z);"
LIMITED = "CREATE TABLE p (a integer, b integer NOT NULL) PARTITION BY LIST (b); CREATE TABLE q PARTITION OF p DEFAULT;"
INDEXED = f"{RANGE.replace(' PRIMARY KEY', '')} CREATE TABLE r PARTITION OF p FOR VALUES FROM (5) TO (6);"
PARAMETERS = (
    "CREATE TABLE t (a integer, b integer[]); CREATE INDEX i ON t (a) INCLUDE (b){} WHERE a > 1;"
    " CREATE INDEX j ON t USING gin (b){}; CREATE INDEX k ON t USING brin (a){}; INSERT INTO t VALUES (1, '{{1}}')"
)
GIVEN = tuple(f" WITH ({one})" for one in ("fillfactor = 50", "gin_pending_list_limit = 100", "pages_per_range = 8"))
OTHERS = (" WITH (deduplicate_items = off, fillfactor = 70)", " WITH (fastupdate = off)", " WITH (autosummarize = on)")
STORED = "CREATE TABLE t (a hstore, b hstore[]); INSERT INTO t VALUES ('a=>1', NULL)"
VIEWED = "CREATE TABLE t (a integer); INSERT INTO t VALUES (1);"
SAID = "GRANT SELECT ON v TO PUBLIC"
TEXTS = "CREATE TABLE t (id integer, a text, b text); INSERT INTO t VALUES (1, 'x');"


def _retyped(ddl: str, old: str = "integer", new: str = "bigint") -> tuple[str, str]:
    return ddl.replace("{}", old), ddl.replace("{}", new)


CASES = {
    "a view on a partition's column": _retyped(f"{P}; CREATE VIEW v AS SELECT b FROM q; {ROW}"),
    "a policy and a trigger on a nested partition's": _retyped(
        f"{NESTED}; CREATE POLICY y ON r USING (b = 1); CREATE TRIGGER t BEFORE UPDATE OF b ON r {TRIGGER}; {ROW}"
    ),
    "a view and an index on an inheriting table's": _retyped(
        f"{INHERITS}; CREATE VIEW v AS SELECT b FROM r; CREATE INDEX i ON r (a) WHERE b > 1;"
        " INSERT INTO r VALUES (1, 2)"
    ),
    "a view on a column that is the table's own as well": _retyped(
        "CREATE TABLE p (b {}); CREATE TABLE q (b {}) INHERITS (p); CREATE VIEW v AS SELECT b FROM q;"
        " INSERT INTO q VALUES (1)"
    ),
    "a foreign key of a partition": _retyped(
        f"CREATE TABLE o (id {{}} PRIMARY KEY); {P}; ALTER TABLE q ADD FOREIGN KEY (b) REFERENCES o", "uuid", "text"
    ),
    "keys of uuid and text": (KEYS.format("uuid"), KEYS.format("text")),
    "keys of integer and text": (
        KEYS.format("integer") + PAIR.format(1),
        KEYS.format("text") + PAIR.format("'1'"),
    ),
    "keys of integer and numeric": (KEYS.format("integer") + PAIR.format(1), KEYS.format("numeric") + PAIR.format(1)),
    "a key of integer and its referring column of bigint": (
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (pid integer REFERENCES p);" + PAIR.format(1),
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (pid bigint REFERENCES p);" + PAIR.format(1),
    ),
    "a primary key moves and leaves a unique one behind": (
        f"{MOVING} {CODES}",
        "CREATE TABLE p (id integer NOT NULL UNIQUE, code integer PRIMARY KEY);"
        f" CREATE TABLE c (pid integer REFERENCES p (id)); {CODES}",
    ),
    "a primary key moves and leaves a unique index behind": (
        f"{MOVING} {CODES}",
        "CREATE TABLE p (id integer NOT NULL, code integer PRIMARY KEY); CREATE UNIQUE INDEX u ON p (id);"
        f" CREATE TABLE c (pid integer REFERENCES p (id)); {CODES}",
    ),
    "what a table is partitioned by": (
        f"CREATE TABLE o (id integer PRIMARY KEY); {RANGE} {RICH}",
        f"CREATE TABLE o (id integer PRIMARY KEY); {LIST} {RICH}",
    ),
    "what a table is partitioned by, and its columns": (
        f"{RANGE} {REFERRED}",
        f"{LIST.replace('b integer', 'b bigint, d text')} {REFERRED}",
    ),
    "what a partition is partitioned by": (
        f"{DIVIDED} {CHECKED}",
        f"{DIVIDED.replace('DEFAULT PARTITION BY RANGE (a)', 'DEFAULT PARTITION BY RANGE (b)')} {CHECKED}",
    ),
    "tables that refer to one another become logged": (
        f"{UNLOGGED} CREATE UNLOGGED TABLE n (a integer); INSERT INTO z VALUES (1); INSERT INTO b VALUES (1)",
        f"{UNLOGGED.replace('UNLOGGED ', '')} CREATE TABLE n (a integer REFERENCES z); INSERT INTO z VALUES (1);"
        " INSERT INTO b VALUES (1)",
    ),
    "a table becomes unlogged that was referred to": (
        "CREATE TABLE z (a integer PRIMARY KEY); CREATE UNLOGGED TABLE n (a integer REFERENCES z)",
        "CREATE UNLOGGED TABLE z (a integer PRIMARY KEY); CREATE TABLE n (a integer)",
    ),
    "names that two constraints exchange": (
        "CREATE TABLE t (x integer, y integer, CONSTRAINT k1 PRIMARY KEY (x), CONSTRAINT k2 UNIQUE (y));"
        " COMMENT ON CONSTRAINT k1 ON t IS 'x'",
        "CREATE TABLE t (x integer, y integer, CONSTRAINT k2 PRIMARY KEY (x), CONSTRAINT k1 UNIQUE (y));"
        " COMMENT ON CONSTRAINT k2 ON t IS 'x'",
    ),
    "names that go round": (
        "CREATE TABLE t (x integer PRIMARY KEY, y integer, z integer, CONSTRAINT k UNIQUE (y));"
        " CREATE INDEX l ON t (z)",
        "CREATE TABLE t (x integer, y integer, z integer, CONSTRAINT k PRIMARY KEY (x), CONSTRAINT l UNIQUE (y));"
        " CREATE INDEX t_pkey ON t (z)",
    ),
    "an extension that an index uses goes": (
        f"CREATE EXTENSION pg_trgm; {TEXTS} CREATE INDEX i ON t USING gin (a gin_trgm_ops); CREATE INDEX j ON t (a, b)",
        f"{TEXTS.replace(', b text', '')} CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, id)",
    ),
    "an extension that a column's type is of goes": (
        "CREATE EXTENSION citext; CREATE TABLE t (a citext PRIMARY KEY); INSERT INTO t VALUES ('x')",
        "CREATE TABLE t (a text PRIMARY KEY); INSERT INTO t VALUES ('x')",
    ),
    "NOT NULL that a partition keeps": (
        f"{LIMITED.replace('a integer', 'a integer NOT NULL', 1)} INSERT INTO p VALUES (1, 2)",
        f"{LIMITED} ALTER TABLE q ALTER a SET NOT NULL; INSERT INTO p VALUES (1, 2)",
    ),
    "a default that a partition keeps": (
        LIMITED.replace("a integer", "a integer DEFAULT 1", 1),
        LIMITED.replace("a integer", "a integer DEFAULT 2", 1).replace("OF p", "OF p (a DEFAULT 1)"),
    ),
    "a column that holds rows of a table goes": (
        "CREATE TABLE a (x integer); CREATE TABLE b (r a[], s integer)",
        "CREATE TABLE a (x bigint); CREATE TABLE b (s integer)",
    ),
    "an index that not all partitions have": (
        f"{INDEXED} CREATE INDEX i ON p (b)",
        f'{INDEXED} CREATE INDEX i ON ONLY p (b); CREATE INDEX "K" ON q (b); ALTER INDEX i ATTACH PARTITION "K"',
    ),
    "an index of a partitioned table alone": (INDEXED, f"{INDEXED} CREATE UNIQUE INDEX i ON ONLY p (a)"),
    "storage parameters of indexes": (PARAMETERS.format("", "", ""), PARAMETERS.format(*GIVEN)),
    "other storage parameters of indexes": (PARAMETERS.format(*OTHERS), PARAMETERS.format(*GIVEN)),
    "a unique constraint and an index of its name": (
        "CREATE TABLE t (a integer NOT NULL, CONSTRAINT u UNIQUE (a)); INSERT INTO t VALUES (1)",
        "CREATE TABLE t (a integer NOT NULL); CREATE UNIQUE INDEX u ON t (a); INSERT INTO t VALUES (1)",
    ),
    "an extension that columns are of moves": (
        f"CREATE SCHEMA x; CREATE EXTENSION hstore; {STORED}",
        f"CREATE SCHEMA x; CREATE EXTENSION hstore SCHEMA x; {STORED.replace(' hstore', ' x.hstore')}",
    ),
    "a view becomes a materialised one": (
        f"{VIEWED} CREATE VIEW v AS SELECT a FROM t; {SAID}; COMMENT ON VIEW v IS 'x'",
        f"{VIEWED} CREATE MATERIALIZED VIEW v AS SELECT a FROM t; CREATE INDEX i ON v (a); {SAID};"
        " COMMENT ON MATERIALIZED VIEW v IS 'x'",
    ),
}
"""By what is in the way: before and after."""


@pytest.mark.parametrize(("old", "new"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("in_use", [True, False], ids=["online", "offline"])
def test_there_and_back(scratch: ScratchServer, old: str, new: str, in_use: bool) -> None:
    """With whatever rows there are."""
    assert_both_ways(scratch, old, new, in_use=in_use)


def statements(server: ScratchServer, old: str, new: str) -> list[list[str]]:
    """What is done online, in each transaction."""
    name = server.create()
    try:
        with server.session(name) as session:
            planned = plan(catalog_of_ddl(session, old), catalog_of_ddl(session, new))
            return [[statement.sql for statement in batch.statements] for batch in online(planned)]
    finally:
        server.drop(name)


def test_an_index_is_replaced_before_what_it_uses_goes(scratch: ScratchServer) -> None:
    """An extension and a column wait until there is one that does without them, built while the table is in use."""
    found = [sql for (sql, *_) in statements(scratch, *CASES["an extension that an index uses goes"])]
    assert "CREATE INDEX CONCURRENTLY i_new ON public.t (a)" in found
    assert "CREATE INDEX CONCURRENTLY j_new ON public.t (a, id)" in found


def test_partitions_of_a_table_that_is_made_anew_lose_nothing(scratch: ScratchServer) -> None:
    """They are detached and attached again: what does not fit makes that fail. Those that go are named, each."""
    session_name = scratch.create()
    old = "CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p FOR VALUES IN (1);"
    new = "CREATE TABLE p (a integer) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p FOR VALUES FROM (1) TO (2)"
    try:
        with scratch.session(session_name) as session:
            more = f"{old} CREATE TABLE r PARTITION OF p FOR VALUES IN (2)"
            before, after = catalog_of_ddl(session, more), catalog_of_ddl(session, new)
            planned = plan(before, after)
            assert planned.losses == ("table public.r with all its rows",)
            session.script(f"{old} INSERT INTO p VALUES (1)")
            other = plan(
                catalog_of(session, SETTINGS),
                catalog_of_ddl(session, f"DROP TABLE p; {new.replace('(1)', '(5)').replace('(2)', '(9)')}"),
            )
            (batch,) = online(other)
            with pytest.raises(StatementError, match="is violated by some row"):
                session.script(batch.script())
    finally:
        scratch.drop(session_name)


def test_a_plain_table_that_is_to_be_partitioned_loses_its_rows(scratch: ScratchServer) -> None:
    """Which is said."""
    name = scratch.create()
    try:
        with scratch.session(name) as session:
            plain = catalog_of_ddl(session, "CREATE TABLE p (a integer)")
            partitioned = catalog_of_ddl(session, "CREATE TABLE p (a integer) PARTITION BY LIST (a)")
    finally:
        scratch.drop(name)
    assert plan(plain, partitioned).losses == ("table public.p with all its rows",)
    assert plan(partitioned, plain).losses == ()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("x integer", "x bigint", "column public.a.x can't become bigint"),
        ("x integer", "x integer, y integer DEFAULT 1", "column public.a.y can't be added with a default"),
    ],
)
def test_a_table_whose_rows_are_values_elsewhere(scratch: ScratchServer, old: str, new: str, what: str) -> None:
    """Postgres writes it anew for nothing, which is said before anything is run: be it an array or by way of a type."""
    name = scratch.create()
    ddl = "CREATE TABLE a ({}); CREATE TYPE c AS (q a[]); CREATE DOMAIN d AS c; CREATE TABLE b (r d)"
    try:
        with scratch.session(name) as session:
            before, after = (catalog_of_ddl(session, ddl.replace("{}", columns)) for columns in (old, new))
            with pytest.raises(ImpossibleError, match=f"{what}: column public.b.r holds rows of table public.a"):
                plan(before, after).require_way()
            with pytest.raises(StatementError, match="its row type"):
                session.script(f"{ddl.replace('{}', old)}; ALTER TABLE a ADD COLUMN z integer DEFAULT 1")
    finally:
        scratch.drop(name)


def test_indexes_are_not_built_again_for_their_storage_parameters(scratch: ScratchServer) -> None:
    """Which are altered; their order is no difference."""
    (found,) = statements(scratch, *CASES["other storage parameters of indexes"])
    assert found == [
        "ALTER INDEX public.i SET (fillfactor = 50)",
        "ALTER INDEX public.i RESET (deduplicate_items)",
        "ALTER INDEX public.j SET (gin_pending_list_limit = 100)",
        "ALTER INDEX public.j RESET (fastupdate)",
        "ALTER INDEX public.k SET (pages_per_range = 8)",
        "ALTER INDEX public.k RESET (autosummarize)",
    ]
    order = " WITH (fillfactor = 70, deduplicate_items = off)", *OTHERS[1:]
    assert statements(scratch, PARAMETERS.format(*OTHERS), PARAMETERS.format(*order)) == []


def test_values_are_unique_all_the_time(scratch: ScratchServer) -> None:
    """An index in the place of a unique constraint of its name is built before that goes."""
    assert statements(scratch, *CASES["a unique constraint and an index of its name"]) == [
        ["CREATE UNIQUE INDEX CONCURRENTLY u_new ON public.t (a)"],
        ["ALTER TABLE public.t DROP CONSTRAINT u", "ALTER INDEX public.u_new RENAME TO u"],
    ]


def test_a_view_of_another_kind_is_there_with_its_grants(scratch: ScratchServer) -> None:
    """In the transaction in which the old one goes."""
    old, new = CASES["a view becomes a materialised one"]
    for way in (statements(scratch, old, new), statements(scratch, new, old)):
        (one,) = (batch for batch in way if any(sql.startswith("CREATE") and "VIEW" in sql for sql in batch))
        assert any(sql.startswith("DROP") for sql in one)
        assert "GRANT SELECT ON TABLE public.v TO PUBLIC" in one


def test_columns_move_with_the_extension_that_they_are_of(scratch: ScratchServer) -> None:
    """No table is written anew for it, and nothing is said to be lost."""
    found = statements(scratch, *CASES["an extension that columns are of moves"])
    assert found == [["ALTER EXTENSION hstore SET SCHEMA x"]]


def test_the_order_of_parents_is_no_difference(scratch: ScratchServer) -> None:
    """It says no more than the order of columns; a table that is new is made with it."""
    name = scratch.create()
    try:
        with scratch.session(name) as session:
            ddl = "CREATE TABLE a (x integer); CREATE TABLE b (y integer); CREATE TABLE c () INHERITS ({})"
            one, other = (catalog_of_ddl(session, ddl.replace("{}", order)) for order in ("a, b", "b, a"))
            empty = catalog_of_ddl(session, "")
    finally:
        scratch.drop(name)
    assert diff(one, other) == ()
    assert "INHERITS (public.b, public.a)" in plan(empty, other).script()


def test_postgres_compares_what_foreign_keys_are_kept_between(scratch: ScratchServer) -> None:
    """Two types are in one family exactly where btree has `=` between them, or holds one as the other."""
    name = scratch.create()
    try:
        with scratch.session(name) as session:
            rows = session.query(
                """SELECT format_type(amoplefttype, NULL), format_type(amoprighttype, NULL)
                FROM pg_amop JOIN pg_opfamily f ON f.oid = amopfamily
                WHERE amopmethod = (SELECT oid FROM pg_am WHERE amname = 'btree') AND amopstrategy = 3
                  AND f.opfname NOT LIKE '%pattern%'"""
            )
            # varchar and cidr have no operators of their own: they are held as text and inet.
            same = {"character varying": "text", "cidr": "inet"}
            known = {one for family in FAMILIES for one in family}
            compared = {(left, right) for left, right in rows}
            for one in known:
                for other in known - {one}:
                    left, right = same.get(one, one), same.get(other, other)
                    assert are_comparable(one, other) == (left == right or (left, right) in compared), (one, other)
    finally:
        scratch.drop(name)
