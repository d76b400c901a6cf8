"""Running a Postgres server of our own: a template made by initdb once, a direct runner, and its end.

How, and what each step costs, was measured; the sources of the choices are Postgres's own documentation of initdb and
`postgres`, and the comments here.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from neon_migrate.errors import ScratchError
from neon_migrate.postgres.account import Account, server_account
from neon_migrate.postgres.cache import (
    cache_folder,
    folder_error,
    locked,
    pack,
    private_folder,
    reachable_folder,
    scratch_base,
)
from neon_migrate.postgres.extensions import stand_in_path
from neon_migrate.postgres.target import Target
from neon_migrate.postgres.watchdog import Watchdog

if TYPE_CHECKING:
    from types import TracebackType

    from neon_migrate.postgres.binaries import Build

SUPERUSER = "postgres"
MAINTENANCE_DATABASE = "postgres"
PLAIN_DATABASE = "template1"
"""What an empty database is copied from. Nobody connects to it."""

_SHAPE = "1"
"""Raised whenever a template is made in another way: older templates and snapshots are not used then."""

_START_TIMEOUT_S = 60.0

_NEON_ROLES = (
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

_THROW_AWAY = (
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("autovacuum", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_logical_replication_workers", "0"),
    ("shared_buffers", "16MB"),
    ("checkpoint_timeout", "1h"),
    ("wal_recycle", "off"),
    ("wal_init_zero", "off"),
)

_ALWAYS = (
    ("listen_addresses", ""),
    ("jit", "off"),
    # A migration, or a catalog of thousands of tables dropped at once, holds a lock on each of its relations.
    ("max_locks_per_transaction", "512"),
    ("log_min_messages", "fatal"),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
)


def throw_away(build: Build) -> tuple[tuple[str, str], ...]:
    """Settings of a server whose data may be lost, and which should start fast."""
    return (*_THROW_AWAY, ("io_method", "sync")) if build.major >= 18 else _THROW_AWAY


def server_command(build: Build, data: Path, sockets: Path, settings: tuple[tuple[str, str], ...]) -> list[str]:
    """How to run the server of `data` with a socket in `sockets`, and nothing else, to reach it by."""
    settings = (*_ALWAYS, *settings)
    if build.major >= 18:
        with contextlib.suppress(OSError, ScratchError):  # without a place for stand-ins, there are none
            path = stand_in_path(reachable_folder(server_account()))
            settings = (*settings, ("extension_control_path", f"$system:{path}"))
    flags = [flag for name, value in settings for flag in ("-c", f"{name}={value}")]
    return [str(build.program("postgres")), "-D", str(data), "-k", str(sockets), *flags]


def child_environment() -> dict[str, str]:
    """The environment of Postgres's programs: nothing of libpq's (PGSERVICE, PGPORT, …), fixed locale and time zone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


class Server:
    """A running `postgres`, our own child, reached by a socket in `sockets` only."""

    def __init__(
        self,
        build: Build,
        data: Path,
        sockets: Path,
        *,
        settings: tuple[tuple[str, str], ...],
        archive: Path | None = None,
    ) -> None:
        """Start it; `wait_ready` tells when it answers.

        archive  the packed content of `data`, which is an empty folder: the very process that becomes the server
                 unpacks it first, so that this one is free meanwhile

        Raises ScratchError when it can't be run, or the archive is gone.
        """
        self.data = data
        self.sockets = sockets
        self._log = sockets / "server.log"
        command = server_command(build, data, sockets, settings)
        if archive is not None:
            command = ["/bin/sh", "-c", 'tar -xpf - && exec "$@" < /dev/null', "neon-migrate-server", *command]
        try:
            with self._log.open("wb") as log, Path(archive or os.devnull).open("rb") as content:
                self._process = subprocess.Popen(
                    command,
                    stdin=content,
                    stdout=log,
                    stderr=log,
                    cwd=data,
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
                if (self.data / "postmaster.pid").exists():
                    self._process.send_signal(how)
                else:  # not Postgres yet: a shell and its tar
                    os.killpg(self.pid, signal.SIGKILL)
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
    # In this form, without an authority, libpq and sqlx read it alike.
    url = f"postgresql:///{quote(database, safe='')}?host={quote(str(sockets))}&port=5432&user={SUPERUSER}"
    return Target(url, source=source, own=True)


class RunFolder:
    """A folder for one server: its data, its socket and its log. Both are gone when this process is.

    path  mode 0700, owned by the user the server runs as
    data  the server's data directory, to be made
    """

    def __init__(self, base: Path, account: Account) -> None:
        """Make one in `base`. Raises ScratchError."""
        _sweep(base)
        self.path = base / f"{_prefix()}{os.urandom(4).hex()}"
        self.data = self.path / "data"
        self._account = account
        self._server: Server | None = None
        self._watchdog = Watchdog(self.path)  # before there is a folder: one without a watchdog might be left
        try:
            self.path.mkdir(mode=0o700)
            account.give(self.path)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        except OSError as error:
            self._watchdog.dismiss()
            raise folder_error(base, error) from None

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(signal.SIGQUIT)
        self._watchdog.dismiss()
        os.close(self._lock)

    def start(self, build: Build, archive: Path | None = None) -> Server:
        """Start a throw-away server and wait until it answers, on `data` or on what is packed in `archive`.

        Raises ScratchError.
        """
        if archive is not None:
            self.data.mkdir(mode=0o700)
            self._account.give(self.data)
        self._server = server = Server(build, self.data, self.path, settings=throw_away(build), archive=archive)
        self._watchdog.guard(server.pid)
        import psycopg  # noqa: F401  # takes as long as unpacking and starting do: it goes on meanwhile

        server.wait_ready()
        return server

    def clear(self) -> None:
        """End the server, if one runs, and remove its data."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.data, ignore_errors=True)

    def stop(self, how: signal.Signals) -> None:
        """End the server, if one runs: SIGINT for a clean shutdown, SIGQUIT when its data does not matter any more."""
        if self._server is not None:
            self._server.stop(how)
            self._watchdog.guard(None)
            self._server = None


def run_folder(*, size: int = 0) -> RunFolder:
    """A folder for one server where throw-away data goes; `size`: bytes that will be copied there."""
    account = server_account()
    return RunFolder(scratch_base(account, size=size), account)


def _prefix() -> str:
    return f"neon-migrate-{os.geteuid()}-"


def _sweep(base: Path) -> None:
    """Remove what is left of runs whose process and watchdog were both killed: nobody holds the lock there."""
    settled = time.time() - 60  # a folder younger than that may be between being made and being locked
    for folder in base.glob(f"{_prefix()}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < settled:
                descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder)
                finally:
                    os.close(descriptor)


def cluster_cache(build: Build) -> Path:
    """The cache folder for what was made with this build by this kind of template, as this user."""
    made_of = repr((_SHAPE, _NEON_ROLES, _NEON_MEMBERSHIPS, build.identity, server_account()))
    name = hashlib.sha256(made_of.encode()).hexdigest()[:12]
    return private_folder(cache_folder() / f"{build.major}-{name}")


def template(build: Build, *, anew: bool = False) -> Path:
    """The packed data directory that every scratch server starts from; made when missing (1 s), safely against others.

    anew  the one that is there is of no use

    Raises ScratchError.
    """
    folder = cluster_cache(build)
    archive = folder / "template.tar"
    if anew:
        archive.unlink(missing_ok=True)
    if not archive.is_file():
        with locked(folder / "template.lock"):
            if not archive.is_file():
                with run_folder() as run:
                    _initialize(build, run.data)
                    _furnish(build, run)
                    pack(run.data, archive, server_account())
                _forget_unused(folder)
    os.utime(archive)
    return archive


def _forget_unused(folder: Path) -> None:
    """Remove what was made with builds that were not used for a month: they have been upgraded, most likely."""
    long_ago = time.time() - 30 * 24 * 3600
    for other in folder.parent.glob("*/template.tar"):
        if other.stat().st_mtime < long_ago:
            shutil.rmtree(other.parent, ignore_errors=True)


def _initialize(build: Build, data: Path) -> None:
    """Run initdb as the server's user, without waiting for the disk. Raises ScratchError with what it printed."""
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
    remedy = ""
    if "No space left" in done.stderr:
        remedy = "Free some space, or set TMPDIR to a folder that has room."
    elif "user does not exist" in done.stderr:
        remedy = "initdb needs an entry in /etc/passwd for the user that runs it: add one, or run as another user."
    why = "\n".join(done.stderr.strip().splitlines()[-10:])
    raise ScratchError("initdb could not make a database cluster", why=why, remedy=remedy)


def _furnish(build: Build, run: RunFolder) -> None:
    """Add Neon's roles, and leave few files to copy: each database has 300 of them."""
    from neon_migrate.postgres.session import connect

    run.start(build)
    with connect(socket_target(run.path, MAINTENANCE_DATABASE, source="scratch")) as session:
        roles = [f"CREATE ROLE {name} {options}" for name, options in _NEON_ROLES]
        session.script(";\n".join((*roles, *_NEON_MEMBERSHIPS)))
        session.query("ALTER DATABASE template0 IS_TEMPLATE false")
        session.query("DROP DATABASE template0")
    run.stop(signal.SIGINT)
