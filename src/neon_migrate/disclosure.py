"""What may be told of a schema that rows may have gone into.

A migration can make schema of rows: an enum of a column's values, a default that is one. From then on the values are
production's schema. So names and definitions are told where a Catalog has them that no rows went into, or the
migrations' own text; of what else there is, only what it is called is told, and that where it is one plain word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from neon_migrate.catalog import Key
from neon_migrate.differences import Detail, Difference, shown
from neon_migrate.keywords import KEYWORDS
from neon_migrate.redaction import TYPES, WITHHELD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from neon_migrate.catalog import Catalog

T = TypeVar("T")

KEPT_BACK = "What only the database says, and rows may have gone into, is left out (…): neon-migrate compare shows it."

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_TYPE_LENGTH = re.compile(r"\(\d{1,5}(,\d{1,5})?\)")
_PLAIN = re.compile(r"[^\W\d]\w*(\([\w ,.\[\]]*\))?")
"""A name of one word, without what is found in addresses and numbers; a function's with its arguments."""
_OF_TYPES = frozenset(TYPES.split())
_OF_OURS = frozenset({"", "none", "yes", "no"})
"""How a Difference tells that there is nothing, and a property that is either so or not."""

_MADE_NAMES = frozenset({"pkey", "key", "fkey", "idx", "excl", "check", "seq", "not", "null"})
"""How names end that Postgres makes of a table's and its columns'."""

_FEW_DIGITS = 4
"""So short a number is a size or a count in most places, and nobody's."""


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
        words = bare.removesuffix("[]").split()
        if words and all(word in _OF_TYPES for word in words):
            return True
        parts = bare.split("_")
        return len(parts) > 1 and all(part in self.words or part in _MADE_NAMES for part in parts)


class Disclosure:
    """What is told of a database that has rows.

    public  Catalogs that no rows went into
    text    of the migrations
    names   of Catalogs that were there before: what they call things is told, where it is a plain word
    """

    def __init__(self, public: Iterable[Catalog], text: str, names: Iterable[Catalog] = ()) -> None:
        objects = [obj for catalog in public for obj in catalog.objects.values()]
        whole = {leaf for obj in objects for leaf in _leaves(obj)}
        whole |= {shown(getattr(obj, each.name)) for obj in objects for each in fields(obj)}  # type: ignore[arg-type]
        whole |= {name for catalog in names for name in _plain_names(catalog)}
        self._public = _Public(frozenset(whole), frozenset(re.findall(r"[^\W_]+", text.lower())), text)
        self._unpublished: set[str] = set()
        self.withheld = False

    @classmethod
    def of_live(
        cls, live: Catalog, found: Catalog, expected: Catalog, text: str, public: Iterable[Catalog] = ()
    ) -> Disclosure:
        """What is told of a live database beside the replay of its applied migrations.

        live    as it was read; `found` is the same in the form in which `expected` is (see `settled`)
        public  other Catalogs that no rows went into
        """
        same = {key: obj for key, obj in live.objects.items() if key in found.objects.keys() & expected.objects.keys()}
        same = {key: obj for key, obj in same.items() if found.objects[key] == expected.objects[key]}
        known = replace(live, objects=same)
        disclosure = cls((expected, known, *public), text, (live,))
        disclosure.learn(expected, found)
        disclosure.learn(known, live)
        return disclosure

    def learn(self, before: Catalog, after: Catalog) -> None:
        """Remember what the second Catalog has beyond the first and may not be told."""
        for key, obj in after.objects.items():
            if before.objects.get(key) == obj:
                continue
            for leaf in _leaves(obj):
                if self._is_to_be_kept(leaf):
                    self._unpublished.add(leaf)
                    literals = (each.replace("''", "'") for each in _LITERAL.findall(leaf))
                    self._unpublished |= {each for each in literals if self._is_to_be_kept(each)}

    def _is_to_be_kept(self, leaf: str) -> bool:
        """Whether it is left out of every text: not what is no value by itself, and would be found anywhere."""
        short = len(leaf) < 2 or (leaf.isdecimal() and len(leaf) <= _FEW_DIGITS)
        return not short and leaf.lower() not in KEYWORDS and leaf not in self._public

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
        case Key():
            yield from value[1:]
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


def _plain_names(catalog: Catalog) -> Iterator[str]:
    """What it calls its objects, where that is of plain words; a comment's is what it is on, after that one's kind."""
    kinds = {key.kind for key in catalog.objects}

    def is_plain(part: str) -> bool:
        kind, _, name = part.partition(" ")
        return _PLAIN.fullmatch(name if kind in kinds else part) is not None

    for key in catalog.objects:
        plain = [part for part in key[1:] if is_plain(part)]
        yield from plain
        if len(plain) == sum(map(bool, key[1:])):
            yield key.qualified_name
    for one in catalog.unmodelled:
        if all(map(is_plain, one.identity.split("."))):
            yield one.identity
