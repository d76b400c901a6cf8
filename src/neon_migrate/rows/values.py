"""Values of any type: enums, domains, composites, arrays and ranges are made of those of the base types."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from neon_migrate.rows import base_values
from neon_migrate.rows.mining import Mined, around, documents_like, like_texts, mined
from neon_migrate.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neon_migrate.rows.facts import ColumnFacts, Facts, TypeFacts

_DEEPEST = 5
"""Composites within arrays within composites: beyond this no value is tried."""

_USUAL_TEXTS = (
    *("a", "A", "ab", "AB", "abc", "ABC", "abcd", "ABCD", "a1", "A1", "a-b", "a_b", "a.b", "A-1", "AB-123", "abc-123"),
    *("0", "1", "12", "123", "1234", "12345", "123456", "1234567890", "12345678901", "12345-6789", "2024"),
    *("user@example.org", "https://example.org/", "http://example.org", "example.org", "/a/b", "127.0.0.1"),
    *("+15551234567", "555-123-4567", "(555) 123-4567", "2024-01-01", "12:30", "1.0.0", "v1.0.0", "#a1b2c3", "#A1B2C3"),
    *("en", "en-US", "en_US", "USD", "US", "UTC", "{}", "[]", "00000000-0000-4000-8000-000000000001"),
    *("0x" + "a" * 40, "0x" + "a" * 64, "a" * 32, "a" * 40, "a" * 64, "Abcdef1!", "", " "),
)
"""Forms that checks on texts often ask for."""

_USUAL_DOCUMENTS = ("{}", "[]", '"text"', "1", "true", "null")


@dataclass(frozen=True, slots=True)
class Values:
    """Writes values as the input functions of their types read them."""

    facts: Facts
    _tried: dict[object, list[str]] = field(default_factory=dict)

    def base(self, column: ColumnFacts) -> tuple[TypeFacts, int, list[str]]:
        """A column's type with its domains taken off, the modifier that counts, and the domains' checks."""
        type_, modifier = self.facts.types[column.type], column.modifier
        checks: list[str] = []
        while type_.sort == "d":
            checks += self.facts.domain_checks.get(type_.oid, ())
            modifier = type_.modifier
            type_ = self.facts.types[type_.inner]
        return type_, modifier, checks

    def required(self, column: ColumnFacts) -> bool:
        """Whether null is refused, by the column or a domain."""
        type_ = self.facts.types[column.type]
        while type_.sort == "d" and not type_.not_null:
            type_ = self.facts.types[type_.inner]
        return column.required or type_.not_null

    def value(self, column: ColumnFacts, number: int) -> str | None:
        """The value of a number; None where none can be written."""
        type_, modifier, _ = self.base(column)
        return self._text(type_, modifier, number, 0)

    def extreme(self, column: ColumnFacts) -> str | None:
        """A value at the limit of the column's type, where it has one."""
        type_, modifier, _ = self.base(column)
        if type_.sort == "e":
            return type_.labels[-1] if type_.labels else None
        if type_.sort == "b" and type_.category != "A":
            return base_values.extreme(type_.name, modifier)
        return None

    def cast(self, column: ColumnFacts, text: str | None) -> str:
        """A value as an SQL expression of the type under the column's domains."""
        type_, _, _ = self.base(column)
        value = "NULL" if text is None else literal(text).strip()
        return f"{value}::{type_.formatted}"

    def candidates(self, column: ColumnFacts, expressions: Iterable[str], *, many: bool = False) -> list[str]:
        """Values to be tried on a column that these expressions speak of, the likeliest first."""
        question = (column.type, column.modifier, tuple(expressions), many)
        if question not in self._tried:
            self._tried[question] = self._candidates(column, question[2], many)
        return self._tried[question]

    def _candidates(self, column: ColumnFacts, expressions: Iterable[str], many: bool) -> list[str]:
        type_, modifier, checks = self.base(column)
        spoken = [mined(expression) for expression in (*checks, *expressions)]
        usual = [self._text(type_, modifier, number, 0) for number in range(40 if many else 4)]
        found = [*self._like(type_, modifier, spoken), *usual, self.extreme(column)]
        if type_.sort == "e":
            found += type_.labels
        elif type_.category == "S" and type_.sort == "b":
            found += _USUAL_TEXTS
        elif type_.name in ("json", "jsonb"):
            found += _USUAL_DOCUMENTS
        elif type_.category == "N":
            found += ["0", "1", "2", "10", "50", "100"] if type_.sort == "b" else []
        longest = modifier - 4 if type_.category == "S" and modifier >= 4 else None
        return [one for one in dict.fromkeys(found) if one is not None and (longest is None or len(one) <= longest)]

    def _like(self, type_: TypeFacts, modifier: int, spoken: Sequence[Mined]) -> list[str]:
        """Constants of the expressions that the type would read."""
        texts = list(dict.fromkeys(text for one in spoken for text in one.texts))
        numbers = list(dict.fromkeys(number for one in spoken for number in one.numbers))
        if type_.category == "A":
            element = self.facts.types[type_.inner]
            if element.category not in "SE":
                return ["{}"]
            return [*(_array([one]) for one in texts if one in element.labels or element.sort != "e"), "{}"]
        if type_.sort == "e":
            return [text for text in texts if text in type_.labels]
        if type_.sort != "b":
            return []
        if type_.category == "S":
            return like_texts(texts, numbers)
        if type_.category == "N":
            return _numbers_for(type_, modifier, [*numbers, *(text for text in texts if _is_number(text))])
        if type_.category == "D":
            return [text for text in texts if _is_moment(text)]
        if type_.name in ("json", "jsonb"):
            return documents_like(texts)
        if type_.name == "uuid":
            return [text for text in texts if _is_uuid(text)]
        return []

    def _text(self, type_: TypeFacts, modifier: int, number: int, depth: int) -> str | None:
        if depth > _DEEPEST:
            return None
        types = self.facts.types
        match type_.sort:
            case "e":
                return type_.labels[number % len(type_.labels)] if type_.labels else None
            case "d" if self.facts.domain_checks.get(type_.oid):
                return None  # what is inside another value is not tried against checks
            case "d":
                return self._text(types[type_.inner], type_.modifier, number, depth + 1)
            case "r" | "m":
                bound = self._text(types[type_.inner], -1, number, depth + 1)
                one = None if bound is None else f"[{_quoted(bound)},{_quoted(bound)}]"
                return f"{{{one}}}" if type_.sort == "m" and one else one
            case "c":
                fields = (self._text(types[one.type], one.modifier, number, depth + 1) for one in self._fields(type_))
                return f"({','.join('' if one is None else _quoted(one) for one in fields)})"
        if type_.category == "A" and type_.inner in types:
            element = self._text(types[type_.inner], modifier, number, depth + 1)
            return "{}" if element is None else _array([element])
        return base_values.value(type_.name, number, modifier)

    def _fields(self, type_: TypeFacts) -> Sequence[ColumnFacts]:
        return self.facts.fields.get(type_.inner, ())


def _array(elements: Sequence[str]) -> str:
    return "{" + ",".join(map(_quoted, elements)) + "}"


def _quoted(text: str) -> str:
    """A part of an array, composite or range."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _numbers_for(type_: TypeFacts, modifier: int, numbers: list[str]) -> list[str]:
    limit = {"int2": 2**15, "int4": 2**31, "int8": 2**63}.get(type_.name)
    if limit is not None:
        return [one for one in around(numbers) if -limit <= int(one) < limit]
    if type_.name == "numeric" and modifier >= 4:
        largest = float(base_values.largest_numeric(modifier))
        return [one for one in (*numbers, *around(numbers)) if abs(float(one)) <= largest]
    return [*numbers, *around(numbers)] if type_.name in ("numeric", "float4", "float8") else []


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        return abs(float(text)) < 2**62
    return False


def _is_moment(text: str) -> bool:
    with suppress(ValueError):
        return bool(datetime.fromisoformat(text))
    return False


def _is_uuid(text: str) -> bool:
    with suppress(ValueError):
        return bool(UUID(text))
    return False
