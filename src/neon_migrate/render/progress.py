"""Events as a person reads them: a live line on a terminal, and lines that stay, anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.events import (
    IndexBuildProgress,
    LockWaited,
    MigrationApplied,
    MigrationReverted,
    MigrationStarted,
    Notice,
    Retrying,
    StatementDone,
    Step,
    Warned,
)
from neon_migrate.render.page import Line, Span, duration

if TYPE_CHECKING:
    from neon_migrate.events import Event
    from neon_migrate.render.page import Inline, Page, Tone


def live_text(event: Event) -> str | None:
    """What the live line says from this event on; None where the event has nothing to do with it."""
    match event:
        case Step(what, done, total):
            return what + _count(done, total)
        case MigrationStarted(version, description, number, total):
            return f"{version} {description} ({number} of {total})"
        case StatementDone(version, done, total):
            return f"{version}: {done} of {total} statements committed"
        case IndexBuildProgress(phase, done, total):
            return f"index build: {phase}" + (f" ({100 * done // total} %)" if total else "")
    return None


def lasting(event: Event) -> Page:
    """The line of an event that stays on the screen; none for those that only pass."""
    match event:
        case Notice(text):
            return _line("note: ", "dim", text)
        case Warned(text):
            return _line("warning: ", "warn", text.replace("\n", "\n  "))
        case LockWaited(what, holders) if holders:
            return _line("waiting: ", "warn", f"{what} is held by {'; '.join(map(str, holders))}")
        case Retrying(version, attempt, attempts, delay_ms, why):
            tries = f"try {attempt} of {attempts} in {duration(delay_ms * 1e6)}"
            return _line("again: ", "warn", f"{version} was rolled back ({why}); {tries}")
        case MigrationApplied(version, description, took):
            return _line("applied ", "good", _migration(version, description, took))
        case MigrationReverted(version, description, took):
            return _line("reverted ", "good", _migration(version, description, took))
    return ()


def _line(word: str, tone: Tone, text: Inline) -> Page:
    return (Line((Span(word, tone), *(text if isinstance(text, tuple) else (text,)))),)


def _migration(version: int, description: str, took: int) -> Inline:
    return (f"{version} {description}", Span(f"  {duration(took)}" if took >= 0 else "", "dim"))


def _count(done: int | None, total: int | None) -> str:
    if total:
        return f" ({done or 0} of {total})"
    return "" if done is None else f" ({done})"
