"""status over a 50 ms round trip: what it takes beyond connecting, in round trips.

Run as `python bench/status.py`. Exit code 1 where the goal is missed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.apply import apply
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from neon_migrate.project import Project
from neon_migrate.settings import Settings
from neon_migrate.status import status
from proxy import DelayingProxy

if TYPE_CHECKING:
    from collections.abc import Callable

ROUND_TRIP_S = 0.05
RUNS = 5
BEYOND_CONNECTING = 2


def measured(proxy: DelayingProxy, work: Callable[[], object]) -> tuple[float, int]:
    """Median seconds and round trips of some runs."""
    times, trips = [], 0
    for _ in range(RUNS):
        before, start = proxy.round_trips, time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
        trips = proxy.round_trips - before
    return statistics.median(times), trips


def main() -> int:
    """Measure and print; the exit code."""
    with tempfile.TemporaryDirectory() as folder, scratch_server() as server:
        root = Path(folder)
        (root / "migrations").mkdir()
        for number in range(1, 51):
            (root / "migrations" / f"{number:04}_t.sql").write_text(
                f"CREATE TABLE t{number} (id bigint PRIMARY KEY);\n"
            )
        settings = Settings(root=root, migrations=root / "migrations", schema=root / "schema.json")
        parameters = server.target("postgres").parameters()
        database = server.create()
        apply(Project(settings, server.target(database)))
        socket = f"{parameters['host']}/.s.PGSQL.{parameters.get('port', '5432')}"
        with DelayingProxy(socket, ROUND_TRIP_S) as proxy:
            user = parameters.get("user", "postgres")
            target = Target(f"postgresql://{user}@127.0.0.1:{proxy.port}/{database}?sslmode=disable")
            connecting, connect_trips = measured(proxy, lambda: connect(target).close())
            whole, trips = measured(proxy, lambda: status(Project(settings, target)))
    print(f"connecting          {connecting * 1000:6.0f} ms  {connect_trips} round trips")
    print(f"status, 50 applied  {whole * 1000:6.0f} ms  {trips} round trips")
    beyond = (whole - connecting) / ROUND_TRIP_S
    extra = trips - connect_trips
    print(f"beyond connecting   {beyond:6.1f} times 50 ms  {extra} round trips; goal {BEYOND_CONNECTING}")
    return 0 if extra <= BEYOND_CONNECTING else 1


if __name__ == "__main__":
    sys.exit(main())
