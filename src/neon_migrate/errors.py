"""What can go wrong: one base class, one exit code each, and the same four answers (what, where, why, what now)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from neon_migrate import __version__


class ExitCode(IntEnum):
    """The exit codes of every command; documented in the README and stable."""

    OK = 0
    """In order."""
    FAILED = 1
    """The command could not do what was asked."""
    USAGE = 2
    """The command line, a setting, a file name or schema.json can't be understood."""
    DIFFERENT = 3
    """A difference that was asked about: drift, pending migrations, schema.json out of step."""
    REFUSED = 4
    """Refused as unsafe; says which option allows it."""
    UNREACHABLE = 5
    """The database can't be reached or logged in to."""
    HISTORY = 6
    """The migrations folder and the ledger contradict each other."""
    BUSY = 7
    """Another run holds the migration lock, or a lock could not be had in time."""
    INTERRUPTED = 130
    """Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text file: `line` and `column` count from 1; `column` counts characters."""

    file: str
    line: int | None = None
    column: int | None = None
    source: str | None = None
    """The whole line of text at `line`, for the caret."""

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class NeonMigrateError(Exception):
    """The base of every error this library raises on purpose.

    what    one sentence: what happened
    where   the file, line and column, when there is one
    why     the cause, such as Postgres's own message and hint; several lines are fine
    remedy  what to do now, as a sentence or a command to paste

    None of them may hold a password: whoever raises it redacts first.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, what: str, *, where: Location | None = None, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        tail = "".join(f"\n{part}" for part in (self.why, self.remedy) if part)
        return f"{place}{self.what}{tail}"


class UsageError(NeonMigrateError):
    """The command line or a combination of options can't be understood."""

    exit_code = ExitCode.USAGE


class SettingsError(NeonMigrateError):
    """neon-migrate.toml, pyproject.toml or sqlx.toml has a fault."""

    exit_code = ExitCode.USAGE


class SchemaError(NeonMigrateError):
    """schema.json has a fault."""

    exit_code = ExitCode.USAGE


class MigrationFileError(NeonMigrateError):
    """A file in the migrations folder can't be read as a migration."""

    exit_code = ExitCode.USAGE


class StatementError(NeonMigrateError):
    """Postgres refused a statement.

    sqlstate   Postgres's five-character code
    statement  the statement as it stands in the file
    """

    def __init__(
        self,
        what: str,
        *,
        sqlstate: str = "",
        statement: str = "",
        where: Location | None = None,
        why: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(what, where=where, why=why, remedy=remedy)
        self.sqlstate = sqlstate
        self.statement = statement


class ImpossibleError(NeonMigrateError):
    """Postgres has no way from one schema to another; nothing was run."""


class TrialError(NeonMigrateError):
    """Statements were run on a scratch and failed there, or led elsewhere; nothing else was run."""


class RefusedError(NeonMigrateError):
    """Unsafe without an explicit option, which the remedy names."""

    exit_code = ExitCode.REFUSED


class UnreachableError(NeonMigrateError):
    """The database can't be reached or logged in to, or the connection was lost."""

    exit_code = ExitCode.UNREACHABLE


class HistoryError(NeonMigrateError):
    """The migrations folder and the ledger contradict each other."""

    exit_code = ExitCode.HISTORY


class BusyError(NeonMigrateError):
    """A lock could not be had in time."""

    exit_code = ExitCode.BUSY


class LockTimeoutError(BusyError):
    """Postgres would wait no longer for a lock, or ended a deadlock.

    refusal   what it said
    blockers  the sessions that were in the way, a line each, where they were seen
    """

    def __init__(self, refusal: StatementError, *, blockers: str, remedy: str) -> None:
        what = f"{refusal.what} ({refusal.sqlstate})"
        super().__init__(what, where=refusal.where, why=blockers or refusal.why, remedy=remedy)
        self.refusal = refusal
        self.blockers = blockers


class InterruptedRunError(NeonMigrateError):
    """Ctrl-C during a run; says what was done and what was not."""

    exit_code = ExitCode.INTERRUPTED


class ScratchError(NeonMigrateError):
    """No throw-away Postgres could be started."""


def as_ours(error: Exception) -> NeonMigrateError:
    """The error itself where it is one of ours; one that nobody expected without its text, which may quote a row."""
    if isinstance(error, NeonMigrateError):
        return error
    remedy = "neon-migrate status shows how far the database came."
    if isinstance(error, OSError) and error.strerror:
        what = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
        return NeonMigrateError(what, remedy=f"Put that right. {remedy}")
    from pathlib import Path
    from traceback import extract_tb

    places = extract_tb(error.__traceback__)
    at = f"It was raised in {Path(places[-1].filename).name}, line {places[-1].lineno}." if places else ""
    what = f"A fault in neon-migrate {__version__}: {type(error).__name__}"
    return NeonMigrateError(what, why=at, remedy=f"{remedy} Report it to the issue tracker of neon-migrate.")
