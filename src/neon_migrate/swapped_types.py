"""Types that are swapped together, and what is of them: what there is to be done, without saying how."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.objects import kind_of
from neon_migrate.sql import literal, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.catalog import Catalog, DatabaseObject
    from neon_migrate.kind import NewType

TYPES = frozenset({"enum", "domain", "composite_type", "range_type"})
"""The kinds of types that columns can be of, and other types made of."""


@dataclass(frozen=True)
class SwappedTypes:
    """Some types, each after those of them that it is made of in `after`.

    away  what is dropped, also where it is created again
    """

    before: Catalog
    after: Catalog
    keys: tuple[Key, ...]
    away: frozenset[Key]

    @cached_property
    def new(self) -> dict[Key, NewType]:
        """How each new type takes the old one's place."""
        sides = ((key, self.before.objects[key], self.after.objects[key]) for key in self.keys)
        return {key: kind_of(key).new_type(old, new, self.before, self.after) for key, old, new in sides}

    @cached_property
    def asides(self) -> dict[str, str]:
        """For each name of an old type, as `format_type` writes it, the one that it has while there are both."""
        return {
            qualified(key.schema, name): self.before.free_name(key.schema, name, "_replaced", self.after)
            for key in self.keys
            for name in type_names(self.before.objects[key])
        }

    def old_name(self, key: Key) -> str:
        """The qualified name of an old type while there are both."""
        return qualified(key.schema, self.asides[qualified(key.schema, key.name)])

    @cached_property
    def users(self) -> frozenset[Key]:
        """All that depends on one of the types."""
        return frozenset(user for key in self.keys for user in self.before.dependents.get(key, ()))

    @cached_property
    def typed(self) -> tuple[Key, ...]:
        """The tables that have their columns from one of the types, and keep it."""
        sides = self.before.objects, self.after.objects
        tables = (key for key in sorted(self.users - self.away) if key.kind == "table" and key in self.after.objects)
        return tuple(key for key in tables if all(getattr(side[key], "of_type", "") in self.asides for side in sides))

    @cached_property
    def _columns(self) -> tuple[Key, ...]:
        stay = (key for key in sorted(self.users - self.away) if key.kind == "column" and key in self.after.objects)
        return tuple(key for key in stay if not column_of(self.after, key).generated)

    @cached_property
    def converted(self) -> tuple[Key, ...]:
        """The columns that are of one of the types, or of arrays of one, and are to be; and those of a table of a type
        that get another with their attribute.
        """
        names = {qualified(key.schema, name) for key in self.keys for name in type_names(self.after.objects[key])}
        of_typed = frozenset(table[1:3] for table in self.typed)
        return tuple(
            key
            for key in self._columns
            if (self._is_of_old(key) and _element(column_of(self.after, key).type) in names)
            or (key[1:3] in of_typed and _type(self.before, key) != _type(self.after, key))
        )

    @cached_property
    def named_in_default(self) -> tuple[Key, ...]:
        """The columns of which nothing but the default names one of the types."""
        return tuple(
            key
            for key in self._columns
            if not self._is_of_old(key)
            and column_of(self.before, key).default is not None
            and _type(self.before, key) == _type(self.after, key)
            and any(need in self.keys for need in self.before.depends[key] - {column_of(self.before, key).parent})
        )

    def _is_of_old(self, key: Key) -> bool:
        return _element(column_of(self.before, key).type) in self.asides

    @cached_property
    def altered(self) -> tuple[Key, ...]:
        """The columns that are changed along with the types."""
        return tuple(sorted({*self.converted, *self.named_in_default}))

    @cached_property
    def leaving(self) -> frozenset[Key]:
        """The columns and types that have to be of others before the old types go."""
        others = self.users - self.away - {*self.keys, *self.altered}
        columns = {key for key in self._columns if key in others and self._is_of_old(key)}
        return frozenset(columns | {key for key in others if key.kind in TYPES})

    def parents(self, column: Key) -> tuple[Key, ...]:
        """The columns that are altered, and this one with them: those of the same name of its table's parents."""
        table: Any = self.before.objects[Key("table", column.schema, column.name)]
        parents = (column._replace(schema=schema, name=name) for schema, name in table.parents)
        return tuple(parent for parent in parents if parent in self.altered)

    def default_after(self, column: Key) -> str | None:
        """The default that a column gets with its new type: the one it is to have.

        Where that calls what is only made for the new types, the old one stays until then if it is a value of theirs.
        """
        old: str | None = column_of(self.before, column).default
        new: str | None = column_of(self.after, column).default
        if not self.called_by_default(column, self.after):
            return new
        values = {
            f"{literal(label).strip()}::{qualified(key.schema, key.name)}"
            for key in self.keys
            for label in getattr(self.after.objects[key], "labels", ())
        }
        return old if old in values else None

    def called_by_default(self, column: Key, catalog: Catalog) -> tuple[Key, ...]:
        """What a column's default calls that takes or gives one of the types."""
        needs = catalog.depends.get(column, frozenset()).difference(self.keys)
        called = (need for need in sorted(needs) if need.kind not in {"table", "column", *TYPES})
        return tuple(need for need in called if needs_any(need, self.keys, catalog))

    @cached_property
    def reshaped(self) -> frozenset[Key]:
        """The types whose values' text is another in the new one: an attribute has another place, within them too."""
        found: set[Key] = set()
        for key in self.keys:
            if self.new[key].reordered or made_of(key, found, self.after):
                found.add(key)
        return frozenset(found)

    def is_reshaped(self, type_: str) -> bool:
        """The same of a type, or arrays of it, as `format_type` writes it."""
        names = {qualified(key.schema, name) for key in self.reshaped for name in type_names(self.after.objects[key])}
        return _element(type_) in names


def type_names(obj: DatabaseObject) -> tuple[str, ...]:
    """The names, in its schema, of the types that a type brings: its own, and that of its multirange type."""
    multirange = getattr(obj, "multirange", "")
    return (obj.key.name, multirange) if multirange else (obj.key.name,)


def made_of(key: Key, types: Iterable[Key], catalog: Catalog) -> bool:
    """Whether a type depends on one of `types`."""
    return not catalog.depends.get(key, frozenset()).isdisjoint(types)


def needs_any(key: Key, types: Iterable[Key], catalog: Catalog) -> bool:
    """Whether an object depends on one of `types`, also by way of others."""
    wanted, seen, waiting = frozenset(types), {key}, [key]
    while waiting:
        needs = catalog.depends.get(waiting.pop(), frozenset())
        if not needs.isdisjoint(wanted):
            return True
        waiting += needs - seen
        seen |= needs
    return False


def column_of(catalog: Catalog, key: Key) -> Any:
    """The column of this key, whose fields are not those of every object."""
    return catalog.objects[key]


def _type(catalog: Catalog, key: Key) -> tuple[str, str]:
    column = column_of(catalog, key)
    return column.type, column.collation


def _element(type_: str) -> str:
    return type_.removesuffix("[]")
