"""The same schema on two major versions of Postgres is no difference, though each writes it down in its own way.

The oldest version stands for all by default; NEON_MIGRATE_TEST_MAJORS says which others. NEON_MIGRATE_TEST_PAIRS=all
takes each schema of the pairs, not a sample.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from histories import write_project
from majors import MAJORS, NEWEST, bindir_of
from neon_migrate import api
from neon_migrate.diff import diff
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.project import Project
from neon_migrate.settings import load
from neon_migrate.settled import as_written_by_one
from neon_migrate.sources.database import scratch_catalog
from pairs import SETTINGS, NotLoadedError, Sides, sides
from workbench import url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neon_migrate.diff import Change

TEXT = """
CREATE TABLE t (id integer CONSTRAINT present NOT NULL, kind varchar(9) CHECK (kind IN ('a', 'b')));
CREATE VIEW v AS SELECT id FROM t
"""
SAMPLE = 1 if os.environ.get("NEON_MIGRATE_TEST_PAIRS") == "all" else 48


@pytest.fixture(scope="module", params=[major for major in MAJORS if major != NEWEST])
def pair(request: pytest.FixtureRequest) -> Iterator[Sides]:
    """A server of an older major version, and one of the newest."""
    with ExitStack() as servers:
        older = servers.enter_context(scratch_server(bindir=bindir_of(request.param)))
        newer = servers.enter_context(scratch_server(major=NEWEST))
        assert (older.major, newer.major) == (request.param, NEWEST)
        yield sides(older, newer)


def _between(pair: Sides, file: Path) -> list[Change]:
    """What a schema differs in from itself on the other version."""
    with pair.loaded(file, file) as (older, newer):
        first = scratch_catalog(pair.before, older, SETTINGS)
        second = scratch_catalog(pair.after, newer, SETTINGS)
        return [one for one in diff(*as_written_by_one(pair.after, first, second)) if not _of_public(one, pair)]


def _of_public(change: Change, pair: Sides) -> bool:
    """Until 15 everybody might create in schema public: granting that is a change since, and was none before.

    https://www.postgresql.org/docs/release/15.0/
    """
    return pair.before.major < 15 and change.key.kind == "grant" and change.key.name == "schema public"


def test_a_schema_is_the_same_on_any_version(pair: Sides, inputs: Path, record_property: pytest.RecordProperty) -> None:
    """Whole schemas, and those of the pairs: views, checks and defaults are not taken for others."""
    files = sorted((inputs / "schemas").glob("*.sql"))
    root = inputs / "pairs"
    some = [one for one in sorted(root.rglob("after.sql")) if crc32(str(one.relative_to(root)).encode()) % SAMPLE == 0]
    counts: Counter[str] = Counter()
    failures = []
    for file in (*files, *some):
        try:
            changes = _between(pair, file)
        except NotLoadedError:
            counts["does not load on both"] += 1
            continue
        counts["different" if changes else "same"] += 1
        if changes:
            failures.append(f"{file.relative_to(inputs)}: {changes}")
    record_property(f"inputs: schemas on {pair.before.major} and {NEWEST}", dict(counts))
    assert counts["same"] > len(files)
    assert not failures, "\n\n".join(failures)


def test_a_database_of_a_version_that_is_not_at_hand_is_no_other(pair: Sides, tmp_path: Path) -> None:
    """What is applied to an older server is complete and no drift, where it is replayed on the nearest there is."""
    name = pair.before.create()
    project = write_project(tmp_path, {"0001_a.sql": TEXT}, pair.before.target(name))
    applied = api.apply(project)
    assert (applied.drift, [one.verified for one in applied.applied]) == ((), [True])
    assert api.verify(project).complete
    assert not api.compare(project).differences
    pair.before.drop(name)


def test_diff_of_databases_of_two_versions(pair: Sides, tmp_path: Path) -> None:
    """`diff` of two servers tells what is different in the schema, and nothing that is only written differently."""
    databases = [(server, server.create()) for server in (pair.before, pair.after)]
    for (server, name), more in zip(databases, ("", "; ALTER TABLE t ADD more text"), strict=True):
        with server.session(name) as session:
            session.script(TEXT + more)
    project = Project(load(tmp_path))
    report = api.diff(project, *(url(server.target(name)) for server, name in databases))
    assert [str(one.name) for one in report.differences] == ["public.t.more"]
    for server, name in databases:
        server.drop(name)
