"""A no-transaction migration on a live database: piece by piece, each noted, so that a rerun goes on where it stopped.

A piece that can run in a transaction is committed together with its note. One that can't (Postgres says 25001 before it
does anything) is noted as begun, run, and noted as done: a crash in between is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.errors import BusyError, NeonMigrateError, RefusedError, StatementError
from neon_migrate.events import StatementDone
from neon_migrate.execute import START, begin, duration, file_name, run_alone, run_unit, send
from neon_migrate.ledger.migration import checksum
from neon_migrate.postgres.indexes import settle
from neon_migrate.postgres.progress import digest, open_table
from neon_migrate.script import concurrent_index, units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from neon_migrate.events import Backend, Observer
    from neon_migrate.execute import Conditions
    from neon_migrate.ledger.migration import MigrationFile
    from neon_migrate.postgres.progress import Direction, Progress, ProgressTable
    from neon_migrate.postgres.session import Session
    from neon_migrate.script import Unit
    from neon_migrate.settings import Settings

_NOT_IN_A_TRANSACTION = frozenset({"25001", "2D000"})
"""active_sql_transaction, and invalid_transaction_termination: a procedure or DO block that commits by itself."""

_UNDEFINED_OBJECT = "42704"


@dataclass(frozen=True, slots=True)
class Stepwise:
    """What a run of no-transaction migrations needs beyond its session.

    conditions  `lock_timeout_ms` holds for pieces that run in a transaction
    waiters     those who wait for the migration lock inside a statement, and so would deadlock with CONCURRENTLY forms
    attempt     runs a piece and repeats it where Postgres says that a lock could not be had
    """

    session: Session
    settings: Settings
    conditions: Conditions
    observer: Observer
    waiters: Callable[[], tuple[Backend, ...]]
    attempt: Callable[[Callable[[], None]], None]

    def run(self, file: MigrationFile, version: int, direction: Direction, row: str) -> int:
        """Run the pieces of `file` that are not done yet, then `row` (the ledger's INSERT or DELETE).

        Gives the nanoseconds this run took on the server. Raises StatementError with file, line and column;
        RefusedError when a part of the file that was already run has been edited since.
        """
        pieces = units(file.sql, file_name(file, self.settings))
        table, progress = open_table(self.session, self.conditions.ledger, version, direction, checksum(file.sql))
        if digest([unit.text for unit in pieces[: progress.done]]) != progress.digest and progress.done:
            raise _edited(file, self.settings, progress)
        self.own(START)
        for index, unit in enumerate(pieces):
            texts = [piece.text for piece in pieces[: index + 1]]
            if index < progress.done:
                if unit.setting:
                    run_unit(self.session, file, unit, self.settings, self.conditions.tick)
                continue
            begun = progress.running and index == progress.done
            step = _Step(self, file, unit, version, direction, table, texts, begun)
            step.run()
            self.observer(StatementDone(version, index + 1, len(pieces)))
        results = self.own(f"BEGIN;\n{self.conditions.guard};\n{row};\n{table.finish(version, direction)};\nCOMMIT")
        return duration(results)

    def own(self, text: str) -> tuple[tuple[str | None, ...], ...]:
        """Send a message of our own; gives the first rows that come back."""
        outcome = send(self.session, text)
        if outcome.error is not None:
            raise outcome.error
        return next((rows for rows in outcome.results if rows), ())


@dataclass(frozen=True, slots=True)
class _Step:
    """One piece: `texts` are those of all pieces up to and with it."""

    run_of: Stepwise
    file: MigrationFile
    unit: Unit
    version: int
    direction: Direction
    table: ProgressTable
    texts: Sequence[str]
    begun: bool

    def run(self) -> None:
        if self.unit.concurrently or self.unit.grouped or self.begun:
            self._run_bare()
            return
        try:
            self.run_of.attempt(self._run_in_transaction)
        except StatementError as error:
            if error.sqlstate not in _NOT_IN_A_TRANSACTION:
                raise
            self._run_bare()

    def _run_in_transaction(self) -> None:
        conditions = self.run_of.conditions
        if conditions.probe:
            conditions.probe.opened()
        tail = (self.table.done(self.version, self.direction, self.texts), "COMMIT")
        run_unit(
            self.run_of.session,
            self.file,
            self.unit,
            self.run_of.settings,
            conditions.tick,
            head=begin(conditions),
            tail=tail,
            probe=conditions.probe,
        )
        if conditions.probe:
            conditions.probe.committed()

    def _run_bare(self) -> None:
        conditions, session = self.run_of.conditions, self.run_of.session
        if self.unit.concurrently:
            self._require_nobody_waits()
        node = concurrent_index(self.unit.text) if self.unit.concurrently else None
        done = node is not None and settle(session, self.unit.text, node, begun=self.begun) == "built"
        if not done:
            note = self.table.begin(self.version, self.direction)
            self.run_of.own(f"BEGIN;\n{conditions.guard};\n{self._lock_timeout()};\n{note};\nCOMMIT")
            self._run_alone()
        self.run_of.own(self.table.done(self.version, self.direction, self.texts))

    def _lock_timeout(self) -> str:
        """Sets the session's lock timeout for this piece: none for CONCURRENTLY forms; the file's own SET stays."""
        ours = self.run_of.conditions.lock_timeout_ms or 0
        return (
            f"SELECT pg_catalog.set_config(name, '{0 if self.unit.concurrently else ours}', false)"
            f" FROM pg_catalog.pg_settings WHERE name = 'lock_timeout' AND setting IN ('0', '{ours}')"
        )

    def _run_alone(self) -> None:
        try:
            run_alone(self.run_of.session, self.file, self.unit, self.run_of.settings, self.run_of.conditions)
        except StatementError as error:
            # DROP INDEX CONCURRENTLY that was begun before and has nothing left to drop had been done.
            if self.begun and self.unit.drops and error.sqlstate == _UNDEFINED_OBJECT:
                return
            if error.sqlstate == "40P01":
                self._require_nobody_waits()
            raise

    def _require_nobody_waits(self) -> None:
        waiting = self.run_of.waiters()
        if waiting:
            raise _would_deadlock(waiting)


def _would_deadlock(waiting: Sequence[Backend]) -> NeonMigrateError:
    pids = ", ".join(str(backend.pid) for backend in waiting)
    return BusyError(
        "A CONCURRENTLY statement would deadlock with a session that waits for the migration lock",
        why="\n".join(map(str, waiting))
        + "\nIt waits inside a statement (pg_advisory_lock), as a service that migrates "
        "when it starts does; Postgres waits for that statement, and it waits for us.",
        remedy=f"Stop it (SELECT pg_terminate_backend(pid), with pid {pids}), and run the same command again.",
    )


def _edited(file: MigrationFile, settings: Settings, progress: Progress) -> RefusedError:
    return RefusedError(
        f"{file_name(file, settings)} was edited where it had already been run",
        why=f"Its first {progress.done} statement(s) are committed, and they are not the ones in the file now.",
        remedy="Bring those back as they were (statements after them may change), or set the ledger right by hand with "
        "neon-migrate resolve.",
    )
