"""Composite types of their own (https://www.postgresql.org/docs/current/rowtypes.html), not those of tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_TYPE, USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified
from neon_migrate.type_swap import columns_of, disturbed_by_swap, swap

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        was, is_now = dict(old.attributes), dict(new.attributes)
        kept = [name for name in was if name in is_now]
        if kept != [name for name in is_now if name in was] or list(is_now)[: len(kept)] != kept:
            return None
        typed = [key for key in before.dependents.get(old.key, ()) if getattr(before.objects[key], "of_type", "")]
        cascade = " CASCADE" if typed else ""
        gone = [name for name in was if name not in is_now]
        added = [name for name in is_now if name not in was]
        retyped = [name for name in kept if was[name] != is_now[name]]
        swaps = bool(retyped and not typed and columns_of(old.key, before))  # of what is stored it can't be altered
        actions = [f"DROP ATTRIBUTE {identifier(name)}{cascade}" for name in gone]
        actions += [f"ALTER ATTRIBUTE {identifier(name)} TYPE {is_now[name]}{cascade}" for name in retyped if not swaps]
        actions += [f"ADD ATTRIBUTE {identifier(name)} {is_now[name]}{cascade}" for name in added]
        lost = f"attributes {', '.join(gone)} of {new.key.qualified_name} in all tables of that type"
        altered = (f"ALTER {self.identity(new)} {', '.join(actions)}",) if actions else ()
        if not swaps:
            return Alteration(altered, lost if gone and typed else "")
        swapped = swap(old.key, self.create(new, after, frozenset()), before, after)
        narrowed = f"values of attributes {', '.join(retyped)} of {new.key.qualified_name} that do not fit"
        return Alteration((*altered, *swapped), narrowed, disturbed_by_swap(old.key, before))

    def identity(self, obj: CompositeType) -> str:
        return f"TYPE {qualified(obj.schema, obj.name)}"


KIND = CompositeTypeKind()
