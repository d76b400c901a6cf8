"""Tables that are written anew: one statement for all columns that need it, wherever the order of things allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.kind import OnlineStep, Rewrite, Run
from neon_migrate.ordering import PUT, RELEASE, REWRITE, strongly_connected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neon_migrate.catalog import Key
    from neon_migrate.operations import Operations
    from neon_migrate.ordering import Node

_WHY = "Rewrites the table, or reads all of it, while nobody can use it: by itself, so nothing else waits for it."


@dataclass(frozen=True, slots=True)
class Rewrites:
    """The nodes (REWRITE, column), each of which is named after the first of the columns that it is for.

    columns  for each the columns whose alterations begin with it
    follows  what has to be done before what, with these nodes
    """

    columns: Mapping[Node, tuple[Key, ...]]
    follows: Mapping[Node, set[Node]]


def rewrites(work: Operations, follows: Mapping[Node, set[Node]]) -> Rewrites:
    """One for each table; one for each column of a table where a column's change needs that of another one first."""
    of_tables: dict[str, list[Key]] = {}
    for key, (_, alteration) in sorted(work.alters.items()):
        if alteration.rewrite is not None and (PUT, key) in follows:
            of_tables.setdefault(alteration.rewrite.table, []).append(key)
    together = {(REWRITE, keys[0]): tuple(keys) for keys in of_tables.values()}
    found = _with(together, follows)
    if not any(len(keys) > 1 for keys in together.values()):
        return found
    circles = (group for group in strongly_connected(found.follows) if len(group) > 1)
    tied = {node for group in circles for node in group if node in together}
    apart = {(REWRITE, key): (key,) for node in tied for key in together[node]}
    whole = {node: keys for node, keys in together.items() if node not in tied}
    return _with({**whole, **apart}, follows) if tied else found


def _with(columns: Mapping[Node, tuple[Key, ...]], follows: Mapping[Node, set[Node]]) -> Rewrites:
    found = {node: set(earlier) for node, earlier in follows.items()}
    for node, keys in columns.items():
        found[node] = {earlier for key in keys for earlier in follows[PUT, key]}
        for key in keys:
            found[PUT, key].add(node)
    return Rewrites(columns, found)


def rewriting_statement(work: Operations, columns: tuple[Key, ...]) -> str:
    """The ALTER TABLE that does it for all these columns of one table."""
    parts = list(_rewrites_of(work, columns))
    return str(Rewrite(parts[0].table, tuple(action for part in parts for action in part.actions), settles=True))


def rewriting_step(work: Operations, columns: tuple[Key, ...]) -> OnlineStep:
    """The same as a step by itself."""
    names = " and ".join(column.part for column in columns)
    return OnlineStep((rewriting_statement(work, columns),), Run.LONG, _WHY, f"change {names} of {columns[0].name}")


def settled_by(work: Operations, found: Rewrites, node: Node) -> Iterator[Node]:
    """The nodes that let go of what this one brings back: its own, or those of the columns whose defaults it sets."""
    half, key = node
    if half == PUT and key in work.asides:
        yield RELEASE, key
    if half == PUT and key in work.alters:
        rewrite = work.alters[key][1].rewrite
        if rewrite is None or not rewrite.settles:
            yield RELEASE, key
    for column in found.columns.get(node, ()):
        rewrite = work.alters[column][1].rewrite
        if rewrite is not None and rewrite.settles:
            yield RELEASE, column


def _rewrites_of(work: Operations, columns: tuple[Key, ...]) -> Iterator[Rewrite]:
    parts = (work.alters[column][1].rewrite for column in columns)
    return (part for part in parts if part is not None)
