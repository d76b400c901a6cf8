"""Throw-away Postgres servers, and databases kept from one to the next."""

from __future__ import annotations

import contextlib
import hashlib
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from neon_migrate.errors import NeonMigrateError, ScratchError, StatementError
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.cluster import (
    MAINTENANCE_DATABASE,
    PLAIN_DATABASE,
    Server,
    run_folder,
    socket_target,
    template,
)
from neon_migrate.postgres.extensions import COMMENT
from neon_migrate.postgres.snapshots import Snapshots
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from neon_migrate.postgres.binaries import Build
    from neon_migrate.postgres.cluster import RunFolder
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.snapshots import Snapshot
    from neon_migrate.postgres.target import Target

_OWN_DATABASES = (MAINTENANCE_DATABASE, PLAIN_DATABASE)

_ROLES = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT format('%s %s%s%s%s%s%s%s %s', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
                  rolreplication, rolbypassrls, rolconnlimit) AS line FROM pg_roles
    UNION ALL SELECT format('%s in %s %s', member::regrole, roleid::regrole, admin_option) FROM pg_auth_members
    UNION ALL SELECT format('%s set %s', setrole, setconfig) FROM pg_db_role_setting WHERE setdatabase = 0
) AS lines
"""
"""A fingerprint of all roles, their memberships and settings."""

_COPY_SETTINGS = """
INSERT INTO pg_db_role_setting SELECT made.oid, setrole, setconfig
FROM pg_db_role_setting JOIN pg_database AS source ON source.oid = setdatabase, pg_database AS made
WHERE source.datname = %s AND made.datname = %s
"""
"""What ALTER DATABASE … SET left on a database: CREATE DATABASE … TEMPLATE does not copy it."""

_COPY_SUBSCRIPTIONS = """
INSERT INTO pg_subscription SELECT copy.* FROM pg_subscription AS original
JOIN pg_database AS source ON source.oid = subdbid JOIN pg_database AS made ON made.datname = %s,
LATERAL jsonb_populate_record(original, jsonb_build_object('subdbid', made.oid,
    'oid', pg_nextoid('pg_subscription', 'oid', 'pg_subscription_oid_index'))) AS copy
WHERE source.datname = %s
"""
"""Subscriptions belong to a database and stand in a catalog of the whole server: it does not copy these either."""

_DROP_SUBSCRIPTIONS = """
DELETE FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = %s)
"""
"""DROP DATABASE refuses to; here they have nobody to listen to."""

_OBJECT_IN_USE = "55006"


class ScratchServer:
    """A running throw-away Postgres server; its databases are gone when it ends, unless kept.

    major            its major version: 14 to 18
    version          "18.6"
    source           where its programs come from, for people
    requested_major  what was asked for: where it differs from `major`, that one isn't to be had and the user is told
    kept             keys of the databases that came with the snapshot the server was started from

    Roles are the server's, not the database's: an empty database of a server that has kept ones sees their roles.
    Whoever minds takes a server of its own, without `wanted`.
    """

    def __init__(
        self, build: Build, server: Server, snapshot: Snapshot | None = None, *, requested_major: int | None = None
    ) -> None:
        self.major = build.major
        self.version = build.version
        self.source = build.source
        self.requested_major = requested_major
        self.kept: frozenset[str] = frozenset(snapshot.databases) if snapshot else frozenset()
        self._server = server
        self._databases = dict(snapshot.databases) if snapshot else {}
        self._roles = dict.fromkeys(self._databases, snapshot.roles if snapshot else "")
        self._role_names: dict[str, list[str]] = {}
        self._opened: set[str] = set()
        self._count = 0
        self._admin: Session | None = None

    def create(self, *, template: str | None = None) -> str:
        """Make a new database, empty or a copy of another of this server, and give its name.

        template  must not be connected to
        """
        self._count += 1
        name = f"scratch_{self._count}"
        self._copy(template or PLAIN_DATABASE, name)
        return name

    def drop(self, name: str) -> None:
        """Remove a database; whoever is still connected to it is cut off."""
        session = self._maintenance()
        drop = f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)"
        try:
            session.query(drop)
        except StatementError as error:
            if error.sqlstate != _OBJECT_IN_USE:
                raise
            session.query(_DROP_SUBSCRIPTIONS, (name,))
            session.query(drop)

    def target(self, name: str) -> Target:
        """How to connect to one of its databases, as superuser."""
        return socket_target(self._server.sockets, name, source="scratch")

    def session(self, name: str) -> Session:
        """A connection to one of its databases, as superuser."""
        from neon_migrate.postgres.session import connect

        return connect(self.target(name))

    def holds(self, key: str) -> bool:
        """Whether a database is kept under `key`: it came with the snapshot, or was kept since."""
        return key in self._databases

    def open_kept(self, key: str) -> str:
        """A fresh copy of the database kept under `key`, which is one of `kept` or was kept since. Raises KeyError."""
        self._opened.add(key)
        return self.create(template=self._databases[key])

    def keep(self, key: str, name: str) -> None:
        """Make the present content of a database available under `key`: in this run, and in later ones once this ended.

        key   stands for the content: a key that is kept already is not kept again
        name  must not be connected to; it stays the caller's, who may change or drop it
        """
        if key in self._databases:
            return
        database = f"kept_{hashlib.sha256(key.encode()).hexdigest()[:24]}"
        self._copy(name, database)
        session = self._maintenance()
        self._roles[key] = session.query(_ROLES)[0][0]
        self._role_names[key] = [str(role) for (role,) in session.query("SELECT rolname FROM pg_roles")]
        self._databases[key] = database

    def stand_ins(self, name: str) -> tuple[str, ...]:
        """The extensions in one of its databases that are stand-ins, since this build of Postgres lacks the real ones.

        Their types and functions need not behave as on the target: the caller tells the user.
        """
        with self.session(name) as session:
            found = session.query(
                "SELECT extname FROM pg_extension JOIN pg_available_extensions ON name = extname"
                " WHERE comment = %s ORDER BY 1",
                (COMMENT,),
            )
        return tuple(extension for (extension,) in found)

    def close(self) -> None:
        """Close its own connection."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def store(self, run: RunFolder, snapshots: Snapshots) -> None:
        """End the server, and put what was kept since it started into the cache."""
        last = next(reversed(self._role_names), None)
        if last is not None and self._reduce_to(last):
            self.close()
            run.stop(signal.SIGINT)
            snapshots.add(run.data, self._worth_storing(last), self._roles[last])

    def _worth_storing(self, last: str) -> dict[str, str]:
        """The databases to store, by key: kept or opened in this run, and with the roles that the last kept one has."""
        return {
            key: database
            for key, database in self._databases.items()
            if (key in self._role_names or key in self._opened) and self._roles[key] == self._roles[last]
        }

    def _reduce_to(self, last: str) -> bool:
        """Leave only what is to be stored; False when the roles can't be brought back to what they were at `keep`."""
        session = self._maintenance()
        stored = {*_OWN_DATABASES, *self._worth_storing(last).values()}
        for (name,) in session.query("SELECT datname FROM pg_database"):
            if name not in stored:
                self.drop(name)
        for (role,) in session.query("SELECT rolname FROM pg_roles"):
            if role not in self._role_names[last]:
                session.query(f"DROP ROLE {identifier(role)}")
        return bool(session.query(_ROLES)[0][0] == self._roles[last])

    def _copy(self, source: str, name: str) -> None:
        strategy = " STRATEGY file_copy" if self.major >= 15 else ""  # the only one there is in 14
        session = self._maintenance()
        session.query(f"CREATE DATABASE {identifier(name)} TEMPLATE {identifier(source)}{strategy}")
        if source != PLAIN_DATABASE:
            session.query(_COPY_SETTINGS, (source, name))
            session.query(_COPY_SUBSCRIPTIONS, (name, source))

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
    snapshots = Snapshots(build)
    snapshot = snapshots.best(wanted)
    with run_folder(size=snapshot.size if snapshot else 0) as run:
        server, snapshot = _start(build, run, snapshots, snapshot)
        scratch = ScratchServer(build, server, snapshot, requested_major=major)
        try:
            yield scratch
        except Exception:
            _store(scratch, run, snapshots)  # what was kept before the error is as good as ever
            raise
        else:
            _store(scratch, run, snapshots)
        finally:
            scratch.close()


def _start(
    build: Build, run: RunFolder, snapshots: Snapshots, snapshot: Snapshot | None
) -> tuple[Server, Snapshot | None]:
    """A server on `snapshot`, or on the plain template; either is removed when none starts on it."""
    if snapshot is not None:
        try:
            return run.start(build, snapshots.archive(snapshot)), snapshot
        except ScratchError:
            run.clear()
            snapshots.discard(snapshot)
    try:
        return run.start(build, template(build)), None
    except ScratchError:
        run.clear()
        return run.start(build, template(build, anew=True)), None


def _store(scratch: ScratchServer, run: RunFolder, snapshots: Snapshots) -> None:
    """That something could not be kept (the disk is full, say) costs time later, and nothing else."""
    with contextlib.suppress(NeonMigrateError, OSError):
        scratch.store(run, snapshots)
