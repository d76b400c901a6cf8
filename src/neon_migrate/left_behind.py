"""What a table keeps of a parent that it leaves, and what it is to have when another takes it: keys, indexes, checks.

Postgres makes these of it own where it leaves, and takes over those that it finds where it is attached:
https://www.postgresql.org/docs/current/sql-altertable.html, ATTACH PARTITION, DETACH PARTITION and NO INHERIT.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.constraint import Constraint
from neon_migrate.objects.index import Index
from neon_migrate.objects.partitioned_index import PartitionedIndex
from neon_migrate.objects.table import Table, lasting_parents
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from neon_migrate.catalog import Catalog, DatabaseObject

_KINDS = {"p": "primary_key", "u": "unique", "x": "exclusion", "f": "foreign_key", "c": "check"}
_SAME = {"index": "index", "partitioned_index": "index", **{kind: kind for kind in _KINDS.values()}}
"""The kinds of which a partition may have what its parent has as well; both sorts of indexes are the same thing."""

_NOT_VALID = " NOT VALID"

_Definition = tuple[str, str, bool]
"""What parts of two tables have in common: their sort, what they say, and whether they are unique."""


def with_left_behind(before: Catalog, after: Catalog) -> Catalog:
    """`before` with what tables have of their own once they left the parents that they have no more in `after`."""
    parts = {
        obj.key: (obj, frozenset({obj.owner} if obj.owner else ()))
        for table in _with_other_parents(before, after)
        for obj in _parts(table)
    }
    return _with(before, parts)


def with_brought_along(before: Catalog, after: Catalog) -> Catalog:
    """`after` with what partitions are to have of their own before they have it from their parents.

    Those that are attached have all of it by then, so that their rows need not be looked at for it, and what they have
    already stays. Those that stay have their parents' new keys and indexes, which take them over.
    """
    own = [obj for table in _with_other_parents(after, before) if table.bound for obj in _parts(table)]
    own += [replace(obj, of_parent=True) for obj in _new_from_parents(before, after)]  # type: ignore[type-var]
    if not own:
        return after
    alike = Alike(after)
    with_own = _with(after, {obj.key: (obj, _needs(alike, obj)) for obj in own})
    alike = Alike(with_own)
    ready: dict[Key, Any] = {
        key: replace(obj, takes_over=True)  # type: ignore[type-var]
        for key, obj in with_own.objects.items()
        if key not in before.objects and _all_partitions_have_it(before, alike, key)
    }
    return replace(with_own, objects={**with_own.objects, **ready})


@dataclass(frozen=True, slots=True)
class Alike:
    """Keys, indexes and checks of tables, found by what they have in common with those of parents and partitions."""

    catalog: Catalog
    _parts: dict[Key, dict[_Definition, list[Key]]] = field(default_factory=dict)

    def taken_over(self, key: Key) -> Iterator[Key]:
        """The keys or indexes of its table's partitions that this one, once it is made, takes over."""
        obj = self.catalog.objects[key]
        if key.kind in _SAME and obj.owner is not None:
            for partition in self.catalog.partitions.get(obj.owner, ()):
                yield from self.of(partition, obj)

    def of(self, table: Key, part: DatabaseObject) -> Sequence[Key]:
        """Those of `table` that are like this one, which another table has."""
        if table not in self._parts:
            parts = self._parts[table] = {}
            for key in self.catalog.owned.get(table, ()):
                if key.kind in _SAME:
                    parts.setdefault(_definition(self.catalog.objects[key]), []).append(key)
        return self._parts[table].get(_definition(part), ())


def _all_partitions_have_it(before: Catalog, alike: Alike, key: Key) -> bool:
    """Whether those that are in use have what a partitioned table is to have."""
    after = alike.catalog
    owner = after.objects[key].owner
    if key.kind not in _SAME or owner is None or not getattr(after.objects.get(owner), "divided_by", ""):
        return False
    have = {after.objects[part].owner for part in alike.taken_over(key)}
    return all(one in have for one in after.partitions.get(owner, ()) if one in before.objects)


def _new_from_parents(before: Catalog, after: Catalog) -> Iterator[DatabaseObject]:
    """What partitions that stay are to get from their parents, where it can be made before without a long lock."""
    names = {(old.schema, one[1]) for old in before.of_kind("table") if isinstance(old, Table) for one in old.brought}
    sorts = "iIpu" if before.major >= 18 else "iIpuf"  # a partitioned table has no foreign key NOT VALID before 18
    for new in after.of_kind("table"):
        old = before.objects.get(new.key)
        if not isinstance(new, Table) or not isinstance(old, Table) or not new.brought or not new.bound:
            continue
        if new.divided_by != old.divided_by or not lasting_parents(old, new, before, after):
            continue
        had = {(sort, definition) for sort, _, definition, _ in old.brought}
        for one, obj in zip(new.brought, _parts(new), strict=True):
            if one[0] in sorts and (one[0], one[2]) not in had and (new.schema, one[1]) not in names:
                yield obj


def ancestors(catalog: Catalog, table: Key) -> Iterator[Key]:
    """The tables that it is a partition of or inherits from, those of these, and so on."""
    for parent in getattr(catalog.objects.get(table), "parents", ()):
        key = Key("table", *parent)
        yield key
        yield from ancestors(catalog, key)


def _with(catalog: Catalog, parts: Mapping[Key, tuple[DatabaseObject, frozenset[Key]]]) -> Catalog:
    if not parts:
        return catalog
    depends = catalog.depends
    objects = {key: obj for key, (obj, _) in parts.items()}
    needs = {key: needed for key, (_, needed) in parts.items()}
    return replace(catalog, objects={**objects, **catalog.objects}, read_depends=lambda: {**needs, **depends})


def _with_other_parents(there: Catalog, elsewhere: Catalog) -> Iterator[Table]:
    """The tables of `there` that have none of their parents in the other one, where they are as well."""
    for table in there.of_kind("table"):
        other = elsewhere.objects.get(table.key)
        if not isinstance(table, Table) or not isinstance(other, Table) or not table.brought:
            continue
        if table.divided_by == other.divided_by and not lasting_parents(table, other, there, elsewhere):
            yield table


def _parts(table: Table) -> Iterator[DatabaseObject]:
    on = qualified(table.schema, table.name)
    for sort, name, definition, unique in table.brought:
        if sort in _KINDS:
            said = definition.removesuffix(_NOT_VALID)
            yield Constraint(_KINDS[sort], table.schema, table.name, name, said, validated=said == definition)
        elif sort == "i":
            head = f"CREATE {unique}INDEX {identifier(name)} ON "
            yield Index(table.schema, name, table.name, bool(unique), definition.removeprefix(head))
        else:
            head = f"CREATE {unique}INDEX {identifier(name)} ON ONLY {on} "
            yield PartitionedIndex(table.schema, name, table.name, bool(unique), definition.removeprefix(head))


def _needs(alike: Alike, part: Any) -> frozenset[Key]:
    """What such a part depends on: what the one does that it comes from, on its own table's columns."""
    catalog = alike.catalog
    above = list(ancestors(catalog, part.owner))
    needed = {need for parent in above for key in alike.of(parent, part) for need in catalog.depends.get(key, ())}
    return frozenset(_on_own_columns(part.owner, above, needed))


def _on_own_columns(table: Key, above: Iterable[Key], needed: Iterable[Key]) -> Iterator[Key]:
    tables = {tuple(parent[1:3]) for parent in above}
    for need in needed:
        if need.kind == "column" and need[1:3] in tables:
            yield Key("column", table.schema, table.name, need.part)
        elif need.kind != "table" or need[1:3] not in tables:
            yield need


def _definition(part: Any) -> _Definition:
    """What a partition's part and its parent's have in common: the definition of an index names its table."""
    definition = part.definition
    if part.key.kind == "index":
        definition = definition.removeprefix(f"{qualified(part.schema, part.table)} ")
    return _SAME[part.key.kind], definition, getattr(part, "unique", False)
