"""What an expression speaks of: constants that values may have to be like, and the columns in it.

Read with Postgres's own grammar. All of it is only ever *tried*: Postgres says whether a row holds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import permutations
from typing import Any

from neon_migrate.rows.patterns import texts_like

_MOST_LENGTH = 2_000
_PATTERN = frozenset("^$[](){}*+?\\|.")
_MOST_PAIRS = 6


@dataclass(slots=True)
class Mined:
    """Constants and column names of one expression, in order."""

    texts: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


@lru_cache(maxsize=4_096)
def mined(expression: str) -> Mined:
    """The constants and columns of an expression as Postgres deparses it; nothing where the grammar refuses it."""
    import postgast

    found = Mined()
    try:
        parsed = postgast.parse(f"SELECT {expression}")
    except postgast.PgQueryError:
        return found
    _walk(parsed, found)
    return found


def _walk(message: Any, found: Mined) -> None:
    name = message.DESCRIPTOR.name
    if name == "A_Const":
        _constant(message, found)
        return
    if name == "ColumnRef":
        found.columns += [field.string.sval for field in message.fields if field.WhichOneof("node") == "string"][-1:]
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        for one in (value,) if hasattr(value, "DESCRIPTOR") else value:
            _walk(one, found)


def _constant(message: Any, found: Mined) -> None:
    match message.WhichOneof("val"):
        case "sval":
            found.texts.append(message.sval.sval)
        case "ival":
            found.numbers.append(str(message.ival.ival))
        case "fval":
            found.numbers.append(message.fval.fval)


def like_texts(texts: list[str], numbers: list[str]) -> list[str]:
    """Texts that may satisfy an expression with these constants: themselves, what they match, right lengths."""
    found = list(texts)
    found += [one.replace("%", "x").replace("_", "x") for one in texts if "%" in one or "_" in one]
    found += [like for one in texts if not _PATTERN.isdisjoint(one) for like in texts_like(one)]
    for number in numbers:
        if number.isdigit() and 0 < int(number) <= _MOST_LENGTH:
            length = int(number)
            found += ["a" * length, "1" * length, "0x" + "a" * (length - 2), "a" * (length + 1), "a" * (length - 1)]
    return list(dict.fromkeys(found))


def around(numbers: list[str]) -> list[str]:
    """Whole numbers at and beside these constants."""
    whole = [int(float(number)) for number in numbers if abs(float(number)) < 2**62]
    return list(dict.fromkeys(str(one + step) for one in whole for step in (0, 1, -1)))


def documents_like(texts: list[str]) -> list[str]:
    """JSON that may satisfy an expression with these constants: objects with them as keys and as values."""
    pairs = list(permutations(texts[:_MOST_PAIRS], 2))
    values: tuple[object, ...] = (1, "a", [], {})
    every = [dict.fromkeys(texts, value) for value in values]
    return [json.dumps(one) for one in (*({key: value} for key, value in pairs), *every)]
