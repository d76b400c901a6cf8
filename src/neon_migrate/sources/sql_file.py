"""A file of SQL as a database: run on a scratch server as psql would run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate import execute
from neon_migrate.errors import Location, StatementError, UsageError
from neon_migrate.ledger.folder import byte_location
from neon_migrate.ledger.migration import MigrationFile
from neon_migrate.postgres.dump import without_restrict
from neon_migrate.script import units
from neon_migrate.sources.migrations import open_scratch
from neon_migrate.sources.roles import UNDEFINED_OBJECT, make_roles

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.settings import Settings

_NEEDS_PIECES = ("25001", "55P04")
"""SQLSTATE active_sql_transaction, unsafe_new_enum_value_usage: not in the transaction that one message is."""

_PSQLS_OWN = "Lines that begin with a backslash are psql's own commands and no SQL: take them out."


def read_sql_file(path: Path) -> MigrationFile:
    """The file's text, every line where it stands. Raises UsageError: it can't be read, is not UTF-8, has a NUL."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path.name} can't be read", where=Location(str(path)), why=error.strerror or str(error)
        ) from None
    if b"\0" in raw:
        raise UsageError(
            f"{path.name} holds a NUL byte",
            where=byte_location(str(path), raw, raw.index(b"\0")),
            why="Postgres's protocol ends a text there. UTF-16 looks like this.",
            remedy="Save the file as UTF-8.",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path.name} is not UTF-8: byte 0x{raw[error.start]:02x}",
            where=byte_location(str(path), raw, error.start),
            remedy="Save the file as UTF-8.",
        ) from None
    return MigrationFile(path, without_restrict(text))


def load_sql_file(server: ScratchServer, file: MigrationFile, settings: Settings) -> str:
    """A new database of `server` in which the file was run; its name. The caller owns it.

    It is run in one message, and statement by statement where something in it can't be inside a transaction. Roles
    that it names and does not make, as pg_dump's texts do, are made first.

    Raises StatementError with file, line and column; no database is left then.
    """
    try:
        return _run(server, file, settings, whole=True)
    except StatementError as error:
        if error.sqlstate not in (*_NEEDS_PIECES, UNDEFINED_OBJECT):
            raise
        if not make_roles(server, [file.sql]) and error.sqlstate == UNDEFINED_OBJECT:
            raise
    try:
        return _run(server, file, settings, whole=True)
    except StatementError as error:
        if error.sqlstate not in _NEEDS_PIECES:
            raise
    return _run(server, file, settings, whole=False)


def _run(server: ScratchServer, file: MigrationFile, settings: Settings, *, whole: bool) -> str:
    database = server.create()
    try:
        with open_scratch(server, database) as session:
            if whole:
                outcome = execute.send(session, file.sql)
                if outcome.error is not None:
                    raise _with_remedy(execute.refused(file, settings, outcome))
            else:
                for unit in units(file.sql, execute.file_name(file, settings)):
                    execute.run_unit(session, file, unit, settings)
    except StatementError:
        server.drop(database)
        raise
    return database


def _with_remedy(error: StatementError) -> StatementError:
    line = (error.where.source or "") if error.where else ""
    error.remedy = _PSQLS_OWN if line.lstrip().startswith("\\") else "Correct the file at this place."
    return error
