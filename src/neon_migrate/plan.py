"""Puts Changes into an order that Postgres accepts, as SQL: a Plan.

Order comes from pg_depend of both sides: what uses an object is taken down before it and put up after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.diff import Alter, Change, Create, Drop, Rename, diff
from neon_migrate.initial_privileges import initial_grants
from neon_migrate.left_behind import with_left_behind
from neon_migrate.objects import kind_of
from neon_migrate.ordering import (
    DROP,
    PUT,
    RELEASE,
    Node,
    between_tables,
    in_a_cycle,
    in_order,
    names_taken,
    parents_bounded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from neon_migrate.catalog import Catalog, DatabaseObject
    from neon_migrate.kind import Alteration, OnlineStep
    from neon_migrate.ordering import Name


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
    """

    node: Node
    statements: tuple[Statement, ...]
    online: tuple[OnlineStep, ...]
    after: frozenset[int]
    down: int | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What makes one Catalog into another, in order.

    fingerprint  of the Catalog it starts from
    """

    fingerprint: str
    changes: tuple[Change, ...]
    parts: tuple[Part, ...]

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
    start = with_left_behind(before, after)
    changes = diff(start, after)
    return Plan(before.fingerprint, changes, _Planner(start, after, changes).parts())


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

    def parts(self) -> tuple[Part, ...]:
        for change in self.changes:
            self._sort_in(change)
        self._take_down_what_hangs_on_it()
        self._heed_default_privileges()
        gone = self._gone_with_their_owner()
        inlined = self._inlined()
        follows = self._follows(gone, inlined)
        nodes = in_order(follows)
        position = {node: number for number, node in enumerate(nodes)}

        def part(node: Node) -> Part:
            half, key = node
            down = self._place(DROP, self._taken_down(key), gone, inlined) if half == PUT else None
            return Part(
                node,
                tuple(self._written(node, inlined)),
                self._online(node),
                frozenset(position[earlier] for earlier in follows[node]),
                position.get(down) if down else None,
                half == PUT and self._replaced_online(key),
            )

        return tuple(map(part, nodes))

    def _heed_default_privileges(self) -> None:
        """What is made while default privileges are in force has its grants put right."""
        grants = {grant.key: grant for grant in initial_grants(self.before, self.after, self.creates)}
        if grants:
            depends = self.after.depends
            own = {key: grant.needs for key, grant in grants.items()}
            self.after = replace(
                self.after,
                objects={**self.after.objects, **grants},
                read_depends=lambda: {**depends, **own},
            )
            self.creates.update(grants)

    def _sort_in(self, change: Change) -> None:
        match change:
            case Create(new):
                self.creates[new.key] = new
            case Drop(old):
                self.drops[old.key] = self._left_to_children(old)
                self.losses[old.key] = kind_of(old.key).loses(old)
            case Rename():
                self.renames[change.key] = change
            case Alter(old, new):
                alteration = kind_of(new.key).alter(old, new, self.before, self.after)
                if alteration is None:
                    self._replace(new.key)
                    # What is not made anew by what hangs on it: a table's columns and constraints.
                    for part in self.after.owned.get(new.key, ()):
                        if part in self.before.objects:
                            self._replace(part)
                    self.losses[new.key] = kind_of(old.key).loses(old)
                else:
                    self.alters[new.key] = (new, alteration)

    def _left_to_children(self, old: Any) -> DatabaseObject:
        """A column as it goes: from its own table alone where all that inherit it keep it as their own."""
        users = self.before.dependents.get(old.key, ())
        children = [key for key in users if getattr(self.before.objects[key], "of_parent", None) == old.key]
        own = all(key in self.after.objects and self.after.objects[key].parent is None for key in children)  # type: ignore[attr-defined]
        left: DatabaseObject = replace(old, left_to_children=True) if children and own else old
        return left

    def _replace(self, key: Key) -> None:
        self.creates[key] = self.after.objects[key]
        if not kind_of(key).overwrites:
            self.drops[key] = self.before.objects[key]
        self.alters.pop(key, None)

    def _take_down_what_hangs_on_it(self) -> None:
        """What depends on something dropped goes first and comes back; also what an alteration can't be done under."""
        waiting = [*self.drops, *self.alters]
        while waiting:
            key = waiting.pop()
            disturbs = self.alters[key][1].disturbs if key in self.alters else None
            for user in self._users(key):
                used_by = self.before.objects[user]
                if (
                    user in self.after.objects
                    and user not in self.drops
                    and self._can_be_made_again(user)
                    and (disturbs is None or disturbs(used_by))
                ):
                    self.renames.pop(user, None)
                    self._replace(user)
                    waiting.append(user)

    def _can_be_made_again(self, key: Key) -> bool:
        """Whether taking it down and putting it up costs no data: tables and columns hold some, unless computed."""
        sides = (self.before.objects[key], self.after.objects[key])
        return not any(kind_of(key).loses(obj) for obj in sides)

    def _users(self, key: Key) -> Iterable[Key]:
        """What depends on `key`, also by way of the columns it is the type of."""
        for user in self.before.dependents.get(key, ()):
            yield user
            if key.kind in ("enum", "composite_type", "domain") and user.kind == "column":
                yield from self.before.dependents.get(user, ())

    def _gone_with_their_owner(self) -> frozenset[Key]:
        gone = {key for key in self.drops if self._taker(key) is not None}
        return frozenset(gone - in_a_cycle(between_tables(gone, self.before, self.drops)))

    def _taken_down(self, key: Key) -> Key:
        """What was taken down so that `key` is put up: itself, or its owner where it is overwritten (a comment)."""
        owner = self.after.objects[key].owner
        return key if owner is None or key in self.drops else owner

    def _taker(self, key: Key) -> Key | None:
        """What takes `key` along when it is dropped: its table, or a sequence's column; None where nothing does."""
        owners = (self.carriers_before.get(key), self.before.objects[key].owner)
        return next((owner for owner in owners if owner in self.drops), None)

    def _maker(self, key: Key) -> Key | None:
        """What `key` is made with: its table, or the column that carries a sequence."""
        return self.carriers_after.get(key, self.after.objects[key].owner)

    def _inlined(self) -> frozenset[Key]:
        """What is written inside a CREATE TABLE, or made by what is written there."""
        inside = {key for key, obj in self.creates.items() if kind_of(key).inline and obj.owner in self.creates}
        inside -= {key for key in inside if not getattr(self.creates[key], "validated", True)}
        inside -= in_a_cycle(between_tables(inside, self.after, self.creates))
        inside -= self._not_made_inside(inside)
        implied = {
            made
            for key, obj in self.creates.items()
            if key.kind == "column"
            for made in kind_of(key).implied(obj, self.after)
            if made in self.creates and made not in self.drops
        }
        return frozenset(inside | implied)

    def _not_made_inside(self, inside: Iterable[Key]) -> set[Key]:
        """What a CREATE TABLE would not make, as Postgres takes it for a repetition, and what needs that."""
        apart: set[Key] = set()
        seen: set[object] = set()
        for key in sorted(inside):
            what = getattr(self.creates[key], "merges_as", None)
            if what is not None and what in seen:
                apart.add(key)
            seen.add(what)
        return apart | {key for key in inside if apart & self.after.depends.get(key, frozenset())}

    def _follows(self, gone: frozenset[Key], inlined: frozenset[Key]) -> dict[Node, set[Node]]:
        """Each half of a Change with those that have to be done before it."""
        nodes = {(DROP, key) for key in self.drops if key not in gone}
        nodes |= {(PUT, key) for key in (*self.creates, *self.alters, *self.renames) if key not in inlined}
        nodes |= {(RELEASE, key) for key, (_, alteration) in self.alters.items() if alteration.releases}
        after_node: dict[Node, set[Node]] = {node: set() for node in nodes}

        def place(half: int, key: Key) -> Node:
            return self._place(half, key, gone, inlined)

        def follows(later: Node, earlier: Node) -> None:
            if later != earlier and later in nodes and earlier in nodes:
                after_node[later].add(earlier)

        names_wait = set(self._names_wait(place))
        for later, earlier in (*names_wait, *self._bounds_wait(place)):
            follows(later, earlier)
        for key in self.alters:
            follows((PUT, key), (RELEASE, key))
        for key in (*self.drops, *self.alters, *self.renames):
            old = self.renames[key].old.key if key in self.renames else key
            user = place(DROP if key in self.drops else PUT, key)
            owner = self.before.objects[old].owner
            if owner is not None:
                follows(user, (RELEASE, owner))
            for need in self.before.depends.get(old, ()):
                dropped = place(DROP, need)
                follows((PUT, need), (RELEASE, key))
                follows(dropped, (RELEASE, key) if (user, dropped) in names_wait else user)
                if user[0] == DROP:
                    follows(place(PUT, need), user)
                    owner = self.before.objects[need].owner
                    if owner is not None:
                        follows(place(PUT, owner), user)
        beside = frozenset(self._columns_beside_a_new_parent())
        for key in (*self.creates, *self.alters):
            user = place(PUT, key)
            for need in self.after.depends.get(key, ()):
                follows(user, place(PUT, need))
            owner = self.after.objects[key].owner
            if owner is not None and not (key in self.alters and (owner, key) in beside):
                follows(user, place(PUT, owner))
        for key in self.creates:
            put = place(PUT, key)
            follows(put, (DROP, key))
            if key in self.drops:
                # A foreign key that is put back must not find the key it is to do without.
                for need in self.before.depends.get(key, ()):
                    if need not in self.creates:
                        follows(put, (DROP, need))
        for key, part in beside:
            follows((PUT, key), (DROP, part))
            if part in self.alters or part[:3] != ("column", *key[1:3]):
                follows((PUT, key), (PUT, part))
                follows((PUT, part), (RELEASE, key))
        for key, (new, _) in self.alters.items():
            # What happens to a parent's columns, keys and indexes would happen to those of a partition that leaves it.
            left = set(getattr(self.before.objects[key], "parents", ())).difference(getattr(new, "parents", ()))
            for owned in (side.owned for side in (self.before, self.after)):
                for part in (part for parent in left for part in owned.get(Key("table", *parent), ())):
                    follows((PUT, part), (RELEASE, key))
                    if part in self.drops:
                        follows(place(DROP, part), (RELEASE, key))
        return after_node

    def _columns_beside_a_new_parent(self) -> Iterator[tuple[Key, Key]]:
        """A table that is attached to another, and the columns of either: a partition has just those of its parent."""
        for key, (new, _) in self.alters.items():
            had = getattr(self.before.objects[key], "parents", ())
            attached = [Key("table", *parent) for parent in getattr(new, "parents", ()) if parent not in had]
            for table in (key, *attached) if attached else ():
                parts = {*self.before.owned.get(table, ()), *self.after.owned.get(table, ())}
                yield from ((key, part) for part in sorted(parts) if part.kind == "column")

    def _names_wait(self, place: Callable[[int, Key], Node]) -> Iterator[tuple[Node, Node]]:
        """What takes a name, after what gives it up."""
        given: dict[Name, Node] = {}
        for key, old in self.drops.items():
            given.update(dict.fromkeys(names_taken(old), place(DROP, key)))
        for key, rename in self.renames.items():
            given.update(dict.fromkeys(names_taken(rename.old), (PUT, key)))
        for key, (new, _) in self.alters.items():
            freed = names_taken(self.before.objects[key]) - names_taken(new)
            given.update(dict.fromkeys(freed, (RELEASE, key)))
        for key, new in self._puts():
            for name in names_taken(new) & given.keys():
                yield place(PUT, key), given[name]

    def _bounds_wait(self, place: Callable[[int, Key], Node]) -> Iterator[tuple[Node, Node]]:
        """A partition that gets bounds, after those of the same parent that give up theirs: none may overlap."""
        given: dict[object, list[Node]] = {}
        for key in (*self.drops, *self.alters):
            other = None if key in self.drops else self.after.objects.get(key)
            if parents := parents_bounded(self.before.objects[key], other):
                given.setdefault(parents, []).append(place(DROP if key in self.drops else RELEASE, key))
        for key in (*self.creates, *self.alters):
            other = None if key in self.creates else self.before.objects.get(key)
            parents = parents_bounded(self.after.objects[key], other)
            yield from ((place(PUT, key), node) for node in given.get(parents, ()))

    def _puts(self) -> Iterator[tuple[Key, DatabaseObject]]:
        yield from self.creates.items()
        yield from ((key, rename.new) for key, rename in self.renames.items())
        yield from ((key, new) for key, (new, _) in self.alters.items())

    def _place(self, half: int, key: Key, gone: frozenset[Key], inlined: frozenset[Key]) -> Node:
        """The node that does the work for `key`: its own, or that of what it is written inside or goes with."""
        while key in (gone if half == DROP else inlined):
            owner = self._taker(key) if half == DROP else self._maker(key)
            if owner is None:
                break
            key = owner
        return half, key

    def _written(self, node: Node, inlined: frozenset[Key]) -> Iterable[Statement]:
        half, key = node
        kind = kind_of(key)
        if half == RELEASE:
            for sql in self.alters[key][1].releases:
                yield Statement(sql, (key,))
        elif half == DROP:
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
            parts = tuple(part for part in self.after.owned.get(key, ()) if part in inlined)
            for sql in kind.create(obj, self.after, inlined):
                yield Statement(sql, (key, *parts))

    def _online(self, node: Node) -> tuple[OnlineStep, ...]:
        half, key = node
        kind = kind_of(key)
        if half == DROP:
            return () if self._loses_what_it_is_on(key) else kind.drop_online(self.drops[key])
        if half == RELEASE or key in self.renames:
            return ()
        if key in self.alters:
            return self.alters[key][1].online
        if self._replaced_online(key):
            return kind.replace_online(self.drops[key], self.creates[key], self.before, self.after)
        obj = self.creates[key]
        needs = self.after.depends.get(key, ()) if obj.owner is None else (obj.owner,)
        in_use = any(need in self.before.objects and need not in self.creates for need in needs)
        return kind.create_online(obj, self.before, self.after) if in_use else ()

    def _replaced_online(self, key: Key) -> bool:
        """Whether it can stay until there is another in its place."""
        if key not in self.drops or key not in self.creates or self._loses_what_it_is_on(key):
            return False
        if any(self._changes_under(key, need) for need in self.before.depends.get(key, ())):
            return False
        return bool(kind_of(key).replace_online(self.drops[key], self.creates[key], self.before, self.after))

    def _changes_under(self, key: Key, column: Key) -> bool:
        """Whether a column is to have another type, which what is on it may not stand."""
        if column.kind != "column" or column not in self.after.objects:
            return False
        if self.before.objects[column].type != self.after.objects[column].type:  # type: ignore[attr-defined]
            return True
        types = [need for need in self.before.depends.get(column, ()) if need in self.alters]
        return any(self.alters[need][1].disturbs(self.before.objects[key]) for need in types)

    def _loses_what_it_is_on(self, key: Key) -> bool:
        needs = self.before.depends.get(key, frozenset())
        return self.before.objects[key].owner in self.drops or any(need in self.drops for need in needs)


def _carriers(catalog: Catalog) -> Mapping[Key, Key]:
    """For each sequence that a column owns, the column."""
    pairs = (getattr(obj, "carried", None) for obj in catalog.objects.values())
    return dict(pair for pair in pairs if pair is not None)
