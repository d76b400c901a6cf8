"""What may be told of a schema that a migration made on production's rows.

A migration can make schema of rows: an enum of a column's values, a default that is one. Names and definitions are told
where a Catalog that comes of no pending migration's rows has them, or the migrations' own text; what else there is,
is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from neon_migrate.differences import Detail, Difference, shown
from neon_migrate.redaction import TYPES, WITHHELD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from neon_migrate.catalog import Catalog

T = TypeVar("T")

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_TYPE_LENGTH = re.compile(r"\(\d+(,\d+)?\)")
_OF_TYPES = frozenset(TYPES.split())
_OF_OURS = frozenset({"", "none", "yes", "no"})
"""How a Difference tells that there is nothing, and a property that is either so or not."""


@dataclass(frozen=True, slots=True)
class _Public:
    """Texts that whoever reads a report may see: whole names and definitions, and whatever stands in `text`."""

    whole: frozenset[str]
    words: frozenset[str]
    text: str

    def __contains__(self, value: str) -> bool:
        return (
            value in self.whole
            or value in _OF_OURS
            or (value in self.text and _standing_alone(value).search(self.text) is not None)
            or self._is_of_words(value)
        )

    def _is_of_words(self, value: str) -> bool:
        """Whether it is a type, or a name as Postgres makes one, such as `users_email_key`."""
        bare = _TYPE_LENGTH.sub("", value).lower()
        if all(word in _OF_TYPES for word in bare.removesuffix("[]").split()):
            return True
        parts = bare.split("_")
        return len(parts) > 1 and all(part in self.words or part in _MADE_NAMES for part in parts)


_MADE_NAMES = frozenset({"pkey", "key", "fkey", "idx", "excl", "check", "seq", "not", "null"})
"""How names end that Postgres makes of a table's and its columns'."""


class Disclosure:
    """What is told of a rehearsal on production's rows.

    public  Catalogs that no pending migration's rows went into
    text    of the migrations
    """

    def __init__(self, public: Iterable[Catalog], text: str) -> None:
        objects = [obj for catalog in public for obj in catalog.objects.values()]
        whole = {leaf for obj in objects for leaf in _leaves(obj)}
        whole |= {shown(getattr(obj, each.name)) for obj in objects for each in fields(obj)}  # type: ignore[arg-type]
        self._public = _Public(frozenset(whole), frozenset(re.findall(r"[^\W_]+", text.lower())), text)
        self._unpublished: set[str] = set()
        self.withheld = False

    def learn(self, before: Catalog, after: Catalog) -> None:
        """Remember what was made between two Catalogs of the rehearsal and may not be told."""
        for key, obj in after.objects.items():
            if before.objects.get(key) == obj:
                continue
            for leaf in _leaves(obj):
                if leaf and not leaf.isdecimal() and leaf not in self._public:
                    self._unpublished.add(leaf)
                    literals = (each.replace("''", "'") for each in _LITERAL.findall(leaf))
                    self._unpublished |= {each for each in literals if each not in self._public}

    def told(self, value: T) -> T:
        """`value`, a text or whatever is made of texts, with what may not be told left out."""
        told: Any = value
        match value:
            case str():
                told = self._text(value)
            case tuple():
                told = tuple(map(self.told, value))
            case Detail(named, expected, found):
                told = Detail(named, self._definition(expected), self._definition(found))
            case Difference():
                details = self.told(value.details)
                told = replace(value, name=self._name(value.name), owner=self._name(value.owner), details=details)
            case _ if is_dataclass(value) and not isinstance(value, type):
                told = replace(value, **{each.name: self.told(getattr(value, each.name)) for each in fields(value)})
        return told  # type: ignore[no-any-return]

    def _text(self, text: str) -> str:
        for value in sorted(self._unpublished, key=len, reverse=True):
            for written in (value, value.replace("'", "''")):
                if written in text:
                    text = self._noted(text, _standing_alone(written).sub(WITHHELD, text))
        return text

    def _definition(self, side: str) -> str:
        """One side of a Detail: an item of a list by itself, since the others are worth telling."""
        if side in self._public:
            return side
        told = ", ".join(item if item in self._public else WITHHELD for item in side.split(", "))
        return self._noted(side, told)

    def _name(self, name: str) -> str:
        if name in self._public or all(part in self._public for part in name.split(".")):
            return name
        return self._noted(name, WITHHELD)

    def _noted(self, before: str, after: str) -> str:
        self.withheld |= before != after
        return after


def _standing_alone(value: str) -> re.Pattern[str]:
    """Where it stands as a whole, and is not a part of another word."""
    before = r"(?<!\w)" if value[:1].isalnum() or value[:1] == "_" else ""
    after = r"(?!\w)" if value[-1:].isalnum() or value[-1:] == "_" else ""
    return re.compile(before + re.escape(value) + after)


def _leaves(value: object) -> Iterator[str]:
    """The texts and numbers that a value is made of."""
    match value:
        case None | bool():
            return
        case str():
            yield value
        case int() | float():
            yield str(value)
        case Mapping():
            for each in value.items():
                yield from _leaves(each)
        case tuple() | list() | set() | frozenset():
            for each in value:
                yield from _leaves(each)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from _leaves(getattr(value, field.name))
