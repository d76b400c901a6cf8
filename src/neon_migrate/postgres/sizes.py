"""How large the tables of a database are, by Postgres's own estimates: nothing is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

_SIZES = """SELECT n.nspname || '.' || c.relname, c.reltuples::pg_catalog.int8, {}
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname <> 'information_schema'
  AND NOT pg_catalog.starts_with(n.nspname, 'pg_') ORDER BY 1"""

_EXACT = "pg_catalog.pg_total_relation_size(c.oid)"
_BY_PAGES = "c.relpages::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8"

_LOCK_TIMEOUT_MS = 1_000
"""How long the size of a table that somebody has locked is waited for."""


def read_sizes(session: Session) -> list[tuple[str, int, int]]:
    """Every table: its name as `schema.name`, its rows (-1: never analysed), its bytes with indexes and TOAST.

    In an open transaction. Where a table is locked, its bytes are those of its own pages when it was last analysed.
    """
    session.query("SAVEPOINT neon_migrate_sizes")
    try:
        session.query(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT_MS}")
        return [tuple(row) for row in session.query(_SIZES.format(_EXACT))]
    except StatementError:
        session.query("ROLLBACK TO SAVEPOINT neon_migrate_sizes")
        return [tuple(row) for row in session.query(_SIZES.format(_BY_PAGES))]
