"""The files against the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from neon_migrate.ledger.folder import Stray
from neon_migrate.ledger.history import History
from neon_migrate.ledger.migration import LedgerRow, Migration, MigrationFile, checksum

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def migration(version: int, sql: str = "SELECT 1;\n") -> Migration:
    path = Path(f"migrations/{version:04}_m.sql")
    return Migration(version, "m", MigrationFile(path, sql), None, False, checksum(sql))


def row(version: int, sql: str = "SELECT 1;\n", *, success: bool = True) -> LedgerRow:
    return LedgerRow(version, "m", WHEN, success, checksum(sql), 5)


def test_a_history_in_order_has_no_faults() -> None:
    """Applied are those with a row, pending those without."""
    history = History((migration(1), migration(2), migration(3)), (row(1), row(2)))
    assert [m.version for m in history.applied] == [1, 2]
    assert [m.version for m in history.pending] == [3]
    assert history.faults == ()


def test_an_applied_version_without_a_file_blocks() -> None:
    """sqlx: version missing."""
    (fault,) = History((migration(1),), (row(1), row(2))).faults
    assert (fault.code, fault.version, fault.blocks) == ("applied-without-file", 2, True)
    assert "2026-01-02 03:04:05" in fault.what
    assert "resolve 2 --reverted" in fault.remedy


def test_an_edited_applied_migration_shows_both_checksums_and_when() -> None:
    """sqlx: version mismatch."""
    (fault,) = History((migration(1, "SELECT 2;"),), (row(1),)).faults
    assert (fault.code, fault.blocks) == ("checksum-mismatch", True)
    assert checksum("SELECT 1;\n").hex() in fault.what
    assert checksum("SELECT 2;").hex() in fault.what
    assert "2026-01-02 03:04:05" in fault.what


@pytest.mark.parametrize(
    ("applied", "now", "what", "remedy"),
    [
        ("a;\nb;\n", "a;\r\nb;\r\n", "only its line ends differ", "LF"),
        ("a;\r\nb;\r\n", "a;\nb;\n", "only its line ends differ", "CRLF"),
        ("a;\n", "\ufeffa;\n", "byte order mark", "without a byte order mark"),
        ("\ufeffa;\n", "a;\n", "byte order mark", "with the byte order mark"),
        ("a;\n", "\ufeffa;\r\n", "byte order mark", "without a byte order mark"),
    ],
)
def test_a_difference_of_line_ends_or_mark_alone_is_said(applied: str, now: str, what: str, remedy: str) -> None:
    """Git on Windows and some editors cause it; nobody changed the SQL."""
    (fault,) = History((migration(1, now),), (row(1, applied),)).faults
    assert what in fault.what
    assert remedy in fault.remedy


def test_a_dirty_row_blocks_and_is_neither_applied_nor_pending() -> None:
    """sqlx refuses every command until it is resolved."""
    history = History((migration(1), migration(2)), (row(1, success=False),))
    (fault,) = history.faults
    assert (fault.code, fault.version, fault.blocks) == ("dirty", 1, True)
    assert history.applied == ()
    assert [m.version for m in history.pending] == [2]


def test_pending_below_applied_warns_and_does_not_block() -> None:
    """sqlx applies it in its place in the order."""
    history = History((migration(1), migration(2), migration(3)), (row(1), row(3)))
    (fault,) = history.faults
    assert (fault.code, fault.version, fault.blocks) == ("out-of-order", 2, False)
    assert [m.version for m in history.pending] == [2]


def test_strays_are_faults_and_two_files_of_one_version_block() -> None:
    """Faults that block come first, then by version."""
    strays = (
        Stray("down-without-up", Path("2_b.down.sql"), 2, "no up", "write it"),
        Stray("duplicate-version", Path("3_c.sql"), 3, "two of 3", "renumber"),
    )
    faults = History((migration(1),), (), strays).faults
    assert [(fault.code, fault.blocks) for fault in faults] == [("duplicate-version", True), ("down-without-up", False)]
