"""Telling a team what happened: one file a notifier, found by looking; a new notifier is a new file here.

A message is a courtesy: one that can't be delivered is a warning and never an error.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol

from neon_migrate.discovery import discovered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Outcome = Literal["success", "failure", "waiting", "drift"]


@dataclass(frozen=True, slots=True)
class Link:
    """Where a reader goes on."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """What is told; no row value and no secret stands in it.

    outcome  waiting: somebody has to approve
    title    one line
    lines    a few more, each a sentence
    links    such as to the run, the pull request and the plan
    """

    outcome: Outcome
    title: str
    lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


class Recipient(Protocol):
    """Somebody who can be told."""

    def send(self, message: Message) -> str:
        """Deliver a message; gives why it could not be, without any secret, or nothing. Never raises."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """A way to tell somebody; a file in this package has one as `NOTIFIER`.

    name      for people
    variable  the environment variable that holds where to: its value is a secret
    make      the Recipient for that value
    """

    name: str
    variable: str
    make: Callable[[str], Recipient]


@cache
def notifiers() -> tuple[Notifier, ...]:
    """Every notifier by name. Raises ImportError when two files claim one name."""
    return discovered(sys.modules[__name__], "NOTIFIER")


def tell(message: Message, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Send `message` by every notifier that the environment names; gives a warning for each that failed."""
    asked = ((notifier, environment.get(notifier.variable, "").strip()) for notifier in notifiers())
    told = ((notifier, notifier.make(where).send(message)) for notifier, where in asked if where)
    return tuple(f"{notifier.name} could not be told: {fault}" for notifier, fault in told if fault)
