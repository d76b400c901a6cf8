"""`validate` on a history of 285 migrations: the first run against the run after one new migration.

Run as `python bench/validate.py`; needs ../shared/inputs. Prints the ratio, which is to stay under a quarter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
INPUTS = ROOT.parent / "shared" / "inputs" / "histories.tar.gz"
HISTORY = "cratesio"
GOAL = 0.25


def main() -> int:
    """Exit code 1 where the goal is missed, 2 where the input is absent."""
    if not INPUTS.exists():
        print(f"{INPUTS} is absent")
        return 2
    sys.path.insert(0, str(ROOT / "tests"))
    from histories import history_project
    from neon_migrate.postgres.scratch import scratch_server

    with tempfile.TemporaryDirectory() as folder:
        os.environ["NEON_MIGRATE_CACHE"] = f"{folder}/cache"
        with tarfile.open(INPUTS) as archive:
            archive.extractall(folder, filter="data")
        project = history_project(Path(folder), HISTORY, Path(folder) / "project")
        with scratch_server():
            pass  # initdb runs once for a machine, not once for a history
        first = seconds(project.settings.root)
        (project.settings.migrations / "999912312359590000_one_more.up.sql").write_text(
            "ALTER TABLE crates ADD COLUMN one_more text;\n"
        )
        (project.settings.migrations / "999912312359590000_one_more.down.sql").write_text(
            "ALTER TABLE crates DROP COLUMN one_more;\n"
        )
        again = seconds(project.settings.root)
        known = seconds(project.settings.root)
    ratio = again / first
    print(f"validate, 285 migrations, nothing known   {first:6.2f} s")
    print(f"validate, one new migration               {again:6.2f} s   ratio {ratio:.3f}, to stay under {GOAL}")
    print(f"validate, nothing new                     {known:6.2f} s   ratio {known / first:.3f}")
    return 0 if ratio < GOAL else 1


def seconds(root: Path) -> float:
    """How long the command takes, start of Python included; its findings are no matter here."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "neon_migrate", "validate", "--format", "json"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - start
    checks = {check["name"]: check for check in json.loads(done.stdout)["report"]["checks"]}
    if checks["replay"]["state"] != "passed":
        raise SystemExit(str(checks["replay"]))
    return taken


if __name__ == "__main__":
    sys.exit(main())
