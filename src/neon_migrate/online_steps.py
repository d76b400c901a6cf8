"""In which steps one half of a Change is done to a table that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.objects import kind_of
from neon_migrate.ordering import DROP, RELEASE

if TYPE_CHECKING:
    from neon_migrate.catalog import Key
    from neon_migrate.kind import OnlineStep
    from neon_migrate.operations import Operations
    from neon_migrate.ordering import Node


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
    if replaced_online(work, key):
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
