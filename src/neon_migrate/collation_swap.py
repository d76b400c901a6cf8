"""A new collation of the same name in the place of one that columns have: Postgres alters nothing but its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.catalog import Key
from neon_migrate.kind import Alteration, OnlineStep, Refusal, Run
from neon_migrate.objects import kind_of
from neon_migrate.sql import identifier, qualified
from neon_migrate.swap_refusal import partitioned_by
from neon_migrate.swapped_types import TYPES, column_of
from neon_migrate.type_swap import Swap

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from neon_migrate.catalog import Catalog, DatabaseObject

_STAYS = frozenset({"column", "comment", "grant", "primary_key", "sequence", "sequence_owner", "table", "unique"})
"""What ALTER TABLE brings along, and never names a collation itself."""

_WHY = "Builds the indexes of columns with the collation anew while nobody can use their tables: by itself."


def collation_swaps(
    before: Catalog, after: Catalog, alters: Mapping[Key, Alteration], away: Collection[Key]
) -> tuple[Swap, ...]:
    """The swaps of collations that these alterations ask for.

    away  what is dropped, also where it is created again
    """
    keys = (key for key, alteration in sorted(alters.items()) if alteration.swaps and key.kind == "collation")
    return tuple(_swap(before, after, key, alters, away) for key in keys)


def _swap(before: Catalog, after: Catalog, key: Key, alters: Mapping[Key, Alteration], away: Collection[Key]) -> Swap:
    users = sorted(before.dependents.get(key, frozenset()).difference(away) & after.objects.keys())
    own = [user for user in users if user.kind == "column" and not column_of(before, user).generated]
    name = qualified(key.schema, key.name)
    leaving = frozenset(user for user in own if name not in _said(after, user))
    columns = [user for user in own if user not in leaving]
    refused = next(_refusals(before, key, [*columns, *(user for user in users if user.kind in TYPES)]), None)
    statements = () if refused else tuple(_statements(before, after, key, columns, alters))
    alteration = Alteration(
        statements,
        disturbs=(lambda dependent: False) if refused else _disturbed(before, key, frozenset(own)),
        online=(OnlineStep(statements, Run.LONG, _WHY, f"change {key.name}"),) if columns and statements else (),
        refusal=refused,
    )
    return Swap({key: alteration}, {column: before.objects[column] for column in columns}, leaving)


def _said(catalog: Catalog, column: Key) -> tuple[str, ...]:
    """The collations that a column depends on: its own, and those that its default names."""
    needs = (need for need in catalog.depends.get(column, ()) if need.kind == "collation")
    return tuple(qualified(need.schema, need.name) for need in needs)


def _statements(
    before: Catalog, after: Catalog, key: Key, columns: Sequence[Key], alters: Mapping[Key, Alteration]
) -> Iterator[str]:
    aside = before.free_name(key.schema, key.name, "_replaced", after)
    yield f"ALTER COLLATION {qualified(key.schema, key.name)} RENAME TO {identifier(aside)}"
    yield from kind_of(key).create(after.objects[key], after, frozenset())
    own = [column for column in columns if not any(parent in columns for parent in _parents(before, column))]
    for table in dict.fromkeys(column[1:3] for column in own):
        these = (column for column in own if column[1:3] == table)
        actions = (action for column in these for action in _actions(before, key, column, alters))
        yield f"ALTER TABLE {qualified(*table)} {', '.join(actions)}"
    for column in columns:
        default = _default(before, column, alters)
        given = {column_of(before, parent).default for parent in _parents(before, column)}
        if column not in own and default is not None and default not in given:
            yield f"ALTER TABLE {qualified(*column[1:3])} ALTER COLUMN {identifier(column.part)} SET DEFAULT {default}"
    yield f"DROP COLLATION {qualified(key.schema, aside)}"


def _parents(catalog: Catalog, column: Key) -> Iterator[Key]:
    """The columns whose changes are changes of this one."""
    parents = getattr(catalog.objects[Key("table", column.schema, column.name)], "parents", ())
    return (column._replace(schema=schema, name=name) for schema, name in parents)


def _default(before: Catalog, column: Key, alters: Mapping[Key, Alteration]) -> str | None:
    """The default that may name the old collation; none where the column's own change lets go of it."""
    default: str | None = column_of(before, column).default
    return None if column in alters and alters[column].releases else default


def _actions(before: Catalog, collation: Key, key: Key, alters: Mapping[Key, Alteration]) -> Iterator[str]:
    """What turns a column to the new collation; a default may name the old one, and is written again."""
    column, default = column_of(before, key), _default(before, key, alters)
    name, alter = qualified(collation.schema, collation.name), f"ALTER COLUMN {identifier(key.part)}"
    if default is not None:
        yield f"{alter} DROP DEFAULT"
    if column.collation == name:
        yield f"{alter} TYPE {column.type} COLLATE {name}"
    if default is not None:
        yield f"{alter} SET DEFAULT {default}"


def _refusals(before: Catalog, key: Key, users: Sequence[Key]) -> Iterator[Refusal]:
    """What has the collation and can't get another."""
    yield from partitioned_by(before, key, (user for user in users if user.kind == "column"), "collation")
    for user in users:
        if user.kind in TYPES and before.dependents.get(user):
            yield Refusal(
                f"{key} can't be replaced: {user} has it, and is in use",
                "Postgres gives no type another collation.",
                f"Make a collation of another name and a new type with it, and change what {user} is used for.",
            )


def _disturbed(before: Catalog, key: Key, columns: frozenset[Key]) -> Callable[[DatabaseObject], bool]:
    """Which dependents are taken down before, and put back afterwards: expressions name the old collation still. An
    index on a column that is left as it is built again by ALTER TABLE itself; any other names it.
    """
    names_it = before.dependents.get(key, frozenset())

    def disturbed(dependent: DatabaseObject) -> bool:
        kind = dependent.key.kind
        return dependent.key not in columns and (
            dependent.owner == key
            or bool(getattr(dependent, "generated", ""))
            or kind not in {*_STAYS, "index", "exclusion", "check"}
            or (kind not in _STAYS and dependent.key in names_it)
        )

    return disturbed
