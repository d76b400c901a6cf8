"""The throw-away server: from nothing running to the first query, copies of a large database, and kept ones.

Run as `python bench/scratch.py`. Exit code 1 where the goal is missed. Milliseconds depend on the machine; the ratios
are to what the same machine needs for something well known.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from neon_migrate.postgres.scratch import ScratchServer, scratch_server

GOAL_MS = 100.0
RUNS = 9
TABLES = 1000
KEY = "bench"

FIRST_QUERY = """
import time
{before}
start = time.perf_counter()
from neon_migrate.postgres.scratch import scratch_server
with scratch_server(wanted={wanted!r}) as server:
    with server.session(server.open_kept({wanted!r}[0]) if {wanted!r} else "postgres") as session:
        session.query("SELECT 1")
        print((time.perf_counter() - start) * 1000)
"""
IMPORTED = "import psycopg, neon_migrate.postgres.scratch, neon_migrate.postgres.connection"
IMPORT = "import time; start = time.perf_counter(); import psycopg; print((time.perf_counter() - start) * 1000)"


def median(code: str, bytecode: str) -> float:
    """The milliseconds that `code` prints, in new processes: the start of Python is not in them.

    bytecode  a folder for compiled modules, which an installed package has and a machine may be set up not to write
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = bytecode
    command = [sys.executable, "-c", code]
    taken = [
        float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
        for _ in range(RUNS + 1)
    ]
    return statistics.median(taken[1:])


def load(server: ScratchServer) -> str:
    """A database of 1,000 tables with 3,000 indexes."""
    name = server.create()
    columns = ", ".join(f"c{number} text" for number in range(9))
    with server.session(name) as session:
        session.script(
            "".join(
                f"CREATE TABLE t{table} (id bigint PRIMARY KEY, {columns});"
                f"CREATE INDEX ON t{table} (c1); CREATE INDEX ON t{table} (c2, c3);"
                for table in range(TABLES)
            )
        )
    return name


def milliseconds(start: float) -> float:
    """Since `start`, a time.perf_counter()."""
    return (time.perf_counter() - start) * 1000


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NEON_MIGRATE_CACHE"] = folder
        start = time.perf_counter()
        with scratch_server() as server:
            made = milliseconds(start)
            start = time.perf_counter()
            name = load(server)
            loaded = milliseconds(start)
            start = time.perf_counter()
            server.create(template=name)
            copied = milliseconds(start)
            server.keep(KEY, name)
            start = time.perf_counter()
        stored = milliseconds(start)
        imported = median(IMPORT, f"{folder}/bytecode")
        first = median(FIRST_QUERY.format(before=IMPORTED, wanted=()), f"{folder}/bytecode")
        cold = median(FIRST_QUERY.format(before="", wanted=()), f"{folder}/bytecode")
        kept = median(FIRST_QUERY.format(before=IMPORTED, wanted=(KEY,)), f"{folder}/bytecode")
    print(f"import psycopg                                 {imported:8.1f} ms")
    print(f"nothing running to first query, cached         {first:8.1f} ms   {first / imported:5.2f} times that import")
    print(f"the same, all imports included                 {cold:8.1f} ms   {cold / imported:5.2f} times that import")
    print(f"with nothing in the cache                      {made:8.1f} ms   {made / first:5.2f} times cached")
    print(f"load {TABLES} tables, {TABLES * 3} indexes                  {loaded:8.1f} ms")
    print(f"copy that database                             {copied:8.1f} ms   {copied / loaded:5.3f} of loading")
    print(f"end the server and store it as kept            {stored:8.1f} ms   {stored / loaded:5.3f} of loading")
    print(f"nothing running to first query in the kept one {kept:8.1f} ms   {kept / loaded:5.3f} of loading")
    print(f"first query, goal {GOAL_MS:.0f} ms: {'reached' if first <= GOAL_MS else 'missed'}")
    return 0 if first <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
