"""Composite types of their own (https://www.postgresql.org/docs/current/rowtypes.html), not those of tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.column_change import disturbed
from neon_migrate.kind import (
    PG_CLASS,
    PG_TYPE,
    USER_SCHEMA,
    Alteration,
    Found,
    Kind,
    NewType,
    OnlineStep,
    ReadSoFar,
    Refusal,
    Row,
    Run,
)
from neon_migrate.sql import identifier, qualified
from neon_migrate.type_change import HOLDERS, casts_by_itself, keeps_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.catalog import DatabaseObject

_REWRITTEN = "Rewrites the tables of the type while nobody can use them: by itself, so that nothing else waits for it."


@dataclass(frozen=True, slots=True)
class CompositeType:
    """A composite type; `attributes` are name and type of each, with its collation if not the type's, in order."""

    schema: str
    name: str
    attributes: tuple[tuple[str, str], ...]

    @property
    def key(self) -> Key:
        return Key("composite_type", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class CompositeTypeKind(Kind[CompositeType]):
    name = "composite_type"
    rank = 28
    stored_in = ("pg_class.c",)

    def query(self, major: int) -> str:
        attributes = "FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        return f"""SELECT t.oid, t.typarray, c.oid, n.nspname, t.typname,
  ARRAY(SELECT a.attnum::text {attributes} ORDER BY a.attnum),
  ARRAY(SELECT a.attname::text {attributes} ORDER BY a.attnum),
  ARRAY(SELECT format_type(a.atttypid, a.atttypmod) || coalesce((
    SELECT ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
    FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
    JOIN pg_type b ON b.oid = a.atttypid AND b.typcollation <> co.oid WHERE co.oid = a.attcollation), '')
    {attributes} ORDER BY a.attnum)
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE c.relkind = 'c' AND t.oid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, array, relation, schema, name, numbers, names, types = row
        of_attributes = ((PG_CLASS, relation, number) for number in (0, *map(int, numbers)))
        attributes = tuple(zip(names, types, strict=True))
        return ((PG_TYPE, oid, 0), (PG_TYPE, array, 0), *of_attributes), CompositeType(schema, name, attributes)

    def create(self, obj: CompositeType, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        lines = ",\n".join(f"    {identifier(name)} {type_}" for name, type_ in obj.attributes)
        return (f"CREATE {self.identity(obj)} AS (\n{lines}\n)" if lines else f"CREATE {self.identity(obj)} AS ()",)

    def drop(self, obj: CompositeType) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: CompositeType, new: CompositeType, before: Catalog, after: Catalog) -> Alteration | None:
        change = _Change(old, new, before)
        if change.reordered and not change.in_use and not change.typed:
            return None
        if change.reordered and change.typed:
            return Alteration((), refusal=_other_order(change))
        if change.reordered or (change.retyped and (change.in_use or not change.casts_by_itself)):
            return Alteration((), change.loses, swaps=True)
        cascade = " CASCADE" if change.typed else ""
        actions = [f"DROP ATTRIBUTE {identifier(name)}{cascade}" for name in change.gone]
        actions += [
            f"ALTER ATTRIBUTE {identifier(name)} TYPE {change.becomes[name]}{cascade}" for name in change.retyped
        ]
        actions += [f"ADD ATTRIBUTE {identifier(name)} {change.becomes[name]}{cascade}" for name in change.added]
        statements = (f"ALTER {self.identity(new)} {', '.join(actions)}",)
        rewrites = bool(change.typed and change.retyped)
        return Alteration(
            statements,
            change.loses,
            change.disturbs,
            online=(OnlineStep(statements, Run.LONG, _REWRITTEN, f"change {new.name}"),) if rewrites else (),
        )

    def new_type(self, old: CompositeType, new: CompositeType, before: Catalog, after: Catalog) -> NewType:
        change = _Change(old, new, before)
        row = tuple((name if name in change.was else "", *change.types(name)) for name, _ in new.attributes)
        if change.reordered:
            return NewType(tuple(self.create(new, after, frozenset())), row=row, reordered=True)
        # What goes and comes does so before and after, so that meanwhile both have the same attributes.
        alter, cascade = f"ALTER {self.identity(new)}", " CASCADE" if change.typed else ""
        first = [f"DROP ATTRIBUTE {identifier(name)}{cascade}" for name in change.gone]
        then = [f"ADD ATTRIBUTE {identifier(name)} {change.becomes[name]}{cascade}" for name in change.added]
        kept = replace(new, attributes=tuple(one for one in new.attributes if one[0] in change.was))
        return NewType(
            tuple(self.create(kept, after, frozenset())),
            (f"{alter} {', '.join(first)}",) if first else (),
            (f"{alter} {', '.join(then)}",) if then else (),
            row,
        )

    def identity(self, obj: CompositeType) -> str:
        return f"TYPE {qualified(obj.schema, obj.name)}"


@dataclass(frozen=True)
class _Change:
    """What happens to the attributes of a type."""

    old: CompositeType
    new: CompositeType
    before: Catalog

    @cached_property
    def was(self) -> dict[str, str]:
        return dict(self.old.attributes)

    @cached_property
    def becomes(self) -> dict[str, str]:
        return dict(self.new.attributes)

    @cached_property
    def gone(self) -> list[str]:
        return [name for name in self.was if name not in self.becomes]

    @cached_property
    def added(self) -> list[str]:
        return [name for name in self.becomes if name not in self.was]

    @cached_property
    def kept(self) -> list[str]:
        return [name for name in self.was if name in self.becomes]

    @cached_property
    def retyped(self) -> list[str]:
        return [name for name in self.kept if self.was[name] != self.becomes[name]]

    @cached_property
    def reordered(self) -> bool:
        """Whether more changes than that attributes go, and new ones come after those that stay."""
        return list(self.becomes) != [*self.kept, *self.added]

    def types(self, name: str) -> tuple[str, str]:
        """Of an attribute its type before and after, without collation; empty where it is not there."""
        old, new = (attributes.get(name, "").partition(" COLLATE ")[0] for attributes in (self.was, self.becomes))
        return old, new

    @cached_property
    def typed(self) -> list[Key]:
        """The tables of this type."""
        users = sorted(self.before.dependents.get(self.old.key, ()))
        return [key for key in users if getattr(self.before.objects[key], "of_type", "")]

    @cached_property
    def in_use(self) -> bool:
        """Whether columns have it, or other types are made of it."""
        return any(
            user.kind in HOLDERS and (user.kind, *user[1:3]) not in self._own_columns
            for user in self.before.dependents.get(self.old.key, ())
        )

    @cached_property
    def _own_columns(self) -> frozenset[tuple[str, ...]]:
        """Kind and table of the columns that tables of this type have from it."""
        return frozenset(("column", key.schema, key.name) for key in self.typed)

    @cached_property
    def casts_by_itself(self) -> bool:
        """Whether tables of the type have nothing in them for which Postgres would want to be told how."""
        return not self.typed or all(casts_by_itself(*self.types(name)) for name in self.retyped)

    @cached_property
    def loses(self) -> str:
        """The data that may go, in words."""
        stored, name = self.typed or self.in_use, self.new.key.qualified_name
        narrowed = [one for one in self.retyped if not keeps_values(*self.types(one))]
        found = [f"attributes {', '.join(self.gone)} of {name} wherever it is stored"] if self.gone else []
        found += [f"values of attributes {', '.join(narrowed)} of {name} that do not fit"] if narrowed else []
        return "; ".join(found) if stored else ""

    def disturbs(self, dependent: DatabaseObject) -> bool:
        """Whether it stands in the way of another type of the columns that tables have from it."""
        on = (Key("column", table.schema, table.name, name) for table in self.typed for name in self.retyped)
        needs = self.before.depends.get(dependent.key, frozenset())
        return any(column in needs and disturbed(*self.types(column.part))(dependent) for column in on)


def _other_order(change: _Change) -> Refusal:
    tables = ", ".join(key.qualified_name for key in change.typed)
    return Refusal(
        f"{change.new.key} can't have its attributes in another order: it is the type of {tables}",
        "The columns of a table of a type stand in its order, and Postgres has no way to change the order of columns.",
        "Put new attributes last and leave the others where they are; or make the table a plain one before "
        f"(ALTER TABLE {qualified(*change.typed[0][1:3])} NOT OF).",
    )


KIND = CompositeTypeKind()
