"""A piece of DDL that remembers which part of schema.json each stretch of its text says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.sql import literal, location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from neon_migrate.errors import Location
    from neon_migrate.sources.schema_json.document import Document, SqlFile
    from neon_migrate.sources.schema_json.positions import Path


@dataclass(frozen=True, slots=True)
class Said:
    """Text that stands in schema.json at `path`, or is made from what stands there."""

    text: str
    path: Path


Piece = str | Said


@dataclass(frozen=True, slots=True)
class Ddl:
    """One statement of the compiled schema.

    path    the part of schema.json that it is made from
    pieces  its text, in order
    lines   for CREATE TABLE, the pieces between its parentheses, each with its own path, to find the faulty one
    source  for a statement of an SQL file, that file and the offset of the statement in it
    """

    path: Path
    pieces: tuple[Piece, ...]
    lines: tuple[tuple[Path, tuple[Piece, ...]], ...] = ()
    source: tuple[SqlFile, int] | None = None

    @property
    def sql(self) -> str:
        """The statement, without a semicolon."""
        return text_of(self.pieces)

    def place(self, document: Document, offset: int | None) -> Location:
        """Where the character `offset` of this statement comes from; without one, the statement as a whole."""
        if self.source is not None:
            file, start = self.source
            return location(file.name, file.text, start + (offset or 0))
        found = None if offset is None else self.said_at(offset)
        if found is None:
            return document.text.key_at(self.path)
        said, inside = found
        value = document.text.value
        for step in said.path:
            value = value[step]
        return document.text.inside(said.path, inside) if value == said.text else document.text.at(said.path)

    def said_at(self, offset: int) -> tuple[Said, int] | None:
        """The piece of schema.json around a character of the statement, and the character's place in it."""
        start = 0
        for piece in self.pieces:
            text = piece if isinstance(piece, str) else piece.text
            if start <= offset < start + len(text):
                return (piece, offset - start) if isinstance(piece, Said) else None
            start += len(text)
        return None


def text_of(pieces: Iterable[Piece]) -> str:
    """The pieces as one text."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)


def comment_on(path: Path, target: str, comment: str | None) -> Iterator[Ddl]:
    """COMMENT ON for what stands at `path`, where it has a comment."""
    if comment:
        inner: Path = (*path, "comment")
        yield Ddl(inner, (f"COMMENT ON {target} IS {literal(comment).strip()}",))
