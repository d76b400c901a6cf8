"""In which steps one half of a Change is done to a table that is in use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.kind import OnlineStep
from neon_migrate.objects import kind_of
from neon_migrate.ordering import DROP, RELEASE

if TYPE_CHECKING:
    from neon_migrate.operations import Operations
    from neon_migrate.ordering import Node

_MARKS = frozenset({"replica_identity", "clustered_index"})
"""What a table says of one of its indexes, and is to say at any time: of the old one until it does of the new one."""


def online_steps(work: Operations, node: Node) -> tuple[OnlineStep, ...]:
    """The steps of this half; none where its plain statements hold up nobody for long."""
    half, key = node
    kind = kind_of(key)
    if half == DROP:
        return () if work.loses_what_it_is_on(key) else kind.drop_online(work.drops[key])
    if half == RELEASE or key in work.renames:
        return ()
    if key in work.alters:
        return work.alters[key][1].online
    if (constraint := constraint_replaced(work, key)) is not None:
        return _named_afterwards(work, key, constraint)
    if replaced_online(work, key):
        if any(user.kind in _MARKS and user in work.drops for user in work.before.dependents.get(key, ())):
            return _named_afterwards(work, key, key)
        return kind.replace_online(work.drops[key], work.creates[key], work.before, work.after)
    return kind.create_online(work.creates[key], work.before, work.after) if _on_a_table_in_use(work, key) else ()


def replaced_online(work: Operations, key: Key) -> bool:
    """Whether what is dropped and created under the same name can stay until there is another in its place."""
    if key not in work.drops or key not in work.creates or work.before.objects[key].owner in work.drops:
        return False
    if any(need in work.drops and need in work.after.objects for need in work.before.depends.get(key, ())):
        return False  # what is made anew, and not gone for good once there is another in its place
    if any(need in swap.alterations for swap in work.swaps for need in work.before.depends.get(key, ())):
        return False  # what it names has to go in one transaction
    if any(_changes_under(work, key, need) for need in work.before.depends.get(key, ())):
        return False
    return bool(kind_of(key).replace_online(work.drops[key], work.creates[key], work.before, work.after))


def constraint_replaced(work: Operations, key: Key) -> Key | None:
    """The constraint in whose place an index of its name comes, which can be built before that goes."""
    table = work.creates[key].owner if key.kind == "index" and key in work.creates else None
    if table is None or key in work.drops or table in work.drops:
        return None
    named = (Key(kind, table.schema, table.name, key.name) for kind in ("unique", "exclusion", "primary_key"))
    found = next((one for one in named if one in work.drops and one not in work.creates), None)
    if found is None or any(_changes_under(work, found, need) for need in work.before.depends.get(found, ())):
        return None
    used = any(user.kind == "foreign_key" for user in work.before.dependents.get(found, ()))
    return None if used or not work.creates[key].valid else found  # type: ignore[attr-defined]


def _named_afterwards(work: Operations, key: Key, going: Key) -> tuple[OnlineStep, ...]:
    """An index under a name that is free, and then under that of the constraint, or of another index, as this goes."""
    new: Any = work.creates[key]
    kind = kind_of(key)
    other = replace(new, name=work.before.free_name(new.schema, new.name, "_new", work.after))
    dropped = kind_of(going).drop(work.drops[going])
    named = (*dropped, *kind.rename(other, new))
    built = kind.create_online(other, work.before, work.after)
    return (*built, OnlineStep(named, name=f"replace {new.name} of {new.table}"))


def _on_a_table_in_use(work: Operations, key: Key) -> bool:
    """Whether what is created is on something that is there before."""
    owner = work.creates[key].owner
    needs = work.after.depends.get(key, ()) if owner is None else (owner,)
    return any(need in work.before.objects and need not in work.creates for need in needs)


def _changes_under(work: Operations, key: Key, column: Key) -> bool:
    """Whether a column is to have another type, which what is on it may not stand."""
    if column.kind != "column" or column not in work.after.objects:
        return False
    if work.before.objects[column].type != work.after.objects[column].type:  # type: ignore[attr-defined]
        return True
    types = [need for need in work.before.depends.get(column, ()) if need in work.alters]
    return any(work.alters[need][1].disturbs(work.before.objects[key]) for need in types)
