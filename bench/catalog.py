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

TABLES = 1_000
RUNS = 5
ROUND_TRIP_S = 0.05
GOAL_RATIO = 0.5
GOAL_MORE_S = 1.0

_SCHEMA = """DO $$ BEGIN
FOR n IN 1..{tables} LOOP
    EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, name text NOT NULL, mail varchar(100) DEFAULT '''',
        amount numeric(10,2) NOT NULL DEFAULT 0, done boolean NOT NULL DEFAULT false, data jsonb, tags text[],
        made_at timestamptz NOT NULL DEFAULT now(), other bigint, kind smallint)', n);
    EXECUTE format('CREATE INDEX ON t%s (name)', n);
    EXECUTE format('CREATE INDEX ON t%s (lower(mail)) WHERE done', n);
    EXECUTE format('CREATE INDEX ON t%s (other, made_at DESC)', n);
END LOOP; END $$"""


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def read(target: Target) -> None:
    """Connect and read the Catalog."""
    with connect(target) as session:
        assert len(read_catalog(session).objects) > 14 * TABLES


def medians(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Of runs that take turns; one of each before does not count."""
    pairs = [(timed(first), timed(second)) for _ in range(RUNS + 1)][1:]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def main() -> int:
    """Measure and print; the exit code."""
    program = find_build().bindir / "pg_dump"
    with scratch_server() as server:
        database = server.create()
        with server.session(database) as session:
            session.script(_SCHEMA.format(tables=TABLES))
            session.query("VACUUM ANALYZE")
        near = server.target(database)
        parameters = near.parameters()
        user, port = parameters.get("user", "postgres"), parameters.get("port", "5432")
        with DelayingProxy(f"{parameters['host']}/.s.PGSQL.{port}", ROUND_TRIP_S) as proxy:
            url = f"postgresql://{user}@127.0.0.1:{proxy.port}/{database}?sslmode=disable"
            far = Target(url)

            def dump() -> None:
                command = [program, "--schema-only", f"--dbname={near.conninfo}"]
                subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

            own, theirs = medians(lambda: read(near), dump)
            near_s, far_s = medians(lambda: read(near), lambda: read(far))
    print(f"{TABLES} tables, {3 * TABLES} indexes, medians of {RUNS}")
    print(f"  pg_dump --schema-only   {theirs:6.2f} s")
    print(f"  reading the Catalog     {own:6.2f} s   ratio {own / theirs:.2f}, goal at most {GOAL_RATIO}")
    away = f"over {ROUND_TRIP_S * 1000:.0f} ms"
    print(f"  {away:22}  {far_s:6.2f} s   {far_s - near_s:+.2f} s, goal at most {GOAL_MORE_S:+}")
    return 0 if own / theirs <= GOAL_RATIO and far_s - near_s <= GOAL_MORE_S else 1


if __name__ == "__main__":
    sys.exit(main())
