"""Schemas that others wrote to test their own tools: changed there and back, with pg_dump as the judge.

By default a third of them runs on the newest major version and a twelfth on the oldest, in an order that is another
each time; half of them as it is done online, the other half in one transaction, and half of either with owners; on the
next major version the other way round. NEON_MIGRATE_TEST_PAIRS=all runs all, NEON_MIGRATE_TEST_MAJORS=14,15,16,17,18 on
these versions, NEON_MIGRATE_TEST_SEED=… in the order of an earlier run, which printed it first. The summary counts
them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from majors import MAJORS, NEWEST, bindir_of
from neon_migrate.errors import NeonMigrateError
from neon_migrate.online import offline, online
from neon_migrate.postgres.scratch import scratch_server
from pairs import SETTINGS, WITH_OWNERS, NotLoadedError, Sides, by_psql, check, sides
from peers import difference, dumped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARTS, FEW = 12, 6
PROGRAM = Path(sys.executable).with_name("neon-migrate")
KNOWN = tomllib.loads(Path(__file__).with_name("known_pairs.toml").read_text(encoding="utf-8"))


def _is_due(name: str, major: int) -> bool:
    if os.environ.get("NEON_MIGRATE_TEST_PAIRS") == "all":
        return True
    return crc32(name.encode()) % (3 if major == NEWEST else PARTS) == 0


def _names(root: Path) -> list[str]:
    return sorted(str(file.parent.relative_to(root)) for file in root.rglob("before.sql"))


@pytest.fixture(scope="module", params=MAJORS)
def pair(request: pytest.FixtureRequest) -> Iterator[Sides]:
    """A server of one major version for each side."""
    with _servers(request.param) as pair:
        yield pair


@pytest.fixture(scope="module")
def newest() -> Iterator[Sides]:
    """The same of the newest version, on which texts are run where nothing asks for another."""
    with _servers(NEWEST) as pair:
        yield pair


@contextmanager
def _servers(major: int) -> Iterator[Sides]:
    with ExitStack() as servers:
        before, after = (servers.enter_context(scratch_server(major=major, bindir=bindir_of(major))) for _ in range(2))
        assert before.major == major
        yield sides(before, after)


@pytest.mark.parametrize("part", range(PARTS))
def test_pairs(pair: Sides, inputs: Path, part: int, record_property: Callable[[str, object], None]) -> None:
    """pg_dump of the changed database is that of the target, statement for statement, in both directions."""
    counts: Counter[str] = Counter()
    failures = []
    root, major = inputs / "pairs", pair.before.major
    due = [name for name in _names(root) if crc32(name[::-1].encode()) % PARTS == part and _is_due(name, major)]
    Random(os.environ["NEON_MIGRATE_TEST_SEED"]).shuffle(due)
    for name in due:
        try:
            half, quarter = crc32(name.encode()) // PARTS + major, crc32(name.encode()) // (2 * PARTS) + major
            way, settings = (online if half % 2 else offline), (WITH_OWNERS if quarter % 2 else SETTINGS)
            check(pair, root / name / "before.sql", root / name / "after.sql", way, settings)
            outcome = "passed"
            if name in KNOWN:
                failures.append(f"{name} passes now: take it out of known_pairs.toml")
        except NotLoadedError:
            outcome = "does not load"
        except (AssertionError, NeonMigrateError) as error:
            outcome = "known" if name in KNOWN else "failed"
            if outcome == "failed":
                failures.append(f"{name}: {error}")
        counts[outcome] += 1
    record_property(f"inputs: pairs on {major}", dict(counts))
    assert counts["passed"] > 0
    assert not failures, "\n\n".join(failures)


@pytest.mark.parametrize("options", [("--offline",), ()], ids=["offline", "online"])
def test_the_command_line_gives_sql_that_leads_there(
    newest: Sides,
    inputs: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    record_property: Callable[[str, object], None],
) -> None:
    """What `neon-migrate diff` prints for a few pairs is run by psql, in one transaction and as it is done online."""
    (tmp_path / ".git").mkdir()  # no project is looked for above it
    root, passed = inputs / "pairs", 0
    names = sorted(_names(root), key=lambda name: crc32(name.encode()))
    for folder in (root / name for name in names if name not in KNOWN):
        files = folder / "before.sql", folder / "after.sql"
        if passed == FEW or b"\n\\" in b"".join(map(Path.read_bytes, files)):
            continue  # only psql understands a backslash
        with suppress(NotLoadedError), newest.loaded(*files) as (before, after):
            command = [str(PROGRAM), "diff", *map(str, files), "--sql", *options, "--allow-data-loss"]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode in (0, 3), done.stderr
            script = tmp_path / "script.sql"
            script.write_text(done.stdout)
            complaint = by_psql(newest.before, before, script)
            assert not complaint, f"{folder}: {complaint}\n{done.stdout}"
            left = difference(dumped(newest.before.target(before)), dumped(newest.after.target(after)))
            assert not left, f"{folder}: {left}\n{done.stdout}"
            passed += 1
    assert passed == FEW
    record_property("inputs: pairs by the command line", {"passed": passed})
