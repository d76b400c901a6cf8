"""Whose a sequence is that a column takes, or lets go of: Postgres wants it to be whose the table is.

https://www.postgresql.org/docs/current/sql-altersequence.html, OWNED BY. A sequence that a column owns has its table's
owner, and nothing is said of it; where that changes, what is otherwise understood has to be said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.objects import kind_of
from neon_migrate.objects.owner import Owner, owner_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.catalog import Catalog


def with_sequence_owners(before: Catalog, after: Catalog) -> tuple[Catalog, Catalog]:
    """Both with the owners of sequences that a column owns in one of them, or another table's in the other."""
    if not any(key.kind == "owner" for side in (before, after) for key in side.objects):
        return before, after
    was, now = _tables(before), _tables(after)
    changed = sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))
    to_say = [key for key in changed if not _comes_owned(key, before, after)]
    return _said(before, was, [key for key in changed if key in before.objects]), _said(after, now, to_say)


def _tables(catalog: Catalog) -> dict[Key, Key]:
    """For each sequence that a column owns the column's table."""
    return {sequence: Key("table", *column[1:3]) for sequence, column in catalog.carriers.items()}


def _comes_owned(key: Key, before: Catalog, after: Catalog) -> bool:
    """Whether a sequence is made with its table, or with a serial column: then it is the table's owner's by itself."""
    if key not in after.objects or key in before.objects:
        return key not in after.objects
    owned: Any = after.objects.get(key._replace(kind="sequence_owner"))
    column: Any = after.objects.get(Key("column", *owned.column)) if owned else None
    new_table = owned is not None and Key("table", *owned.column[:2]) not in before.objects
    serial = column is not None and column.key not in before.objects and column.serial_sequence(after) == key
    return new_table or serial


def _said(catalog: Catalog, tables: Mapping[Key, Key], sequences: list[Key]) -> Catalog:
    """The Catalog in which it is said of these sequences whose they are; their ownership waits for it."""
    taken = [key for key in sequences if key in tables]
    if not taken:
        return catalog
    depends = catalog.depends
    objects: dict[Key, Owner] = {}
    waits: dict[Key, frozenset[Key]] = {}
    for key in taken:
        of_table: Any = catalog.objects.get(owner_key(tables[key]))
        if of_table is not None:
            objects[owner_key(key)] = Owner(key, kind_of(key).identity(catalog.objects[key]), of_table.role)
            waits[owner_key(key)] = frozenset({key})
        link, owners = key._replace(kind="sequence_owner"), (owner_key(key), owner_key(tables[key]))
        said = {owner for owner in owners if owner in objects or owner in catalog.objects}
        waits[link] = depends.get(link, frozenset()) | said
    return replace(catalog, objects={**catalog.objects, **objects}, read_depends=lambda: {**depends, **waits})
