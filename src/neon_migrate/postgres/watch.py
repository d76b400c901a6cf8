"""A second connection that looks at what the first one is waiting for, and how far its index build is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import NeonMigrateError
from neon_migrate.events import Backend, IndexBuildProgress, LockWaited
from neon_migrate.postgres.message import Tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.events import Event, Observer
    from neon_migrate.postgres.session import Session

EVERY_S = 1.0
"""How often a running statement is looked at, mostly; what takes less is not seen, and costs no second connection."""

_BLOCKERS = """
SELECT a.pid, coalesce(a.usename, '')::text, coalesce(a.application_name, ''),
       coalesce(a.xact_start, a.backend_start), coalesce(a.state, '')
FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY (pg_catalog.pg_blocking_pids(%s)) ORDER BY a.pid
"""

_INDEX_BUILD = """
SELECT phase, greatest(blocks_total, tuples_total, lockers_total, 0),
       CASE greatest(blocks_total, tuples_total, lockers_total, 0)
         WHEN blocks_total THEN blocks_done WHEN tuples_total THEN tuples_done ELSE lockers_done END
FROM pg_catalog.pg_stat_progress_create_index WHERE pid = %s
"""


class Watcher:
    """Looks at one server process from outside and tells the observer what changed since it last looked.

    every_s   how often it looks; often enough that a lock timeout does not end a wait before it was seen
    blockers  those that the process waited for when it was last looked at
    """

    def __init__(self, connect: Callable[[], Session], pid: int, observer: Observer, *, lock_timeout_ms: int) -> None:
        self._connect = connect
        self._pid = pid
        self._observer = observer
        self._session: Session | None = None
        self._told: dict[type[Event], Event] = {}
        self._off = False
        self.every_s = min(EVERY_S, lock_timeout_ms / 3000) if lock_timeout_ms else EVERY_S
        self.what = "the database"
        self.blockers: tuple[Backend, ...] = ()

    @property
    def tick(self) -> Tick:
        """For Session.message."""
        return Tick(self.look, self.every_s)

    def begin(self, what: str) -> None:
        """From now on the process runs `what`."""
        self.what, self.blockers = what, ()
        self._told.clear()

    def look(self) -> None:
        """Look once. Watching is a courtesy: where it fails the work goes on unwatched."""
        if self._off:
            return
        try:
            if self._session is None:
                self._session = self._connect()
            blockers, builds = self._session.queries([(_BLOCKERS, (self._pid,)), (_INDEX_BUILD, (self._pid,))])
        except NeonMigrateError:
            self._off = True
            return
        self.blockers = tuple(Backend(*row) for row in blockers)
        if self.blockers or LockWaited in self._told:
            self._tell(LockWaited(f"a lock that {self.what} needs", self.blockers))
        for phase, total, done in builds:
            self._tell(IndexBuildProgress(phase, done, total))

    def close(self) -> None:
        """End the second connection, if there ever was one."""
        if self._session is not None:
            self._session.close()

    def _tell(self, event: Event) -> None:
        if self._told.get(type(event)) != event:
            self._told[type(event)] = event
            self._observer(event)
