"""How many rows were written between two states of one database, both of which can be asked.

A row's xmin is the transaction that wrote this version of it, and copies keep it: a version with a later xmin than any
that the table had then was written since. (What a transaction wrote that was already running then may be missed.)
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

TIMEOUT_S = 60
"""For counting one table."""
BUDGET_S = 300
"""For all of them: whoever restores production is waiting."""

_TABLES = """
SELECT n.nspname::text, c.relname::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema$|neon$|neon_migration$)' ORDER BY 1, 2
"""
_WRAPPED = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::numeric >= 4294967296"
"""Whether transaction numbers have begun again from 0, so that a later one may be the smaller."""


@dataclass(frozen=True, slots=True)
class TableWrites:
    """One table, then and now.

    then, now  how many rows; None where the table was not there
    written    how many of today's rows were inserted or updated since; None where that can't be told
    uncounted  why it could not be counted; empty where it could
    """

    name: str
    then: int | None = None
    now: int | None = None
    written: int | None = None
    uncounted: str = ""

    @property
    def changed(self) -> bool:
        """Whether something was written, or may have been."""
        return bool(self.uncounted) or self.then != self.now or self.written != 0


def writes_since(then: Session, now: Session) -> tuple[TableWrites, ...]:
    """Every table of both states, by name; both are only read.

    Raises UnreachableError, and StatementError where the list of tables can't be read.
    """
    until = time.monotonic() + BUDGET_S
    for session in (then, now):
        session.query(f"SET statement_timeout = '{TIMEOUT_S}s'")
        session.query("SET default_transaction_read_only = on")
        session.query("SET row_security = off")  # fails where rows are hidden from us, instead of leaving them out
    before, after = ({tuple(row) for row in session.query(_TABLES)} for session in (then, now))
    ((wrapped,),) = now.query(_WRAPPED)
    return tuple(
        _table(then if name in before else None, now if name in after else None, name, by_xmin=not wrapped)
        if time.monotonic() < until
        else TableWrites(".".join(name), uncounted=f"counting was ended after {BUDGET_S} seconds")
        for name in sorted(before | after)
    )


def _table(then: Session | None, now: Session | None, name: tuple[str, ...], *, by_xmin: bool) -> TableWrites:
    table = qualified(*name)
    shown = ".".join(name)
    rows_then = rows_now = written = None
    latest = 0
    try:
        if then is not None:
            ((rows_then, latest),) = then.query(
                f"SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM ONLY {table}"
            )
        if now is not None:
            ((rows_now, written),) = now.query(
                f"SELECT count(*), count(*) FILTER (WHERE xmin::text::bigint > {int(latest)}) FROM ONLY {table}"
            )
    except StatementError as error:
        return TableWrites(shown, uncounted=error.what)
    return TableWrites(shown, rows_then, rows_now, written if by_xmin else None)
