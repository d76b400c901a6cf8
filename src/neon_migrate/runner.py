"""A connection that holds the migration lock and runs migrations on a live database, whatever may happen meanwhile.

`execute` knows how one migration is sent; this adds the lock and its proof, lock timeouts with retries, the second
connection that watches, events, and after an error, Ctrl-C or a lost connection the account of what is committed.
"""

from __future__ import annotations

import random
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate import execute
from neon_migrate.account import Account
from neon_migrate.errors import HistoryError, LockTimeoutError, NeonMigrateError, StatementError, UnreachableError
from neon_migrate.events import MigrationApplied, MigrationReverted, MigrationStarted, Notice, Retrying
from neon_migrate.ledger import rows
from neon_migrate.pipeline import run_pipeline
from neon_migrate.postgres.lock import LOCK_LOST, acquire
from neon_migrate.postgres.pooling import pooled, require_unpooled
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.watch import Watcher
from neon_migrate.redaction import without_values
from neon_migrate.script import shape
from neon_migrate.stepwise import Stepwise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from neon_migrate.events import Observer
    from neon_migrate.ledger.history import History
    from neon_migrate.ledger.migration import LedgerRow, Migration
    from neon_migrate.postgres.lock import MigrationLock
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target
    from neon_migrate.probe import Probe
    from neon_migrate.project import Project
    from neon_migrate.settings import Settings

LOCK_NOT_AVAILABLE, DEADLOCK = "55P03", "40P01"

_FIRST_DELAY_MS, _LONGEST_DELAY_MS = 500, 10_000


@dataclass(frozen=True, slots=True)
class Runner:
    """A run: made by `locked`.

    target    what it is connected to, Neon's pooler already taken out
    ledger    its rows as they were when the lock was had
    watcher   looks at this run's server process from a second connection, once something takes long
    account   what was done so far, for whoever has to be told when it ends early
    """

    session: Session
    target: Target
    settings: Settings
    observer: Observer
    lock: MigrationLock
    conditions: execute.Conditions
    ledger: tuple[LedgerRow, ...]
    watcher: Watcher
    account: Account

    def settle(self) -> tuple[LedgerRow, ...]:
        """Undo what migrations may have SET in the session, a role or `search_path`; gives the ledger as it is now."""
        resets = ("RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL")
        statements = (*resets, rows.select(self.conditions.ledger))
        return rows.read(self.session.queries([(statement, ()) for statement in statements])[-1])

    def up(self, migrations: Sequence[Migration], *, together: bool) -> tuple[int, ...]:
        """Apply migrations in order; gives the nanoseconds of each.

        together  send all that can be in one message; only for a ledger that was empty, where the next may be on its
                  way before the one before is known to be committed

        Raises what stopped it; what came before is committed and in `account`.
        """
        self.account.plan(migrations, "up")
        durations: list[int] = []
        with self._accounted():
            while len(durations) < len(migrations):
                rest = migrations[len(durations) :]
                stretch = self._stretch(rest) if together else rest[:1]
                durations += self._up_stretch(stretch) if len(stretch) > 1 else [self._up_one(rest[0])]
        return tuple(durations)

    def down(self, migrations: Sequence[Migration], computed: Mapping[int, Sequence[str]]) -> tuple[int, ...]:
        """Take migrations back in the order given; gives the nanoseconds of each.

        computed  by version, the statements of those that have no down file

        Raises what stopped it; what came before is committed and in `account`.
        """
        self.account.plan(migrations, "down")
        with self._accounted():
            return tuple(self._down_one(migration, computed.get(migration.version)) for migration in migrations)

    def forget(self, migrations: Sequence[Migration]) -> tuple[int, ...]:
        """Delete the ledger rows of migrations, all in one transaction, and leave everything else as it is."""
        deletes = [rows.delete(self.conditions.ledger, migration.version) for migration in migrations]
        outcome = execute.send(self.session, ";\n".join([*execute.begin(self.conditions), *deletes, "COMMIT"]))
        if outcome.error is not None:
            raise self._lock_lost() if outcome.error.sqlstate == LOCK_LOST else outcome.error
        return (-1,) * len(migrations)

    def _stretch(self, migrations: Sequence[Migration]) -> Sequence[Migration]:
        """The first migrations that can be sent in one message."""
        ends = (n for n, migration in enumerate(migrations) if not execute.embeddable(self.session, migration))
        return migrations[: next(ends, len(migrations))]

    def _up_stretch(self, stretch: Sequence[Migration]) -> list[int]:
        durations: list[int] = []

        def send() -> None:
            rest = stretch[len(durations) :]
            self.account.sent(rest)
            self._start(rest[0])
            ran = run_pipeline(self.session, rest, self.settings, self.conditions)
            for migration, taken in zip(rest, ran.durations_ns, strict=False):
                self._start(migration)
                self._applied(migration, taken)
            durations.extend(ran.durations_ns)
            if ran.error is not None:
                self._start(rest[len(ran.durations_ns)])
                raise ran.error

        self._attempt(send)
        return durations

    def _up_one(self, migration: Migration) -> int:
        self.account.sent([migration])
        self._start(migration)
        if migration.up.no_transaction:
            row = execute.inserting(self.conditions, migration)
            taken = self._stepwise().run(migration.up, migration.version, "up", row)
        else:
            taken = self._whole(
                lambda: execute.run_up(self.session, migration, self.settings, self.conditions),
                repeatable=_repeatable(migration.up.sql),
            )
        self._applied(migration, taken)
        return taken

    def _down_one(self, migration: Migration, computed: Sequence[str] | None) -> int:
        self.account.sent([migration])
        self._start(migration)
        row = execute.deleting(self.conditions, migration.version)
        if computed is not None:
            taken = self._whole(lambda: execute.run_statements(self.session, computed, row, self.conditions))
        elif migration.down is not None and migration.down.no_transaction:
            taken = self._stepwise().run(migration.down, migration.version, "down", row)
        else:
            taken = self._whole(
                lambda: execute.run_down(self.session, migration, self.settings, self.conditions),
                repeatable=migration.down is not None and _repeatable(migration.down.sql),
            )
        self.account.finished(migration)
        self.observer(MigrationReverted(migration.version, migration.description, taken))
        return taken

    def _start(self, migration: Migration) -> None:
        if self.account.started(migration):
            self.watcher.begin(f"migration {migration.version}")
            number, total = self.account.position(migration)
            self.observer(MigrationStarted(migration.version, migration.description, number, total))

    def _applied(self, migration: Migration, taken: int) -> None:
        self.account.finished(migration)
        self.observer(MigrationApplied(migration.version, migration.description, taken))

    def _stepwise(self) -> Stepwise:
        return Stepwise(self.session, self.settings, self.conditions, self.observer, self.lock.waiters, self._attempt)

    def _whole(self, work: Callable[[], int], *, repeatable: bool = True) -> int:
        """Do what is one transaction, again as a whole where a lock could not be had."""
        if not repeatable:
            return work()
        taken: list[int] = []
        self._attempt(lambda: taken.append(work()))
        return taken[-1]

    def _attempt(self, work: Callable[[], None]) -> None:
        attempts = self.settings.lock_retries + 1
        for attempt in range(1, attempts + 1):
            try:
                return work()
            except StatementError as error:
                if error.sqlstate not in (LOCK_NOT_AVAILABLE, DEADLOCK):
                    raise
                if attempt == attempts:
                    raise self._lock_not_had(error, attempts) from None
                ceiling = min(_FIRST_DELAY_MS * 2 ** (attempt - 1), _LONGEST_DELAY_MS)
                delay_ms = random.randint(ceiling // 2, ceiling)
                current = self.account.current
                version = current.version if current else 0
                self.observer(Retrying(version, attempt, attempts, delay_ms, without_values(error)[0]))
                time.sleep(delay_ms / 1000)
        return None

    def _lock_not_had(self, error: StatementError, attempts: int) -> LockTimeoutError:
        tries = "once" if attempts == 1 else f"{attempts} times"
        blockers = "\n".join(f"It waited for {backend}" for backend in self.watcher.blockers)
        return LockTimeoutError(
            error,
            blockers=blockers,
            remedy=f"Tried {tries}, with lock_timeout = {self.settings.lock_timeout_ms} ms. Run it again "
            "when the sessions that hold the lock are done, or end them.",
        )

    @contextmanager
    def _accounted(self) -> Iterator[None]:
        """Whatever ends the run early leaves with the account of what is committed and what is not."""
        try:
            yield
        except KeyboardInterrupt:
            with self._usable() as session:
                raise self.account.interrupted(session) from None
        except UnreachableError as error:
            raise self.account.lost(error, self.target, self.lock.pid) from None
        except StatementError as error:
            if error.sqlstate == LOCK_LOST:
                raise self._lock_lost() from None
            raise self.account.failed(error, self.session) from None
        except NeonMigrateError as error:
            raise self.account.failed(error, self.session) from None

    def _usable(self) -> Session:
        """This session where it still answers, else another."""
        try:
            execute.roll_back(self.session)
            self.session.query("SELECT 1")
        except NeonMigrateError:
            return connect(self.target)
        return self.session

    def _lock_lost(self) -> NeonMigrateError:
        ((pid,),) = self.session.query("SELECT pg_catalog.pg_backend_pid()")
        if pid != self.lock.pid:
            return pooled()
        return UnreachableError(
            "The migration lock is no longer held, so nothing more was sent",
            why="Something released it: pg_advisory_unlock_all or DISCARD ALL in a migration, or a pooler in between.",
            remedy=self.account.summary() + "\nRun the same command again: it goes on from what the ledger says.",
        )


@contextmanager
def locked(
    project: Project,
    probe: Callable[[Callable[[], Session], int], Probe] | None = None,
    *,
    ready: Callable[[], None] | None = None,
) -> Iterator[Runner]:
    """Connect to the project's database, take the migration lock, and make sure that the ledger is there.

    probe  of a rehearsal: makes, from a way to connect and the run's server process, who looks at every statement
    ready  is called once the lock is held and before anything is written; what it raises stops the run

    Raises UsageError (no database named), UnreachableError, RefusedError (pooled), BusyError (another run).
    """
    target = project.require_target()
    if target.pooled:
        target = target.direct()
        project.observer(Notice(f"Neon's pooler keeps no session, so the direct host is used: {target}"))
    with connect(target) as session:
        database, pid = _prepare(session)
        require_unpooled(session, pid, lambda: connect(target))
        settings = project.settings
        lock = acquire(session, database, pid, wait_s=settings.wait_for_lock_s, observer=project.observer)
        watcher = Watcher(lambda: connect(target), pid, project.observer, lock_timeout_ms=settings.lock_timeout_ms)
        try:
            if ready is not None:
                ready()
            table, ledger = execute.open_ledger(session, settings)
            conditions = execute.Conditions(table, lock.guard, settings.lock_timeout_ms, watcher.tick)
            if probe is not None:
                conditions = replace(conditions, probe=probe(lambda: connect(target), pid))
            account = Account(settings, table)
            session.on_notice(lambda text: project.observer(Notice(f"{watcher.what}: {text}")))
            yield Runner(session, target, settings, project.observer, lock, conditions, ledger, watcher, account)
        finally:
            watcher.close()
            with suppress(NeonMigrateError):
                lock.release()


def require_in_order(history: History) -> None:
    """Raises HistoryError, with every fault that blocks, where the files and the ledger contradict each other."""
    faults = [fault for fault in history.faults if fault.blocks]
    if faults:
        more = f" ({len(faults)} faults)" if len(faults) > 1 else ""
        raise HistoryError(
            f"The migrations and the ledger contradict each other{more}; nothing was changed",
            why="\n".join(fault.what for fault in faults),
            remedy="\n".join(dict.fromkeys(fault.remedy for fault in faults)),
        )


def _prepare(session: Session) -> tuple[str, int]:
    """Set what sqlx sets, and no lock timeout but where one is asked for; gives the database's name and our process."""
    settings = (*execute.SQLX_SESSION, ("lock_timeout", "0"))
    answers = session.queries(
        [
            *(("SELECT pg_catalog.set_config(%s, %s, false)", pair) for pair in settings),
            ("SELECT pg_catalog.current_database()::text, pg_catalog.pg_backend_pid()", ()),
        ]
    )
    ((database, pid),) = answers[-1]
    return str(database), int(pid)


def _repeatable(text: str) -> bool:
    """Whether running it again after an error starts from nothing: it does not end its own transaction."""
    return shape(text).embeddable
