"""Throw-away Postgres servers, and databases kept from one to the next."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from neon_migrate.postgres.account import server_account
from neon_migrate.postgres.binaries import Build, find_build
from neon_migrate.postgres.cache import copy_tree, scratch_base
from neon_migrate.postgres.cluster import (
    MAINTENANCE_DATABASE,
    THROW_AWAY,
    Server,
    make_folder,
    socket_target,
    template,
)
from neon_migrate.postgres.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target


class ScratchServer:
    """A running throw-away Postgres server; its databases are gone when it ends, unless kept."""

    def __init__(self, build: Build, server: Server, *, requested_major: int | None) -> None:
        self.major = build.major
        self.version = build.version
        self.source = build.source
        self.requested_major = requested_major
        self.kept: frozenset[str] = frozenset()
        self._server = server
        self._kept: dict[str, str] = {}
        self._count = 0
        self._admin: Session | None = None

    def create(self, *, template: str | None = None) -> str:
        """Make a new database, empty or a copy of another of this server, and give its name.

        template  must not be connected to
        """
        self._count += 1
        name = f"scratch_{self._count}"
        strategy = " STRATEGY file_copy" if self.major >= 15 else ""
        self._maintenance().query(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"{strategy}')
        return name

    def drop(self, name: str) -> None:
        """Remove a database; whoever is still connected to it is cut."""
        self._maintenance().query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def target(self, name: str) -> Target:
        """How to connect to one of its databases, as superuser."""
        return socket_target(self._server.sockets, name, source="scratch")

    def session(self, name: str) -> Session:
        """A connection to one of its databases, as superuser."""
        from neon_migrate.postgres.session import connect

        return connect(self.target(name))

    def open_kept(self, key: str) -> str:
        """A fresh copy of the database kept under `key` (one of `kept`, or kept since). Raises KeyError."""
        return self.create(template=self._kept[key])

    def keep(self, key: str, name: str) -> None:
        """Make the present content of a database available to later runs under `key`.

        name  must not be connected to; it stays the caller's, who may change or drop it
        """
        self._kept[key] = self.create(template=name)

    def close(self) -> None:
        """End the connection of its own, if there is one."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def _maintenance(self) -> Session:
        if self._admin is None:
            self._admin = self.session(MAINTENANCE_DATABASE)
        return self._admin


@contextmanager
def scratch_server(
    *, major: int | None = None, bindir: Path | None = None, wanted: Sequence[str] = ()
) -> Iterator[ScratchServer]:
    """A throw-away Postgres of the major version, or the nearest to be had (see ScratchServer.requested_major).

    major   None: no wish
    bindir  a folder with `postgres` and `initdb` to use, whatever its version is
    wanted  keys of kept databases, best first: the server starts with the first there is

    Raises ScratchError.
    """
    build = find_build(major=major, bindir=bindir)
    source = template(build)
    account = server_account()
    folder = make_folder(scratch_base(account), account)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    watchdog = Watchdog(folder, keep_open=lock)
    ended = True
    try:
        # Importing psycopg costs as much as three starts: it goes on while the data is copied and the server starts.
        threading.Thread(target=_import_psycopg, daemon=True).start()
        copy_tree(source, folder / "data")
        server = Server(build, folder / "data", folder, settings=THROW_AWAY)
        watchdog.guard(server.pid)
        ended = False
        scratch = ScratchServer(build, server, requested_major=major)
        try:
            server.wait_ready()
            yield scratch
        finally:
            scratch.close()
            server.stop(signal.SIGQUIT)
            ended = True
    finally:
        watchdog.dismiss(ended=ended)
        os.close(lock)


def _import_psycopg() -> None:
    import psycopg  # noqa: F401
