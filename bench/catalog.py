"""Reading the Catalog of 1,000 tables with 3,000 indexes, against `pg_dump --schema-only` of the same build.

Run as `python bench/catalog.py`. Exit code 1 where a goal is missed. Seconds depend on the machine; the ratio is of
medians of runs that took turns.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from proxy import DelayingProxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer

TABLES = 1_000
RUNS = 5
ROUND_TRIP_S = 0.05
GOAL_RATIO = 0.5
GOAL_MORE_S = 1.0

_COLUMNS = """id bigint PRIMARY KEY, name text NOT NULL, mail varchar(100){0}, amount numeric(10,2) NOT NULL{1},
    done boolean NOT NULL{2}, data jsonb, tags text[], made_at timestamptz NOT NULL DEFAULT now(), other bigint,
    kind smallint"""
SCHEMAS = {
    "plain": (_COLUMNS.format("", "", ""), ("(name)", "(other)", "(kind, made_at)")),
    "rich": (
        _COLUMNS.format(" DEFAULT ''", " DEFAULT 0", " DEFAULT false"),
        ("(name)", "(lower(mail)) WHERE done", "(other, made_at DESC)"),
    ),
}
"""Columns and indexes of each table: as most are, and with many defaults, expressions and predicates."""


def ddl(sort: str) -> str:
    """Statements for all tables of one sort."""
    columns, indexes = SCHEMAS[sort]
    tables = (f"CREATE TABLE t{number} ({columns})" for number in range(TABLES))
    keys = (f"CREATE INDEX ON t{number} {index}" for number in range(TABLES) for index in indexes)
    return ";\n".join((*tables, *keys))


def reading(target: Target) -> float:
    """Seconds of reading the Catalog on a connection that has just been opened, so with nothing cached."""
    with connect(target) as session:
        start = time.perf_counter()
        found = read_catalog(session)
        taken = time.perf_counter() - start
    assert len(found.objects) > 14 * TABLES
    return taken


def medians(first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float]:
    """Of measurements that take turns; one of each before does not count."""
    pairs = [(first(), second()) for _ in range(RUNS + 1)][1:]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def main() -> int:
    """Measure and print; the exit code."""
    program = find_build().bindir / "pg_dump"
    met = True
    print(f"{TABLES} tables, {3 * TABLES} indexes, medians of {RUNS}")
    print(f"goals: {GOAL_RATIO} of pg_dump's time where they are plain, {GOAL_MORE_S:+} s far away")
    with scratch_server() as server:
        for sort in SCHEMAS:
            ratio, more = measure(server, program, sort)
            met = met and more <= GOAL_MORE_S and (ratio <= GOAL_RATIO or sort != "plain")
    return 0 if met else 1


def measure(server: ScratchServer, program: Path, sort: str) -> tuple[float, float]:
    """The ratio to pg_dump, and the seconds more that it takes far away; printed too."""
    database = server.create()
    with server.session(database) as session:
        session.script(ddl(sort))
        session.query("VACUUM ANALYZE")
    near = server.target(database)
    parameters = near.parameters()
    user, port = parameters.get("user", "postgres"), parameters.get("port", "5432")
    with DelayingProxy(f"{parameters['host']}/.s.PGSQL.{port}", ROUND_TRIP_S) as proxy:
        far = Target(f"postgresql://{user}@127.0.0.1:{proxy.port}/{database}?sslmode=disable")

        def dump() -> float:
            command = [program, "--schema-only", f"--dbname={near.conninfo}"]
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            return time.perf_counter() - start

        own, theirs = medians(lambda: reading(near), dump)
        near_s, far_s = medians(lambda: reading(near), lambda: reading(far))
    ratio, more = own / theirs, far_s - near_s
    print(f"  {sort}: Catalog {own:.2f} s, pg_dump {theirs:.2f} s, ratio {ratio:.2f}; over 50 ms {more:+.2f} s")
    return ratio, more


if __name__ == "__main__":
    sys.exit(main())
