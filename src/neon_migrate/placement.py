"""Where the work for an object is done: in statements of its own, or in those of its table, or of what carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.objects import kind_of
from neon_migrate.ordering import DROP, PUT, Node, between_tables, in_a_cycle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from neon_migrate.catalog import Key
    from neon_migrate.operations import Operations


@dataclass(frozen=True, slots=True)
class Placement:
    """What has no statements of its own.

    gone     what goes as its taker is dropped
    inlined  what is written inside the CREATE TABLE of its maker, or made by what is written there; types that are
             swapped along with another
    takers   for each of `gone` what takes it along: its table, or a sequence's column
    makers   for each of `inlined` what it is made with: its table, the column that carries a sequence, the other type
    droppers  for each object that an alteration drops what that alters
    """

    gone: frozenset[Key]
    inlined: frozenset[Key]
    takers: Mapping[Key, Key]
    makers: Mapping[Key, Key]
    droppers: Mapping[Key, Key]

    def node(self, half: int, key: Key) -> Node:
        """The node that does the work for `key`: its own, or that of what it is written inside or goes with."""
        on_the_way, above = (self.gone, self.takers) if half == DROP else (self.inlined, self.makers)
        while key in on_the_way and key in above:
            key = above[key]
        return (PUT, self.droppers[key]) if half == DROP and key in self.droppers else (half, key)


def placement(work: Operations) -> Placement:
    """What needs no statements of its own, and whose statements do it."""
    takers = {key: taker for key in work.drops if (taker := _taker(work, key)) is not None}
    gone = frozenset(takers.keys() - in_a_cycle(between_tables(takers, work.before, work.drops)))
    inlined = _inlined(work)
    made = {key: work.after.carriers.get(key, work.after.objects[key].owner) for key in inlined}
    made.update((key, swap.leader) for swap in work.swaps for key in swap.alterations if key != swap.leader)
    makers = {key: maker for key, maker in made.items() if maker is not None}
    dropped = {key: user for user, (_, alteration) in work.alters.items() for key in alteration.drops}
    droppers = {key: user for key, user in dropped.items() if key in work.drops}
    return Placement(gone, frozenset(made), takers, makers, droppers)


def _taker(work: Operations, key: Key) -> Key | None:
    """What takes `key` along when it is dropped; None where nothing does."""
    owners = (work.before.carriers.get(key), work.before.objects[key].owner)
    return next((owner for owner in owners if owner in work.drops), None)


def _inlined(work: Operations) -> frozenset[Key]:
    """What is written inside a CREATE TABLE, or made by what is written there."""
    creates = work.creates
    inside = {key for key, obj in creates.items() if kind_of(key).inline and obj.owner in creates}
    inside -= {key for key in inside if not getattr(creates[key], "validated", True)}
    inside -= in_a_cycle(between_tables(inside, work.after, creates))
    inside -= _not_made_inside(work, inside)
    implied = {
        made
        for key, obj in creates.items()
        if key.kind == "column"
        for made in kind_of(key).implied(obj, work.after)
        if made in creates and made not in work.drops
    }
    return frozenset(inside | implied)


def _not_made_inside(work: Operations, inside: Iterable[Key]) -> set[Key]:
    """What a CREATE TABLE would not make, as Postgres takes it for a repetition, and what needs that."""
    apart: set[Key] = set()
    seen: set[object] = set()
    for key in sorted(inside):
        what = getattr(work.creates[key], "merges_as", None)
        if what is not None and what in seen:
            apart.add(key)
        seen.add(what)
    return apart | {key for key in inside if apart & work.after.depends.get(key, frozenset())}
