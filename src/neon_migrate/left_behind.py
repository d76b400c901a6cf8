"""What a table keeps of its parent when it leaves it: keys, indexes and checks that were the parent's alone before.

https://www.postgresql.org/docs/current/sql-altertable.html, DETACH PARTITION and NO INHERIT.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from neon_migrate.constraint import Constraint
from neon_migrate.objects.index import Index
from neon_migrate.objects.partitioned_index import PartitionedIndex
from neon_migrate.objects.table import Table
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.catalog import Catalog, DatabaseObject, Key

_KINDS = {"p": "primary_key", "u": "unique", "x": "exclusion", "f": "foreign_key", "c": "check"}


def with_left_behind(before: Catalog, after: Catalog) -> Catalog:
    """`before` with what tables have of their own once they left the parents that they have no more in `after`."""
    left = {obj.key: obj for table in _leaving(before, after) for obj in _parts(table)}
    if not left:
        return before
    depends = before.depends
    own: dict[Key, frozenset[Key]] = {key: frozenset({obj.owner} if obj.owner else ()) for key, obj in left.items()}
    return replace(before, objects={**left, **before.objects}, read_depends=lambda: {**own, **depends})


def _leaving(before: Catalog, after: Catalog) -> Iterator[Table]:
    for old in before.of_kind("table"):
        new = after.objects.get(old.key)
        if not isinstance(old, Table) or not isinstance(new, Table) or not old.brought:
            continue
        if old.divided_by == new.divided_by and not set(old.parents) & set(new.parents):
            yield old


def _parts(table: Table) -> Iterator[DatabaseObject]:
    on = qualified(table.schema, table.name)
    for sort, name, definition, unique in table.brought:
        if sort in _KINDS:
            yield Constraint(_KINDS[sort], table.schema, table.name, name, definition)
        elif sort == "i":
            head = f"CREATE {unique}INDEX {identifier(name)} ON "
            yield Index(table.schema, name, table.name, bool(unique), definition.removeprefix(head))
        else:
            head = f"CREATE {unique}INDEX {identifier(name)} ON ONLY {on} "
            yield PartitionedIndex(table.schema, name, table.name, bool(unique), definition.removeprefix(head))
