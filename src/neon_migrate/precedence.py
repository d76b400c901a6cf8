"""What has to be done before what: by pg_depend of both sides, and by names and bounds that only one may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.catalog import Key
from neon_migrate.inheritance import inheriting
from neon_migrate.left_behind import Alike, ancestors
from neon_migrate.objects.table import Table
from neon_migrate.operations import joined
from neon_migrate.ordering import DROP, PUT, RELEASE, Node, names_taken, parents_bounded
from neon_migrate.row_types import holding_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from neon_migrate.catalog import Catalog
    from neon_migrate.operations import Operations
    from neon_migrate.ordering import Name
    from neon_migrate.placement import Placement

_SHARED_WITH_PARENT = frozenset(
    {"column", "check", "primary_key", "unique", "exclusion", "foreign_key", "index", "partitioned_index"}
)
"""The kinds of what a table has to have in common with its parent, or takes from it."""

_SAID = frozenset({"comment", "grant"})
"""The kinds of what is said of an object by its name."""

_NOT_LOOKED_FOR = frozenset({"column", "extension"})
"""The kinds of what is only found where it is named."""

_Wait = tuple[Node, Node]
"""A node, and one that has to be done before it."""


def precedence(work: Operations, places: Placement) -> dict[Node, set[Node]]:
    """Each half of a Change with those that have to be done before it."""
    nodes = {(DROP, key) for key in work.drops if key not in places.gone and key not in places.droppers}
    nodes |= {(PUT, key) for key in (*work.creates, *work.alters, *work.renames) if key not in places.inlined}
    nodes |= {(RELEASE, key) for key, (_, alteration) in work.alters.items() if alteration.releases}
    nodes |= {(RELEASE, key) for key in work.asides}
    follows: dict[Node, set[Node]] = {node: set() for node in nodes}
    for later, earlier in _waits(work, places):
        if later != earlier and later in nodes and earlier in nodes:
            follows[later].add(earlier)
    return follows


def _waits(work: Operations, places: Placement) -> Iterator[_Wait]:
    names_wait = frozenset(_names(work, places))
    beside = frozenset(_beside_a_new_parent(work))
    yield from names_wait
    yield from _bounds(work, places)
    yield from _own_halves(work, places)
    yield from _passing_on(work, places)
    yield from _taking_down(work, places, names_wait)
    yield from _putting_up(work, places, beside)
    yield from _attaching(work, places, beside)
    yield from _detaching(work, places)
    yield from _swapping(work, places)
    yield from _taking_over(work)
    yield from _logging(work, places)


def _own_halves(work: Operations, places: Placement) -> Iterator[_Wait]:
    """An alteration, after what it lets go of; what is put back, after it was taken down."""
    for key in (*work.alters, *work.asides):
        yield (PUT, key), (RELEASE, key)
        if key.kind in ("column", "table") and key in work.alters:
            table = Key("table", key.schema, key.name)
            held = (column for column in holding_rows(work.before, table) if column in work.drops)
            yield from (((PUT, key), places.node(DROP, column)) for column in held)
            held = (column for column in holding_rows(work.after, table) if column in work.creates)
            yield from ((places.node(PUT, column), (PUT, key)) for column in held)
    for key in work.creates:
        put = places.node(PUT, key)
        yield put, (DROP, key)
        if key in work.drops:
            # A foreign key that is put back must not find the key it is to do without, nor a call the function.
            still = work.creates.keys() & work.after.depends.get(key, ())
            for need in work.before.depends.get(key, ()):
                if need.kind not in _NOT_LOOKED_FOR and need not in still:
                    yield put, (DROP, need)


def _passing_on(work: Operations, places: Placement) -> Iterator[_Wait]:
    """A column, after one of its name in a parent: what changes there changes here, and this one may differ. The
    parent's, after what is taken down of all that inherit it.
    """
    for key in work.alters:
        if key.kind == "column":
            parents = getattr(work.after.objects[Key("table", key.schema, key.name)], "parents", ())
            above = (Key("column", schema, table, key.part) for schema, table in parents)
            for column in above:
                yield (PUT, key), (PUT, column)
                yield (PUT, column), (RELEASE, key)
            users = (user for column in inheriting(work.before, key) for user in work.before.dependents.get(column, ()))
            yield from (((PUT, key), places.node(DROP, user)) for user in users if user in work.drops)


def _taking_down(work: Operations, places: Placement, names_wait: Set[_Wait]) -> Iterator[_Wait]:
    """What is dropped, altered or renamed, before what it needed on the before side goes or becomes another."""
    for key in (*work.drops, *work.alters, *work.renames):
        old = work.renames[key].old.key if key in work.renames else key
        user = places.node(DROP if key in work.drops else PUT, key)
        freed = work.alters[key][1].frees if key in work.alters else ()
        owner = work.before.objects[old].owner
        if owner is not None:
            # By the name that its owner has as yet; and of a partition's copy of something, before there is none.
            taken_back = user[0] == DROP and key.kind in _SAID
            yield ((RELEASE, owner), user) if taken_back else (user, (RELEASE, owner))
        for need in work.before.depends.get(old, ()):
            dropped = places.node(DROP, need)
            yield (PUT, need), (RELEASE, key)
            yield dropped, (RELEASE, key) if (user, dropped) in names_wait or need in freed else user
            if user[0] == DROP:
                yield places.node(PUT, need), user
                owner = work.before.objects[need].owner
                if owner is not None:
                    yield places.node(PUT, owner), user


def _putting_up(work: Operations, places: Placement, beside: Set[tuple[Key, Key]]) -> Iterator[_Wait]:
    """What is created or altered, after what it needs on the after side."""
    for key in (*work.creates, *work.alters):
        user = places.node(PUT, key)
        for need in work.after.depends.get(key, ()):
            yield user, places.node(PUT, need)
        owner = work.after.objects[key].owner
        if owner is not None and (owner, key) not in beside:
            yield user, places.node(PUT, owner)


def _attaching(work: Operations, places: Placement, beside: Set[tuple[Key, Key]]) -> Iterator[_Wait]:
    """A table that gets a parent, after what makes the two agree: what the parent has the table must have as well."""
    for key, part in beside:
        yield (PUT, key), places.node(DROP, part)
        owner = (work.after if part in work.after.objects else work.before).objects[part].owner
        if part.kind == "column":
            yield (PUT, part), (RELEASE, key)
        if part.kind == "column" or owner == key:
            yield (PUT, key), (PUT, part)
        elif part.kind == "check" and not getattr(work.after.objects[key], "bound", ""):
            yield (PUT, part), (PUT, key)


def _beside_a_new_parent(work: Operations) -> Iterator[tuple[Key, Key]]:
    """A table that is attached to another, and the columns, keys, indexes and checks of either."""
    for key in work.alters:
        attached = joined(work.before, work.after, key)
        above = {each for parent in attached for each in (parent, *ancestors(work.after, parent))}
        for table in (key, *above) if attached else ():
            parts = {*work.before.owned.get(table, ()), *work.after.owned.get(table, ())}
            yield from ((key, part) for part in sorted(parts) if part.kind in _SHARED_WITH_PARENT)


def _detaching(work: Operations, places: Placement) -> Iterator[_Wait]:
    """What happens to a parent's columns, keys and indexes would happen to those of a partition that leaves it."""
    for key in work.alters:
        left = joined(work.after, work.before, key)
        for parent in left:
            # Postgres lets no partition go that has rows which others refer to by way of its parent.
            for part in work.before.owned.get(parent, ()):
                users = (user for user in work.before.dependents.get(part, ()) if user[1:3] != parent[1:3])
                keys = (user for user in users if user.kind == "foreign_key" and user in work.drops)
                yield from (((RELEASE, key), places.node(DROP, user)) for user in keys)
        for owned in (work.before.owned, work.after.owned):
            for part in (part for parent in left for part in owned.get(parent, ())):
                yield (PUT, part), (RELEASE, key)
                if part in work.drops:
                    yield places.node(DROP, part), (RELEASE, key)


def _swapping(work: Operations, places: Placement) -> Iterator[_Wait]:
    """Types that are swapped, between what is taken down and put up on their columns, and after what leaves them."""
    for swap in work.swaps:
        put = (PUT, swap.leader)
        yield from ((put, places.node(PUT, key)) for key in swap.leaving)
        for key in swap.alterations:
            yield from ((put, (RELEASE, user)) for user in work.before.dependents.get(key, ()))
        for column, left in swap.columns.items():
            has_default = getattr(left, "default", None) == getattr(work.after.objects[column], "default", None)
            needs = work.after.depends.get(column, frozenset()) - swap.columns.keys() if has_default else frozenset()
            yield from ((put, places.node(PUT, need)) for need in needs if need.kind not in ("table", "column"))
            yield from ((places.node(DROP, need), put) for need in work.before.depends.get(column, ()))
            yield from ((put, places.node(DROP, user)) for user in work.before.dependents.get(column, ()))
            yield from ((places.node(PUT, user), put) for user in work.after.dependents.get(column, ()))


def _logging(work: Operations, places: Placement) -> Iterator[_Wait]:
    """A table that is to be logged, after those that its foreign keys refer to; one that is not to be, after those that
    refer to it: what is logged may not refer to what is not (ATPrepChangePersistence).
    """
    changed = {key for key, (new, _) in work.alters.items() if isinstance(new, Table)}
    changed = {key for key in changed if _unlogged(work.before, key) != _unlogged(work.after, key)}
    for catalog, half in ((work.before, DROP), (work.after, PUT)) if changed else ():
        for key, needs in catalog.depends.items():
            referring = catalog.objects[key].owner if key.kind == "foreign_key" else None
            if referring is None:
                continue
            owners = {need if need.kind == "table" else catalog.objects[need].owner for need in needs}
            for referred in owners - {referring, None}:
                yield from _logged_before(work, changed, referring, referred)
            for table in (table for table in changed if table == referring or table in owners):
                if half == PUT and key in work.creates:
                    yield places.node(PUT, key), (PUT, table)
                if half == DROP and key in work.drops:
                    yield (PUT, table), places.node(DROP, key)


def _logged_before(work: Operations, changed: Set[Key], referring: Key, referred: Key | None) -> Iterator[_Wait]:
    if referred is not None and {referring, referred} <= changed:
        first, then = (referring, referred) if _unlogged(work.after, referring) else (referred, referring)
        yield (PUT, then), (PUT, first)


def _unlogged(catalog: Catalog, table: Key) -> object:
    return getattr(catalog.objects[table], "unlogged", False)


def _taking_over(work: Operations) -> Iterator[_Wait]:
    """A key or index of a partitioned table, after those of its partitions that it takes over."""
    made = {*work.creates, *work.alters, *work.renames}
    alike = Alike(work.after)
    for key in made:
        owner = work.after.objects[key].owner
        if getattr(work.after.objects.get(owner) if owner else None, "divided_by", ""):
            yield from (((PUT, key), (PUT, part)) for part in alike.taken_over(key) if part in made)


def _names(work: Operations, places: Placement) -> Iterator[_Wait]:
    """What takes a name, after what gives it up."""
    given: dict[Name, Node] = {}
    for key, old in work.drops.items():
        given.update(dict.fromkeys(names_taken(old), places.node(DROP, key)))
    for key, rename in work.renames.items():
        given.update(dict.fromkeys(names_taken(rename.old), (RELEASE if key in work.asides else PUT, key)))
    for key, (new, _) in work.alters.items():
        freed = names_taken(work.before.objects[key]) - names_taken(new)
        given.update(dict.fromkeys(freed, (RELEASE, key)))
    for key, new in work.put():
        for name in names_taken(new) & given.keys():
            yield places.node(PUT, key), given[name]


def _bounds(work: Operations, places: Placement) -> Iterator[_Wait]:
    """A partition that gets bounds, after those of the same parent that give up theirs: none may overlap."""
    given: dict[object, list[Node]] = {}
    for key in (*work.drops, *work.alters):
        other = None if key in work.drops else work.after.objects.get(key)
        if parents := parents_bounded(work.before.objects[key], other):
            node = places.node(DROP if key in work.drops else RELEASE, key)
            given.setdefault(parents, []).append(node)
    for key in (*work.creates, *work.alters):
        other = None if key in work.creates else work.before.objects.get(key)
        parents = parents_bounded(work.after.objects[key], other)
        yield from ((places.node(PUT, key), node) for node in given.get(parents, ()))
