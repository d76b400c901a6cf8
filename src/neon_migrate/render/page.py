"""What a page for people is made of: a handful of blocks that every writer (plain text, terminal) knows.

A report becomes a `Page` once; how it looks is the writer's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Tone = Literal["plain", "good", "warn", "bad", "dim", "strong"]
"""What a piece of text means; a terminal shows it as a colour, plain text not at all."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one tone."""

    text: str
    tone: Tone = "plain"


Inline: TypeAlias = "str | Span | tuple[str | Span, ...]"


def spans(inline: Inline) -> tuple[Span, ...]:
    """Any inline text as Spans."""
    parts = inline if isinstance(inline, tuple) else (inline,)
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def text_of(inline: Inline) -> str:
    """The characters of an inline text, without its tones."""
    return "".join(span.text for span in spans(inline))


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of what follows."""

    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line or paragraph, `indent` characters to the right."""

    inline: Inline
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column titles; `right` holds the columns (from 0) whose figures stand to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Tree:
    """A label with what belongs to it."""

    label: Inline
    children: tuple[Tree, ...] = ()


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL to be read, and to be copied as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of a text file with a caret under one of its characters (`column` counts from 1)."""

    line: int
    source: str
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The output that was asked for, byte for byte, such as a JSON Schema; printed even with --quiet."""

    text: str


Block: TypeAlias = Heading | Line | Table | Tree | Sql | Excerpt | Document
Page: TypeAlias = tuple[Block, ...]

BLANK = Line("")


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 table`, `2 tables`; `nouns` where adding an s does not make the plural."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def listing(names: tuple[str, ...], conjunction: str = "and") -> str:
    """`a, b and c`."""
    return f" {conjunction} ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def duration(nanoseconds: int | float) -> str:
    """A duration in the unit a person would say it in: `480 µs`, `12 ms`, `1.25 s`, `3 min 20 s`."""
    for unit, size in (("µs", 1e3), ("ms", 1e6)):
        if nanoseconds < size * 999.5:
            return f"{nanoseconds / size:.0f} {unit}"
    seconds = nanoseconds / 1e9
    return f"{seconds:.2f} s" if seconds < 100 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


def short_path(path: Path, root: Path | None = None) -> str:
    """A path as a person would type it: relative to the project, or to where the command runs, if it is inside."""
    from pathlib import Path as AnyPath

    for base in (AnyPath.cwd(), root):
        if base is not None and path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return str(path)
