"""The lines by which a step talks to its runner, `::name property=value::message`, and their escaping.

Source: actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_DATA, ":": "%3A", ",": "%2C"}
_SHORTEST_SECRET = 4
"""Masking shorter texts would blank innocent words throughout the log."""


def workflow_command(name: str, message: str, properties: Mapping[str, str | int] | None = None) -> str:
    """One command as the runner reads it: one line, whatever `message` and the properties hold."""
    listed = ",".join(f"{key}={_escaped(str(value), _IN_PROPERTY)}" for key, value in (properties or {}).items())
    return f"::{name}{' ' if listed else ''}{listed}::{_escaped(message, _IN_DATA)}"


def masks(secrets: Iterable[str]) -> tuple[str, ...]:
    """The commands that make the runner blank these texts in its log, each line and the decoded form of each too."""
    found: dict[str, None] = {}
    for secret in secrets:
        for text in (secret, unquote(secret)):
            found.update(dict.fromkeys((text, *text.splitlines())))
    return tuple(workflow_command("add-mask", text) for text in found if len(text) >= _SHORTEST_SECRET)


def _escaped(text: str, codes: Mapping[str, str]) -> str:
    return "".join(codes.get(character, character) for character in text)
