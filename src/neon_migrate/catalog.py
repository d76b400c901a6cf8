"""A database's objects as values: `Key` names one, `Catalog` holds them all, `Kind` is how one sort of them is treated.

A kind is one file in `neon_migrate.objects` with a module constant `KIND`; nothing else knows its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol

Address = str
"""Postgres's own address of an object, `classid.objid.objsubid` as in pg_depend."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The name of one object: its kind and its qualified name.

    schema  empty where the kind has none
    name    the object's own name; for what belongs to a table, the table's
    part    the column, constraint, … inside `name`; empty for objects of their own
    """

    kind: str
    schema: str
    name: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(part for part in (self.schema, self.name, self.part) if part)}"


class DatabaseObject(Protocol):
    """What every kind's frozen dataclass has; all its other fields are compared."""

    @property
    def key(self) -> Key: ...


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """An object that was found and is of no kind known here: named, never ignored silently."""

    type: str
    """Postgres's own word (`pg_identify_object`)."""
    identity: str
    reason: str


@dataclass(frozen=True)
class Catalog:
    """All objects of a database at one moment.

    objects     by key
    depends     for each key the keys it depends on (pg_depend, both ends modelled)
    addresses   the addresses of the database it was read from; two Catalogs of *one* database can be told apart
                from renames by them, so they take no part in comparisons
    unmodelled  what was found and is of no known kind
    """

    objects: Mapping[Key, DatabaseObject]
    depends: Mapping[Key, frozenset[Key]] = field(default_factory=dict)
    addresses: Mapping[Address, Key] = field(default_factory=dict, compare=False, repr=False)
    unmodelled: tuple[Unmodelled, ...] = ()

    def __post_init__(self) -> None:
        for name in ("objects", "depends", "addresses"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every object, the same for equal Catalogs whatever the order they were read in."""
        digest = hashlib.sha256()
        for key in sorted(self.objects):
            digest.update(repr(self.objects[key]).encode())
            digest.update(b"\0")
        return digest.hexdigest()

    @cached_property
    def children(self) -> Mapping[Key, tuple[Key, ...]]:
        """The keys that belong to a table (or other object with parts), by that object's schema and name."""
        found: dict[Key, list[Key]] = {}
        for key in sorted(self.objects):
            owner = self.owner(key)
            if owner is not None:
                found.setdefault(owner, []).append(key)
        return {owner: tuple(keys) for owner, keys in found.items()}

    def owner(self, key: Key) -> Key | None:
        """The object that `key` goes away with: its table, mostly."""
        from neon_migrate.objects import kind_of

        found = kind_of(key).owner(self.objects[key])
        return found if found in self.objects else None

    def of_kind(self, kind: str) -> tuple[DatabaseObject, ...]:
        """The objects of one kind, ordered by key."""
        return tuple(self.objects[key] for key in sorted(self.objects) if key.kind == kind)

    def without(self, keys: Iterable[Key]) -> Catalog:
        """This Catalog less some objects."""
        gone = frozenset(keys)
        return Catalog(
            {key: value for key, value in self.objects.items() if key not in gone},
            {key: needs - gone for key, needs in self.depends.items() if key not in gone},
            {address: key for address, key in self.addresses.items() if key not in gone},
            self.unmodelled,
        )


Resolve = Callable[[Address], Key | None]
Row = Mapping[str, Any]
ReadRows = Callable[[Sequence[Row], Resolve], "Iterable[tuple[tuple[Address, ...], DatabaseObject]]"]
