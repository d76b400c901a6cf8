"""What a change of a parent's column does to the columns that inherit it, and what of their own it leaves them.

Postgres passes ALTER COLUMN on to all of them, also where one has a default, an expression or NOT NULL of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.column import Column
from neon_migrate.kind import Refusal
from neon_migrate.not_null import SINCE
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.catalog import Catalog

_IDENTITY_SINCE = 17
"""The first major version in which partitions have the identity of their parent's column; other tables never do."""


@dataclass(frozen=True, slots=True)
class Left:
    """A column as its parent's change leaves it.

    releases  SQL that goes before the parent's change, so that it keeps what it has
    retyped   whether its own default is in the way meanwhile, as the parent's change gives it another type
    """

    column: Column
    releases: tuple[str, ...] = ()
    retyped: bool = False


def inheriting(catalog: Catalog, column: Key) -> Iterator[Key]:
    """The columns of the same name in partitions and inheriting tables: what changes in it changes in them."""
    for table in catalog.partitions.get(Key("table", column.schema, column.name), ()):
        other = column._replace(schema=table.schema, name=table.name)
        if other in catalog.objects:
            yield other
            yield from inheriting(catalog, other)


def source_of(column: Column, catalog: Catalog) -> Column | None:
    """The column of a parent whose changes are changes of this one too, be it also one of its own table."""
    parents = getattr(catalog.objects.get(Key("table", column.schema, column.table)), "parents", ())
    keys = (Key("column", schema, table, column.name) for schema, table in parents)
    found = (catalog.objects.get(key) for key in ((column.of_parent,) if column.of_parent else keys))
    return next((source for source in found if isinstance(source, Column)), None)


def passes_default_on(column: Column, before: Catalog, after: Catalog) -> bool:
    """Whether all that inherit it are to have its default, or expression; else each table's is changed by itself."""
    heirs: list[Any] = [after.objects.get(key) for key in inheriting(before, column.key)]
    return all(heir.default == column.default for heir in heirs if heir is not None)


def only(column: Column, before: Catalog, after: Catalog) -> str:
    """`ONLY ` where a statement about its default, or expression, must not be passed on."""
    return "" if passes_default_on(column, before, after) else "ONLY "


def as_left(old: Column, new: Column, before: Catalog, after: Catalog) -> Left:
    """What `old` is like once the column that it is from is changed, where that one lasts."""
    was, source = source_of(old, before), source_of(new, after)
    if was is None or source is None or was.key != source.key or _made_anew(was, before, after):
        return Left(old)
    changed: dict[str, Any] = {
        name: getattr(source, name)
        for name in ("type", "collation", "generated")
        if getattr(source, name) != getattr(was, name)
    }
    table: Any = after.objects[Key("table", source.schema, source.table)]
    if was.identity != source.identity and table.divided_by and before.major >= _IDENTITY_SINCE:
        changed["identity"] = source.identity
    column = f"ALTER TABLE {qualified(new.schema, new.table)} ALTER COLUMN {identifier(new.name)}"
    releases: tuple[str, ...] = ()
    had, has = (one.not_null and not one.no_inherit for one in (was, source))
    if had and not has and old.not_null and new.not_null and before.major >= SINCE:
        releases = (f"{column} SET NOT NULL",)  # which makes the one that is there its own as well, and reads nothing
    elif had != has:
        changed["not_null"] = has
    retyped = not changed.keys().isdisjoint({"type", "collation"})
    passed = passes_default_on(source, before, after)
    if was.generated and not source.generated:
        return Left(replace(old, **changed, default=source.default if passed else None), releases)
    if (passed or "generated" in changed) and (
        was.default != source.default or (retyped and source.default is not None)
    ):
        changed["default"] = source.default
    dropped = passed and was.default is not None
    in_the_way = retyped and not dropped and old.default is not None and not new.generated
    if in_the_way and "default" in changed:  # it is overwritten; until then it might not fit the type
        return Left(replace(old, **changed), (*releases, f"{column} DROP DEFAULT"))
    return Left(replace(old, **changed), releases, in_the_way)


def loses_expression(column: Column, before: Catalog, after: Catalog) -> Key | None:
    """What inherits a computed column and is to have another expression, which it can't keep when that is made anew."""
    for key in inheriting(before, column.key):
        heir: Any = after.objects.get(key)
        if heir is not None and heir.inherited and heir.generated and heir.default != column.default:
            return key
    return None


def with_another_parent(column: Key, before: Catalog, after: Catalog) -> Key | None:
    """What inherits a column from a table beside this one's too, so that neither can change its type.

    "cannot alter inherited column" (ATPrepAlterColumnType)
    """
    family = {column, *inheriting(before, column)}
    for heir in sorted(family - {column}):
        tables: list[Any] = [side.objects.get(Key("table", heir.schema, heir.name)) for side in (before, after)]
        lasting = set(tables[0].parents) & set(getattr(tables[1], "parents", ()))
        parents = {heir._replace(schema=schema, name=name) for schema, name in lasting}
        if any(parent in before.objects for parent in parents - family):
            return heir
    return None


def of_several_parents(becomes: str, heir: Key) -> Refusal:
    """Why a column can't get another type where `heir` inherits it from several tables.

    becomes  what it can't, such as `column public.t.a can't become bigint`
    """
    table = Key("table", heir.schema, heir.name).qualified_name
    return Refusal(
        f"{becomes}: {heir} is inherited from another table as well",
        "Postgres changes the type of no column that a table has from several parents.",
        f"In a change before, let {table} inherit from one of them alone (ALTER TABLE {table} NO INHERIT …); in one "
        "after, from all.",
    )


def _made_anew(source: Column, before: Catalog, after: Catalog) -> bool:
    """Whether a parent's table is, as it is partitioned by something else: it passes nothing on then."""
    table = Key("table", source.schema, source.table)
    old, new = (getattr(side.objects.get(table), "divided_by", "") for side in (before, after))
    return bool(old != new)
