"""What a run has done and what it has not, for whoever has to be told when it ended early.

After Ctrl-C or a lost connection it is the ledger that knows whether the last migration was committed, so it is asked.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from neon_migrate.errors import InterruptedRunError, NeonMigrateError, StatementError, UnreachableError
from neon_migrate.execute import file_name
from neon_migrate.ledger import rows
from neon_migrate.postgres.progress import read_progress
from neon_migrate.postgres.session import connect
from neon_migrate.script import shape, units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.ledger.migration import Migration, MigrationFile
    from neon_migrate.postgres.progress import Direction
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target
    from neon_migrate.settings import Settings

_SYNTAX_ERROR, _NO_TRANSACTION_POSSIBLE = "42601", "25001"

_THERE_ALREADY = frozenset({"42P07", "42701", "42710", "42P06", "42723"})
"""A table or index, column, object such as a type or constraint, schema or function of that name exists."""

_WAIT_FOR_BACKEND_S, _LOOK_EVERY_S = 10.0, 0.25


class Account:
    """The account of one run; `ledger` is the ledger's qualified name.

    current  the migration that was begun and is not known to be committed
    """

    def __init__(self, settings: Settings, ledger: str) -> None:
        self._settings = settings
        self._ledger = ledger
        self._migrations: tuple[Migration, ...] = ()
        self._direction: Direction = "up"
        self._done: list[Migration] = []
        self._sent: tuple[Migration, ...] = ()
        self.current: Migration | None = None

    def plan(self, migrations: Sequence[Migration], direction: Direction) -> None:
        """What the run is going to do, in this order."""
        self._migrations, self._direction = tuple(migrations), direction

    def sent(self, migrations: Sequence[Migration]) -> None:
        """Note what is on its way in one message: which of them were committed only the answer tells, or the ledger."""
        self._sent = tuple(migrations)

    def started(self, migration: Migration) -> bool:
        """Note that a migration is begun; False when that was known."""
        if self.current == migration or migration in self._done:
            return False
        self.current = migration
        return True

    def finished(self, migration: Migration) -> None:
        """Note that a migration and its row are committed."""
        self._done.append(migration)
        self.current = None

    def position(self, migration: Migration) -> tuple[int, int]:
        """Its number in the run, from 1, and how many there are."""
        return self._migrations.index(migration) + 1, len(self._migrations)

    def summary(self) -> str:
        """Which versions are done and which are not, in one or two lines."""
        verb = "Applied" if self._direction == "up" else "Reverted"
        rest = [migration for migration in self._migrations if migration not in self._done]
        lines = [f"{verb} in this run: {_versions(self._done)}."] if self._done else []
        return "\n".join([*lines, f"Not {verb.lower()}: {_versions(rest)}."] if rest else lines)

    def failed(self, error: NeonMigrateError, session: Session) -> NeonMigrateError:
        """`error`, with what is done, what is not and what to do next."""
        if self.current is None:
            return error
        name = self._name()
        next_step = f"Then run neon-migrate {self._command()} again."
        if isinstance(error, StatementError):
            next_step = f"Correct {name}, then run neon-migrate {self._command()} again."
            if error.sqlstate == _NO_TRANSACTION_POSSIBLE:
                next_step = (
                    "Give that statement a migration of its own whose first line is `-- no-transaction`, then run "
                    f"neon-migrate {self._command()} again."
                )
            if error.sqlstate in _THERE_ALREADY and self._direction == "up":
                version = self.current.version
                next_step += f"\nIf all of {version} is there already: neon-migrate resolve {version} --applied."
        unread = isinstance(error, StatementError) and error.sqlstate == _SYNTAX_ERROR
        kept = self._kept(session, unread=unread)
        error.remedy = "\n".join(filter(None, [error.remedy, kept, self.summary(), next_step]))
        return error

    def interrupted(self, session: Session) -> InterruptedRunError:
        """The error of Ctrl-C; the ledger is asked how far the run came."""
        state = ""
        if self._committed(session):
            what = f"Interrupted; {self._name()} was just committed"
        elif self.current is None:
            what = "Interrupted"
        else:
            what, state = f"Interrupted while {self._name()} was running", self._kept(session)
        next_step = f"neon-migrate {self._command()} goes on from here."
        return InterruptedRunError(what, why=state, remedy="\n".join(filter(None, [self.summary(), next_step])))

    def lost(self, error: UnreachableError, target: Target, pid: int) -> UnreachableError:
        """The error of a lost connection; another connection asks the ledger whether the last migration is committed.

        pid  the server process that did the work
        """
        why = target.redact(error.why)
        try:
            with connect(target) as session:
                return self._found_after_loss(session, why, pid)
        except NeonMigrateError:
            name = self._name() or "the run"
            return UnreachableError(
                f"The connection was lost while {name} was running, and the database can't be reached",
                why=why,
                remedy=f"Whether {name} was committed is not known; what is not committed leaves nothing behind. When "
                f"the database is back, neon-migrate status says which, and neon-migrate {self._command()} goes on.",
            )

    def _found_after_loss(self, session: Session, why: str, pid: int) -> UnreachableError:
        at_work = not _ended(session, pid)
        committed = self._committed(session)
        name = self._name() or "the run"
        if committed:
            state = f"{name} was committed all the same."
        elif at_work:
            state = f"The server is still at work on it (pid {pid}) and may commit it yet; it is not committed so far."
        else:
            state = self._kept(session) if self.current else ""
        next_step = f"Run neon-migrate {self._command()} again: it goes on from what the ledger says."
        remedy = "\n".join(filter(None, [state, self.summary(), next_step]))
        return UnreachableError(f"The connection was lost while {name} was running", why=why, remedy=remedy)

    def _committed(self, session: Session) -> bool:
        """Whether the ledger has all that was on its way; what it has is noted as done, the next one as current."""
        if self.current is None:
            return False
        versions = {row.version for row in rows.read(session.query(rows.select(self._ledger)))}
        waiting = [one for one in self._sent or (self.current,) if one not in self._done]
        for migration in waiting:
            self.current = migration
            if (migration.version in versions) != (self._direction == "up"):
                return False
            self._done.append(migration)
        return True

    def _kept(self, session: Session, *, unread: bool = False) -> str:
        """What there is in the database of the migration that was begun and not finished.

        unread  the server found a syntax error: a message that it can't read to its end is not even begun
        """
        file, migration = self._file(), self.current
        if file is None or migration is None:
            return "It was rolled back as a whole."
        name = self._name()
        if not file.no_transaction:
            found = shape(file.sql)
            if found.control and not (unread and found.statements is None):
                return f"{name} ends its own transaction, so a part of it may be there; neon-migrate compare shows it."
            return f"{name} was rolled back as a whole: nothing of it is in the database."
        try:
            progress = read_progress(session, self._ledger).get((migration.version, self._direction))
        except NeonMigrateError:
            return ""
        total = len(units(file.sql, name))
        done = progress.done if progress else 0
        begun = "; the next one was begun outside a transaction" if progress and progress.running else ""
        if not done:
            return f"No statement of {name} is committed{begun}. A rerun starts with its first one."
        return f"{done} of the {total} statements of {name} are committed{begun}. A rerun goes on after them."

    def _file(self) -> MigrationFile | None:
        if self.current is None:
            return None
        return self.current.up if self._direction == "up" else self.current.down

    def _name(self) -> str:
        file = self._file()
        if file is None:
            return f"the way back of {self.current.version}" if self.current else ""
        return file_name(file, self._settings)

    def _command(self) -> str:
        if self._direction == "up" or not self._migrations:
            return "apply"
        return f"rollback {self._migrations[-1].version}"


def _ended(session: Session, pid: int) -> bool:
    """Whether a server process is gone, after a while that it may take to notice."""
    end = time.monotonic() + _WAIT_FOR_BACKEND_S
    while session.query("SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = %s", (pid,)):
        if time.monotonic() >= end:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _versions(migrations: Sequence[Migration]) -> str:
    """Their versions; a long list by its ends."""
    names = [str(migration.version) for migration in migrations]
    if len(names) > 8:
        names = [*names[:3], "…", *names[-2:]]
    return ", ".join(names) + (f" ({len(migrations)} migrations)" if "…" in names else "")
