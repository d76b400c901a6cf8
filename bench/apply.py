"""apply over a 50 ms round trip: 100 small migrations on an empty ledger, and on one that has earlier ones.

Run as `python bench/apply.py`. Exit code 1 where a goal is missed. Seconds depend on the machine; what counts are the
ratios, and the round trips that a run takes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from neon_migrate.apply import apply
from neon_migrate.postgres.scratch import ScratchServer, scratch_server
from neon_migrate.postgres.target import Target
from neon_migrate.project import Project
from neon_migrate.settings import Settings
from proxy import DelayingProxy

ROUND_TRIP_S = 0.05
MIGRATIONS = 100
RUNS = 3
TEN = 10


def write(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        text = (
            f"CREATE TABLE t{number} (id bigint PRIMARY KEY, name text NOT NULL);\nCREATE INDEX ON t{number} (name);\n"
        )
        (folder / f"{number:04}_table_{number}.sql").write_text(text)


class Bench:
    """Databases on one throw-away server, reached at once or from far away."""

    def __init__(self, server: ScratchServer, root: Path) -> None:
        self.server = server
        parameters = server.target("postgres").parameters()
        self.socket = f"{parameters['host']}/.s.PGSQL.{parameters.get('port', '5432')}"
        self.user = parameters.get("user", "postgres")
        self.root = root
        self.round_trips = 0

    def settings(self, count: int) -> Settings:
        folder = self.root / f"m{count}"
        write(folder, count)
        return Settings(root=self.root, migrations=folder, schema=self.root / "schema.json")

    def seconds(self, delay_s: float, *, earlier: int) -> float:
        """The time of one apply of the 100 migrations, with `earlier` ones in the ledger.

        Sets `round_trips` to how many it took.
        """
        database = self.server.create()
        if earlier:
            apply(Project(self.settings(earlier), self.server.target(database)))
        with DelayingProxy(self.socket, delay_s) as proxy:
            target = Target(
                f"postgresql://{self.user}@127.0.0.1:{proxy.port}/{database}?sslmode=disable&gssencmode=disable"
            )
            project = Project(self.settings(earlier + MIGRATIONS), target)
            start = time.perf_counter()
            report = apply(project)
            taken = time.perf_counter() - start
            self.round_trips = proxy.round_trips
        assert len(report.applied) == MIGRATIONS
        assert not report.drift
        self.server.drop(database)
        return taken

    def sqlx_seconds(self, delay_s: float) -> float | None:
        """The same by sqlx-cli; None where it is not installed."""
        program = shutil.which("sqlx")
        if program is None:
            return None
        database = self.server.create()
        with DelayingProxy(self.socket, delay_s) as proxy:
            url = f"postgres://{self.user}@127.0.0.1:{proxy.port}/{database}?sslmode=disable"
            command = [program, "migrate", "run", "--source", str(self.settings(MIGRATIONS).migrations)]
            start = time.perf_counter()
            subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=True, capture_output=True)
            taken = time.perf_counter() - start
        self.server.drop(database)
        return taken


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, scratch_server() as server:
        bench = Bench(server, Path(folder))
        bench.seconds(0.0, earlier=0)  # the replay for the comparison is kept from here on, for near and far alike
        near = statistics.median(bench.seconds(0.0, earlier=0) for _ in range(RUNS))
        far = statistics.median(bench.seconds(ROUND_TRIP_S, earlier=0) for _ in range(RUNS))
        trips_empty = bench.round_trips
        bench.seconds(0.0, earlier=1)
        after_near = statistics.median(bench.seconds(0.0, earlier=1) for _ in range(RUNS))
        after_far = statistics.median(bench.seconds(ROUND_TRIP_S, earlier=1) for _ in range(RUNS))
        trips = bench.round_trips
        sqlx_near, sqlx_far = bench.sqlx_seconds(0.0), bench.sqlx_seconds(ROUND_TRIP_S)
    goal = 1.3 * near + TEN * ROUND_TRIP_S
    print(f"empty ledger, {MIGRATIONS} migrations   0 ms: {near:.2f} s   50 ms: {far:.2f} s")
    print(
        f"  {far / goal:.2f} of what is allowed (1.3 times that over 0 ms plus ten round trips);"
        f" {trips_empty} round trips"
    )
    print(f"earlier ones in the ledger     0 ms: {after_near:.2f} s   50 ms: {after_far:.2f} s")
    print(f"  {trips} round trips, {trips / (MIGRATIONS + TEN):.2f} of what is allowed (one a migration plus ten)")
    if sqlx_near is not None and sqlx_far is not None:
        sqlx_trips = (sqlx_far - sqlx_near) / ROUND_TRIP_S / MIGRATIONS
        print(f"sqlx-cli, empty ledger         0 ms: {sqlx_near:.2f} s   50 ms: {sqlx_far:.2f} s")
        print(f"  round trips a migration: {sqlx_trips:.2f}; ours is {sqlx_far / far:.1f} times as fast")
    return 0 if far <= goal and trips <= MIGRATIONS + TEN else 1


if __name__ == "__main__":
    sys.exit(main())
