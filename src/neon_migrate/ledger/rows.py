"""The SQL of the ledger table, as sqlx writes it (sqlx-postgres/src/migrate.rs), and the reading of its rows.

Every statement is complete text, without parameters, so that it may go alone, in a pipeline or inside one message with
a migration's text. The table's name is used as the settings give it: qualified, quoted or plain.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from neon_migrate.ledger.migration import LedgerRow
from neon_migrate.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neon_migrate.ledger.migration import Migration

NOT_RECORDED = "-1"
"""sqlx's execution_time inside the migration's transaction: committed, duration not recorded."""

_COLUMNS = "version, description, installed_on, success, checksum, execution_time"


def lock_id(database: str) -> int:
    """The key of the advisory lock that sqlx holds during a run on `database`, a signed 64-bit integer."""
    product = 0x3D32AD9E * zlib.crc32(database.encode()) & (1 << 64) - 1
    return product - (1 << 64) if product >> 63 else product


def create_schema(name: str) -> str:
    """One of the schemas that the settings want to be there before the table is (`create-schemas`)."""
    return f"CREATE SCHEMA IF NOT EXISTS {identifier(name)}"


def create_table(table: str) -> str:
    """The ledger; unqualified, it lands in the first schema of `search_path`."""
    return f"""CREATE TABLE IF NOT EXISTS {table} (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
    success BOOLEAN NOT NULL,
    checksum BYTEA NOT NULL,
    execution_time BIGINT NOT NULL
)"""


def table_exists(table: str) -> str:
    """Asks for one boolean: whether `create_table` would find the table there.

    CREATE TABLE IF NOT EXISTS looks for an unqualified name in the first schema of `search_path` only, so a table of
    that name further along the path is not the ledger.
    """
    name = literal(table)
    return (
        f"SELECT CASE WHEN cardinality(parse_ident({name})) > 1 THEN to_regclass({name}) IS NOT NULL"
        f" ELSE to_regclass(quote_ident(current_schema()) || '.' || {name}) IS NOT NULL END"
    )


def select(table: str) -> str:
    """All rows by version, for `read`."""
    return f"SELECT {_COLUMNS} FROM {table} ORDER BY version"


def read(rows: Iterable[Sequence[Any]]) -> tuple[LedgerRow, ...]:
    """What `select` gave, as values."""
    return tuple(
        LedgerRow(version, description, installed_on, success, bytes(checksum), execution_time)
        for version, description, installed_on, success, checksum, execution_time in rows
    )


def insert(
    table: str, migration: Migration, *, execution_time: str = NOT_RECORDED, installed_on: str = "DEFAULT"
) -> str:
    """The row of an applied migration; `execution_time` is an SQL expression of nanoseconds, `installed_on` of a time.

    The column's default is `now()`, the time of the whole message: too early where one message brings many migrations.
    """
    return (
        f"INSERT INTO {table} (version, description, installed_on, success, checksum, execution_time)"
        f" VALUES ({migration.version}, {literal(migration.description)}, {installed_on}, TRUE,"
        f" {_bytes(migration.checksum)}, {execution_time})"
    )


def delete(table: str, version: int) -> str:
    """Takes the row of a reverted migration away."""
    return f"DELETE FROM {table} WHERE version = {version}"


def set_success(table: str, migration: Migration) -> str:
    """Makes a row clean again, with the checksum of the file as it is now."""
    checksum = _bytes(migration.checksum)
    return f"UPDATE {table} SET success = TRUE, checksum = {checksum} WHERE version = {migration.version}"


def _bytes(value: bytes) -> str:
    return f"decode('{value.hex()}', 'hex')"
