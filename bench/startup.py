"""How long the command line takes to start: `neon-migrate --version` against `python -c pass`.

Run as `python bench/startup.py`. Exit code 1 where the goal is missed. What counts is the ratio of the fastest runs;
the two are measured in turns, so that a busy machine slows both.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

GOAL = 4.0
RUNS = 30

PROGRAM = Path(sys.executable).with_name("neon-migrate")


def seconds(*command: str | Path) -> float:
    """The time of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    """Measure and print; the exit code."""
    nothing, version, listing = [], [], []
    for _ in range(RUNS):
        nothing.append(seconds(sys.executable, "-c", "pass"))
        version.append(seconds(PROGRAM, "--version"))
        listing.append(seconds(PROGRAM, "completion", "bash", "--quiet"))
    ratio, other = min(version) / min(nothing), min(listing) / min(nothing)
    print(f"python -c pass          {min(nothing) * 1e3:6.1f} ms")
    print(f"neon-migrate --version  {min(version) * 1e3:6.1f} ms  {ratio:.1f} times, goal at most {GOAL:.0f}")
    print(f"a command without work  {min(listing) * 1e3:6.1f} ms  {other:.1f} times")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
