"""Puts Changes into an order that Postgres accepts, as SQL: a Plan.

Order comes from pg_depend of both sides: what uses an object is taken down before it and put up after it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from neon_migrate.catalog import Catalog, DatabaseObject, Key
from neon_migrate.diff import Alter, Change, Create, Drop, Rename, diff
from neon_migrate.objects import kind_of, kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from neon_migrate.kind import Alteration


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
class Plan:
    """Statements that make one Catalog into another, in order.

    fingerprint  of the Catalog it starts from
    """

    fingerprint: str
    changes: tuple[Change, ...]
    statements: tuple[Statement, ...]

    @property
    def losses(self) -> tuple[str, ...]:
        """The data that may go, in words, each once."""
        return tuple(dict.fromkeys(statement.loses for statement in self.statements if statement.loses))

    def script(self) -> str:
        """The statements as one SQL text that ends in a newline; empty when there is nothing to do."""
        return "".join(f"{statement.sql};\n" for statement in self.statements)


def plan(before: Catalog, after: Catalog) -> Plan:
    """The Plan that makes `before` into `after`; without statements when the two are equal."""
    changes = diff(before, after)
    return Plan(before.fingerprint, changes, tuple(_Planner(before, after, changes).statements()))


_DROP, _PUT = 0, 1
_Node = tuple[int, Key]
"""What is taken down, or put up or altered: the two halves of a Change."""


@dataclass
class _Planner:
    before: Catalog
    after: Catalog
    changes: Iterable[Change]
    drops: dict[Key, DatabaseObject] = field(default_factory=dict)
    creates: dict[Key, DatabaseObject] = field(default_factory=dict)
    alters: dict[Key, tuple[DatabaseObject, Alteration]] = field(default_factory=dict)
    renames: dict[Key, Rename] = field(default_factory=dict)
    losses: dict[Key, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.carriers_before = _carriers(self.before)
        self.carriers_after = _carriers(self.after)

    def statements(self) -> Iterable[Statement]:
        for change in self.changes:
            self._sort_in(change)
        self._take_down_what_hangs_on_it()
        gone = self._gone_with_their_owner()
        inlined = self._inlined()
        for node in self._ordered(gone, inlined):
            yield from self._written(node, inlined)

    def _sort_in(self, change: Change) -> None:
        match change:
            case Create(new):
                self.creates[new.key] = new
            case Drop(old):
                self.drops[old.key] = old
                self.losses[old.key] = kind_of(old.key).loses(old)
            case Rename():
                self.renames[change.key] = change
            case Alter(old, new):
                alteration = kind_of(new.key).alter(old, new, self.before, self.after)
                if alteration is None:
                    self._replace(new.key)
                    self.losses[new.key] = kind_of(old.key).loses(old)
                else:
                    self.alters[new.key] = (new, alteration)

    def _replace(self, key: Key) -> None:
        self.drops[key], self.creates[key] = self.before.objects[key], self.after.objects[key]
        self.alters.pop(key, None)

    def _take_down_what_hangs_on_it(self) -> None:
        """What depends on something dropped goes first and comes back; also what an alteration can't be done under."""
        waiting = [*self.drops, *self.alters]
        while waiting:
            key = waiting.pop()
            disturbs = self.alters[key][1].disturbs if key in self.alters else None
            for user in self._users(key):
                stays = user in self.after.objects and user not in self.drops and user.kind not in ("table", "column")
                if stays and (disturbs is None or disturbs(self.before.objects[user])):
                    self.renames.pop(user, None)
                    self._replace(user)
                    waiting.append(user)

    def _users(self, key: Key) -> Iterable[Key]:
        """What depends on `key`, also by way of the columns it is the type of."""
        for user in self.before.dependents.get(key, ()):
            yield user
            if key.kind == "enum" and user.kind == "column":
                yield from self.before.dependents.get(user, ())

    def _gone_with_their_owner(self) -> frozenset[Key]:
        gone = {
            key
            for key in self.drops
            if (owner := self._owner(self.before, key)) in self.drops and owner not in self.creates
        }
        return frozenset(gone - _in_a_cycle(_between_tables(gone, self.before, self.drops)))

    def _owner(self, catalog: Catalog, key: Key) -> Key | None:
        """What `key` comes and goes with: its table, or the column that carries a sequence."""
        carriers = self.carriers_before if catalog is self.before else self.carriers_after
        return carriers.get(key, catalog.objects[key].owner)

    def _inlined(self) -> frozenset[Key]:
        """What is written inside a CREATE TABLE, or made by what is written there."""
        inside = {
            key
            for key, obj in self.creates.items()
            if kind_of(key).inline and obj.owner in self.creates and obj.owner not in self.drops
        }
        inside -= {key for key in inside if not getattr(self.creates[key], "validated", True)}
        inside -= _in_a_cycle(_between_tables(inside, self.after, self.creates))
        implied = {
            made
            for key, obj in self.creates.items()
            if key.kind == "column"
            for made in kind_of(key).implied(obj, self.after)
            if made in self.creates and made not in self.drops
        }
        return frozenset(inside | implied)

    def _ordered(self, gone: frozenset[Key], inlined: frozenset[Key]) -> list[_Node]:
        nodes = {(_DROP, key) for key in self.drops if key not in gone}
        nodes |= {(_PUT, key) for key in (*self.creates, *self.alters, *self.renames) if key not in inlined}
        after_node: dict[_Node, set[_Node]] = {node: set() for node in nodes}

        def follows(later: _Node, earlier: _Node) -> None:
            if later != earlier and later in nodes and earlier in nodes:
                after_node[later].add(earlier)

        for key in (*self.drops, *self.alters, *self.renames):
            old = self.renames[key].old.key if key in self.renames else key
            user = self._place(_DROP if key in self.drops else _PUT, key, gone, inlined)
            for need in self.before.depends.get(old, ()):
                follows(self._place(_DROP, need, gone, inlined), user)
                if user[0] == _DROP:
                    follows(self._place(_PUT, need, gone, inlined), user)
        for key in (*self.creates, *self.alters):
            user = self._place(_PUT, key, gone, inlined)
            for need in self.after.depends.get(key, ()):
                follows(user, self._place(_PUT, need, gone, inlined))
            owner = self.after.objects[key].owner
            if owner is not None:
                follows(user, self._place(_PUT, owner, gone, inlined))
        for key in self.creates:
            put = self._place(_PUT, key, gone, inlined)
            follows(put, (_DROP, key))
            if key in self.drops:
                # A foreign key that is put back must not find the key it is to do without.
                for need in self.before.depends.get(key, ()):
                    if need not in self.creates:
                        follows(put, (_DROP, need))
        self._free_names_first(follows)
        return _topological(after_node)

    def _free_names_first(self, follows: object) -> None:
        """A name that one object gives up is free before another takes it: relations share their schema's names."""
        assert callable(follows)
        taken = {_relation_name(obj): node for node, obj in self._puts() if _relation_name(obj)}
        for key, obj in self.drops.items():
            if (name := _relation_name(obj)) in taken:
                follows(taken[name], (_DROP, key))
        for key, rename in self.renames.items():
            if (name := _relation_name(rename.old)) in taken:
                follows(taken[name], (_PUT, key))

    def _puts(self) -> Iterable[tuple[_Node, DatabaseObject]]:
        for key, obj in self.creates.items():
            yield (_PUT, key), obj
        for key, rename in self.renames.items():
            yield (_PUT, key), rename.new

    def _place(self, half: int, key: Key, gone: frozenset[Key], inlined: frozenset[Key]) -> _Node:
        """The node that does the work for `key`: its own, or that of what it is written inside or goes with."""
        while key in (gone if half == _DROP else inlined):
            owner = self._owner(self.before if half == _DROP else self.after, key)
            if owner is None:
                break
            key = owner
        return half, key

    def _written(self, node: _Node, inlined: frozenset[Key]) -> Iterable[Statement]:
        half, key = node
        kind = kind_of(key)
        if half == _DROP:
            for sql in kind.drop(self.drops[key]):
                yield Statement(sql, (key,), self.losses.get(key, ""))
        elif key in self.alters:
            alteration = self.alters[key][1]
            for sql in alteration.statements:
                yield Statement(sql, (key,), alteration.loses)
        elif key in self.renames:
            rename = self.renames[key]
            for sql in kind.rename(rename.old, rename.new):
                yield Statement(sql, (key,))
        else:
            obj = self.creates[key]
            parts = tuple(sorted(part for part in inlined if part in self.after.owned.get(key, ())))
            for sql in kind.create(obj, self.after, inlined):
                yield Statement(sql, (key, *parts))


def _carriers(catalog: Catalog) -> Mapping[Key, Key]:
    """For each sequence that a column owns, and for the fact that it does, the column."""
    pairs = (getattr(obj, "carried", None) for obj in catalog.objects.values())
    found = dict(pair for pair in pairs if pair is not None)
    return {**found, **{key._replace(kind="sequence_owner"): column for key, column in found.items()}}


def _relation_name(obj: DatabaseObject) -> tuple[str, str] | None:
    kind, schema, name, part = obj.key
    if kind in ("primary_key", "unique", "exclusion"):
        return schema, part
    return (schema, name) if kind in ("table", "index", "sequence", "view", "materialized_view") else None


_Needs: TypeAlias = "Mapping[Key, Mapping[Key, frozenset[Key]]]"


def _between_tables(parts: Iterable[Key], catalog: Catalog, tables: Iterable[Key]) -> _Needs:
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


def _in_a_cycle(needs: _Needs) -> set[Key]:
    """The parts between tables that need each other: foreign keys, made after all tables and dropped before them."""
    reach: dict[Key, set[Key]] = {}
    for table in needs:
        seen: set[Key] = set()
        waiting = list(needs[table])
        while waiting:
            need = waiting.pop()
            if need not in seen:
                seen.add(need)
                waiting.extend(needs.get(need, ()))
        reach[table] = seen
    return {
        part
        for table, needed in needs.items()
        for need, parts in needed.items()
        if table in reach.get(need, ())
        for part in parts
    }


def _topological(after_node: Mapping[_Node, set[_Node]]) -> list[_Node]:
    """The nodes so that each comes after those it follows; free ones by rank and name, drops of parts first."""
    followers: dict[_Node, list[_Node]] = {node: [] for node in after_node}
    missing = {node: len(earlier) for node, earlier in after_node.items()}
    for node, earlier in after_node.items():
        for other in earlier:
            followers[other].append(node)
    ready = [(_preference(node), node) for node, count in missing.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[_Node] = []
    done: set[_Node] = set()
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


def _preference(node: _Node) -> tuple[int, int, Key]:
    half, key = node
    rank = kinds()[key.kind].rank
    if half == _PUT:
        return 1, rank, key
    return (2 if key.kind in ("table", "column", "enum", "schema", "extension", "sequence") else 0), -rank, key
