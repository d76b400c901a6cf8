"""The pairs of schemas that others wrote, through public tools beside neon-migrate: who leads from one to the other.

Run as `python bench/peers.py [PART]`: one of PART pairs is taken (12 by default; 1: all). The tools are installed by
pip into a folder of their own. Each reads two live databases and prints SQL, which psql runs on a copy of the first;
pg_dump is the judge. Both directions count. What is printed is a table in Markdown.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from neon_migrate.postgres.scratch import ScratchServer, scratch_server
from pairs import NotLoadedError, by_psql, sides
from peers import difference, dumped

PAIRS = Path(__file__).parents[2] / "shared" / "inputs" / "pairs.tar.gz"
TIMEOUT_S = 120


@dataclass(frozen=True)
class Peer:
    """A tool, and what came of it.

    package  what pip installs; empty for our own
    command  what it is called as, with {before} and {after} for the URLs
    codes    its exit codes when it is done
    """

    name: str
    package: str
    command: tuple[str, ...]
    codes: tuple[int, ...]
    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


PEERS = (
    Peer("neon-migrate", "", ("neon-migrate", "diff", "{before}", "{after}", "--sql", "--allow-data-loss"), (0, 3)),
    Peer(
        "results", "results==2.0.1789346060", ("results", "dbdiff", "--with-privileges", "{before}", "{after}"), (0, 2)
    ),
    Peer("migradiff", "migradiff==1.7.2", ("migra", "--unsafe", "--with-privileges", "{before}", "{after}"), (0, 2)),
    Peer("pgmig", "pgmig==1.1.0", ("pgmig", "generate", "--source", "{before}", "--target", "{after}"), (0,)),
)


def address(server: ScratchServer, name: str) -> str:
    """A database in the form that all of the tools read."""
    place = server.target(name).parameters()
    return f"postgresql:///{name}?host={place['host']}&port={place['port']}&user={place['user']}"


def outcome(peer: Peer, programs: Path, start: tuple[ScratchServer, str], goal: tuple[ScratchServer, str]) -> str:
    """converged, wrong, or failed: the tool, or the SQL it gave."""
    server, name = start
    urls = {"before": address(server, name), "after": address(*goal)}
    folder = programs if peer.package else Path(sys.executable).parent
    command = [str(folder / peer.command[0]), *(word.format(**urls) for word in peer.command[1:])]
    begun = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return "failed"
    peer.seconds.append(time.perf_counter() - begun)
    if done.returncode not in peer.codes:
        return "failed"
    copy = server.create(template=name)
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(done.stdout)
            script.flush()
            if by_psql(server, copy, Path(script.name)):
                return "failed"
        return "wrong" if difference(dumped(server.target(copy)), dumped(goal[0].target(goal[1]))) else "converged"
    finally:
        server.drop(copy)


def main() -> None:
    """Run all and print the table."""
    part = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    with tempfile.TemporaryDirectory() as folder, scratch_server() as first, scratch_server() as second:
        programs = Path(folder) / "venv" / "bin"
        venv.create(programs.parent, with_pip=True)
        packages = [peer.package for peer in PEERS if peer.package]
        subprocess.run([str(programs / "pip"), "install", "--quiet", *packages], check=True)
        shutil.unpack_archive(PAIRS, folder)
        root = Path(folder) / "pairs"
        pair = sides(first, second)
        for file in sorted(root.rglob("before.sql")):
            if crc32(str(file.parent.relative_to(root)).encode()) % part:
                continue
            try:
                with pair.loaded(file, file.with_name("after.sql")) as names:
                    ends = (first, names[0]), (second, names[1])
                    for peer in PEERS:
                        for start, goal in (ends, ends[::-1]):
                            peer.counts[outcome(peer, programs, start, goal)] += 1
            except NotLoadedError:
                continue
    print("| | converged | failed | wrong | median seconds |\n|---|---|---|---|---|")
    for peer in PEERS:
        counts = " | ".join(str(peer.counts[what]) for what in ("converged", "failed", "wrong"))
        median = sorted(peer.seconds)[len(peer.seconds) // 2]
        print(f"| {peer.package or peer.name} | {counts} | {median:.2f} |")


if __name__ == "__main__":
    main()
