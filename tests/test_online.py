"""Plans in batches that keep a database in use: what is in which batch, and where they lead on a real Postgres."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, note, settings

from both_ways import both_sides
from neon_migrate.diff import diff
from neon_migrate.errors import RefusedError, StatementError
from neon_migrate.kind import Run
from neon_migrate.online import offline, online
from neon_migrate.ordering import strongly_connected
from neon_migrate.plan import plan
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.run_plan import run_plan
from neon_migrate.settings import Settings
from neon_migrate.sources.database import catalog_of, scratch_catalog
from peers import difference, dumped
from random_schemas import RandomSchema, schemas
from schema_pairs import catalog_of as catalog_of_ddl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.online import Batch
    from neon_migrate.postgres.scratch import ScratchServer

EXAMPLES = int(os.environ.get("NEON_MIGRATE_TEST_EXAMPLES", "60")) // 6
SETTINGS = Settings(Path(), Path(), Path())
T = "CREATE TABLE t (a integer, b text);"
R = "CREATE TABLE r (id integer PRIMARY KEY);"


@pytest.fixture(scope="module")
def seventeen() -> Iterator[ScratchServer]:
    """A server of the last major version on which NOT NULL is no constraint."""
    with scratch_server(major=17) as server:
        yield server


def both_ways(server: ScratchServer, old: str, new: str) -> tuple[Batch, ...]:
    """The batches from `old` to `new`, once both ways were gone and pg_dump found what it should."""
    with both_sides(server, old, new) as databases:
        catalogs = [scratch_catalog(server, name, SETTINGS) for name in databases]
        dumps = [dumped(server.target(name)) for name in databases]
        for start, goal in ((0, 1), (1, 0)):
            planned = plan(catalogs[start], catalogs[goal])
            with server.session(databases[start]) as session:
                run_plan(session, planned, catalog_of(session, SETTINGS))
                assert not plan(catalog_of(session, SETTINGS), catalogs[goal]).statements
            assert not difference(dumped(server.target(databases[start])), dumps[goal])
        return online(plan(*catalogs))


def told(batches: tuple[Batch, ...]) -> list[list[str]]:
    """The SQL of each batch."""
    return [[statement.sql for statement in batch.statements] for batch in batches]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(T, f"{T} CREATE INDEX i ON t (a)", [["CREATE INDEX CONCURRENTLY i ON public.t (a)"]], id="index"),
        pytest.param(
            f"{T} CREATE INDEX i ON t (a)",
            f"{T} CREATE INDEX i ON t (b); COMMENT ON INDEX i IS 'x'",
            [
                ["CREATE INDEX CONCURRENTLY i_new ON public.t (b)"],
                ["DROP INDEX CONCURRENTLY public.i"],
                ["ALTER INDEX public.i_new RENAME TO i", "COMMENT ON INDEX public.i IS 'x'"],
            ],
            id="an index is replaced by one that is there before it goes",
        ),
        pytest.param(
            "CREATE TABLE t (a integer NOT NULL, b text); CREATE UNIQUE INDEX i ON t (a); "
            "ALTER TABLE t REPLICA IDENTITY USING INDEX i; ALTER TABLE t CLUSTER ON i",
            "CREATE TABLE t (a integer NOT NULL, b text); CREATE UNIQUE INDEX i ON t (a) INCLUDE (b); "
            "ALTER TABLE t REPLICA IDENTITY USING INDEX i; ALTER TABLE t CLUSTER ON i",
            [
                ["CREATE UNIQUE INDEX CONCURRENTLY i_new ON public.t (a) INCLUDE (b)"],
                [
                    "ALTER TABLE public.t SET WITHOUT CLUSTER",
                    "ALTER TABLE public.t REPLICA IDENTITY DEFAULT",
                    "DROP INDEX public.i",
                    "ALTER INDEX public.i_new RENAME TO i",
                    "ALTER TABLE public.t REPLICA IDENTITY USING INDEX i",
                    "ALTER TABLE public.t CLUSTER ON i",
                ],
            ],
            id="an index that tells a table's rows apart is replaced in one transaction",
        ),
        pytest.param(
            f"{T} CREATE INDEX i ON t (b)",
            "CREATE TABLE t (a integer)",
            [["DROP INDEX public.i", "ALTER TABLE public.t DROP COLUMN b"]],
            id="an index goes with its column, which nobody can use then",
        ),
        pytest.param(
            T,
            "CREATE TABLE t (a integer UNIQUE, b text, CHECK (a > 0)); CREATE TABLE u (a integer REFERENCES t (a)); "
            "CREATE INDEX u_a ON u (a)",
            [
                ["ALTER TABLE public.t ADD CONSTRAINT t_a_check CHECK (a > 0) NOT VALID"],
                ["CREATE UNIQUE INDEX CONCURRENTLY t_a_key ON public.t (a)"],
                ["ALTER TABLE public.t VALIDATE CONSTRAINT t_a_check"],
                [
                    "ALTER TABLE public.t ADD CONSTRAINT t_a_key UNIQUE USING INDEX t_a_key",
                    "CREATE TABLE public.u (\n    a integer,\n"
                    "    CONSTRAINT u_a_fkey FOREIGN KEY (a) REFERENCES public.t(a)\n)",
                    "CREATE INDEX u_a ON public.u (a)",
                ],
            ],
            id="what is new needs none of it",
        ),
        pytest.param(
            T + R,
            "CREATE TABLE r (id integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES r, b text)",
            [
                ["ALTER TABLE public.t ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES public.r(id) NOT VALID"],
                ["ALTER TABLE public.t VALIDATE CONSTRAINT t_a_fkey"],
            ],
            id="foreign key",
        ),
        pytest.param(
            T,
            f"{T} ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
            [["ALTER TABLE public.t ADD CONSTRAINT c CHECK (a > 0) NOT VALID"]],
            id="a constraint that is to be NOT VALID stays so",
        ),
        pytest.param(
            f"{T} ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
            f"{T} ALTER TABLE t ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (b) INCLUDE (a) DEFERRABLE",
            [
                ["CREATE UNIQUE INDEX CONCURRENTLY k_new ON public.t (b) INCLUDE (a) NULLS NOT DISTINCT"],
                [
                    "ALTER TABLE public.t DROP CONSTRAINT k",
                    "ALTER TABLE public.t ADD CONSTRAINT k UNIQUE USING INDEX k_new DEFERRABLE",
                ],
            ],
            id="a key is replaced in one transaction",
        ),
        pytest.param(
            f"{T} CREATE UNIQUE INDEX i ON t (a); CREATE TABLE u (a integer REFERENCES t (a))",
            "CREATE TABLE t (a integer, b text); CREATE UNIQUE INDEX i ON t (a) INCLUDE (b); "
            "CREATE TABLE u (a integer REFERENCES t (a))",
            [
                [
                    "ALTER TABLE public.u DROP CONSTRAINT u_a_fkey",
                    "DROP INDEX public.i",
                    "CREATE UNIQUE INDEX i ON public.t (a) INCLUDE (b)",
                    "ALTER TABLE public.u ADD CONSTRAINT u_a_fkey FOREIGN KEY (a) REFERENCES public.t(a) NOT VALID",
                ],
                ["ALTER TABLE public.u VALIDATE CONSTRAINT u_a_fkey"],
            ],
            id="a foreign key is not left without the index that it needs",
        ),
        pytest.param(
            f"{T} CREATE VIEW v AS SELECT a FROM t",
            "CREATE TABLE t (a bigint, b varchar); CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (a)",
            [
                ["ALTER TABLE public.t ALTER COLUMN b TYPE character varying"],
                [
                    "DROP VIEW public.v",
                    "ALTER TABLE public.t ALTER COLUMN a TYPE bigint",
                    "CREATE VIEW public.v AS\n SELECT a\n   FROM public.t",
                ],
                ["CREATE INDEX CONCURRENTLY i ON public.t (a)"],
            ],
            id="what hangs on a column is taken down and put back in one transaction",
        ),
        pytest.param(
            "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (e e DEFAULT 'a')",
            "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (e e DEFAULT 'b')",
            [
                ["ALTER TYPE public.e ADD VALUE 'b'"],
                ["ALTER TABLE public.t ALTER COLUMN e SET DEFAULT 'b'::public.e"],
            ],
            id="an enum value is committed before it is used",
        ),
        pytest.param(
            "CREATE DOMAIN d AS integer; CREATE TABLE t (d d)",
            "CREATE DOMAIN d AS integer CHECK (VALUE > 0); CREATE TABLE t (d d)",
            [
                ["ALTER DOMAIN public.d ADD CONSTRAINT d_check CHECK (VALUE > 0) NOT VALID"],
                ["ALTER DOMAIN public.d VALIDATE CONSTRAINT d_check"],
            ],
            id="domain",
        ),
        pytest.param(
            T,
            "CREATE TABLE t (a integer, b text, c uuid DEFAULT gen_random_uuid(), d timestamptz DEFAULT now());"
            "CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE UNIQUE INDEX m_a ON m (a)",
            [
                ["ALTER TABLE public.t ADD COLUMN d timestamp with time zone DEFAULT now()"],
                ["ALTER TABLE public.t ADD COLUMN c uuid DEFAULT gen_random_uuid()"],
                ["CREATE MATERIALIZED VIEW public.m AS\n SELECT a\n   FROM public.t"],
                ["CREATE UNIQUE INDEX m_a ON public.m (a)"],
            ],
            id="what takes as long as there are rows is alone and late",
        ),
        pytest.param(
            "CREATE TABLE t (id integer PRIMARY KEY)",
            "CREATE TABLE t (id bigserial PRIMARY KEY)",
            [
                ["CREATE SEQUENCE public.t_id_seq"],
                ["ALTER TABLE public.t ALTER COLUMN id TYPE bigint"],
                [
                    "ALTER TABLE public.t ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass)",
                    "SELECT setval('public.t_id_seq', max(id)) FROM public.t HAVING max(id) >= 1",
                    "ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id",
                ],
            ],
            id="a sequence gives no number before it is behind those of the rows",
        ),
    ],
)
def test_batches_lead_there_and_back(scratch: ScratchServer, old: str, new: str, expected: list[list[str]]) -> None:
    """And none of them holds a strong lock for as long as there are rows, where there is another way."""
    batches = both_ways(scratch, old, new)
    assert told(batches) == expected
    for batch in batches:
        assert batch.transactional or len(batch.statements) == 1
        assert batch.transactional != any("CONCURRENTLY" in statement.sql for statement in batch.statements)
        assert bool(batch.why) == (len(batches) > 1 or batch.run > Run.SHARED)


def test_what_a_default_waits_for_while_not_null_changes_too(scratch: ScratchServer) -> None:
    """An identity is gone and a column has its new type before a default comes; the default before rows are read."""
    old = "CREATE TABLE t (a varchar(10) DEFAULT 'a', c integer GENERATED ALWAYS AS IDENTITY)"
    new = "CREATE TABLE t (a varchar(20) CONSTRAINT filled NOT NULL DEFAULT 'b', c integer DEFAULT 5)"
    assert told(both_ways(scratch, old, new)) == [
        [
            "ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT",
            "ALTER TABLE public.t ALTER COLUMN a TYPE character varying(20)",
            "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT 'b'::character varying",
            "ALTER TABLE public.t ADD CONSTRAINT filled NOT NULL a NOT VALID",
            "ALTER TABLE public.t ALTER COLUMN c DROP IDENTITY",
            "ALTER TABLE public.t ALTER COLUMN c SET DEFAULT 5",
            "ALTER TABLE public.t ALTER COLUMN c DROP NOT NULL",
        ],
        ["ALTER TABLE public.t VALIDATE CONSTRAINT filled"],
    ]


def test_not_null_and_a_primary_key(scratch: ScratchServer, seventeen: ScratchServer) -> None:
    """By way of a check that is validated; since 18 NOT NULL can be so itself. The key then reads nothing."""
    new = "CREATE TABLE t (a integer NOT NULL, b text PRIMARY KEY)"
    built = ["CREATE UNIQUE INDEX CONCURRENTLY t_pkey ON public.t (b)"]
    key = "ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_pkey"
    validated = [[f"ALTER TABLE public.t VALIDATE CONSTRAINT t_{name}_not_null"] for name in "ab"]
    assert told(both_ways(scratch, T, new)) == [
        [f"ALTER TABLE public.t ADD CONSTRAINT t_{name}_not_null NOT NULL {name} NOT VALID" for name in "ab"],
        built,
        *validated,
        [key],
    ]
    assert told(both_ways(seventeen, T, new)) == [
        [
            f"ALTER TABLE public.t ADD CONSTRAINT t_{name}_not_null CHECK ({name} IS NOT NULL) NOT VALID"
            for name in "ab"
        ],
        *validated,
        [
            statement
            for name in "ab"
            for statement in (
                f"ALTER TABLE public.t ALTER COLUMN {name} SET NOT NULL",
                f"ALTER TABLE public.t DROP CONSTRAINT t_{name}_not_null",
            )
        ],
        built,
        [key],
    ]


def test_partitioned_tables(scratch: ScratchServer, seventeen: ScratchServer) -> None:
    """What they know no CONCURRENTLY or NOT VALID for, their partitions have before, and they take it over."""
    parted = "CREATE TABLE p (a integer{}) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT;"
    old = R + parted.format("")
    new = R + parted.format(", UNIQUE (a)") + "CREATE INDEX i ON p (a); ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES r"
    for server in (scratch, seventeen):
        batches = both_ways(server, old, new)
        assert sorted(batch.statements[0].sql for batch in batches if batch.run == Run.CONCURRENTLY) == [
            "CREATE INDEX CONCURRENTLY q_a_idx ON public.q (a)",
            "CREATE UNIQUE INDEX CONCURRENTLY q_a_key ON public.q (a)",
        ]
        assert not any(batch.run == Run.LONG for batch in batches)
        assert any("Takes over" in sentence for batch in batches for sentence in batch.why)


def test_a_column_is_as_its_new_parent_wants_it_before_the_table_is_attached(
    scratch: ScratchServer, seventeen: ScratchServer
) -> None:
    """NOT NULL is valid by then, which a parent asks for since 18, also where the table comes from another parent."""
    parents = (
        "CREATE TABLE t (a integer NOT NULL, b bigint) PARTITION BY RANGE (a);"
        "CREATE TABLE u (a integer, b text) PARTITION BY RANGE (a);"
    )
    old = f"{parents} CREATE TABLE p PARTITION OF u DEFAULT; CREATE TABLE q (a integer, b bigint)"
    new = f"{parents} CREATE TABLE p PARTITION OF t DEFAULT; CREATE TABLE q PARTITION OF t FOR VALUES FROM (1) TO (5)"
    for server in (scratch, seventeen):
        both_ways(server, old, new)


def test_one_transaction_where_nobody_uses_the_database(scratch: ScratchServer) -> None:
    """The statements as they are, and enum values before them where that is asked for."""
    name = scratch.create()
    with scratch.session(name) as session:
        session.script(f"{T} CREATE TYPE e AS ENUM ('a')")
        before = catalog_of(session, SETTINGS)
        session.script("ALTER TYPE e ADD VALUE 'b'; CREATE INDEX i ON t (a); ALTER TABLE t ALTER a SET NOT NULL")
        planned = plan(before, catalog_of(session, SETTINGS))
    scratch.drop(name)
    value, index = "ALTER TYPE public.e ADD VALUE 'b'", "CREATE INDEX i ON public.t (a)"
    required = "ALTER TABLE public.t ALTER COLUMN a SET NOT NULL"
    assert told(offline(planned)) == [[value, required, index]]
    assert told(offline(planned, values_first=True)) == [[value], [required, index]]
    assert (online(plan(before, before)), offline(plan(before, before))) == ((), ())


def test_a_plan_is_refused_where_it_does_not_start(scratch: ScratchServer) -> None:
    """Nothing is run on a database that is not as it was when the plan was made."""
    name = scratch.create()
    with scratch.session(name) as session:
        before = catalog_of(session, SETTINGS)
        session.script("CREATE TABLE other ()")
        changed = catalog_of(session, SETTINGS)
        session.script("CREATE TABLE t ()")
        planned = plan(before, catalog_of(session, SETTINGS))
        session.script("DROP TABLE t")
        with pytest.raises(RefusedError, match="not the one that this plan starts from"):
            run_plan(session, planned, catalog_of(session, SETTINGS))
        assert catalog_of(session, SETTINGS) == changed
    scratch.drop(name)


def test_batches_before_one_that_fails_stay(scratch: ScratchServer) -> None:
    """Also where it was a transaction, and the connection can be used further."""
    name = scratch.create()
    with scratch.session(name) as session:
        session.script(T)
        before = catalog_of(session, SETTINGS)
        session.script("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)")
        after = catalog_of(session, SETTINGS)
        session.script("ALTER TABLE t DROP CONSTRAINT c; INSERT INTO t VALUES (0)")
        with pytest.raises(StatementError, match="violated by some row"):
            run_plan(session, plan(before, after), catalog_of(session, SETTINGS))
        assert session.query("SELECT convalidated FROM pg_constraint WHERE conname = 'c'") == [(False,)]
        session.script("DELETE FROM t; ALTER TABLE t DROP CONSTRAINT c")
        run_plan(session, plan(before, after), catalog_of(session, SETTINGS), in_one_transaction=True)
        assert catalog_of(session, SETTINGS) == after
    scratch.drop(name)


def test_groups_of_what_needs_each_other() -> None:
    """Rings are found whatever leads into them; what stands alone is a group of one."""
    after = {1: {2}, 2: {3}, 3: {1}, 4: {3}, 5: {6}, 6: {5, 4}, 7: set[int]()}
    assert set(strongly_connected(after)) == {frozenset({1, 2, 3}), frozenset({4}), frozenset({5, 6}), frozenset({7})}


@settings(max_examples=EXAMPLES, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(first=schemas(), second=schemas())
def test_batches_lead_from_any_schema_to_any_other(
    scratch: ScratchServer, first: RandomSchema, second: RandomSchema
) -> None:
    """Whatever the two are, and however many batches it takes; and back."""
    name = scratch.create()
    try:
        with scratch.session(name) as session:
            before, after = catalog_of_ddl(session, first.ddl()), catalog_of_ddl(session, second.ddl())
            session.script(first.ddl())
            for planned, goal in ((plan(before, after), after), (plan(after, before), before)):
                note("\n".join(batch.script() for batch in online(planned)))
                run_plan(session, planned, catalog_of(session, SETTINGS))
                assert diff(catalog_of(session, SETTINGS), goal) == ()
    finally:
        scratch.drop(name)
