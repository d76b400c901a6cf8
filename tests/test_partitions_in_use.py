"""Partitions with rows that are attached, detached, moved and indexed while they are in use, and at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from between_batches import run_watched
from neon_migrate.diff import diff
from neon_migrate.kind import Run
from neon_migrate.online import offline, online
from neon_migrate.plan import plan
from neon_migrate.settings import Settings
from neon_migrate.sources.database import catalog_of, scratch_catalog
from peers import difference, dumped
from schema_pairs import catalog_of as catalog_of_ddl

if TYPE_CHECKING:
    from neon_migrate.online import Batch
    from neon_migrate.postgres.scratch import ScratchServer

SETTINGS = Settings(Path(), Path(), Path())
T = "CREATE TABLE t (a integer NOT NULL, n integer, b integer) PARTITION BY RANGE (a);"
U = T.replace("t (", "u (")
ALONE = "CREATE TABLE p (a integer NOT NULL, n integer, b integer);"
ATTACHED = "CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (100);"
DIVIDED = (
    "PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p FOR VALUES FROM (1) TO (50);"
    " CREATE TABLE r PARTITION OF p DEFAULT;"
)
NESTED = f"{T} {ATTACHED.rstrip(';')} {DIVIDED}"
KEYS = "ALTER TABLE {0} ADD PRIMARY KEY (a); CREATE INDEX ON {0} (n); ALTER TABLE {0} ADD CONSTRAINT c CHECK (n > 0);"
PARENT = "CREATE TABLE parent (id integer PRIMARY KEY); INSERT INTO parent SELECT generate_series(1, 60);"

CASES = {
    "attached with nothing of its parent's": (f"{T} {ALONE} {KEYS.format('t')}", f"{T} {ATTACHED} {KEYS.format('t')}"),
    "attached with all of it, under the parent's names": (
        f"{T} {ALONE} {KEYS.format('t')} {KEYS.format('p')}",
        f"{T} {ATTACHED} {KEYS.format('t')}",
    ),
    "attached, divided itself": (
        f"{T} {ALONE.rstrip(';')} {DIVIDED} {KEYS.format('t')}",
        f"{NESTED} {KEYS.format('t')}",
    ),
    "attached, and a column goes from both": (
        f"{T} {ALONE} CREATE INDEX ON t (b)",
        f"{T.replace(', b integer', '')} {ATTACHED} CREATE INDEX ON t (n)",
    ),
    "attached to a table that is new": (ALONE, f"{T} {ATTACHED} {KEYS.format('t')}"),
    "attached as its parent's check changes": (
        f"{T} {ALONE} ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)",
        f"{T} {ATTACHED} ALTER TABLE t ADD CONSTRAINT c CHECK (n > -1)",
    ),
    "attached with a foreign key": (
        f"{PARENT} {T} {ALONE} ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES parent",
        f"{PARENT} {T} {ATTACHED} ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES parent",
    ),
    "from one parent to another": (
        f"{T} {U} {ATTACHED} {KEYS.format('t')}",
        f"{T} {U} {ATTACHED.replace('OF t', 'OF u')} {KEYS.format('t')}",
    ),
    "from one parent to another with equal keys": (
        f"{T} {U} {ATTACHED} {KEYS.format('t')} {KEYS.format('u')}",
        f"{T} {U} {ATTACHED.replace('OF t', 'OF u')} {KEYS.format('t')} {KEYS.format('u')}",
    ),
    "a default one comes and goes": (f"{T} {ATTACHED}", f"{T} {ATTACHED} CREATE TABLE d PARTITION OF t DEFAULT"),
    "a default one that gets bounds": (f"{T} CREATE TABLE p PARTITION OF t DEFAULT", f"{T} {ATTACHED}"),
    "other bounds, divided itself, and an index": (
        NESTED,
        f"{NESTED.replace('(100)', '(200)')} CREATE INDEX ON t (n)",
    ),
    "an index": (NESTED, f"{NESTED} CREATE INDEX i ON t (n DESC, lower(b::text)) WHERE n > 0"),
    "an index that a partition has": (f"{NESTED} CREATE INDEX i ON q (n)", f"{NESTED} CREATE INDEX i ON t (n)"),
    "an index that changes": (f"{NESTED} CREATE INDEX i ON t (n)", f"{NESTED} CREATE INDEX i ON t (n) WHERE n > 0"),
    "keys": (NESTED, f"{NESTED} ALTER TABLE t ADD PRIMARY KEY (a); ALTER TABLE t ADD UNIQUE (a, n) DEFERRABLE"),
    "a foreign key": (f"{PARENT} {NESTED}", f"{PARENT} {NESTED} ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES parent"),
    "a key and a foreign key to it": (
        NESTED,
        f"{NESTED} ALTER TABLE t ADD PRIMARY KEY (a); ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES t",
    ),
    "an index on a column that is new": (NESTED, f"{NESTED} ALTER TABLE t ADD more text; CREATE INDEX i ON t (more)"),
    "an index, and a partition": (
        f"{T} {ATTACHED}",
        f"{T} {ATTACHED} CREATE INDEX i ON t (n); CREATE TABLE d PARTITION OF t DEFAULT",
    ),
}
"""By what is done: before and after."""


@pytest.mark.parametrize(("old", "new"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("in_use", [True, False], ids=["online", "offline"])
def test_both_ways(scratch: ScratchServer, old: str, new: str, in_use: bool) -> None:
    """The schema is exactly what it should be, pg_dump says so too, and the rows that stay are all there."""
    databases = scratch.create(), scratch.create()
    try:
        for name, ddl in zip(databases, (old, new), strict=True):
            with scratch.session(name) as session:
                session.script(ddl)
                (fill,) = session.query("SELECT CASE WHEN to_regclass('t') IS NULL THEN 'p' ELSE 't' END")[0]
                (attached,) = session.query("SELECT relispartition FROM pg_class WHERE oid = 'p'::regclass")[0]
                rows = "p" if not attached else "u" if "PARTITION OF u" in ddl else fill
                session.script(f"INSERT INTO {rows} (a, n) SELECT g, g FROM generate_series(1, 60) g")
        catalogs = [scratch_catalog(scratch, name, SETTINGS) for name in databases]
        dumps = [dumped(scratch.target(name)) for name in databases]
        for start, goal in ((0, 1), (1, 0)):
            planned = plan(catalogs[start], catalogs[goal])
            with scratch.session(databases[start]) as session:
                if in_use:
                    assert run_watched(session, planned, SETTINGS) == []
                else:
                    session.script(offline(planned)[0].script())
                assert diff(catalog_of(session, SETTINGS), catalogs[goal]) == ()
                assert session.query("SELECT count(*), sum(n) FROM p") == [(60, 1830)]
            if in_use:  # at once Postgres names what partitions get from their parents
                assert not difference(dumped(scratch.target(databases[start])), dumps[goal])
    finally:
        for name in databases:
            scratch.drop(name)


def batches(server: ScratchServer, old: str, new: str) -> tuple[Batch, ...]:
    """What is done online."""
    name = server.create()
    try:
        with server.session(name) as session:
            return online(plan(catalog_of_ddl(session, old), catalog_of_ddl(session, new)))
    finally:
        server.drop(name)


def test_nothing_is_built_or_read_while_nobody_can_use_it(scratch: ScratchServer) -> None:
    """Each partition has its own index, built concurrently, before the partitioned table has one that takes it over."""
    found = batches(scratch, NESTED, f"{NESTED} CREATE INDEX i ON t (n); ALTER TABLE t ADD PRIMARY KEY (a)")
    assert [batch.run for batch in found] == [Run.CONCURRENTLY] * 4 + [Run.SHARED]
    built = [batch.statements[0].sql for batch in found[:4]]
    assert sorted(built) == [
        "CREATE INDEX CONCURRENTLY q_n_idx ON public.q (n)",
        "CREATE INDEX CONCURRENTLY r_n_idx ON public.r (n)",
        "CREATE UNIQUE INDEX CONCURRENTLY q_pkey ON public.q (a)",
        "CREATE UNIQUE INDEX CONCURRENTLY r_pkey ON public.r (a)",
    ]
    last = [statement.sql for statement in found[4].statements]
    assert last.index("CREATE INDEX p_n_idx ON public.p (n)") < last.index("CREATE INDEX i ON public.t (n)")


def test_an_attached_table_has_what_its_parent_has_by_then(scratch: ScratchServer) -> None:
    """What is to be checked of its rows is valid, and its indexes are built, before it is attached."""
    found = batches(scratch, *CASES["attached with nothing of its parent's"])
    attached = [number for number, batch in enumerate(found) if "ATTACH PARTITION" in batch.script()]
    assert attached == [len(found) - 1]
    before = "".join(batch.script() for batch in found[:-1])
    assert "VALIDATE CONSTRAINT c" in before
    assert "CREATE INDEX CONCURRENTLY p_n_idx" in before
    assert "PRIMARY KEY USING INDEX p_pkey" in before
