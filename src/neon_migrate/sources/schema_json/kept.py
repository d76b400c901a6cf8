"""What a database has and schema.json has no word for: it stays, unless what it belongs to goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from neon_migrate.catalog import Catalog, Unmodelled
from neon_migrate.column import Column
from neon_migrate.objects.extension import Extension

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from neon_migrate.catalog import DatabaseObject, Key
    from neon_migrate.objects.table import Table

EXPRESSIBLE_KINDS = frozenset(
    {"schema", "extension", "enum", "sequence", "sequence_owner", "table", "column", "primary_key", "unique"}
    | {"foreign_key", "check", "index", "comment"}
)
"""The kinds that schema.json has words for."""


def with_kept(desired: Catalog, present: Catalog) -> Catalog:
    """`desired`, and all of `present` that it could not have said: functions, views, triggers and what hangs on them.

    A table that `desired` leaves out takes its triggers and policies along.
    """
    desired = _with_names_kept(_with_versions_kept(desired, present), present)
    kept = _kept(desired, present)
    if not kept:
        return desired
    objects = {**desired.objects, **kept}

    def depends() -> Mapping[Key, frozenset[Key]]:
        of_kept = {key: present.depends.get(key, frozenset()) & objects.keys() for key in kept}
        return {**desired.depends, **{key: frozenset(needs) for key, needs in of_kept.items()}}

    return Catalog(objects, depends, desired.addresses, desired.unmodelled, desired.major)


def named_not_null(catalog: Catalog) -> Iterator[Column]:
    """The columns whose NOT NULL somebody has given a name, for which schema.json has no word."""
    columns = cast("Iterable[Column]", catalog.of_kind("column"))
    return (column for column in columns if column.not_null_named)


def _with_names_kept(desired: Catalog, present: Catalog) -> Catalog:
    """`desired`, where what it has as NOT NULL is called as it is in `present`."""
    named: dict[Key, DatabaseObject] = {
        column.key: replace(there, not_null_named=column.not_null_named, not_null_name=column.not_null_name)
        for column in named_not_null(present)
        if isinstance(there := desired.objects.get(column.key), Column) and there.not_null
    }
    return replace(desired, objects={**desired.objects, **named}) if named else desired


def _with_versions_kept(desired: Catalog, present: Catalog) -> Catalog:
    """`desired`, where what extensions it names no version of have the one that they have in `present`."""
    pairs = ((obj, present.objects.get(obj.key)) for obj in desired.of_kind("extension"))
    kept: dict[Key, DatabaseObject] = {
        obj.key: replace(obj, version=there.version, offered=there.offered)
        for obj, there in pairs
        if isinstance(obj, Extension) and isinstance(there, Extension) and obj.version == obj.offered
    }
    return replace(desired, objects={**desired.objects, **kept}) if kept else desired


def left_as_they_are(together: Catalog, desired: Catalog) -> tuple[Unmodelled, ...]:
    """The names of what `with_kept` added to `desired`."""
    added = sorted(together.objects.keys() - desired.objects.keys())
    named = (key for key in added if key.kind == "table" or key.kind not in EXPRESSIBLE_KINDS)
    return tuple(
        Unmodelled(key.kind.replace("_", " "), key.qualified_name, "schema.json has no word for it") for key in named
    )


def beyond_words(catalog: Catalog) -> frozenset[Key]:
    """Of the expressible kinds what schema.json still has no words for: partitioned tables, partitions, tables that
    inherit, with their parts and the sequences that go away with one of their columns.
    """
    tables = (table for table in cast("Iterable[Table]", catalog.of_kind("table")) if not table.plain)
    found: set[Key] = set()
    waiting = [table.key for table in tables]
    while waiting:
        key = waiting.pop()
        found.add(key)
        waiting.extend(catalog.owned.get(key, ()))
    carried = [getattr(owner, "carried", None) for owner in catalog.of_kind("sequence_owner")] if found else []
    for pair in carried:
        if pair is not None and pair[1] in found:
            found |= {pair[0], *catalog.owned.get(pair[0], ())}
    return frozenset(found)


def _kept(desired: Catalog, present: Catalog) -> dict[Key, DatabaseObject]:
    kept: dict[Key, DatabaseObject] = {}
    waiting = [key for key in present.objects if key.kind not in EXPRESSIBLE_KINDS]
    waiting += beyond_words(present)
    while waiting:
        key = waiting.pop()
        obj = present.objects[key]
        if key.kind == "table" and key in desired.objects:
            kept[key] = obj
        if key in kept or key in desired.objects:
            continue
        if obj.owner is None or obj.owner in desired.objects or obj.owner in kept:
            kept[key] = obj
            waiting.extend(present.owned.get(key, ()))
    return kept
