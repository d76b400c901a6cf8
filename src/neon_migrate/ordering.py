"""In which order the halves of Changes run: after what they need, before what they free, else by rank and name."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from neon_migrate.objects import kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from neon_migrate.catalog import Catalog, DatabaseObject, Key

ItemT = TypeVar("ItemT")

DROP, RELEASE, PUT, REWRITE = 0, 1, 2, 3
Node = tuple[int, "Key"]
"""What is taken down, what an alteration lets go of first, what is put up or altered: the parts of a Change; and what
alterations of the columns of one table begin with, together.
"""

Name = tuple[str, ...]


def names_taken(obj: DatabaseObject) -> frozenset[Name]:
    """The names that nothing else may have while `obj` is there: relations and types share their schema's.

    https://www.postgresql.org/docs/current/ddl-schemas.html; constraints share their table's, and those with an index
    give it their name. A sequence has no type, and Postgres refuses the name of one all the same.
    """
    kind, schema, name, part = obj.key
    relation: Name = ("relation", schema, name)
    match kind:
        case "table" | "view" | "materialized_view" | "composite_type" | "foreign_table" | "sequence":
            return frozenset({relation, ("type", schema, name)})
        case "index":
            return frozenset({relation})
        case "enum" | "domain" | "range_type":
            return frozenset({("type", schema, name)})
        case "primary_key" | "unique" | "exclusion":
            return frozenset({("relation", schema, part), ("constraint", schema, name, part)})
        case "check" | "foreign_key":
            return frozenset({("constraint", schema, name, part)})
        case _:
            sequence, required = getattr(obj, "identity_sequence", ""), getattr(obj, "not_null_named", "")
            names: list[Name] = [("relation", schema, sequence)] if sequence else []
            return frozenset([*names, ("constraint", schema, name, required)] if required else names)


def parents_bounded(obj: DatabaseObject, other: DatabaseObject | None) -> object:
    """The parent of a partition in which it has bounds that `other`, the same one, has not; nothing for all else."""
    own, others = ((getattr(one, "parents", ()), getattr(one, "bound", "")) for one in (obj, other))
    return own[0] if own[1] and own != others else ()


Needs: TypeAlias = "Mapping[Key, Mapping[Key, frozenset[Key]]]"
"""For a table the tables that it needs, and the parts of it that do."""


def between_tables(parts: Iterable[Key], catalog: Catalog, tables: Iterable[Key]) -> Needs:
    """For each of `tables` the others that some of its parts refer to, and which parts those are."""
    among = frozenset(tables)
    found: dict[Key, dict[Key, set[Key]]] = {}
    for part in parts:
        owner = catalog.objects[part].owner
        for need in catalog.depends.get(part, ()):
            needed = need if need.kind == "table" else catalog.objects[need].owner
            if owner is not None and needed is not None and needed != owner and needed in among:
                found.setdefault(owner, {}).setdefault(needed, set()).add(part)
    return {owner: {need: frozenset(which) for need, which in needs.items()} for owner, needs in found.items()}


def in_a_cycle(needs: Needs) -> set[Key]:
    """The parts between tables that need each other: foreign keys, made after all tables and dropped before them."""
    tables = {*needs, *(need for needed in needs.values() for need in needed)}
    groups = strongly_connected({table: needs.get(table, {}).keys() for table in sorted(tables)})
    group_of = {table: group for group in groups for table in group}
    return {
        part
        for table, needed in needs.items()
        for need, parts in needed.items()
        if group_of[table] is group_of[need]
        for part in parts
    }


def strongly_connected(after: Mapping[ItemT, Set[ItemT]]) -> list[frozenset[ItemT]]:
    """The items in groups: those that need each other, directly or by way of others, are in one. (Tarjan 1972.)"""
    number: dict[ItemT, int] = {}
    lowest: dict[ItemT, int] = {}
    path: list[ItemT] = []
    on_path: set[ItemT] = set()
    groups: list[frozenset[ItemT]] = []

    def enter(item: ItemT) -> tuple[ItemT, Iterator[ItemT]]:
        number[item] = lowest[item] = len(number)
        path.append(item)
        on_path.add(item)
        return item, iter(after[item])

    for root in after:
        calls = [enter(root)] if root not in number else []
        while calls:
            item, needs = calls[-1]
            for need in needs:
                if need not in number:
                    calls.append(enter(need))
                    break
                if need in on_path:
                    lowest[item] = min(lowest[item], number[need])
            else:
                calls.pop()
                if calls:
                    lowest[calls[-1][0]] = min(lowest[calls[-1][0]], lowest[item])
                if lowest[item] == number[item]:
                    group = {path.pop()}
                    while item not in group:
                        group.add(path.pop())
                    on_path -= group
                    groups.append(frozenset(group))
    return groups


def in_order(after_node: Mapping[Node, set[Node]]) -> list[Node]:
    """The nodes so that each comes after those it follows; free ones by rank and name, drops of parts first."""
    followers: dict[Node, list[Node]] = {node: [] for node in after_node}
    missing = {node: len(earlier) for node, earlier in after_node.items()}
    for node, earlier in after_node.items():
        for other in earlier:
            followers[other].append(node)
    ready = [(_preference(node), node) for node, count in missing.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[Node] = []
    done: set[Node] = set()
    while len(ordered) < len(after_node):
        if not ready:
            # A cycle that pg_depend has and no rule here cuts: go on with the likeliest; the proof is the judge.
            stuck = min((node for node in after_node if node not in done), key=_preference)
            ready.append((_preference(stuck), stuck))
        _, node = heapq.heappop(ready)
        if node in done:
            continue
        done.add(node)
        ordered.append(node)
        for follower in followers[node]:
            missing[follower] -= 1
            if missing[follower] == 0:
                heapq.heappush(ready, (_preference(follower), follower))
    return ordered


def _preference(node: Node) -> tuple[int, int, Key]:
    half, key = node
    rank = kinds()[key.kind].rank
    if half != DROP:
        return 1, rank, key
    return (2 if key.kind in ("table", "column", "enum", "schema", "extension", "sequence") else 0), -rank, key
