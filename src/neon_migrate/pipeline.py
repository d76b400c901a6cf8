"""Many migrations onto one session in as few messages as possible, each in its own transaction; for an empty ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.execute import Conditions, checked, duration, embeddable, envelope, inserting, run_up, send
from neon_migrate.postgres.message import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.session import Session
    from neon_migrate.settings import Settings

_BATCH_CHARACTERS = 4_000_000
"""The most text in one message: the server parses a message as a whole before it runs the first statement."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How far a list of migrations came: the durations of those that are committed, and what stopped the next."""

    durations_ns: tuple[int, ...]
    error: StatementError | None = None


def run_pipeline(
    session: Session, migrations: Sequence[Migration], settings: Settings, conditions: Conditions | None = None
) -> Ran:
    """Apply many migrations in as few messages as possible, each in its own transaction; for an empty ledger.

    The first that fails stops the rest, and those before it are committed, as when sent one by one.
    """
    conditions = conditions or Conditions(settings.table_name)
    durations: list[int] = []
    while len(durations) < len(migrations):
        batch = _batch(session, migrations[len(durations) :])
        if batch:
            ran = _run_batch(session, batch, settings, conditions)
        else:
            ran = _run_one(session, migrations[len(durations)], settings, conditions)
        durations += ran.durations_ns
        if ran.error is not None:
            return Ran(tuple(durations), ran.error)
    return Ran(tuple(durations))


def _batch(session: Session, migrations: Sequence[Migration]) -> list[Migration]:
    """The first migrations that can go in one message."""
    batch: list[Migration] = []
    size = 0
    for migration in migrations:
        size += len(migration.up.sql)
        if not embeddable(session, migration) or (batch and size > _BATCH_CHARACTERS):
            break
        batch.append(migration)
    return batch


def _run_one(session: Session, migration: Migration, settings: Settings, conditions: Conditions) -> Ran:
    try:
        return Ran((run_up(session, migration, settings, conditions),))
    except StatementError as error:
        return Ran((), error)


def _run_batch(session: Session, batch: Sequence[Migration], settings: Settings, conditions: Conditions) -> Ran:
    envelopes = [envelope(one.up, inserting(conditions, one), conditions) for one in batch]
    texts = [one.text for one in envelopes]
    outcome = send(session, "".join(texts), conditions.tick)
    durations, start, before = [], 0, 0
    for one, text in zip(envelopes, texts, strict=True):
        end = before + one.statements
        if len(outcome.results) < end:
            break
        durations.append(duration(outcome.results[end - 2]))
        start, before = start + len(text), end
    if outcome.error is None:
        return Ran(tuple(durations))
    if not outcome.results and outcome.position is not None:
        return _after_syntax_error(session, batch, settings, conditions, outcome.position)
    position = None if outcome.position is None else outcome.position - start
    moved = Outcome(outcome.results[before:], outcome.error, position)
    return Ran(tuple(durations), checked(envelopes[len(durations)], settings, moved))


def _after_syntax_error(
    session: Session, batch: Sequence[Migration], settings: Settings, conditions: Conditions, position: int
) -> Ran:
    """The server's grammar refused a text that ours accepts, so nothing of the message ran: up to it, all of it can."""
    if len(batch) == 1:
        return _run_one(session, batch[0], settings, conditions)
    start = 0
    for count, migration in enumerate(batch):
        start += len(envelope(migration.up, inserting(conditions, migration), conditions).text)
        if position < start:
            first = _run_batch(session, batch[:count], settings, conditions) if count else Ran(())
            if first.error is not None:
                return first
            last = _run_one(session, migration, settings, conditions)
            return Ran(first.durations_ns + last.durations_ns, last.error)
    raise AssertionError("a position outside the message")
