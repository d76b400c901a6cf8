"""Annotations: what a pull request shows beside a file's lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from neon_migrate.github.workflow_commands import workflow_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

AnnotationLevel = Literal["error", "warning", "notice"]

MOST_OF_A_LEVEL = 10
"""What GitHub keeps of each level of one step; it drops the rest silently."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One remark.

    file    from the repository's top folder; empty for a remark on the run
    line    from 1, as `column`
    """

    level: AnnotationLevel
    message: str
    title: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        properties: dict[str, str | int | None] = {
            "title": self.title,
            "file": self.file,
            "line": self.line,
            "col": self.column,
        }
        return workflow_command(self.level, self.message, {name: value for name, value in properties.items() if value})


def annotation_commands(annotations: Iterable[Annotation]) -> tuple[str, ...]:
    """The workflow commands; where there are more of a level than GitHub keeps, the last one says how many."""
    found = tuple(annotations)
    levels: tuple[AnnotationLevel, ...] = ("error", "warning", "notice")
    return tuple(str(one) for level in levels for one in _kept([each for each in found if each.level == level]))


def _kept(annotations: Sequence[Annotation]) -> Sequence[Annotation]:
    if len(annotations) <= MOST_OF_A_LEVEL:
        return annotations
    shown, rest = annotations[: MOST_OF_A_LEVEL - 1], annotations[MOST_OF_A_LEVEL - 1 :]
    more = f"{len(rest)} more of this level are in the job summary and the report."
    return (*shown, replace(rest[0], message=more, title="neon-migrate", file="", line=None, column=None))
