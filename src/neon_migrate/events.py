"""What happens while a command runs, as values: terminal, JSON lines and Slack are readers of the same events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


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
class Warned(Event):
    """Something the user should act on; the command goes on."""

    text: str
