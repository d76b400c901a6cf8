"""Groups a Plan's statements into batches that hold up nobody for long: what a migration each is to contain.

Each kind says in which steps its statements are done on a table in use (kind.OnlineStep). Here they are put in order
and together: what locks only for a moment shares a transaction, what takes long is alone, and what has to be taken down
and put back stays in one transaction with what it is taken down for.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from neon_migrate.kind import Run
from neon_migrate.ordering import DROP, PUT, strongly_connected
from neon_migrate.plan import Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from neon_migrate.catalog import Key
    from neon_migrate.plan import Part, Plan

_TOGETHER = (Run.FIRST, Run.SHARED)
_SORTS = {
    "primary_key": "key",
    "unique": "key",
    "foreign_key": "foreign_key",
    "index": "index",
    "partitioned_index": "index",
}
"""The kinds of which one under another name may stand in the place of one that goes, as what."""

_INDEXES = frozenset({"index", "partitioned_index"})
"""Of these both may be there at once: one goes when the other is there."""

_VIEWS = frozenset({"view", "materialized_view"})

_NAME = 60
"""The most characters of a file's name that say what it does."""

_SHORT = "Locks only for a moment, whatever the number of rows: in one transaction."
_OFFLINE = "All the rest, in one transaction: for a database that nobody uses meanwhile."
_AT_ONCE = "What needs each other is changed at once, which takes as long as there are rows."
_PUT_BACK = "What hangs on it is taken down and put back in the same transaction."


@dataclass(frozen=True, slots=True)
class Batch:
    """Statements that are run and committed together: one migration.

    run   CONCURRENTLY: a single statement that no transaction may contain; else one transaction
    why   sentences on why they are apart from the rest; none where there is no rest
    name  what a migration of it is called; empty where that is best said by what it changes
    """

    statements: tuple[Statement, ...]
    run: Run = Run.SHARED
    why: tuple[str, ...] = ()
    name: str = ""

    @property
    def transactional(self) -> bool:
        """Whether it is a transaction."""
        return self.run != Run.CONCURRENTLY

    def script(self) -> str:
        """The statements as SQL text for psql."""
        return script_of([statement.sql for statement in self.statements])


def script_of(statements: Sequence[str]) -> str:
    """What is committed together as SQL text for psql: between BEGIN and COMMIT where there are several."""
    body = "".join(f"{sql};\n" for sql in statements)
    return f"BEGIN;\n{body}COMMIT;\n" if len(statements) > 1 else body


def online(plan: Plan) -> tuple[Batch, ...]:
    """The Plan in as many transactions as it takes to keep the database in use meanwhile; none when it is empty."""
    return _batches(plan.parts, frozenset())


def offline(plan: Plan, *, values_first: bool = False) -> tuple[Batch, ...]:
    """The Plan in one transaction.

    values_first  what has to be committed before it can be used (enum values) in a transaction before it
    """
    if not plan.parts:
        return ()
    if not values_first:
        return (Batch(plan.statements),)
    plain = (number for number, part in enumerate(plan.parts) if all(step.run != Run.FIRST for step in part.online))
    return _batches(plan.parts, frozenset(plain), _OFFLINE)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One step of one part; `number` orders it among those that nothing else orders, `drops` is of one taken down."""

    number: tuple[int, int]
    statements: tuple[Statement, ...]
    run: Run
    why: str
    name: str
    drops: bool = False


_Pair = tuple[int, int]
"""The positions of a part that takes something down, and of one that puts up what is there in its place."""

_Graph = dict["_Step", set["_Step"]]
"""For each step those that have to be done before it."""


def _batches(parts: Sequence[Part], plain: frozenset[int], shared: str = _SHORT) -> tuple[Batch, ...]:
    """`plain` are the positions of parts done without their online steps; `shared` is why others are together."""
    at_once: frozenset[int] = frozenset()
    pairs = frozenset() if plain else frozenset(_in_place_of(parts))
    while True:
        graph = _graph(parts, plain, at_once, pairs)
        groups = strongly_connected(graph)
        unfit = {number: group for group in groups for number in _unfit(group)}
        if not unfit:
            return tuple(_in_batches(graph, groups, shared))
        members = frozenset(step.number[0] for group in unfit.values() for step in group)
        # Rather without a key for a while than with its index built while nobody can use the table.
        given_up = frozenset(pair for pair in pairs if members.issuperset(pair))
        if given_up:
            pairs -= given_up
        else:
            at_once |= unfit.keys()


def _in_place_of(parts: Sequence[Part]) -> Iterator[_Pair]:
    """A key, foreign key or index that goes, and one of another name that its table gets."""
    put_back = {part.down for part in parts}
    new: dict[tuple[str, Key | None], list[int]] = {}
    for number, part in enumerate(parts):
        sort = _SORTS.get(part.node[1].kind)
        if part.node[0] == PUT and part.down is None and sort is not None:
            new.setdefault((sort, part.table), []).append(number)
    for number, part in enumerate(parts):
        sort = _SORTS.get(part.node[1].kind)
        if part.node[0] == DROP and number not in put_back and sort is not None:
            yield from ((number, other) for other in new.get((sort, part.table), ()))


def _of_another_kind(parts: Sequence[Part]) -> Iterator[_Pair]:
    """A view that goes, and one of its name that is of another kind and comes, with what is said of it: grants."""
    gone = {part.node[1][1:3]: number for number, part in enumerate(parts) if _of_views(part, DROP)}
    for number, part in enumerate(parts):
        key = part.node[1] if _of_views(part, PUT) and part.down is None else part.table
        said = key is not None and key.kind in _VIEWS and part.node[0] == PUT and part.node[1].kind not in _INDEXES
        if key is not None and said and key[1:3] in gone and parts[gone[key[1:3]]].node[1].kind != key.kind:
            yield gone[key[1:3]], number


def _of_views(part: Part, half: int) -> bool:
    return part.node[0] == half and part.node[1].kind in _VIEWS


def _unfit(group: Collection[_Step]) -> Iterator[int]:
    """The parts whose steps would all have to be in one transaction: they had better be done in their plain way."""
    parts = Counter(step.number[0] for step in group)
    for step in group:
        if len(group) > 1 and (step.run == Run.CONCURRENTLY or parts[step.number[0]] > 1):
            yield step.number[0]


def _graph(parts: Sequence[Part], plain: frozenset[int], at_once: frozenset[int], pairs: Collection[_Pair]) -> _Graph:
    """What has to be done before what; `at_once` are the positions of parts that can't be done online together."""
    # What is replaced online takes its old self down too; where that is not possible, both halves are plain.
    not_online = plain | at_once
    replaced = {part.down: number for number, part in enumerate(parts) if part.replaces and number not in not_online}
    steps = {
        number: _at_once(number, part, Run.LONG, _AT_ONCE)
        if number in at_once
        else _at_once(number, part, Run.SHARED)
        if number in plain or not part.online
        else _step_by_step(number, part)
        for number, part in enumerate(parts)
        if number not in replaced
    }
    replacing = frozenset(replaced.values())
    graph: _Graph = {step: set() for own in steps.values() for step in own}
    for number, own in steps.items():
        part = parts[number]
        entry = own[_entry(own) if number not in replacing else 1]
        for earlier, later in pairwise(own):
            graph[later].add(earlier)
        for needed in part.after:
            if needed in part.settles:
                # What is let go of is back as soon as it is gone: a default, an identity, a partition's parent.
                graph[_first_change(own)].add(steps[needed][0])
                graph[steps[needed][0]].add(_there(own))
            elif needed in replaced:
                if part.node[0] == DROP:
                    graph[own[0]].add(_there(steps[replaced[needed]]))
            else:
                looked_at = _wants_it_valid(part, parts[needed])
                there = steps[needed][-1] if looked_at else _there(steps[needed])
                graph[entry if parts[needed].node[0] == DROP else own[0]].add(there)
        own_down = part.down is not None and parts[part.down].node[1] == part.node[1]
        if part.down in steps and (own_down or all(step.run != Run.CONCURRENTLY for step in own)):
            graph[_there(steps[part.down])].add(entry)
    for down, up in _of_another_kind(parts):
        if down in steps and up in steps:
            graph[steps[down][0]].add(_there(steps[up]))
    for down, up in pairs:
        gone, there = steps[down][0], steps[up][_entry(steps[up])]
        if parts[down].node[1].kind in _INDEXES:
            graph[gone].add(_there(steps[up]))
        elif gone.run == there.run == Run.SHARED:
            graph[gone].add(there)
            graph[there].add(gone)
    return graph


def _at_once(number: int, part: Part, run: Run, why: str = "") -> tuple[_Step, ...]:
    return (_Step((number, 0), part.statements, run, why, ""),)


def _step_by_step(number: int, part: Part) -> tuple[_Step, ...]:
    key = part.node[1]
    loses = next((statement.loses for statement in part.statements if statement.loses), "")
    return tuple(
        _Step(
            (number, position),
            tuple(Statement(sql, (key,), loses if position == 0 else "") for sql in step.statements),
            step.run,
            step.why,
            step.name,
            part.node[0] == DROP,
        )
        for position, step in enumerate(part.online)
    )


def _entry(own: Sequence[_Step]) -> int:
    """The first step that needs out of the way what is taken down: an index built for a constraint does not."""
    return next((position for position, step in enumerate(own) if step.run != Run.CONCURRENTLY), 0)


def _first_change(own: Sequence[_Step]) -> _Step:
    """The first step that what an alteration lets go of stands in the way of: a new type, else the last of all."""
    return next((step for step in own if step.run == Run.LONG), _there(own))


def _wants_it_valid(part: Part, needed: Part) -> bool:
    """Whether it takes over the other one: an attached table's constraint, a foreign key of a partition."""
    (half, key), other = part.node, needed.node[1]
    attached = key.kind == "table" and needed.table == key
    return half == PUT and (attached or key.kind == other.kind == "foreign_key")


def _there(own: Sequence[_Step]) -> _Step:
    """The step after which what others need is there: whether all rows have been looked at does not matter to them."""
    return next((step for step in reversed(own) if step.run != Run.VALIDATING), own[-1])


def _in_batches(graph: _Graph, groups: Sequence[frozenset[_Step]], shared: str) -> Iterator[Batch]:
    """Group after group: all short ones that can be together, then each of the others by itself, long ones last."""
    queue = _Queue(graph, groups)
    found: list[list[_Step]] = []
    while queue.waiting:
        so_far = len(found)
        for run in (Run.FIRST, Run.SHARED):
            together = [step for group in queue.take(run) for step in group]
            found += [together] if together else []
        for run in (Run.CONCURRENTLY, Run.VALIDATING):
            found += queue.take(run)
        if len(found) == so_far:
            found.append(queue.last())
    # What only stands for a change that another statement makes, such as that of an inherited column, says nothing.
    with_statements = [said for steps in found if (said := [step for step in steps if step.statements])]
    for steps in with_statements:
        yield _batch(steps, shared, alone=len(with_statements) == 1)


def _batch(steps: Sequence[_Step], shared: str, *, alone: bool) -> Batch:
    run = max(step.run for step in steps)
    why = [step.why for step in steps if step.why]
    if run in _TOGETHER:
        why = [] if alone else why or [shared]
    elif len(steps) > 1:
        why.append(_PUT_BACK)
    names = dict.fromkeys(step.name for step in steps)
    name = " and ".join(names)
    return Batch(
        tuple(statement for step in steps for statement in step.statements),
        run,
        tuple(dict.fromkeys(why)),
        name if all(names) and len(name) <= _NAME else "",
    )


class _Queue:
    """Groups of steps that are ready, as those that they need were taken."""

    def __init__(self, graph: _Graph, groups: Sequence[frozenset[_Step]]) -> None:
        self.groups = [sorted(group, key=lambda step: step.number) for group in groups]
        self.waiting = len(self.groups)
        home = {step: index for index, group in enumerate(self.groups) for step in group}
        self.followers: list[list[int]] = [[] for _ in self.groups]
        self.missing = [0] * len(self.groups)
        self.ready: dict[Run, list[tuple[tuple[int, int], int]]] = {run: [] for run in Run}
        self.drops: list[tuple[tuple[int, int], int]] = []
        for index, group in enumerate(self.groups):
            needs = {home[needed] for step in group for needed in graph[step]} - {index}
            self.missing[index] = len(needs)
            for need in needs:
                self.followers[need].append(index)
            self._offer(index)

    def take(self, run: Run) -> Iterator[list[_Step]]:
        """Each group of this sort that is ready, also those that only then become so."""
        while self.ready[run]:
            yield self._pop(self.ready[run])

    def last(self) -> list[_Step]:
        """A group that takes long; where none is left, an index goes: what is there in its place was built by then."""
        return self._pop(self.ready[Run.LONG] or self.drops)

    def _pop(self, ready: list[tuple[tuple[int, int], int]]) -> list[_Step]:
        _, index = heapq.heappop(ready)
        self.waiting -= 1
        for follower in self.followers[index]:
            self.missing[follower] -= 1
            self._offer(follower)
        return self.groups[index]

    def _offer(self, index: int) -> None:
        if self.missing[index] == 0:
            group = self.groups[index]
            run = max(step.run for step in group)
            late = run == Run.CONCURRENTLY and all(step.drops for step in group)
            heapq.heappush(self.drops if late else self.ready[run], (group[0].number, index))
