"""What a database has and schema.json has no word for: it stays, unless what it belongs to goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Unmodelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.catalog import DatabaseObject, Key

EXPRESSIBLE_KINDS = frozenset(
    {"schema", "extension", "enum", "sequence", "sequence_owner", "table", "column", "primary_key", "unique"}
    | {"foreign_key", "check", "index", "comment"}
)
"""The kinds that schema.json has words for."""


def with_kept(desired: Catalog, present: Catalog) -> Catalog:
    """`desired`, and all of `present` that it could not have said: functions, views, triggers and what hangs on them.

    A table that `desired` leaves out takes its triggers and policies along.
    """
    kept = _kept(desired, present)
    if not kept:
        return desired
    objects = {**desired.objects, **kept}

    def depends() -> Mapping[Key, frozenset[Key]]:
        of_kept = {key: present.depends.get(key, frozenset()) & objects.keys() for key in kept}
        return {**desired.depends, **{key: frozenset(needs) for key, needs in of_kept.items()}}

    return Catalog(objects, depends, desired.addresses, desired.unmodelled)


def left_as_they_are(together: Catalog, desired: Catalog) -> tuple[Unmodelled, ...]:
    """The names of what `with_kept` added to `desired`."""
    added = sorted(key for key in together.objects.keys() - desired.objects.keys() if key.kind not in EXPRESSIBLE_KINDS)
    return tuple(Unmodelled(key.kind.replace("_", " "), key.qualified_name) for key in added)


def _kept(desired: Catalog, present: Catalog) -> dict[Key, DatabaseObject]:
    kept: dict[Key, DatabaseObject] = {}
    waiting = [key for key in present.objects if key.kind not in EXPRESSIBLE_KINDS]
    while waiting:
        key = waiting.pop()
        obj = present.objects[key]
        if key in kept or key in desired.objects:
            continue
        if obj.owner is None or obj.owner in desired.objects or obj.owner in kept:
            kept[key] = obj
            waiting.extend(present.owned.get(key, ()))
    return kept
