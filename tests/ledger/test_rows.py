"""The SQL of the ledger, on a real Postgres."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.ledger import rows
from neon_migrate.ledger.migration import Migration, MigrationFile, checksum

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

TABLE = "_sqlx_migrations"
AWKWARD = Migration(
    7, "it's a \\ name %s", MigrationFile(Path("7_x.sql"), "SELECT 1;"), None, False, checksum("SELECT 1;")
)


@pytest.mark.parametrize(
    ("database", "key"), [("postgres", 368907709894077238), ("123456789", 0x3D32AD9E * 0xCBF43926), ("", 0)]
)
def test_the_lock_is_sqlx_constant_times_crc32_of_the_name(database: str, key: int) -> None:
    """0x3d32ad9e times CRC-32 (ISO-HDLC, of the UTF-8 bytes), which always fits into a signed 64-bit integer.

    0xCBF43926 is the published check value of that CRC.
    """
    assert rows.lock_id(database) == key
    assert key < 1 << 63


def test_a_row_is_read_as_it_was_written(session: Session) -> None:
    """Quotes, backslashes and percent signs in a description included; before its duration is known it is -1."""
    session.query(rows.create_table(TABLE))
    session.query(rows.insert(TABLE, AWKWARD))
    (row,) = rows.read(session.query(rows.select(TABLE)))
    assert (row.version, row.description, row.success) == (7, AWKWARD.description, True)
    assert row.checksum == AWKWARD.checksum
    assert row.execution_time_ns == -1
    session.query(rows.delete(TABLE, 7))
    session.query(rows.insert(TABLE, AWKWARD, execution_time="5 + 6"))
    assert rows.read(session.query(rows.select(TABLE)))[0].execution_time_ns == 11


def test_a_dirty_row_is_made_clean_with_the_checksum_of_the_file(session: Session) -> None:
    """And a reverted one is gone."""
    session.query(rows.create_table(TABLE))
    session.query(rows.insert(TABLE, AWKWARD))
    session.query(f"UPDATE {TABLE} SET success = false, checksum = 'x'")
    session.query(rows.set_success(TABLE, AWKWARD))
    (row,) = rows.read(session.query(rows.select(TABLE)))
    assert (row.success, row.checksum) == (True, AWKWARD.checksum)
    session.query(rows.delete(TABLE, 7))
    assert session.query(rows.select(TABLE)) == []


def test_rows_come_by_version(session: Session) -> None:
    """Whatever order they were inserted in."""
    session.query(rows.create_table(TABLE))
    for version in (3, -1, 2):
        migration = Migration(version, "m", AWKWARD.up, None, False, AWKWARD.checksum)
        session.query(rows.insert(TABLE, migration))
    assert [row.version for row in rows.read(session.query(rows.select(TABLE)))] == [-1, 2, 3]
