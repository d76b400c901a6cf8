"""What an application meets while a Plan is done online: between two batches, and whether each of them runs at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from between_batches import run_watched
from both_ways import both_sides
from neon_migrate.diff import diff
from neon_migrate.kind import Run
from neon_migrate.online import online
from neon_migrate.plan import plan
from neon_migrate.settings import Settings
from neon_migrate.sources.database import catalog_of, scratch_catalog
from random_schemas import RandomSchema, schemas
from schema_pairs import catalog_of as catalog_of_ddl
from schema_pairs import statements

if TYPE_CHECKING:
    from neon_migrate.postgres.scratch import ScratchServer

EXAMPLES = int(os.environ.get("NEON_MIGRATE_TEST_EXAMPLES", "60")) // 6
SETTINGS = Settings(Path(), Path(), Path())


def assert_nothing_is_amiss(server: ScratchServer, old: str, new: str) -> None:
    """The batches lead from `old` to `new` and back, and what both have is there all the time."""
    with both_sides(server, old, new) as databases:
        catalogs = [scratch_catalog(server, name, SETTINGS) for name in databases]
        for start, goal in ((0, 1), (1, 0)):
            with server.session(databases[start]) as session:
                assert run_watched(session, plan(catalogs[start], catalogs[goal]), SETTINGS) == []
                assert diff(catalog_of(session, SETTINGS), catalogs[goal]) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "CREATE TABLE t (q integer NOT NULL DEFAULT 0)",
            "CREATE TABLE t (q bigint NOT NULL DEFAULT 0); CREATE INDEX i ON t (q)",
            id="a default over a new type",
        ),
        pytest.param(
            "CREATE TABLE t (q integer DEFAULT 0)",
            "CREATE TABLE t (q bigint NOT NULL DEFAULT 0)",
            id="a default over a new type and NOT NULL",
        ),
        pytest.param(
            "CREATE TABLE t (id serial PRIMARY KEY, a text)",
            "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text CHECK (a <> ''))",
            id="serial and identity",
        ),
        pytest.param(
            "CREATE TABLE t (id serial PRIMARY KEY, a text)",
            "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text CHECK (a <> ''))",
            id="serial and identity of another type",
        ),
        pytest.param(
            "CREATE TABLE t (a integer, g integer DEFAULT 1)",
            "CREATE TABLE t (a integer NOT NULL, g integer NOT NULL); CREATE INDEX i ON t (g)",
            id="a default that goes for good",
        ),
    ],
)
def test_a_table_takes_rows_all_the_time(scratch: ScratchServer, old: str, new: str) -> None:
    """A default or an identity is gone for no longer than the transaction that changes it."""
    assert_nothing_is_amiss(scratch, old, new)


ENUM = "CREATE TYPE e AS ENUM ({}); CREATE TABLE t (id integer, e e); "


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "CREATE TABLE t (id integer, s text); CREATE INDEX i ON t (id) WHERE s = 'a'",
            "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id integer, s e); CREATE INDEX i ON t (id) WHERE s = 'a'",
            id="a condition on a column with another type",
        ),
        pytest.param(
            "CREATE TABLE t (id integer, b boolean); CREATE INDEX i ON t (id) WHERE b",
            "CREATE TABLE t (id integer, b integer); CREATE INDEX i ON t (id) WHERE b = 1",
            id="another condition",
        ),
        pytest.param(
            ENUM.format("'a', 'b'") + "CREATE INDEX i ON t (id) WHERE e = 'a'; CREATE INDEX j ON t (e)",
            ENUM.format("'b', 'a'") + "CREATE INDEX i ON t (id) WHERE e = 'a'; CREATE INDEX j ON t (e)",
            id="a condition on an enum",
        ),
        pytest.param(
            ENUM.format("'a', 'b'") + "CREATE INDEX i ON t ((e = 'a'))",
            ENUM.format("'b', 'a'") + "CREATE INDEX i ON t ((e = 'a'), id)",
            id="an expression over an enum, and another index",
        ),
    ],
)
def test_an_index_over_a_changed_type(scratch: ScratchServer, old: str, new: str) -> None:
    """What the type's change can't be done under goes before it: the old index can't stay until there is another."""
    assert_nothing_is_amiss(scratch, old, new)


def test_an_index_that_names_nothing_of_an_enum(scratch: ScratchServer) -> None:
    """It is built again by the statement that gives its column the new type: no migration is about it."""
    name = scratch.create()
    index = "CREATE INDEX i ON t (e, id) WHERE id > 0"
    with scratch.session(name) as session:
        before, after = (catalog_of_ddl(session, ENUM.format(labels) + index) for labels in ("'a', 'b'", "'b', 'a'"))
    scratch.drop(name)
    assert not [sql for sql in statements(plan(before, after)) if "INDEX" in sql]


@pytest.mark.parametrize(
    ("ddl", "was", "becomes"),
    [
        pytest.param(
            """CREATE TABLE t (a integer, b text); CREATE VIEW v AS SELECT a, b FROM t; GRANT SELECT ON v TO PUBLIC;
            GRANT SELECT (b) ON v TO PUBLIC; COMMENT ON VIEW v IS 'x'; COMMENT ON COLUMN v.b IS 'y';
            CREATE TRIGGER i INSTEAD OF UPDATE ON v FOR EACH ROW
              EXECUTE FUNCTION suppress_redundant_updates_trigger(); COMMENT ON TRIGGER i ON v IS 'z'""",
            "a integer",
            "a bigint",
            id="a view",
        ),
        pytest.param(
            """CREATE TABLE t (a integer, b text); CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
            CREATE INDEX i ON m (b); COMMENT ON INDEX i IS 'x'; GRANT SELECT ON m TO PUBLIC""",
            "a integer",
            "a bigint",
            id="a materialised view",
        ),
        pytest.param(
            """CREATE TABLE t (a text); CREATE POLICY p ON t USING (a = 'x'); COMMENT ON POLICY p ON t IS 'y';
            CREATE TRIGGER i BEFORE INSERT ON t FOR EACH ROW WHEN (new.a = 'x')
              EXECUTE FUNCTION suppress_redundant_updates_trigger(); COMMENT ON TRIGGER i ON t IS 'z'""",
            "a text",
            "a varchar(30)",
            id="a policy and a trigger",
        ),
        pytest.param(
            """CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a + 1) STORED); COMMENT ON COLUMN t.g IS 'x';
            GRANT SELECT (g) ON t TO PUBLIC; CREATE INDEX i ON t (g)""",
            "(a + 1)",
            "(a + 2)",
            id="a generated column",
        ),
    ],
)
def test_what_goes_with_something_comes_back_with_it(scratch: ScratchServer, ddl: str, was: str, becomes: str) -> None:
    """In one transaction: its grants, triggers, comments and indexes."""
    assert_nothing_is_amiss(scratch, ddl, ddl.replace(was, becomes, 1))


def test_a_change_that_comes_with_the_parents(scratch: ScratchServer) -> None:
    """An inherited column has no statement of its own, so no batch either."""
    family = "CREATE TABLE a (x {}); CREATE TABLE b () INHERITS (a)"
    assert_nothing_is_amiss(scratch, family.format("integer"), family.format("bigint"))


PARTED = "CREATE TABLE p (a integer) PARTITION BY RANGE (a); "
PART = "CREATE TABLE {} PARTITION OF p FOR VALUES FROM ({}) TO ({}); "


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(PART.format("q", 1, 5), PART.format("q", 1, 9), id="wider"),
        pytest.param(PART.format("q", 1, 9), PART.format("q", 1, 5) + PART.format("r", 5, 9), id="divided"),
        pytest.param(
            PART.format("q", 1, 5) + PART.format("r", 5, 9),
            PART.format("r", 1, 5) + PART.format("q", 5, 9),
            id="exchanged",
        ),
    ],
)
def test_other_bounds(scratch: ScratchServer, old: str, new: str) -> None:
    """A partition and its rows are out of its parent for no longer than the transaction that changes its bounds."""
    assert_nothing_is_amiss(scratch, PARTED + old, PARTED + new)


def test_a_partition_that_leaves_a_parent_with_other_columns_and_indexes(scratch: ScratchServer) -> None:
    """It leaves before its parent is changed: it is not changed along with it, and then again."""
    old = PARTED + PART.format("q", 1, 5) + "CREATE INDEX i ON p (a)"
    new = PARTED.replace("integer", "integer, b text") + "CREATE TABLE q (a integer, b text)"
    assert_nothing_is_amiss(scratch, old, new)


def test_a_partition_beside_a_default_one(scratch: ScratchServer) -> None:
    """It is made by itself, as Postgres reads the default one for rows that belong in the new one."""
    default = PARTED + "CREATE TABLE d PARTITION OF p DEFAULT; "
    new = default + PART.format("q", 1, 5) + "CREATE TABLE other (a integer)"
    assert_nothing_is_amiss(scratch, default, new)
    name = scratch.create()
    with scratch.session(name) as session:
        before, after = catalog_of_ddl(session, default), catalog_of_ddl(session, new)
    scratch.drop(name)
    assert [(batch.run, len(batch.statements)) for batch in online(plan(before, after))] == [
        (Run.SHARED, 1),
        (Run.LONG, 1),
    ]


KEYS = "CREATE TABLE t (id integer NOT NULL, b integer NOT NULL{}); CREATE TABLE u (id integer, b integer{}); "


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            KEYS.format(", CONSTRAINT k PRIMARY KEY (id)", ", CONSTRAINT f FOREIGN KEY (id) REFERENCES t"),
            KEYS.format(", CONSTRAINT l PRIMARY KEY (b, id)", ", CONSTRAINT g FOREIGN KEY (b, id) REFERENCES t"),
            id="a key, and the foreign key that needs it",
        ),
        pytest.param(
            KEYS.format(", CONSTRAINT k UNIQUE (id)", ""),
            KEYS.format(", CONSTRAINT l UNIQUE (id, b)", ""),
            id="a unique constraint",
        ),
        pytest.param(
            KEYS.format("", "") + "CREATE INDEX i ON t (id)",
            KEYS.format("", "") + "CREATE INDEX j ON t (id, b)",
            id="an index",
        ),
        pytest.param(
            KEYS.format("", "") + "CREATE INDEX i ON t (id)",
            KEYS.format("", ", c integer GENERATED ALWAYS AS (id) STORED") + "CREATE INDEX j ON t (id, b)",
            id="an index, and what takes long",
        ),
        pytest.param(
            KEYS.format(", gone integer", "") + "CREATE INDEX i ON t (id, gone)",
            KEYS.format(", more integer", "") + "CREATE INDEX j ON t (id, b)",
            id="an index on a column that goes as well",
        ),
        pytest.param(
            KEYS.replace("); CREATE", ") PARTITION BY RANGE (id); CREATE").format("", "")
            + "CREATE TABLE p PARTITION OF t DEFAULT; CREATE INDEX i ON t (id)",
            KEYS.replace("); CREATE", ") PARTITION BY RANGE (id); CREATE").format("", "")
            + "CREATE TABLE p PARTITION OF t DEFAULT; CREATE INDEX j ON t (id, b)",
            id="an index of a partitioned table",
        ),
    ],
)
def test_one_of_another_name(scratch: ScratchServer, old: str, new: str) -> None:
    """It is there before the one that it replaces goes, or comes in the same transaction."""
    assert_nothing_is_amiss(scratch, old, new)
    name = scratch.create()
    with scratch.session(name) as session:
        before, after = catalog_of_ddl(session, old), catalog_of_ddl(session, new)
    scratch.drop(name)
    for planned in (plan(before, after), plan(after, before)):
        taken_down = [number for number, batch in enumerate(online(planned)) if " DROP CONSTRAINT " in batch.script()]
        taken_down += [number for number, batch in enumerate(online(planned)) if "DROP INDEX " in batch.script()]
        made = [number for number, batch in enumerate(online(planned)) if " ADD CONSTRAINT " in batch.script()]
        made += [number for number, batch in enumerate(online(planned)) if "CREATE INDEX " in batch.script()]
        assert taken_down
        assert min(taken_down) >= max(made)


def test_a_key_that_needs_another_type(scratch: ScratchServer) -> None:
    """Where its index can't be built before the old key goes, it is built while the table is in use all the same."""
    old = "CREATE TABLE t (id integer, b integer, CONSTRAINT k UNIQUE (id))"
    new = "CREATE TABLE t (id bigint NOT NULL, b integer, CONSTRAINT l PRIMARY KEY (id))"
    assert_nothing_is_amiss(scratch, old, new)
    name = scratch.create()
    with scratch.session(name) as session:
        batches = online(plan(catalog_of_ddl(session, old), catalog_of_ddl(session, new)))
    scratch.drop(name)
    assert ["CREATE UNIQUE INDEX CONCURRENTLY l ON public.t (id)"] in [
        [statement.sql for statement in batch.statements] for batch in batches
    ]


@settings(max_examples=EXAMPLES, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(first=schemas(), second=schemas())
def test_any_schema_and_any_other(scratch: ScratchServer, first: RandomSchema, second: RandomSchema) -> None:
    """Whatever the two are."""
    assert_nothing_is_amiss(scratch, first.ddl(), second.ddl())
