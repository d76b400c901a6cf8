"""Running something to see what it does, and taking it back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from neon_migrate.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.session import Rows, Session

_SEQUENCES = """SELECT format('SELECT %L, last_value, is_called FROM %I.%I', c.oid, n.nspname, c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't'"""


@contextmanager
def trial(session: Session) -> Iterator[None]:
    """A transaction that is rolled back in the end, whatever was done in it.

    Sequences are set back too: no rollback does that, and a later migration may count on the numbers they give. What
    is run must not end the transaction itself.
    """
    before = _sequences(session)
    session.script("BEGIN")
    try:
        yield
    finally:
        if session.in_transaction:
            session.script("ROLLBACK")
        now = frozenset(_sequences(session))
        moved = [state for state in before if state not in now]
        if moved:
            session.script(";\n".join(_set_back(*state) for state in moved))


def _sequences(session: Session) -> Rows:
    queries = [query for (query,) in session.query(_SEQUENCES)]
    return session.query("\nUNION ALL ".join(queries)) if queries else []


def _set_back(oid: str, last_value: int, is_called: bool) -> str:
    return f"SELECT pg_catalog.setval({literal(oid)}::pg_catalog.regclass, {last_value}, {is_called})"
