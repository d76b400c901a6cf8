"""Cuts cycles of things that need each other by way of Catalogs in between, where some of them are not yet what they
are to be, or no more what they were.

As pg_dump does it: a default apart from its table, a view that selects NULLs before it selects from what needs it, a
function without the body that calls another. Foreign keys are in no cycle: they are made after all tables.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from neon_migrate.objects import kind_of
from neon_migrate.ordering import DROP, PUT, strongly_connected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from neon_migrate.catalog import Catalog, DatabaseObject, Key
    from neon_migrate.operations import Operations
    from neon_migrate.ordering import Node
    from neon_migrate.placement import Placement

_Cuts = dict["Key", tuple["DatabaseObject", frozenset["Key"]]]
"""What is otherwise for a while, how, and what it can then do without."""


def in_between(
    work: Operations, places: Placement, follows: Mapping[Node, Set[Node]], before: Catalog, after: Catalog
) -> tuple[Catalog, ...]:
    """The Catalogs to go through from `before` to `after`, each way free of one thing at least that holds up another in
    each cycle; none where there are no cycles that can be cut.
    """
    down = dict(_cuts(work, places, follows, DROP, before))
    up = dict(_cuts(work, places, follows, PUT, after))
    return (*([_with(before, down)] if down else []), *([_with(after, up)] if up else []))


def _cuts(
    work: Operations, places: Placement, follows: Mapping[Node, Set[Node]], half: int, catalog: Catalog
) -> Iterator[tuple[Key, tuple[DatabaseObject, frozenset[Key]]]]:
    """One in each cycle of things that are dropped, or put up: what comes first by rank, as a default does."""
    for group in _circles(follows, half):
        if half == PUT and not any(key in work.creates for _, key in group):
            continue  # each is there already, in one way or another
        for key in sorted(_members(work, places, group, half), key=lambda each: (kind_of(each).rank, each)):
            own = places.node(half, key)
            needs = frozenset(
                need
                for need in catalog.depends.get(key, ())
                if (node := places.node(half, need)) != own and node in group
            )
            without = kind_of(key).without(catalog.objects[key], needs) if needs else None
            if without is not None:
                yield key, (without, needs)
                break


def _circles(follows: Mapping[Node, Set[Node]], half: int) -> Iterable[frozenset[Node]]:
    graph = {node: {one for one in earlier if one[0] == half} for node, earlier in follows.items() if node[0] == half}
    return (group for group in strongly_connected(graph) if len(group) > 1)


def _members(work: Operations, places: Placement, group: frozenset[Node], half: int) -> Iterator[Key]:
    """What is dropped or put up by these nodes, also as a part of a table."""
    yield from (key for _, key in group)
    carried = places.takers if half == DROP else places.makers
    yield from (key for key in carried if places.node(half, key) in group)


def _with(catalog: Catalog, cuts: _Cuts) -> Catalog:
    """The same with these objects as they are for a while."""
    depends = catalog.depends
    fewer = {key: depends[key] - needs for key, (_, needs) in cuts.items()}
    objects = {**catalog.objects, **{key: obj for key, (obj, _) in cuts.items()}}
    return replace(catalog, objects=objects, read_depends=lambda: {**depends, **fewer})
