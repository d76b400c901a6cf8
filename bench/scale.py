"""Reading and comparing two Catalogs of 12,000 objects, against `pg_dump --schema-only` of one; 1,000 to 30,000.

Run as `python bench/scale.py`. Exit code 1 where a goal is missed. Seconds depend on the machine; goals are ratios of
what was measured in this run: the time and the memory that an object takes must not grow with their number.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from neon_migrate.catalog import EMPTY
from neon_migrate.diff import diff
from neon_migrate.plan import plan
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from proxy import DelayingProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.catalog import Catalog
    from neon_migrate.postgres.scratch import ScratchServer

T = TypeVar("T")

SIZES = (1_000, 3_000, 12_000, 30_000)
COMPARED = 12_000
PER_UNIT = 20
"""How many objects `unit` makes, about."""
RUNS = 3
ROUND_TRIP_S = 0.05
GOAL_RATIO = 1.0
GOAL_MORE_S = 1.0
GOAL_GROWTH = 3.0
"""An object may take so many times as long among 30,000 as among 1,000, which fit in a processor's cache. By what grows
with the square of their number it would take thirty times as long."""


class Measured(NamedTuple):
    """Objects in one Catalog, bytes that Python takes for a pair of them at most, and seconds of each step."""

    objects: int
    bytes: int
    reading: float
    comparing: float
    fingerprint: float
    planning: float
    planning_all: float


def unit(number: int, *, changed: bool) -> str:
    """DDL of a table with what tables usually have, and a function, a view and an enum; a little other if changed."""
    earlier = number * 7 // 10
    more = ", note text DEFAULT 'none'" if changed else ""
    return f"""CREATE TYPE state_{number} AS ENUM ('open', 'done'{", 'lost'" if changed else ""});
CREATE TABLE item_{number} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, other bigint REFERENCES item_{earlier},
  name text NOT NULL, amount numeric({12 if changed else 10},2) NOT NULL DEFAULT 0, state state_{number},
  made_at timestamptz NOT NULL DEFAULT now(), data jsonb{more}, CONSTRAINT item_{number}_amount CHECK (amount >= 0));
CREATE INDEX item_{number}_name ON item_{number} (name);
CREATE INDEX item_{number}_made ON item_{number} (made_at DESC) WHERE state = 'open';
COMMENT ON TABLE item_{number} IS 'The items of sort {number}';
CREATE VIEW open_{number} AS SELECT id, name, amount FROM item_{number} WHERE state = 'open';
CREATE FUNCTION total_{number}(bigint) RETURNS numeric LANGUAGE sql STABLE
  AS 'SELECT sum(amount) FROM item_{number} WHERE other = $1{" AND id > 0" if changed else ""}';
CREATE TRIGGER keep_{number} BEFORE UPDATE ON item_{number} FOR EACH ROW EXECUTE FUNCTION keep();
GRANT SELECT ON item_{number} TO PUBLIC;
"""


def fill(server: ScratchServer, size: int, *, every: int) -> str:
    """A database of about `size` objects, in which each `every`-th unit is changed; its name."""
    name = server.create()
    with server.session(name) as session:
        session.script("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
        for number in range(size // PER_UNIT):
            session.script(unit(number, changed=bool(every) and number % every == 0))
        session.query("VACUUM ANALYZE")
    return name


def read(conninfo: str) -> Catalog:
    """The Catalog, read on a connection that was opened for it."""
    with connect(Target(conninfo)) as session:
        return read_catalog(session)


def timed(work: Callable[[], T], clock: Callable[[], float] = time.process_time) -> tuple[float, T]:
    """Seconds of this process alone, or by another clock, and what came of it."""
    gc.collect()
    start = clock()
    result = work()
    return clock() - start, result


def measure(small: str, first: str, second: str) -> Measured:
    """Each step once, in a process that has read a `small` database before."""
    read(small)
    tracemalloc.start()
    diff(read(first), read(second))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with ThreadPoolExecutor(2) as at_once:
        reading, pair = timed(lambda: tuple(at_once.map(read, (first, second))), time.perf_counter)
    comparing, _ = timed(lambda: diff(*pair))
    fingerprint, _ = timed(lambda: pair[0].fingerprint)
    planning, _ = timed(lambda: plan(*pair))
    planning_all, _ = timed(lambda: plan(EMPTY, pair[0]))
    return Measured(len(pair[0].objects), peak, reading, comparing, fingerprint, planning, planning_all)


def best(*conninfos: str) -> Measured:
    """The least of each of RUNS measurements, each in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        found = [processes.submit(measure, *conninfos).result() for _ in range(RUNS)]
    return Measured(*(min(values) for values in zip(*found, strict=True)))


def dumping(target: Target) -> float:
    """Seconds of `pg_dump --schema-only`."""
    command = [find_build().program("pg_dump"), "--schema-only", f"--dbname={target.conninfo}"]
    return timed(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True), time.perf_counter)[0]


def against_pg_dump(server: ScratchServer, small: str, first: str, second: str) -> bool:
    """Whether reading and comparing two Catalogs takes less than one dump, and little more far away; printed too."""
    near = server.target(first)
    found = best(small, near.conninfo, server.target(second).conninfo)
    dump = min(dumping(near) for _ in range(RUNS))
    parameters = near.parameters()
    user, port = parameters.get("user", "postgres"), parameters.get("port", "5432")
    with DelayingProxy(f"{parameters['host']}/.s.PGSQL.{port}", ROUND_TRIP_S) as proxy:
        there = [f"postgresql://{user}@127.0.0.1:{proxy.port}/{name}?sslmode=disable" for name in (first, second)]
        far = best(small, *there)
    own, away = found.reading + found.comparing, far.reading + far.comparing
    print(
        f"{found.objects:6} objects: reading and comparing two {own:.2f} s, pg_dump of one {dump:.2f} s,"
        f" ratio {own / dump:.2f} (goal {GOAL_RATIO}); over 50 ms {away - own:+.2f} s (goal {GOAL_MORE_S:+})"
    )
    return own <= GOAL_RATIO * dump and away - own <= GOAL_MORE_S


def in_proportion(server: ScratchServer, small: str) -> bool:
    """Whether an object takes as long, and as much memory, among many as among few; printed too."""
    print("for an object of two Catalogs, in microseconds and bytes:")
    names = ("reading", "comparing", "fingerprint", "planning", "planning all", "memory")
    print("objects  " + "  ".join(f"{name:>12}" for name in names))
    rows = []
    for size in SIZES:
        first, second = fill(server, size, every=0), fill(server, size, every=20)
        found = best(small, server.target(first).conninfo, server.target(second).conninfo)
        row = [1e6 * value / found.objects for value in found[2:]] + [found.bytes / found.objects]
        print(f"{found.objects:7}  " + "  ".join(f"{each:12.1f}" for each in row))
        rows.append(row)
        server.drop(first)
        server.drop(second)
    growth = [last / max(first, 1e-9) for first, last in zip(rows[0], rows[-1], strict=True)]
    print(f"growth from the first to the last: {', '.join(f'{each:.2f}' for each in growth)} (goal {GOAL_GROWTH})")
    return all(each <= GOAL_GROWTH for each in growth)


def main() -> int:
    """Measure and print; the exit code."""
    with scratch_server() as server:
        small = server.target(server.create()).conninfo
        first, second = fill(server, COMPARED, every=0), fill(server, COMPARED, every=20)
        met = against_pg_dump(server, small, first, second)
        return 0 if in_proportion(server, small) and met else 1


if __name__ == "__main__":
    sys.exit(main())
