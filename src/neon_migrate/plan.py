"""Puts Changes into an order that Postgres accepts, as SQL: a Plan.

Order comes from pg_depend of both sides: what uses an object is taken down before it and put up after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from neon_migrate.cycles import in_between
from neon_migrate.diff import Create, diff
from neon_migrate.errors import ImpossibleError
from neon_migrate.left_behind import with_brought_along, with_left_behind
from neon_migrate.objects import kind_of
from neon_migrate.online_steps import constraint_replaced, online_steps, replaced_online
from neon_migrate.operations import operations
from neon_migrate.ordering import DROP, PUT, RELEASE, REWRITE, in_order
from neon_migrate.placement import placement
from neon_migrate.precedence import precedence
from neon_migrate.rewrites import rewrites, rewriting_statement, rewriting_step, settled_by
from neon_migrate.sequence_ownership import with_sequence_owners

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.diff import Change
    from neon_migrate.kind import OnlineStep, Refusal
    from neon_migrate.operations import Operations
    from neon_migrate.ordering import Node
    from neon_migrate.placement import Placement


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement, without semicolon, and why it is there.

    serves  the objects it creates, changes or drops
    loses   the data that may go with it, in words; empty when none can
    """

    sql: str
    serves: tuple[Key, ...]
    loses: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One half of a Change: something taken down, or put up or altered.

    online    the steps that do the same to tables in use; empty where `statements` hold up nobody for long
    after     the positions of the parts that have to be done before
    down      the position of the part that takes down what this one puts back, alone or with what it goes with
    replaces  whether `online` also does what that part is there for
    settles   the positions of the parts that let go of what this one brings back
    table     what it belongs to
    """

    node: Node
    statements: tuple[Statement, ...]
    online: tuple[OnlineStep, ...]
    after: frozenset[int]
    down: int | None = None
    replaces: bool = False
    settles: frozenset[int] = frozenset()
    table: Key | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What makes one Catalog into another, in order.

    fingerprint  of the Catalog it starts from
    refusals     what can't be done at all; a statement in its place says so and fails
    """

    fingerprint: str
    changes: tuple[Change, ...]
    parts: tuple[Part, ...]
    refusals: tuple[Refusal, ...] = ()

    def require_way(self) -> None:
        """Raises ImpossibleError where Postgres has no way to do a part of it."""
        for refusal in self.refusals:
            raise ImpossibleError(refusal.what, why=refusal.why, remedy=refusal.remedy)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All of it as it is done in one transaction."""
        return tuple(statement for part in self.parts for statement in part.statements)

    @property
    def losses(self) -> tuple[str, ...]:
        """The data that may go, in words, each once."""
        return tuple(dict.fromkeys(statement.loses for statement in self.statements if statement.loses))

    def losses_beside(self, renamed: Container[Key]) -> tuple[str, ...]:
        """The data that may go, where what these keys name is in truth there under another name."""
        going = (one for one in self.statements if not any(key in renamed for key in one.serves))
        return tuple(dict.fromkeys(statement.loses for statement in going if statement.loses))

    def script(self) -> str:
        """The statements as one SQL text that ends in a newline; empty when there is nothing to do."""
        return "".join(f"{statement.sql};\n" for statement in self.statements)


def plan(before: Catalog, after: Catalog) -> Plan:
    """The Plan that makes `before` into `after`; without statements when the two are equal."""
    start, goal = with_left_behind(before, after), with_brought_along(before, after)
    start, goal = with_sequence_owners(start, goal)
    changes = diff(start, goal)
    parts, refusals = _way(start, goal, changes)
    told = tuple(change for change in changes if not _comes_with_a_parents(change))
    return Plan(before.fingerprint, told, parts, refusals)


def _way(start: Catalog, goal: Catalog, changes: tuple[Change, ...]) -> tuple[tuple[Part, ...], tuple[Refusal, ...]]:
    """What is to be done, in order, and what can't be; by way of other Catalogs where things need each other."""
    work = operations(start, goal, changes)
    places = placement(work)
    follows = precedence(work, places)
    between = in_between(work, places, follows, start, goal)
    if not between:
        refusals = (*work.refusals, *(alteration.refusal for _, alteration in work.alters.values()))
        return _parts(work, places, follows), tuple(one for one in refusals if one is not None)
    catalogs = (start, *(replace(one, read_unasked=start.read_unasked) for one in between), goal)
    ways = [_way(one, other, diff(one, other)) for one, other in pairwise(catalogs)]
    return _in_sequence([parts for parts, _ in ways], catalogs), tuple(one for _, refused in ways for one in refused)


def _in_sequence(ways: Sequence[tuple[Part, ...]], catalogs: Sequence[Catalog]) -> tuple[Part, ...]:
    """The parts of Plans that follow one another: what of a later one is about the same things waits for the earlier.

    catalogs  those that the ways are between
    """
    found: list[Part] = []
    serving: dict[Key, set[int]] = {}
    for way in ways:
        start = len(found)
        for part in way:
            keys = _served(part)
            near = keys.union(*(_near(catalog, key) for catalog in catalogs for key in keys))
            earlier = frozenset(number for key in near for number in serving.get(key, ()))
            own = frozenset(number for number in earlier if found[number].node == part.node)
            moved = _moved(part, start)
            found.append(replace(moved, after=moved.after | earlier, settles=moved.settles | own))
        for number, part in enumerate(way, start):
            for key in _served(part):
                serving.setdefault(key, set()).add(number)
    return tuple(found)


def _moved(part: Part, by: int) -> Part:
    return replace(
        part,
        after=frozenset(number + by for number in part.after),
        down=None if part.down is None else part.down + by,
        settles=frozenset(number + by for number in part.settles),
    )


def _served(part: Part) -> frozenset[Key]:
    return frozenset({part.node[1], *(key for statement in part.statements for key in statement.serves)})


def _near(catalog: Catalog, key: Key) -> Iterator[Key]:
    """What it needs, what needs it, and what it belongs to."""
    yield from catalog.depends.get(key, ())
    yield from catalog.dependents.get(key, ())
    obj = catalog.objects.get(key)
    if obj is not None and obj.owner is not None:
        yield obj.owner


def _comes_with_a_parents(change: Change) -> bool:
    """Whether it is not said by itself: what a partition gets as the table that it is of gets the same."""
    return isinstance(change, Create) and getattr(change.new, "of_parent", False)


def _parts(work: Operations, places: Placement, follows: Mapping[Node, set[Node]]) -> tuple[Part, ...]:
    rewritten = rewrites(work, follows)
    nodes = in_order(rewritten.follows)
    position = {node: number for number, node in enumerate(nodes)}

    def part(node: Node) -> Part:
        half, key = node
        settled = frozenset(position[other] for other in settled_by(work, rewritten, node) if other in position)
        after = frozenset(position[earlier] for earlier in rewritten.follows[node])
        if half == REWRITE:
            columns = rewritten.columns[node]
            lost = "; ".join(loses for column in columns if (loses := work.alters[column][1].loses))
            written = Statement(rewriting_statement(work, columns), columns, lost)
            return Part(node, (written,), (rewriting_step(work, columns),), after, settles=settled)
        down = _taken_down(work, places, key) if half == PUT else None
        replaced = constraint_replaced(work, key) if half == PUT else None
        if replaced is not None:
            down = places.node(DROP, replaced)
        return Part(
            node,
            tuple(_statements(work, places, node)),
            online_steps(work, node),
            after,
            position.get(down) if down else None,
            half == PUT and (replaced is not None or replaced_online(work, key)),
            settled,
            (work.before if half == DROP else work.after).objects[key].owner,
        )

    return tuple(map(part, nodes))


def _taken_down(work: Operations, places: Placement, key: Key) -> Node:
    """What takes down that which `key` is put up for: itself, or its owner where it is overwritten (a comment)."""
    owner = work.after.objects[key].owner
    if owner is None or key in work.drops:
        return places.node(DROP, key)
    swapped = any(owner in swap.alterations for swap in work.swaps)
    return places.node(PUT if swapped else DROP, owner)


def _put_aside(work: Operations, key: Key) -> Sequence[str]:
    return kind_of(key).rename(work.renames[key].old, work.asides[key])


def _statements(work: Operations, places: Placement, node: Node) -> Iterator[Statement]:
    """What does this half at once."""
    half, key = node
    kind = kind_of(key)
    if half == RELEASE:
        released = work.alters[key][1].releases if key in work.alters else _put_aside(work, key)
        yield from (Statement(sql, (key,)) for sql in released)
    elif half == DROP:
        for sql in kind.drop(work.drops[key]):
            yield Statement(sql, (key,), work.losses.get(key, ""))
    elif key in work.alters:
        alteration = work.alters[key][1]
        loses = alteration.loses if alteration.rewrite is None else ""  # which said so
        for sql in (alteration.refusal.statement,) if alteration.refusal else alteration.statements:
            yield Statement(sql, (key,), loses)
    elif key in work.renames:
        rename = work.renames[key]
        for sql in kind.rename(work.asides.get(key, rename.old), rename.new):
            yield Statement(sql, (key,))
    else:
        parts = tuple(part for part in work.after.owned.get(key, ()) if part in places.inlined)
        for sql in kind.create(work.creates[key], work.after, places.inlined):
            yield Statement(sql, (key, *parts))
