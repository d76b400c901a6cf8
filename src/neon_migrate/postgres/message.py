"""One simple-protocol message of many statements: what each gave, how far it came, and a tick while it runs.

psycopg tells only of the first error in a message; a migration tool must also know how many statements were finished
before it (each has its own CommandComplete), and must be able to look around while a long statement runs.
"""

from __future__ import annotations

import select
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.pq.abc import PGconn, PGresult

    from neon_migrate.errors import StatementError

TextRows = tuple[tuple[str | None, ...], ...]

_CANCEL_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message.

    results   the rows of each finished statement, as text, in order
    error     what ended it early; the statements after it were not run
    position  where in the message Postgres saw the error, in characters from 0; often unknown
    tags      the command tag of each finished statement, such as `INSERT 0 5`
    """

    results: tuple[TextRows, ...]
    error: StatementError | None = None
    position: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """Something to be done every `every_s` seconds while a message runs, on the thread that waits for it."""

    call: Callable[[], None]
    every_s: float = 0.5


def exchange(connection: psycopg.Connection[Any], text: str, tick: Tick | None = None) -> list[PGresult]:
    """Send `text` and wait for every result. Raises psycopg.OperationalError when the connection is lost.

    On KeyboardInterrupt the server is asked to stop and its answer is read, so that the connection stays usable and
    nothing runs on behind our back; then the interrupt goes on.
    """
    pgconn = connection.pgconn
    pgconn.nonblocking = 1
    pgconn.send_query(text.encode())
    try:
        return _results(pgconn, tick)
    except KeyboardInterrupt:
        with suppress(Exception):
            connection.cancel_safe(timeout=5.0)
            _results(pgconn, None, until=time.monotonic() + _CANCEL_WAIT_S)
        raise


def _results(pgconn: PGconn, tick: Tick | None, until: float | None = None) -> list[PGresult]:
    from psycopg.pq import ExecStatus

    results: list[PGresult] = []
    copying = (ExecStatus.COPY_IN, ExecStatus.COPY_BOTH)
    clock = _Clock(tick, until)
    while True:
        _wait(pgconn, clock)
        result = pgconn.get_result()
        if result is None:
            return results
        results.append(result)
        if result.status in copying:
            results.pop()
            pgconn.put_copy_end(b"a migration has no data stream to read from")
        elif result.status == ExecStatus.COPY_OUT:
            results.pop()
            _discard_copy(pgconn, clock)


def _discard_copy(pgconn: PGconn, clock: _Clock) -> None:
    """Read past what COPY … TO STDOUT sends: a migration has nowhere to put it."""
    while True:
        count, _ = pgconn.get_copy_data(1)
        if count < 0:
            return
        if count == 0:
            select.select([pgconn.socket], [], [], clock.pause())
            pgconn.consume_input()


def _wait(pgconn: PGconn, clock: _Clock) -> None:
    """Return when the next result can be had without blocking."""
    unsent = pgconn.flush()
    while unsent or pgconn.is_busy():
        readable, _, _ = select.select([pgconn.socket], [pgconn.socket] if unsent else [], [], clock.pause())
        if readable:
            pgconn.consume_input()
        if unsent:
            unsent = pgconn.flush()
        clock.strike()


class _Clock:
    """When the tick is due, and when to give up."""

    def __init__(self, tick: Tick | None, until: float | None) -> None:
        self._tick = tick
        self._until = until
        self._due = time.monotonic() + tick.every_s if tick else None

    def pause(self) -> float | None:
        """Seconds that may be slept; None for as long as it takes."""
        ends = [moment for moment in (self._due, self._until) if moment is not None]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def strike(self) -> None:
        """Call the tick when it is due. Raises TimeoutError when it is time to give up."""
        now = time.monotonic()
        if self._tick is not None and self._due is not None and now >= self._due:
            self._tick.call()
            self._due = time.monotonic() + self._tick.every_s
        if self._until is not None and now >= self._until:
            raise TimeoutError
