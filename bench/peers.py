"""The pairs of schemas that others wrote, through public tools beside neon-migrate: who leads from one to the other.

Run as `python bench/peers.py [PART]`: one of PART pairs is taken (12 by default; 1: all). The tools are installed by
pip and npm into a folder of their own. Each reads two live databases and gives SQL, which psql runs on a copy of the
first; pg_dump is the judge, with privileges, and without owners and the names of NOT NULL, which some of the tools
do not look at. Both directions count. What is printed is a table in Markdown, and beside it each that did not converge.
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

Side = tuple[ScratchServer, str]
"""A server and the name of a database there."""


@dataclass(frozen=True)
class Peer:
    """A tool, and what came of it.

    commands   what it is called as, one after the other, with {before} and {after} for the URLs and {folder} for where
               it may write; its SQL is what it prints or, where it writes files there, those
    codes      the exit codes of the last one when it is done; the others have 0 then
    installer  pip or npm, which installs `package`; empty for our own
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    codes: tuple[int, ...]
    installer: str = ""
    package: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


PEERS = (
    Peer("neon-migrate", (("neon-migrate", "diff", "{before}", "{after}", "--sql", "--allow-data-loss"),), (0, 3)),
    Peer(
        "pg-delta",
        (
            ("pgdelta", "plan", "--source", "{before}", "--desired", "{after}", "--out", "{folder}/plan.json"),
            ("pgdelta", "render", "--plan", "{folder}/plan.json", "--out", "{folder}/plan.sql", "--allow-drops"),
        ),
        (0, 3),
        "npm",
        "@supabase/pg-delta@1.0.0-alpha.34",
    ),
    Peer(
        "results",
        (("results", "dbdiff", "--with-privileges", "{before}", "{after}"),),
        (0, 2),
        "pip",
        "results==2.0.1789346060",
    ),
    Peer(
        "migradiff",
        (("migra", "--unsafe", "--with-privileges", "{before}", "{after}"),),
        (0, 2),
        "pip",
        "migradiff==1.7.2",
    ),
    Peer(
        "pgmig",
        (("pgmig", "generate", "--source", "{before}", "--target", "{after}"),),
        (0,),
        "pip",
        "pgmig==1.1.0",
    ),
)


def installed(folder: Path) -> dict[str, Path]:
    """For each installer the folder with the programs of what it has installed."""
    packages = {name: [peer.package for peer in PEERS if peer.installer == name] for name in ("pip", "npm")}
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    subprocess.run([str(programs / "pip"), "install", "--quiet", *packages["pip"]], check=True)
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    subprocess.run([*npm, *packages["npm"]], check=True)
    return {"": Path(sys.executable).parent, "pip": programs, "npm": folder / "node_modules" / ".bin"}


def address(server: ScratchServer, name: str) -> str:
    """A database in the form that all of the tools read."""
    place = server.target(name).parameters()
    return f"postgresql:///{name}?host={place['host']}&port={place['port']}&user={place['user']}"


def migration(peer: Peer, programs: Path, start: Side, goal: Side) -> str | None:
    """The SQL that the tool gives; None where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        words = {"before": address(*start), "after": address(*goal), "folder": folder}
        begun = time.perf_counter()
        for number, command in enumerate(peer.commands, start=1):
            whole = [str(programs / command[0]), *(word.format(**words) for word in command[1:])]
            try:
                done = subprocess.run(whole, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
            except subprocess.TimeoutExpired:
                return None
            if done.returncode not in (peer.codes if number == len(peer.commands) else (0,)):
                return None
        peer.seconds.append(time.perf_counter() - begun)
        # Numbered where there are several: plan_1.sql, …, plan_10.sql.
        files = sorted(Path(folder).glob("*.sql"), key=lambda file: (len(file.name), file.name))
        writes = any("{folder}" in word for word in peer.commands[-1])
        return "\n".join(file.read_text() for file in files) if writes else done.stdout


def outcome(peer: Peer, programs: Path, start: Side, goal: Side) -> str:
    """converged, wrong, or failed: the tool, or the SQL it gave."""
    server, name = start
    sql = migration(peer, programs, start, goal)
    if sql is None:
        return "failed"
    copy = server.create(template=name)
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(sql)
            script.flush()
            if by_psql(server, copy, Path(script.name)):
                return "failed"
        ends = (dumped(end.target(each), not_null_names=False) for end, each in ((server, copy), goal))
        return "wrong" if difference(*ends) else "converged"
    finally:
        server.drop(copy)


def main() -> None:
    """Run all and print the table."""
    part = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    with tempfile.TemporaryDirectory() as folder, scratch_server() as first, scratch_server() as second:
        programs = installed(Path(folder))
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
                        for way, (start, goal) in {"forward": ends, "backward": ends[::-1]}.items():
                            came_of_it = outcome(peer, programs[peer.installer], start, goal)
                            peer.counts[came_of_it] += 1
                            if came_of_it != "converged":
                                print(peer.name, came_of_it, way, file.parent.relative_to(root), file=sys.stderr)
            except NotLoadedError:
                continue
    print("| | converged | failed | wrong | median seconds |\n|---|---|---|---|---|")
    for peer in PEERS:
        counts = " | ".join(str(peer.counts[what]) for what in ("converged", "failed", "wrong"))
        median = sorted(peer.seconds)[len(peer.seconds) // 2]
        print(f"| {peer.package or peer.name} | {counts} | {median:.2f} |")


if __name__ == "__main__":
    main()
