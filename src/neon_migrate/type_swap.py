"""New types of the same names in the place of old ones, for changes that ALTER TYPE refuses while columns have them.

A type that is made of such a one (a domain over it, a composite type with an attribute of it, a range of it) can't
outlive it, so it is swapped too: all in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neon_migrate.kind import Alteration, OnlineStep, Run
from neon_migrate.swap_refusal import refusal
from neon_migrate.swap_statements import swap_statements
from neon_migrate.swapped_types import TYPES, SwappedTypes, made_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from neon_migrate.catalog import Catalog, DatabaseObject, Key

_STAYS = frozenset(
    {"column", "comment", "grant", "index", "primary_key", "sequence", "sequence_owner", "table", "unique"}
)
"""What ALTER TABLE brings along where it names nothing of the type."""

_SWAPPED = "Rewrites the tables with columns of the type while nobody can use them, so nothing else waits for it."


@dataclass(frozen=True, slots=True)
class Swap:
    """Types that are swapped together.

    alterations  for each of the types; the statements are those of the first
    columns      those that are altered along with the types, as they are afterwards
    leaving      columns and types that have to be of others before the old types go
    """

    alterations: Mapping[Key, Alteration]
    columns: Mapping[Key, DatabaseObject]
    leaving: frozenset[Key]

    @property
    def leader(self) -> Key:
        """The type whose statements do all of it."""
        return next(iter(self.alterations))


def swaps(before: Catalog, after: Catalog, alters: Mapping[Key, Alteration], away: Collection[Key]) -> tuple[Swap, ...]:
    """The swaps that these alterations ask for.

    away  what is dropped, also where it is created again
    """
    gone = frozenset(away)
    roots = {key for key, alteration in alters.items() if alteration.swaps and key.kind in TYPES}
    groups = _groups(before, after, roots, gone)
    return tuple(_swap(SwappedTypes(before, after, _in_order(group, after), gone), alters) for group in groups)


def _groups(before: Catalog, after: Catalog, roots: Iterable[Key], away: frozenset[Key]) -> list[set[Key]]:
    """The types that are swapped, with those that are made of them; those that share one are together."""
    groups: list[set[Key]] = []
    for root in sorted(roots):
        group, waiting = {root}, [root]
        while waiting:
            for user in before.dependents.get(waiting.pop(), ()):
                stays = user.kind in TYPES and user in after.objects and user not in away
                if stays and user not in group and made_of(user, group, after):
                    group.add(user)
                    waiting.append(user)
        shared = [other for other in groups if other & group]
        groups = [*(other for other in groups if other not in shared), group.union(*shared)]
    return groups


def _in_order(group: Iterable[Key], catalog: Catalog) -> tuple[Key, ...]:
    """Each after those of the group that it is made of."""
    waiting = set(group)
    needs = {key: catalog.depends.get(key, frozenset()) & waiting - {key} for key in waiting}
    done: list[Key] = []
    while waiting:
        ready = min(key for key in waiting if needs[key].isdisjoint(waiting))
        waiting.remove(ready)
        done.append(ready)
    return tuple(done)


def _swap(types: SwappedTypes, alters: Mapping[Key, Alteration]) -> Swap:
    refused = refusal(types)
    statements = () if refused else tuple(swap_statements(types))
    own = [alters[key] for key in (*types.keys, *types.altered) if key in alters]
    refused = next((one.refusal for one in own if one.refusal), refused)
    leader, *others = types.keys
    in_use = bool(statements and (types.altered or types.typed))
    leading = Alteration(
        statements,
        "; ".join(one.loses for one in own if one.loses),
        _disturbed(types, leader),
        online=(OnlineStep(statements, Run.LONG, _SWAPPED, f"change {leader.name}"),) if in_use else (),
        refusal=refused,
    )
    led = {key: Alteration((), disturbs=_disturbed(types, key)) for key in others}
    columns = {key: _as_left(types, key) for key in types.altered}
    return Swap({leader: leading, **led}, columns, types.leaving)


def _as_left(types: SwappedTypes, key: Key) -> DatabaseObject:
    old: Any = types.before.objects[key]
    new: Any = types.after.objects[key]
    default = types.default_after(key)
    left: DatabaseObject = replace(old, type=new.type, collation=new.collation, default=default)
    return left


def _disturbed(types: SwappedTypes, key: Key) -> Callable[[DatabaseObject], bool]:
    """Which dependents are taken down before, and put back afterwards.

    Expressions over the old type would not accept the new one. The type's own comment goes with the old type. An index
    that names nothing of the type (it depends on the column alone) is built again by ALTER TABLE itself.
    """
    names_it = types.before.dependents.get(key, frozenset())
    stays = {*types.keys, *types.leaving}

    def disturbed(dependent: DatabaseObject) -> bool:
        return dependent.key not in stays and (
            dependent.owner == key
            or bool(getattr(dependent, "generated", ""))
            or dependent.key.kind not in _STAYS
            or (dependent.key.kind == "index" and dependent.key in names_it)
        )

    return disturbed
