"""JSON with positions: every value of a text, and where each of its keys and values stands, for carets in errors."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from json import JSONDecodeError, JSONDecoder
from typing import Any

from neon_migrate.errors import Location, SchemaError
from neon_migrate.sql import location

Path = tuple[str | int, ...]
"""The keys and indexes that lead from the top of a JSON text to one of its values."""

_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_STRINGS = JSONDecoder()
_DEPTH = 100
_LONG_INTEGER = 1000
"""Digits; Python's int() refuses texts of over 4,300."""


@dataclass(frozen=True, slots=True)
class JsonText:
    """A JSON text that was read.

    value   what it says; numbers with a point are Decimal, so that none of their digits is lost
    keys    the offset of each object key, by the path of its value
    values  the offset of each value, by path
    """

    file: str
    text: str = field(repr=False)
    value: Any
    keys: dict[Path, int] = field(repr=False)
    values: dict[Path, int] = field(repr=False)

    def at(self, path: Path) -> Location:
        """Where the value at `path` stands, or the nearest value around it that is in the text."""
        while path not in self.values:
            path = path[:-1]
        return location(self.file, self.text, self.values[path])

    def key_at(self, path: Path) -> Location:
        """Where the key of the value at `path` stands; for what has no key, its value."""
        return location(self.file, self.text, self.keys[path]) if path in self.keys else self.at(path)

    def inside(self, path: Path, offset: int) -> Location:
        """Where the character `offset` of the string at `path` stands; its start, when it is written with escapes."""
        start = self.values.get(path)
        if start is None or not self.text.startswith('"', start):
            return self.at(path)
        value, end = _STRINGS.raw_decode(self.text, start)
        exact = end - start - 2 == len(value) and 0 <= offset < len(value)
        return location(self.file, self.text, start + 1 + offset) if exact else self.at(path)


def parse_json(text: str, file: str) -> JsonText:
    """Read `text`; a byte order mark at its start is passed over.

    Raises SchemaError with line, column and caret line: not JSON, or a key that stands twice in one object.
    """
    reader = _Reader(text.removeprefix("\ufeff"), file)
    value, end = reader.value(reader.blank(0), (), 0)
    end = reader.blank(end)
    if end < len(reader.text):
        raise reader.error("There is more text after the end of the document", end)
    return JsonText(file, reader.text, value, reader.keys, reader.values)


class _Reader:
    """A recursive reader of RFC 8259 that notes offsets as it goes."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, int] = {}

    def error(self, why: str, offset: int) -> SchemaError:
        return SchemaError(
            f"{self.file} is not valid JSON",
            where=location(self.file, self.text, offset),
            why=why,
            remedy="Correct the text at the caret.",
        )

    def blank(self, offset: int) -> int:
        """The offset of the next character that is no white space."""
        match = _BLANK.match(self.text, offset)
        return match.end() if match else offset

    def value(self, offset: int, path: Path, depth: int) -> tuple[Any, int]:
        """The value that starts at `offset`, and the offset after it."""
        self.values[path] = offset
        if depth > _DEPTH:
            raise self.error(f"Values are nested more than {_DEPTH} deep", offset)
        first = self.text[offset : offset + 1]
        if first == "{":
            return self._object(offset, path, depth)
        if first == "[":
            return self._array(offset, path, depth)
        if first == '"':
            return self._string(offset)
        for word, value in _WORDS.items():
            if self.text.startswith(word, offset):
                return value, offset + len(word)
        return self._number(offset)

    def _number(self, offset: int) -> tuple[int | Decimal, int]:
        match = _NUMBER.match(self.text, offset)
        if match is None:
            raise self.error(self._unexpected(offset), offset)
        whole, fraction, exponent = match.groups()
        is_long = len(whole) > _LONG_INTEGER
        return (Decimal(match[0]) if fraction or exponent or is_long else int(whole)), match.end()

    def _string(self, offset: int) -> tuple[str, int]:
        try:
            value, end = _STRINGS.raw_decode(self.text, offset)
        except JSONDecodeError as error:
            raise self.error(error.msg, error.pos) from None
        if "\0" in value:
            raise self.error("PostgreSQL's text can't hold the character U+0000", offset)
        if _SURROGATE.search(value):
            raise self.error("Half of a surrogate pair is not a character", offset)
        return value, end

    def _object(self, offset: int, path: Path, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        position = self.blank(offset + 1)
        if self.text.startswith("}", position):
            return found, position + 1
        while True:
            if not self.text.startswith('"', position):
                raise self.error(self._unexpected(position, "a key in double quotes"), position)
            name, after = self._string(position)
            inner = (*path, name)
            if name in found:
                raise SchemaError(
                    f"The key {name!r} stands twice in one object",
                    where=location(self.file, self.text, position),
                    why=f"It stands before in line {self.text.count(chr(10), 0, self.keys[inner]) + 1}.",
                    remedy="Keep one of them.",
                )
            self.keys[inner] = position
            colon = self.blank(after)
            if not self.text.startswith(":", colon):
                raise self.error(self._unexpected(colon, "a colon after the key"), colon)
            found[name], position = self.value(self.blank(colon + 1), inner, depth + 1)
            position, ended = self._next(position, "}")
            if ended:
                return found, position

    def _array(self, offset: int, path: Path, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        position = self.blank(offset + 1)
        if self.text.startswith("]", position):
            return found, position + 1
        while True:
            value, position = self.value(position, (*path, len(found)), depth + 1)
            found.append(value)
            position, ended = self._next(position, "]")
            if ended:
                return found, position

    def _next(self, offset: int, closing: str) -> tuple[int, bool]:
        """Past the comma to the next member, or past the closing bracket (True)."""
        position = self.blank(offset)
        if self.text.startswith(closing, position):
            return position + 1, True
        if not self.text.startswith(",", position):
            raise self.error(self._unexpected(position, f"a comma or {closing!r}"), position)
        member = self.blank(position + 1)
        if self.text.startswith(closing, member):
            raise self.error("A comma after the last member is not allowed in JSON", position)
        return member, False

    def _unexpected(self, offset: int, wanted: str = "a value") -> str:
        if offset >= len(self.text):
            return f"The text ends where {wanted} should stand"
        if self.text.startswith(("//", "/*"), offset):
            return "JSON has no comments"
        return f"{wanted[0].upper()}{wanted[1:]} should stand here, found {self.text[offset]!r}"
