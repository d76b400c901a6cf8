"""The project's own database for `--local`: an embedded Postgres whose data stays, in `.neon-migrate/` of the project.

It is started by the first command that needs it and goes on running, so that the next command (or psql, or the
application) finds it. It ends by `stop`, when nobody was connected for half an hour, and within a minute when its
folder is removed. Nothing starts it again after a reboot but the next command.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.errors import ScratchError
from neon_migrate.postgres.account import Account, server_account
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.cache import LONGEST_SOCKET_FOLDER, folder_error, reachable_folder, unpack
from neon_migrate.postgres.cluster import (
    MAINTENANCE_DATABASE,
    SUPERUSER,
    child_environment,
    is_ready,
    server_command,
    socket_target,
    template,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.binaries import Build
    from neon_migrate.postgres.target import Target

DATABASE = "neondb"
"""What Neon calls a new project's database."""

PROJECT_FOLDER = ".neon-migrate"

_PATIENCE_S = 60.0
_SETTINGS = (("shared_buffers", "64MB"), ("max_connections", "50"))

# Runs the server in the background and looks after it: every `tick` seconds it asks whether anybody is connected, or
# was since the last time, and after `ticks` times of nobody it has the server end (SIGTERM: it would wait for whoever
# connects just then). What is unpacked is written out meanwhile at the first start: waiting for that takes seconds on a
# busy disk.
_KEEPER = f"""
folder=$1 sockets=$2 psql=$3 tick=$4 ticks=$5
shift 5
watch() {{
    trap 'kill "$nap"; exit' TERM
    idle=0 sessions=
    while touch "$folder/checked"; do
        sleep "$tick" & nap=$!
        wait "$nap"
        seen=$("$psql" -X -At -h "$sockets" -U {SUPERUSER} -d {MAINTENANCE_DATABASE} -c "SELECT count(*) || ' ' ||
            (SELECT sum(sessions) FROM pg_stat_database WHERE datname <> current_database())
            FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
        if [ "$seen" = "0 $sessions" ] && [ ! "$folder/used" -nt "$folder/checked" ]; then
            idle=$((idle + 1))
        else
            idle=0
        fi
        sessions=${{seen#* }}
        if [ "$idle" -ge "$ticks" ]; then kill -TERM "$server"; fi
    done
}}
(
    [ -e "$folder/checked" ] || sync &
    "$@" > "$folder/server.log" 2>&1 & server=$!
    watch & watcher=$!
    wait "$server"
    code=$?
    kill "$watcher"
    wait "$watcher"
    echo "$code" > "$folder/ended"
) < /dev/null > /dev/null 2>&1 &
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a project's database lives, and as whom it runs."""

    folder: Path
    sockets: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.folder / "data"


def local_target(root: Path, *, major: int | None = None, bindir: Path | None = None, idle_s: float = 1800.0) -> Target:
    """The project's own database, made and started when need be; safe to call from several commands at once.

    root    the project's folder: the data goes to `.neon-migrate/postgres` in it. Run as root, where the server's user
            can't get there (a home of mode 0700), it goes to a folder of the cache that belongs to this path instead
    major   of a database that is made now; one that is there keeps its own
    idle_s  seconds without any connection after which the server ends by itself

    Raises ScratchError.
    """
    place = _place(root)
    with _locked(place):
        (place.folder / "used").touch()
        if not _answers(place):
            _await_end(place)
            build = _build(place, major, bindir)
            if not place.data.is_dir():
                _make(place, build)
            _start(place, build, idle_s)
            _furnish(place)
    return socket_target(place.sockets, DATABASE, source="--local")


def stop(root: Path) -> bool:
    """End the project's server; connections are cut, data stays. False when none ran. Raises ScratchError."""
    place = _place(root)
    with _locked(place):
        pid = _running(place)
        if pid is None:
            return False
        os.kill(pid, signal.SIGINT)
        _await_end(place)
        _await(place.folder / "ended")
        return True


def _place(root: Path) -> _Place:
    account = server_account()
    project = root.resolve() / PROJECT_FOLDER
    try:
        project.mkdir(exist_ok=True)
        ignore = project / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        folder = project / "postgres"
        if account.dropped and not all(account.reaches(parent) for parent in folder.parents):
            folder = _elsewhere(project, account)
        account = _own(folder, account)
        sockets = folder
        if len(str(folder)) > LONGEST_SOCKET_FOLDER:
            name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
            sockets = Path("/tmp") / f"neon-migrate-local-{name}"
            _own(sockets, account)
    except OSError as error:
        raise folder_error(project, error) from None
    return _Place(folder, sockets, account)


def _elsewhere(project: Path, account: Account) -> Path:
    """The folder for a project that the server's user can't get to; those of projects that are gone are removed."""
    base = reachable_folder(account)
    folder = base / f"local-{hashlib.sha256(str(project).encode()).hexdigest()[:12]}"
    if not folder.is_dir():
        for note in base.glob("local-*.project"):
            gone = _Place(note.with_suffix(""), note.with_suffix(""), account)
            if not Path(note.read_text()).is_dir() and _running(gone) is None:
                shutil.rmtree(gone.folder, ignore_errors=True)
                note.unlink(missing_ok=True)
        folder.with_suffix(".project").write_text(str(project))
    return folder


def _own(folder: Path, account: Account) -> Account:
    """Make the folder when missing, and give whose it is. Raises PermissionError when that is somebody else's."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        account.give(folder)
    status = folder.stat()
    if account.dropped and status.st_uid != 0:
        return Account(status.st_uid, status.st_gid, dropped=True)  # an ordinary user's project, used by root
    if status.st_uid != account.uid:
        raise PermissionError(f"it belongs to user {status.st_uid}")
    return account


@contextmanager
def _locked(place: _Place) -> Iterator[None]:
    """One command at a time starts or ends the server. The folder itself is locked: no file of root's is left there."""
    try:
        descriptor = os.open(place.folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise folder_error(place.folder, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _answers(place: _Place) -> bool:
    """Whether a server takes connections: what postmaster.pid says may be from before a crash or a reboot."""
    if not is_ready(place.data):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(place.sockets / ".s.PGSQL.5432"))
        except OSError:
            return False
    return True


def _running(place: _Place) -> int | None:
    """The server's process, if it is alive. Its number may have gone to another process since: that is not it."""
    try:
        pid = int((place.data / "postmaster.pid").read_text().partition("\n")[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    if Path("/proc/self/cwd").exists():
        try:
            return pid if Path(f"/proc/{pid}/cwd").readlink() == place.data else None
        except OSError:
            return None  # gone, or a zombie
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return pid if str(place.data) in shown else None


def _await_end(place: _Place) -> None:
    """Wait for a server that is ending, and clear away what one that ended badly left."""
    deadline = time.monotonic() + _PATIENCE_S
    while _running(place) is not None:
        if time.monotonic() > deadline:
            raise ScratchError(
                "The project's Postgres neither answers nor ends",
                why=f"Process {_running(place)}, data in {place.data}.",
                remedy=f"See {place.folder / 'server.log'}; end the process, then run the command again.",
            )
        time.sleep(0.01)
    # Postgres would refuse to start if the number of the process were another's by now.
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def _build(place: _Place, major: int | None, bindir: Path | None) -> Build:
    made_by = place.data / "PG_VERSION"
    if not made_by.is_file():
        return find_build(major=major, bindir=bindir)
    needed = int(made_by.read_text())
    build = find_build(major=needed, bindir=bindir)
    if build.major != needed:
        raise ScratchError(
            f"The project's database was made by Postgres {needed}, and there is only {build.version} here",
            remedy=f"Install Postgres {needed}, or remove {place.folder} to start with an empty database.",
        )
    return build


def _make(place: _Place, build: Build) -> None:
    part = place.folder / "data.part"
    shutil.rmtree(part, ignore_errors=True)
    unpack(template(build), part, place.account)
    part.rename(place.data)


def _start(place: _Place, build: Build, idle_s: float) -> None:
    """Start the server and wait until it answers. Raises ScratchError with what it printed."""
    tick = min(60.0, idle_s / 2)
    keeper = ["/bin/sh", "-c", _KEEPER, "neon-migrate-local", str(place.folder), str(place.sockets)]
    keeper += [str(build.program("psql")), f"{tick:g}", f"{idle_s / tick:.0f}"]
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        (place.folder / "ended").unlink(missing_ok=True)
        subprocess.run(
            keeper + server_command(build, place.data, place.sockets, _SETTINGS),
            check=True,
            cwd=place.folder,
            env=child_environment(),
            start_new_session=True,
            **place.account.process_owner(),
        )
        while not (place.folder / "ended").exists() and time.monotonic() < deadline:
            if _answers(place):
                return
            time.sleep(0.001)
        printed = (place.folder / "server.log").read_text(errors="replace")
        if "still in use" not in printed:  # by what is left of a server that was killed, and which ends by itself
            break
        time.sleep(0.1)
    why = "\n".join(printed.strip().splitlines()[-10:])
    raise ScratchError("The project's own Postgres did not start", why=why, remedy=f"Its data is in {place.data}.")


def _await(file: Path, *, seconds: float = 5.0) -> None:
    """Wait for a file, though not for ever: whoever would make it may have been killed."""
    deadline = time.monotonic() + seconds
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.005)


def _furnish(place: _Place) -> None:
    """Create the database, and template0 as in every cluster, unless they are there; Neon's roles came with the data.

    An earlier command may have been cut short: that data is there does not mean that it was furnished.
    """
    from neon_migrate.postgres.session import connect

    with connect(socket_target(place.sockets, MAINTENANCE_DATABASE, source="--local")) as session:
        present = {name for (name,) in session.query("SELECT datname FROM pg_database")}
        if "template0" not in present:
            session.query("CREATE DATABASE template0 IS_TEMPLATE true ALLOW_CONNECTIONS false")
        if DATABASE not in present:
            session.query(f"CREATE DATABASE {DATABASE}")
