"""The migrations folder as a database: replayed on a scratch server as sqlx runs it, and kept for the next time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate import execute
from neon_migrate.errors import StatementError
from neon_migrate.pipeline import run_pipeline
from neon_migrate.postgres.session import connect
from neon_migrate.sources.roles import UNDEFINED_OBJECT, make_roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.settings import Settings

_FORMAT = "1"
"""Part of every key: to be counted up when a replay of the same files comes out differently than before."""


_REMEDY = """It has to run on an empty database, after the migrations below it; neon-migrate validate tries all of them.
While it is applied nowhere, correct it; else add a migration with a lower version that makes what it needs."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A database that has the migrations.

    database  its name on the scratch server; the caller's, who may change it
    reused    how many migrations a kept database already had
    """

    database: str
    reused: int


def chain(migrations: Sequence[Migration], settings: Settings) -> tuple[str, ...]:
    """A key for the history up to and including each migration: equal when a replay would come out equal.

    The server's version is no part of it, since a server only ever sees databases of its own version.
    """
    digest = hashlib.sha256(repr((_FORMAT, settings.table_name, settings.create_schemas)).encode())
    keys = []
    for migration in migrations:
        # The whole text, since the checksum leaves ignored characters out; and what else stands in the ledger's row.
        digest.update(repr((migration.version, migration.description, migration.checksum, migration.up.sql)).encode())
        keys.append(digest.hexdigest())
    return tuple(keys)


def snapshot_keys(migrations: Sequence[Migration], settings: Settings) -> tuple[str, ...]:
    """The keys that `replay` looks for, best first: to be passed as `wanted` when a scratch server is asked for."""
    return chain(migrations, settings)[::-1]


def replay(server: ScratchServer, migrations: Sequence[Migration], settings: Settings) -> Replay:
    """A new database with the ledger and all of `migrations`, run as sqlx runs them on an empty database.

    Starts from the kept database that has most of them, and keeps two for the next time: the whole, and the one before
    the last migration, which is the one that people edit. Roles that the files name and don't make are made first.
    Raises StatementError with file, line and column.
    """
    try:
        return _replayed(server, migrations, settings)
    except StatementError as error:
        texts = (one.up.sql for one in migrations)
        if error.sqlstate != UNDEFINED_OBJECT or not make_roles(server, texts):
            raise
    return _replayed(server, migrations, settings)


def _replayed(server: ScratchServer, migrations: Sequence[Migration], settings: Settings) -> Replay:
    keys = chain(migrations, settings)
    reused = done = next((count for count in range(len(keys), 0, -1) if server.holds(keys[count - 1])), 0)
    database = server.open_kept(keys[done - 1]) if done else server.create()
    try:
        for stop in sorted({len(keys) - 1, len(keys)}):
            if done < stop:
                with open_scratch(server, database) as session:
                    run(session, migrations[done:stop], settings)
                server.keep(keys[stop - 1], database)
                done = stop
    except BaseException:
        server.drop(database)
        raise
    return Replay(database, reused)


def open_scratch(server: ScratchServer, database: str) -> Session:
    """A connection with the session settings that sqlx makes."""
    return connect(server.target(database), settings=execute.SQLX_SESSION)


def run(session: Session, migrations: Sequence[Migration], settings: Settings) -> None:
    """Apply migrations on one connection, as sqlx does. Raises StatementError with file, line and column."""
    ledger = execute.ensure_ledger(session, settings)
    ran = run_pipeline(session, migrations, settings, execute.Conditions(ledger))
    if ran.error is not None:
        ran.error.remedy = ran.error.remedy or _REMEDY
        raise ran.error
