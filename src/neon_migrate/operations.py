"""What a Plan does to which objects: the Changes themselves, and what is taken down for them and put back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.collation_swap import collation_swaps
from neon_migrate.diff import Alter, Change, Create, Drop, Rename
from neon_migrate.inheritance import inheriting
from neon_migrate.initial_privileges import initial_grants
from neon_migrate.kind import Alteration
from neon_migrate.left_behind import ancestors
from neon_migrate.objects import kind_of
from neon_migrate.objects.owner import owner_key
from neon_migrate.objects.table import Table, lasting_parents
from neon_migrate.ordering import names_taken, strongly_connected
from neon_migrate.row_types import holding_rows, refusal
from neon_migrate.swapped_types import TYPES
from neon_migrate.type_swap import swaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from neon_migrate.catalog import Catalog, DatabaseObject
    from neon_migrate.kind import Refusal
    from neon_migrate.objects.grant import Grant
    from neon_migrate.objects.owner import Owner
    from neon_migrate.type_swap import Swap


@dataclass(frozen=True, slots=True)
class Operations:
    """What is dropped, created, altered and renamed on the way from `before` to `after`.

    What is taken down and put back is both in `drops` and in `creates`; what is overwritten in `creates` alone.

    after   with the grants that have to be put right because of default privileges, and whose is what is made again
    alters  the object as it is to be, and how it becomes that
    losses  the data that goes with what is dropped, in words
    swaps   the types among `alters` of which new ones take the place
    asides  what is renamed by way of another name, as its new one is only free once others are renamed
    refusals  what of the creates can't be done
    """

    before: Catalog
    after: Catalog
    drops: dict[Key, DatabaseObject] = field(default_factory=dict)
    creates: dict[Key, DatabaseObject] = field(default_factory=dict)
    alters: dict[Key, tuple[DatabaseObject, Alteration]] = field(default_factory=dict)
    renames: dict[Key, Rename] = field(default_factory=dict)
    losses: dict[Key, str] = field(default_factory=dict)
    swaps: tuple[Swap, ...] = ()
    asides: dict[Key, DatabaseObject] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def put(self) -> Iterator[tuple[Key, DatabaseObject]]:
        """All that is there in the end and was not there, or not like that, in the beginning."""
        yield from self.creates.items()
        yield from ((key, rename.new) for key, rename in self.renames.items())
        yield from ((key, new) for key, (new, _) in self.alters.items())

    def loses_what_it_is_on(self, key: Key) -> bool:
        """Whether something that `key` depends on, or belongs to, is dropped."""
        needs = self.before.depends.get(key, frozenset())
        return self.before.objects[key].owner in self.drops or any(need in self.drops for need in needs)


def operations(before: Catalog, after: Catalog, changes: Iterable[Change]) -> Operations:
    """What these Changes, which are all that separates the two, come to."""
    found = Operations(before, after)
    for change in changes:
        _sort_in(found, change)
    for table in [new for new, _ in found.alters.values() if new.key.kind == "table"]:
        _replace_inherited_checks(found, table)
    found = _with_swaps(found)
    _refuse_for_row_types(found)
    _take_down_what_hangs_on_it(found)
    _put_aside(found)
    return _with_initial_grants(_with_owners(found))


def _sort_in(found: Operations, change: Change) -> None:
    match change:
        case Create(new):
            found.creates[new.key] = _before_it_is_attached(found, new)
        case Drop(old):
            found.drops[old.key] = _once_it_is_detached(found, _left_to_children(found, old))
            found.losses[old.key] = kind_of(old.key).loses(old)
        case Rename():
            found.renames[change.key] = change
        case Alter(old, new):
            alteration = kind_of(new.key).alter(old, new, found.before, found.after)
            if alteration is not None:
                found.alters[new.key] = (new, _without_a_parent(found, old, alteration))
                _keep_of_inheriting(found, new.key)
                return
            _replace(found, new.key)
            # What is not made anew by what hangs on it: a table's columns and constraints.
            for part in found.after.owned.get(new.key, ()):
                if part in found.before.objects:
                    _replace(found, part)
            if getattr(old, "divided_by", ""):
                _keep_partitions(found, old.key)
            else:
                found.losses[new.key] = kind_of(old.key).loses(old)


def _without_a_parent(found: Operations, old: Any, alteration: Alteration) -> Alteration:
    """What is done to a column, which is its table's own while the parent that it is from is made anew."""
    parent: Key | None = getattr(old, "parent", None)
    if parent is None or parent not in joined(found.after, found.before, old.owner):
        return alteration
    return replace(alteration, frees=alteration.frees | {parent, Key("column", parent.schema, parent.name, old.name)})


def _keep_of_inheriting(found: Operations, column: Key) -> None:
    """What columns that inherit one are to keep of their own, such as NOT NULL: what changes there changes here."""
    for key in inheriting(found.before, column) if column.kind == "column" else ():
        old, new = found.before.objects[key], found.after.objects.get(key)
        if old == new and key not in found.alters:
            alteration = kind_of(key).alter(old, new, found.before, found.after)
            if alteration is not None and (alteration.statements or alteration.releases or alteration.rewrite):
                found.alters[key] = (new, alteration)


def _keep_partitions(found: Operations, table: Key) -> None:
    """Of a partitioned table that is made anew: they have the rows, and are its own again where they fit."""
    for key in found.before.partitions.get(table, ()):
        if key in found.after.objects:
            _sort_in(found, Alter(found.before.objects[key], found.after.objects[key]))


def _with_swaps(found: Operations) -> Operations:
    """Types that are swapped, with all that is made of them; what that does to a column need not be done again."""
    alterations = {key: alteration for key, (_, alteration) in found.alters.items()}
    swapped = (
        *swaps(found.before, found.after, alterations, found.drops),
        *collation_swaps(found.before, found.after, alterations, found.drops),
    )
    for swap in swapped:
        found.alters.update((key, (found.after.objects[key], one)) for key, one in swap.alterations.items())
        for key, left in swap.columns.items():
            if key in found.alters:
                new = found.after.objects[key]
                rest = kind_of(key).alter(left, new, found.before, found.after) if left != new else None
                if rest is None:
                    del found.alters[key]
                else:
                    found.alters[key] = (new, rest)
    return replace(found, swaps=swapped)


def _left_to_children(found: Operations, old: Any) -> DatabaseObject:
    """A column as it goes: from its own table alone where all that inherit it keep it as their own."""
    before, after = found.before, found.after
    users = before.dependents.get(old.key, ())
    children = [key for key in users if getattr(before.objects[key], "of_parent", None) == old.key]
    own = all(key in after.objects and after.objects[key].parent is None for key in children)  # type: ignore[attr-defined]
    left: DatabaseObject = replace(old, left_to_children=True) if children and own else old
    return left


def _before_it_is_attached(found: Operations, new: Any) -> DatabaseObject:
    """A column that its table has to have by itself, since a parent takes no table that has it not."""
    parent = getattr(new, "parent", None)
    alone = parent is not None and parent in joined(found.before, found.after, new.owner)
    had: DatabaseObject = replace(new, parent=None) if alone else new
    return had


def _once_it_is_detached(found: Operations, old: Any) -> DatabaseObject:
    """A column that its table is left with by a parent that it has no more."""
    parent = getattr(old, "parent", None)
    alone = parent is not None and parent in joined(found.after, found.before, old.owner)
    left: DatabaseObject = replace(old, parent=None) if alone else old
    return left


def _replace_inherited_checks(found: Operations, table: Any) -> None:
    """A table that is to inherit gets its checks from its parents, as these get them anew.

    Were they added to it before, as a parent asks for, they would stay its own. A partition has none of its own.
    """
    attached = joined(found.before, found.after, table.key) if not getattr(table, "bound", "") else ()
    for parent in {above for key in attached for above in (key, *ancestors(found.after, key))}:
        for key in found.after.owned.get(parent, ()):
            own = key._replace(name=table.key.name, schema=table.key.schema)
            stays = found.before.objects.get(own) == found.after.objects.get(own) is not None
            if key.kind == "check" and key in found.before.objects and not stays:
                _replace(found, key)


def joined(before: Catalog, after: Catalog, table: Key) -> frozenset[Key]:
    """The parents that a table, which is there before and after, has only after, or that are made anew."""
    old, new = before.objects.get(table), after.objects.get(table)
    if not isinstance(old, Table) or not isinstance(new, Table):
        return frozenset()
    lasting = lasting_parents(old, new, before, after)
    return frozenset(Key("table", *parent) for parent in new.parents if parent not in lasting)


def _replace(found: Operations, key: Key) -> None:
    found.creates[key] = kind_of(key).again(found.after.objects[key])
    if not kind_of(key).overwrites:
        found.drops[key] = found.before.objects[key]
    found.alters.pop(key, None)


def _take_down_what_hangs_on_it(found: Operations) -> None:
    """What depends on something dropped goes first and comes back; also what an alteration can't be done under."""
    waiting = [*found.drops, *found.alters]
    while waiting:
        key = waiting.pop()
        disturbs = found.alters[key][1].disturbs if key in found.alters else None
        altered = (key, *inheriting(found.before, key)) if key.kind == "column" and key in found.alters else (key,)
        for user in (user for each in altered for user in _users(found.before, each)):
            used_by = found.before.objects[user]
            stays = user in found.after.objects and user not in found.drops and not _leaves(found, user, key)
            if not stays or (disturbs is not None and not disturbs(used_by)):
                continue
            if disturbs is None and _lets_go(found, user):
                waiting.append(user)
            elif _can_be_made_again(found, user):
                found.renames.pop(user, None)
                _replace(found, user)
                waiting.append(user)


def _refuse_for_row_types(found: Operations) -> None:
    """What can't be done to a table while rows of it are values of something that stays."""
    swapped = {column for swap in found.swaps for column in swap.columns}
    for key, (new, alteration) in found.alters.items():
        old: Any = found.before.objects[key]
        retyped = key.kind == "column" and key not in swapped and _type_of(old) != _type_of(new)
        rewritten = key.kind == "table" and old.unlogged != getattr(new, "unlogged", False)
        if alteration.refusal is None and (retyped or rewritten):
            becomes = getattr(new, "type", "logged" if rewritten and old.unlogged else "unlogged")
            if refused := _for_row_types(found, key, f"{key} can't become {becomes}"):
                found.alters[key] = new, Alteration((), alteration.loses, refusal=refused)
    for key, obj in found.creates.items():
        filled = key.kind == "column" and (getattr(obj, "default", None) or getattr(obj, "identity", ""))
        if filled and obj.owner in found.before.objects and obj.owner not in found.creates:
            refused = _for_row_types(found, key, f"{key} can't be added with a default")
            found.refusals.extend([refused] if refused else [])


def _for_row_types(found: Operations, key: Key, change: str) -> Refusal | None:
    """Also where it holds rows of a partition, or of a table that inherits: what is done to one is done to them."""
    waiting = [Key("table", key.schema, key.name)]
    for table in waiting:
        holder = next((one for one in holding_rows(found.before, table) if one not in found.drops), None)
        if holder:
            return refusal(table, change, holder)
        waiting += found.before.partitions.get(table, ())
    return None


def _type_of(column: Any) -> tuple[str, str]:
    return column.type, column.collation


def _put_aside(found: Operations) -> None:
    """Of things that take each other's names all but one, under names that are free."""
    given = {name: key for key, rename in found.renames.items() for name in names_taken(rename.old)}
    takes = {key: {given[name] for name in names_taken(one.new) & given.keys()} for key, one in found.renames.items()}
    for group in strongly_connected(takes):
        for key in sorted(group)[1:]:
            old: Any = found.renames[key].old
            free = found.before.free_name(key.schema, old.name, "_renamed", found.after)
            found.asides[key] = replace(old, name=free)


def _lets_go(found: Operations, key: Key) -> bool:
    """Whether it can be without what it depends on while that is made again, such as a function in a default."""
    again = frozenset(need for need in found.before.depends.get(key, ()) if need in found.drops.keys() & found.creates)
    if not again or any(key in (*swap.columns, *swap.alterations) for swap in found.swaps):
        return False
    old, new = found.before.objects[key], found.after.objects[key]
    alteration = kind_of(key).let_go(old, new, again, found.before, found.after)
    if alteration is not None:
        found.alters[key] = (new, alteration)
    return alteration is not None


def _leaves(found: Operations, key: Key, schema: Key) -> bool:
    """Whether it is moved out of a schema that is dropped: an extension."""
    return schema.kind == "schema" and key in found.alters and schema not in found.after.depends.get(key, ())


def _can_be_made_again(found: Operations, key: Key) -> bool:
    """Whether taking it down and putting it up costs no data: tables and columns hold some, unless computed."""
    sides = (found.before.objects[key], found.after.objects[key])
    return not any(kind_of(key).loses(obj) for obj in sides)


def _users(before: Catalog, key: Key) -> Iterable[Key]:
    """What depends on `key`, also by way of the columns it is the type or collation of."""
    for user in before.dependents.get(key, ()):
        yield user
        if key.kind in (*TYPES, "collation") and user.kind == "column":
            yield from before.dependents.get(user, ())


def _with_owners(found: Operations) -> Operations:
    """What is made again is whose it was, also where nobody asked for owners; a column's sequence is its table's."""
    again = {*found.creates, *(key for swap in found.swaps for key in swap.alterations)} - found.after.carriers.keys()
    said: dict[Key, Any] = {key: owner for key in sorted(again) if (owner := found.before.unasked.get(owner_key(key)))}
    objects = ((owner, kind_of(key).identity(found.after.objects[key])) for key, owner in said.items())
    return _with_said(found, [replace(owner, identity=identity) for owner, identity in objects])


def _with_initial_grants(found: Operations) -> Operations:
    """What is made while default privileges are in force has its grants put right."""
    return _with_said(found, initial_grants(found.before, found.after, found.creates))


def _with_said(found: Operations, said: Sequence[Grant | Owner]) -> Operations:
    """With this said of what is made."""
    if not said:
        return found
    depends = found.after.depends
    needs = {one.key: one.needs for one in said}
    objects = {one.key: one for one in said}
    after = replace(
        found.after,
        objects={**found.after.objects, **objects},
        read_depends=lambda: {**depends, **needs},
    )
    return replace(found, after=after, creates={**found.creates, **objects})
