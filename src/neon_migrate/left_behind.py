"""What a table keeps of a parent that it leaves, and what it is to have when another takes it: keys, indexes, checks.

Postgres makes these of it own where it leaves, and takes over those that it finds where it is attached:
https://www.postgresql.org/docs/current/sql-altertable.html, ATTACH PARTITION, DETACH PARTITION and NO INHERIT.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.constraint import Constraint
from neon_migrate.objects.index import Index
from neon_migrate.objects.partitioned_index import PartitionedIndex
from neon_migrate.objects.table import Table
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from neon_migrate.catalog import Catalog, DatabaseObject

_KINDS = {"p": "primary_key", "u": "unique", "x": "exclusion", "f": "foreign_key", "c": "check"}
_NOT_VALID = " NOT VALID"


def with_left_behind(before: Catalog, after: Catalog) -> Catalog:
    """`before` with what tables have of their own once they left the parents that they have no more in `after`."""
    parts = {
        obj.key: (obj, frozenset({obj.owner} if obj.owner else ()))
        for table in _with_other_parents(before, after)
        for obj in _parts(table)
    }
    return _with(before, parts)


def with_brought_along(before: Catalog, after: Catalog) -> Catalog:
    """`after` with what tables are to have of their own before the parents take them that they have not in `before`.

    A partition that has them is attached without its rows being looked at for them, and what it has already stays.
    """
    parts = {
        obj.key: (obj, _needs(after, table, obj))
        for table in _with_other_parents(after, before)
        if table.bound
        for obj in _parts(table)
    }
    return _with(after, parts)


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
        if table.divided_by == other.divided_by and not set(table.parents) & set(other.parents):
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


def _needs(catalog: Catalog, table: Table, part: Any) -> frozenset[Key]:
    """What such a part depends on: what the one does that it comes from, on its own table's columns."""
    above = list(ancestors(catalog, table.key))
    said = _definition(table, part)
    sources = (key for parent in above for key in catalog.owned.get(parent, ()))
    same = [key for key in sources if getattr(catalog.objects[key], "definition", None) == said]
    needed = {need for key in same for need in catalog.depends.get(key, ())}
    return frozenset(_on_own_columns(table, above, needed))


def _on_own_columns(table: Table, above: Iterable[Key], needed: Iterable[Key]) -> Iterator[Key]:
    tables = {tuple(parent[1:3]) for parent in above}
    for need in needed:
        if need.kind == "column" and need[1:3] in tables:
            yield Key("column", table.schema, table.name, need.part)
        elif need.kind != "table" or need[1:3] not in tables:
            yield need


def _definition(table: Table, part: Any) -> str:
    """As a parent's has it: that of an index does not name the table."""
    definition: str = part.definition
    return (
        definition.removeprefix(f"{qualified(table.schema, table.name)} ") if part.key.kind == "index" else definition
    )
