"""Running a Postgres server of our own: a template made by initdb once, a direct runner, and its end.

How, and what each step costs, was measured; the sources of the choices are Postgres's own documentation of initdb and
`postgres`, and the comments here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.errors import ScratchError
from neon_migrate.postgres.account import Account, server_account
from neon_migrate.postgres.cache import cache_folder, copy_tree, folder_error, locked, private_folder, scratch_base
from neon_migrate.postgres.target import Target

if TYPE_CHECKING:
    from neon_migrate.postgres.binaries import Build
    from neon_migrate.postgres.session import Session

SUPERUSER = "postgres"
MAINTENANCE_DATABASE = "postgres"

_SHAPE = "1"
"""Raised whenever what a template holds changes: older templates and snapshots are not used then."""

_START_TIMEOUT_S = 60.0

NEON_ROLES = (
    ("cloud_admin", "SUPERUSER LOGIN CREATEDB CREATEROLE REPLICATION BYPASSRLS"),
    ("neon_superuser", "NOLOGIN CREATEDB CREATEROLE REPLICATION BYPASSRLS"),
    ("neondb_owner", "LOGIN CREATEDB CREATEROLE REPLICATION BYPASSRLS"),
    ("authenticator", "LOGIN NOINHERIT"),
    ("authenticated", "NOLOGIN"),
    ("anonymous", "NOLOGIN"),
)
"""The roles that a new Neon project has, or that its Data API adds: histories name them in GRANT and OWNER TO."""

_NEON_MEMBERSHIPS = (
    "GRANT pg_read_all_data, pg_write_all_data, pg_monitor TO neon_superuser WITH ADMIN OPTION",
    "GRANT neon_superuser TO neondb_owner",
    "GRANT authenticated, anonymous TO authenticator",
)

THROW_AWAY = (
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("autovacuum", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_logical_replication_workers", "0"),
    ("shared_buffers", "16MB"),
    ("checkpoint_timeout", "1h"),
)
"""Settings of a server whose data may be lost."""

_ALWAYS = (
    ("listen_addresses", ""),
    ("jit", "off"),
    # A migration, or a catalog of thousands of tables dropped at once, holds a lock on each of its relations.
    ("max_locks_per_transaction", "512"),
    ("log_min_messages", "fatal"),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
)


def child_environment() -> dict[str, str]:
    """The environment of Postgres's programs: nothing of libpq's (PGSERVICE, PGPORT, …), fixed locale and time zone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


class Server:
    """A running `postgres`, our own child, reached by a socket in `sockets` only."""

    def __init__(self, build: Build, data: Path, sockets: Path, *, settings: tuple[tuple[str, str], ...]) -> None:
        """Start it; `wait_ready` tells when it answers. Raises ScratchError when it can't be run."""
        self.data = data
        self.sockets = sockets
        self._log = sockets / "server.log"
        flags = [flag for name, value in (*_ALWAYS, *settings) for flag in ("-c", f"{name}={value}")]
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    [str(build.program("postgres")), "-D", str(data), "-k", str(sockets), *flags],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=sockets,
                    env=child_environment(),
                    start_new_session=True,
                    **server_account().process_owner(),
                )
        except OSError as error:
            raise ScratchError(f"{build.program('postgres')} can't be run", why=str(error)) from None

    @property
    def pid(self) -> int:
        """The postmaster's process."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Return once the server takes connections. Raises ScratchError, with what it printed, when it ends before."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not is_ready(self.data, self.pid):
            if self._process.poll() is not None:
                raise self._failure("The throw-away Postgres did not start")
            if time.monotonic() > deadline:
                self.stop(signal.SIGQUIT)
                raise self._failure(f"The throw-away Postgres was not ready after {_START_TIMEOUT_S:.0f} s")
            time.sleep(0.001)

    def stop(self, how: signal.Signals) -> None:
        """End it and wait: SIGINT for a clean shutdown, SIGQUIT to leave everything as it is."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(how)
            self._process.wait()

    def _failure(self, what: str) -> ScratchError:
        printed = self._log.read_text(errors="replace").strip().splitlines()
        full = any("No space left" in line for line in printed)
        return ScratchError(
            what,
            why="\n".join(printed[-10:]),
            remedy="Free some space, or set TMPDIR to a folder that has room." if full else "",
        )


def is_ready(data: Path, pid: int | None = None) -> bool:
    """Whether the server of `data` (and of the process `pid`) takes connections: line 8 of postmaster.pid."""
    try:
        lines = (data / "postmaster.pid").read_text().split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready" and pid in (None, int(lines[0]))


def socket_target(sockets: Path, database: str, *, source: str) -> Target:
    """How to connect to a server of ours as its superuser, whatever PG* variables are set."""
    quoted = str(sockets).replace("\\", "\\\\").replace("'", "\\'")
    name = database.replace("\\", "\\\\").replace("'", "\\'")
    return Target(f"host='{quoted}' port=5432 user={SUPERUSER} dbname='{name}'", source=source, own=True)


def make_folder(base: Path, account: Account) -> Path:
    """A new folder in `base`, with a short name, mode 0700, that the server's user owns. Raises ScratchError."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"neon-migrate-{os.geteuid()}-", dir=base))
        account.give(folder)
    except OSError as error:
        raise folder_error(base, error) from None
    return folder


def cluster_cache(build: Build) -> Path:
    """The cache folder for what was made with this build by this kind of template, as this user."""
    account = server_account()
    name = hashlib.sha256(f"{_SHAPE}\0{build.identity}\0{account.uid}".encode()).hexdigest()[:12]
    return private_folder(cache_folder() / f"{build.major}-{name}")


def template(build: Build) -> Path:
    """The data directory that every scratch server is a copy of; made when missing (0.5 s), safely against others.

    Raises ScratchError.
    """
    folder = cluster_cache(build)
    ready = folder / "template"
    if ready.is_dir():
        return ready
    with locked(folder / "template.lock"):
        if not ready.is_dir():
            account = server_account()
            work = make_folder(scratch_base(account), account)
            try:
                data = work / "data"
                initialize(build, data)
                _furnish(build, data, work)
                part = folder / "template.part"
                shutil.rmtree(part, ignore_errors=True)
                copy_tree(data, part)
                part.replace(ready)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return ready


def initialize(build: Build, data: Path) -> None:
    """Run initdb as the server's user. Raises ScratchError with what it printed."""
    command = [str(build.program("initdb")), "-D", str(data), "-U", SUPERUSER, "-A", "trust", "-N", "-E", "UTF8"]
    command.append("--wal-segsize=1")
    attempts = [["--locale=C.UTF-8"], ["--locale=C"]]  # not every host has C.UTF-8
    if build.major >= 17:
        attempts = [["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
    if build.major >= 18:
        command.append("--no-data-checksums")
    for options in attempts:
        done = subprocess.run(
            [*command, *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=data.parent,
            env=child_environment(),
            check=False,
            **server_account().process_owner(),
        )
        if done.returncode == 0:
            return
        shutil.rmtree(data, ignore_errors=True)
    full = "No space left" in done.stderr
    raise ScratchError(
        "initdb could not make a database cluster",
        why="\n".join(done.stderr.strip().splitlines()[-10:]),
        remedy="Free some space, or set TMPDIR to a folder that has room." if full else "",
    )


def add_roles(session: Session) -> None:
    """Create the roles that a Neon project has."""
    for name, options in NEON_ROLES:
        session.query(f"CREATE ROLE {name} {options}")
    for statement in _NEON_MEMBERSHIPS:
        session.query(statement)


def _furnish(build: Build, data: Path, work: Path) -> None:
    """Add Neon's roles, and leave as few files to copy as possible: each database is 300 of them."""
    from neon_migrate.postgres.session import connect

    server = Server(build, data, work, settings=THROW_AWAY)
    try:
        server.wait_ready()
        with connect(socket_target(work, MAINTENANCE_DATABASE, source="scratch")) as session:
            add_roles(session)
        with connect(socket_target(work, "template1", source="scratch")) as session:
            session.query(f"DROP DATABASE {MAINTENANCE_DATABASE}")
            session.query(f"CREATE DATABASE {MAINTENANCE_DATABASE} TEMPLATE template0")
    finally:
        server.stop(signal.SIGINT)
