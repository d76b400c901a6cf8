"""sqlx's migration lock, polled and never waited for in a statement, and the proof that it is still ours.

A session that waits in `pg_advisory_lock` keeps a snapshot, and `CREATE INDEX CONCURRENTLY` of the one that holds the
lock waits for that snapshot: a deadlock (40P01), with an invalid index left behind. So the lock is asked for with
`pg_try_advisory_lock`, and those who wait for it in a statement, such as a service that migrates at boot, are named.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.errors import BusyError, NeonMigrateError
from neon_migrate.events import Backend, LockWaited
from neon_migrate.ledger.rows import lock_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from neon_migrate.events import Observer
    from neon_migrate.postgres.session import Session

LOCK_LOST = "NM001"
"""The SQLSTATE that the guard raises when the lock is no longer ours."""

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0

_PEERS = """
SELECT a.pid, coalesce(a.usename, '')::text, coalesce(a.application_name, ''),
       CASE WHEN l.granted THEN a.backend_start ELSE l.waitstart END, coalesce(a.state, '')
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = %s::oid AND l.objid = %s::oid AND l.objsubid = 1 AND l.granted = %s
  AND l.pid <> pg_catalog.pg_backend_pid()
ORDER BY a.pid
"""


@dataclass(frozen=True, slots=True)
class MigrationLock:
    """The lock, held by one session until `release` or until the session ends.

    key  sqlx's 64-bit key for the database
    pid  the server process that holds it
    """

    session: Session
    key: int
    pid: int

    @property
    def guard(self) -> str:
        """A statement that fails with LOCK_LOST unless this very server process holds the lock."""
        high, low = _halves(self.key)
        return (
            "DO $neon_migrate$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory'"
            f" AND classid = {high} AND objid = {low} AND objsubid = 1 AND granted"
            f" AND pid = {self.pid} AND pid = pg_catalog.pg_backend_pid())"
            f" THEN RAISE EXCEPTION 'The migration lock is no longer held' USING ERRCODE = '{LOCK_LOST}';"
            " END IF; END $neon_migrate$"
        )

    def waiters(self) -> tuple[Backend, ...]:
        """The sessions that wait for the lock inside a statement: CONCURRENTLY forms would deadlock with them."""
        return _backends(self.session.query(_PEERS, (*_halves(self.key), False)))

    def release(self) -> None:
        """Give the lock back; the end of the session does so too."""
        self.session.query("SELECT pg_catalog.pg_advisory_unlock(%s)", (self.key,))


def acquire(session: Session, database: str, pid: int, *, wait_s: float, observer: Observer) -> MigrationLock:
    """Poll for the migration lock of `database` for at most `wait_s` seconds; the first try is one round trip.

    pid  the session's server process, as the server told it

    Raises BusyError naming who holds it.
    """
    key = lock_id(database)
    end = time.monotonic() + wait_s
    pause, told = _SHORTEST_PAUSE_S, None
    while True:
        ((got,),), peers = session.queries(
            [("SELECT pg_catalog.pg_try_advisory_lock(%s)", (key,)), (_PEERS, (*_halves(key), True))]
        )
        if got:
            return MigrationLock(session, key, pid)
        holders = _backends(peers)
        if holders != told:
            observer(LockWaited("the migration lock", holders))
            told = holders
        if time.monotonic() >= end:
            raise _busy(holders, wait_s)
        time.sleep(min(pause * random.uniform(0.75, 1.25), max(0.0, end - time.monotonic())))
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def held_by(session: Session, database: str) -> tuple[Backend, ...]:
    """The other sessions that hold the migration lock of `database`."""
    return _backends(session.query(_PEERS, (*_halves(lock_id(database)), True)))


def _busy(holders: tuple[Backend, ...], wait_s: float) -> NeonMigrateError:
    pids = ", ".join(str(holder.pid) for holder in holders)
    return BusyError(
        "Another run holds the migration lock",
        why="\n".join(str(holder) for holder in holders) or f"It was not to be had within {wait_s:g} s.",
        remedy="Wait for that run to end and try again."
        + (f" Should it hang, end it: SELECT pg_terminate_backend(pid), with pid {pids}." if pids else ""),
    )


def _halves(key: int) -> tuple[int, int]:
    """The two 32-bit halves under which pg_locks shows a 64-bit key (classid, objid)."""
    unsigned = key & (1 << 64) - 1
    return unsigned >> 32, unsigned & (1 << 32) - 1


def _backends(found: Sequence[Sequence[Any]]) -> tuple[Backend, ...]:
    return tuple(Backend(*row) for row in found)
