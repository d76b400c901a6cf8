"""What happens while a command runs, as values: terminal, JSON lines and Slack are readers of the same events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; one frozen subclass a sort."""


Observer = Callable[[Event], None]


def silent(event: Event) -> None:
    """The observer that is not interested."""


@dataclass(frozen=True, slots=True)
class Step(Event):
    """A piece of work that may take over a second has begun; `total` and `done` where they are known."""

    what: str
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something the user should read and need not act on, such as a pooled host that was replaced."""

    text: str


@dataclass(frozen=True, slots=True)
class CredentialsReceived(Event):
    """An API gave a database URL with a password of its own: it is never shown, so that readers can keep it out."""

    conninfo: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something the user should act on; the command goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class Backend:
    """Another session of the server, as far as we may see it.

    since  for a session that waits: since when; else since when it is connected
    """

    pid: int
    user: str = ""
    application_name: str = ""
    since: datetime | None = None
    state: str = ""

    def __str__(self) -> str:
        name = f" {self.application_name}" if self.application_name else ""
        user = f" of {self.user}" if self.user else ""
        state = f", {self.state}" if self.state else ""
        since = f", since {self.since.isoformat(sep=' ', timespec='seconds')}" if self.since else ""
        return f"pid {self.pid}{name}{user}{state}{since}"


@dataclass(frozen=True, slots=True)
class LockWaited(Event):
    """We wait for a lock; sent again when those we wait for change.

    what  the lock, such as `the migration lock`
    """

    what: str
    holders: tuple[Backend, ...]


@dataclass(frozen=True, slots=True)
class MigrationStarted(Event):
    """A migration was sent to the database; `number` of `total` in this run, from 1."""

    version: int
    description: str
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class MigrationApplied(Event):
    """A migration and its ledger row are committed; the duration is in nanoseconds, -1 where it is not known."""

    version: int
    description: str
    execution_time_ns: int


@dataclass(frozen=True, slots=True)
class MigrationReverted(Event):
    """A migration was taken back and its ledger row is gone; the duration is in nanoseconds, -1 where not known."""

    version: int
    description: str
    execution_time_ns: int


@dataclass(frozen=True, slots=True)
class StatementDone(Event):
    """`done` of the `total` pieces of a no-transaction migration are committed."""

    version: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Retrying(Event):
    """A transaction was rolled back and is tried again as a whole after `delay_ms`."""

    version: int
    attempt: int
    attempts: int
    delay_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class IndexBuildProgress(Event):
    """How far an index build is (pg_stat_progress_create_index); `done` and `total` in the phase's own unit."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DriftFound(Event):
    """The database is not what its applied migrations give; each difference by the name of its object."""

    differences: tuple[str, ...]
