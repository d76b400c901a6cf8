"""What separates two Catalogs, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from neon_migrate.objects import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.catalog import Catalog, DatabaseObject, Key


@dataclass(frozen=True, slots=True)
class Create:
    """An object that only the after side has."""

    new: DatabaseObject

    @property
    def key(self) -> Key:
        return self.new.key


@dataclass(frozen=True, slots=True)
class Drop:
    """An object that only the before side has."""

    old: DatabaseObject

    @property
    def key(self) -> Key:
        return self.old.key


@dataclass(frozen=True, slots=True)
class Alter:
    """An object that both sides have, differently."""

    old: DatabaseObject
    new: DatabaseObject

    @property
    def key(self) -> Key:
        return self.new.key


@dataclass(frozen=True, slots=True)
class Rename:
    """An object that is the same on both sides but for its name (constraints and indexes)."""

    old: DatabaseObject
    new: DatabaseObject

    @property
    def key(self) -> Key:
        return self.new.key


Change = Create | Drop | Alter | Rename


@runtime_checkable
class Dated(Protocol):
    """An object of which older servers know less."""

    def as_of(self, major: int) -> DatabaseObject:
        """How a server of this major version has it."""


@runtime_checkable
class Offered(Protocol):
    """An object of which a server offers one version or another."""

    def same_elsewhere(self, other: DatabaseObject) -> bool:
        """Whether `other`, of a server that offers another version, is the same."""


def diff(before: Catalog, after: Catalog) -> tuple[Change, ...]:
    """The Changes that make `before` into `after`, ordered by key; empty when the two are equal.

    Constraints and indexes that differ in nothing but their name are renamed; tables and columns never are, since
    nothing tells a rename from a drop and a create (`renamed_from` in schema.json does). What the older of two servers
    has no word for is none, nor is the version of an extension where they offer different ones.
    """
    older = min(before.major, after.major) if before.major != after.major else 0
    creates = {key: after.objects[key] for key in after.objects.keys() - before.objects.keys()}
    drops = {key: before.objects[key] for key in before.objects.keys() - after.objects.keys()}
    renames = _renames(drops.values(), creates.values())
    for rename in renames:
        del drops[rename.old.key], creates[rename.new.key]
    changes: list[Change] = [
        *renames,
        *map(Create, creates.values()),
        *map(Drop, drops.values()),
        *(
            Alter(old, new)
            for key, old in before.objects.items()
            if (new := after.objects.get(key)) is not None and old != new and not _same_on(older, old, new)
        ),
    ]
    return tuple(sorted(changes, key=lambda change: change.key))


def _same_on(major: int, old: DatabaseObject, new: DatabaseObject) -> bool:
    """Whether the two are one on a server of this major version; 0: of that which both are from."""
    # What the servers offer besides may differ too.
    if isinstance(old, Offered) and old.same_elsewhere(new):
        return True
    return bool(major) and isinstance(old, Dated) and isinstance(new, Dated) and old.as_of(major) == new.as_of(major)


def _renames(drops: Iterable[DatabaseObject], creates: Iterable[DatabaseObject]) -> list[Rename]:
    new_names: dict[object, DatabaseObject] = {}
    for new in sorted(creates, key=lambda obj: obj.key, reverse=True):
        same = kind_of(new.key).apart_from_name(new)
        if same is not None:
            new_names[new.key.kind, same] = new
    found = []
    for old in sorted(drops, key=lambda obj: obj.key):
        same = kind_of(old.key).apart_from_name(old)
        renamed = new_names.pop((old.key.kind, same), None) if same is not None else None
        if renamed is not None:
            found.append(Rename(old, renamed))
    return found
