"""A database's objects as values: a `Key` names one, a `Catalog` holds them all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Address = tuple[int, int, int]
"""Postgres's own address of an object: classid, objid, objsubid, as in pg_depend."""

_LONGEST = 63
"""The bytes that a name may have (NAMEDATALEN, less the one that ends it)."""


class Key(NamedTuple):
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
        return f"{self.kind.replace('_', ' ')} {self.qualified_name}"

    @property
    def qualified_name(self) -> str:
        """`schema.name.part`, without quotes."""
        return ".".join(part for part in self[1:] if part)


class DatabaseObject(Protocol):
    """What the frozen dataclass of every kind has; all its compared fields make the object what it is."""

    @property
    def key(self) -> Key: ...

    @property
    def owner(self) -> Key | None:
        """The object that this one comes and goes with: a column's table, a comment's object."""


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """An object that was found and is of no kind known here: named, never ignored silently."""

    type: str
    """Postgres's own word for what it is (`pg_identify_object`)."""
    identity: str
    reason: str = field(default="no kind of object here is like it", compare=False)
    """Why it is not compared."""


SETTING = "setting"
"""The type of an Unmodelled that is set for the database, not made in it."""


@dataclass(frozen=True)
class Catalog:
    """All objects of a database at one moment; equal when the objects are.

    objects       by key
    read_depends  finds `depends` when it is first asked for: only planning does, and it costs as much as reading
    addresses     the address of each object in the database it was read from: between two Catalogs of the *same*
                  database, one address with two keys is a rename
    unmodelled    what was found and is of no known kind
    major         the major version of the server it was read from; 0 where it was read from none
    read_unasked  finds `unasked` when it is first asked for
    """

    objects: Mapping[Key, DatabaseObject]
    read_depends: Callable[[], Mapping[Key, frozenset[Key]]] = field(default=dict, compare=False, repr=False)
    addresses: Mapping[Address, Key] = field(default_factory=dict, compare=False, repr=False)
    unmodelled: tuple[Unmodelled, ...] = field(default=(), compare=False)
    major: int = field(default=0, compare=False)
    read_unasked: Callable[[], Mapping[Key, DatabaseObject]] = field(default=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("objects", "addresses"):
            object.__setattr__(self, name, MappingProxyType(getattr(self, name)))

    @cached_property
    def unmodelled_objects(self) -> frozenset[Unmodelled]:
        """`unmodelled` without the database's settings: those are not part of a schema, so a copy of it has none."""
        return frozenset(thing for thing in self.unmodelled if thing.type != SETTING)

    @cached_property
    def depends(self) -> Mapping[Key, frozenset[Key]]:
        """For each key the keys it depends on (pg_depend, where both ends are modelled)."""
        return MappingProxyType(dict(self.read_depends()))

    @cached_property
    def unasked(self) -> Mapping[Key, DatabaseObject]:
        """What is said of the objects and is not compared, as nobody asked for it: owners."""
        return MappingProxyType(dict(self.read_unasked()))

    @cached_property
    def carriers(self) -> Mapping[Key, Key]:
        """For each sequence that a column owns, the column."""
        pairs = (getattr(obj, "carried", None) for obj in self.objects.values())
        return MappingProxyType(dict(pair for pair in pairs if pair is not None))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every object: the same for equal Catalogs, whatever order they were read in."""
        digest = hashlib.sha256()
        for key in sorted(self.objects):
            digest.update(repr(self.objects[key]).encode())
        return digest.hexdigest()

    @cached_property
    def dependents(self) -> Mapping[Key, frozenset[Key]]:
        """For each key the keys that depend on it."""
        found: dict[Key, set[Key]] = {}
        for key, needs in self.depends.items():
            for need in needs:
                found.setdefault(need, set()).add(key)
        return MappingProxyType({key: frozenset(users) for key, users in found.items()})

    @cached_property
    def owned(self) -> Mapping[Key, tuple[Key, ...]]:
        """For each key the keys that come and go with it, sorted."""
        found: dict[Key, list[Key]] = {}
        for key in sorted(self.objects):
            owner = self.objects[key].owner
            if owner is not None:
                found.setdefault(owner, []).append(key)
        return MappingProxyType({owner: tuple(keys) for owner, keys in found.items()})

    @cached_property
    def partitions(self) -> Mapping[Key, tuple[Key, ...]]:
        """For each table the tables that are its partitions or inherit from it, sorted."""
        found: dict[Key, list[Key]] = {}
        for key in sorted(self.objects):
            for parent in getattr(self.objects[key], "parents", ()):
                found.setdefault(key._replace(schema=parent[0], name=parent[1]), []).append(key)
        return MappingProxyType({parent: tuple(keys) for parent, keys in found.items()})

    @cached_property
    def routines(self) -> Mapping[str, tuple[Key, ...]]:
        """The functions and aggregates by their bare names, in lower case."""
        found: dict[str, list[Key]] = {}
        for key in sorted(self.objects):
            if key.kind in ("function", "aggregate"):
                found.setdefault(key.name.partition("(")[0].lower(), []).append(key)
        return MappingProxyType({name: tuple(keys) for name, keys in found.items()})

    def renamed_in(self, later: Catalog) -> Mapping[Key, Key]:
        """Old key to new of every object that has another name in `later`, a Catalog of the *same* database."""
        return {
            old: new
            for address, old in self.addresses.items()
            if (new := later.addresses.get(address, old)) != old and new.kind == old.kind
        }

    def of_kind(self, kind: str) -> tuple[DatabaseObject, ...]:
        """The objects of one kind, ordered by key."""
        return tuple(self.objects[key] for key in sorted(self.objects) if key.kind == kind)

    @cached_property
    def names(self) -> Mapping[str, frozenset[str]]:
        """For each schema the names that are used in it, for objects, for parts of them and for what comes with them.

        An array type's is not among them: Postgres gives it another where its own is wanted (moveArrayTypeName).
        """
        found: dict[str, set[str]] = {}
        for key, obj in self.objects.items():
            names = found.setdefault(key.schema, set())
            names.update(key[2:])
            beside = getattr(obj, "names_beside", None)
            if beside is not None:
                names.update(beside(self.major))
        return MappingProxyType({schema: frozenset(names) for schema, names in found.items()})

    def free_name(self, schema: str, wanted: str, ending: str, others: Catalog) -> str:
        """`wanted` with this ending, and a number where that is taken: within the 63 bytes that a name may have, and in
        use for nothing in the schema, here or in `others`.

        Two that are wanted are never made the same: one that is cut has a hash of all of it.
        """
        taken = self.names.get(schema, frozenset()) | others.names.get(schema, frozenset())
        names = (_fitting(wanted, ending + (str(number) if number else "")) for number in count())
        return next(name for name in names if name not in taken)


def _fitting(wanted: str, ending: str) -> str:
    """`wanted` with this ending in at most 63 bytes."""
    encoded = wanted.encode()
    if len(encoded) + len(ending) <= _LONGEST:
        return wanted + ending
    end = f"_{hashlib.sha256(encoded).hexdigest()[:8]}{ending}"
    return encoded[: _LONGEST - len(end)].decode(errors="ignore") + end


EMPTY = Catalog({})
