"""How far a no-transaction migration came: one row of a small table of our own, gone when the migration is done.

sqlx knows only "not applied" and "applied"; a row with `success = false` would stop every other tool.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neon_migrate.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.postgres.session import Session

Direction = Literal["up", "down"]

PROGRESS_TABLE = "_neon_migrate_progress"


@dataclass(frozen=True, slots=True)
class Progress:
    """The row of one migration.

    done     pieces of the file that are committed
    digest   of the text of those, so that an edited file goes on only where it was not edited
    running  whether the piece after them was begun outside a transaction and not known to have ended
    """

    done: int = 0
    digest: str = ""
    running: bool = False


@dataclass(frozen=True, slots=True)
class ProgressTable:
    """The table, by its qualified name; its methods give SQL, complete without parameters."""

    name: str

    def begin(self, version: int, direction: Direction) -> str:
        """Notes that the next piece is being run outside a transaction."""
        return self._set(version, direction, "running = true")

    def done(self, version: int, direction: Direction, pieces: Sequence[str]) -> str:
        """Notes that `pieces`, the texts from the file's start, are committed."""
        changes = f"running = false, statement = {len(pieces)}, digest = '{digest(pieces)}'"
        return self._set(version, direction, changes)

    def finish(self, version: int, direction: Direction) -> str:
        """Takes the row away, and the table with its last one."""
        return (
            f"DELETE FROM {self.name} WHERE version = {version} AND direction = '{direction}';\n"
            f"DO $neon_migrate$ BEGIN IF NOT EXISTS (SELECT FROM {self.name}) THEN"
            f" DROP TABLE {self.name}; END IF; END $neon_migrate$"
        )

    def _set(self, version: int, direction: Direction, changes: str) -> str:
        return (
            f"UPDATE {self.name} SET {changes}, updated_on = pg_catalog.clock_timestamp()"
            f" WHERE version = {version} AND direction = '{direction}'"
        )


def digest(pieces: Sequence[str]) -> str:
    """SHA-384 over the pieces' texts."""
    return hashlib.sha384("\0".join(pieces).encode()).hexdigest()


def open_table(
    session: Session, ledger: str, version: int, direction: Direction, checksum: bytes
) -> tuple[ProgressTable, Progress]:
    """The table beside the ledger (created where it is missing), with a row for this migration.

    ledger    the ledger's qualified name
    checksum  of the file that is run
    """
    table = progress_table(session, ledger)
    session.script(
        "SET client_min_messages = warning;\n"
        f"CREATE TABLE IF NOT EXISTS {table.name} (version bigint, direction text, checksum bytea NOT NULL,"
        " statement integer NOT NULL DEFAULT 0, digest text NOT NULL DEFAULT '', running boolean NOT NULL"
        " DEFAULT false, updated_on timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (version, direction));\n"
        f"INSERT INTO {table.name} (version, direction, checksum) VALUES ({version}, '{direction}',"
        f" decode('{checksum.hex()}', 'hex')) ON CONFLICT (version, direction) DO UPDATE SET checksum"
        " = excluded.checksum;\n"
        "RESET client_min_messages"
    )
    ((done, found, running),) = session.query(
        f"SELECT statement, digest, running FROM {table.name} WHERE version = {version} AND direction = '{direction}'"
    )
    return table, Progress(done, found, running)


def progress_table(session: Session, ledger: str) -> ProgressTable:
    """Where the table is or would be: in the ledger's schema."""
    ((schema,),) = session.query(
        "SELECT pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
        " ON n.oid = c.relnamespace WHERE c.oid = %s::regclass",
        (ledger,),
    )
    return ProgressTable(f"{schema}.{identifier(PROGRESS_TABLE)}")


def read_progress(session: Session, ledger: str) -> dict[tuple[int, Direction], Progress]:
    """Every migration that was begun and not finished, by version and direction."""
    tables = session.query(readable(ledger))
    if not tables:
        return {}
    found = session.query(f"SELECT version, direction, statement, digest, running FROM {tables[0][0]}")
    return {(version, direction): Progress(*rest) for version, direction, *rest in found}


def readable(ledger: str) -> str:
    """Asks for the name of the table beside the ledger, as this session finds it; no row where it can't be read."""
    return (
        "SELECT p.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class l JOIN pg_catalog.pg_class p"
        f" ON p.relnamespace = l.relnamespace WHERE l.oid = pg_catalog.to_regclass({literal(ledger)})"
        f" AND p.relname = {literal(PROGRESS_TABLE)} AND pg_catalog.has_table_privilege(p.oid, 'SELECT')"
    )


def statements_done(table: str) -> str:
    """Asks for version, direction and the number of statements that are committed, of every unfinished migration."""
    return f"SELECT version, direction, statement FROM {table}"


def note(session: Session, ledger: str, version: int, checksum: bytes, progress: Progress) -> None:
    """Make a database look as if the up file of this version had come this far in it."""
    table, _ = open_table(session, ledger, version, "up", checksum)
    session.query(
        f"UPDATE {table.name} SET statement = %s, digest = %s, running = %s WHERE version = %s AND direction = 'up'",
        (progress.done, progress.digest, progress.running, version),
    )


def forget(session: Session, ledger: str, version: int) -> None:
    """Take away what is noted of a version, and the table with its last row."""
    noted = read_progress(session, ledger)
    table = progress_table(session, ledger)
    for found, direction in noted:
        if found == version:
            session.script(f"BEGIN;\n{table.finish(version, direction)};\nCOMMIT")
