"""Range types with their multirange types (https://www.postgresql.org/docs/current/rangetypes.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_PROC, PG_TYPE, USER_SCHEMA, Alteration, Found, Kind, NewType, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified
from neon_migrate.type_change import HOLDERS, keeps_values

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class RangeType:
    """A range type.

    options     as CREATE TYPE … AS RANGE writes them, with the name of the multirange type
    subtype     as `format_type` writes it, which `options` say too
    multirange  the name of the multirange type in the schema, which `options` say too
    constructors  the functions that make ranges and multiranges, with the types of their arguments
    """

    schema: str
    name: str
    options: tuple[str, ...]
    subtype: str = field(default="", compare=False, repr=False)
    multirange: str = field(default="", compare=False, repr=False)
    constructors: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("range_type", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None

    def names_beside(self, major: int) -> tuple[str, ...]:
        """The name of its multirange type."""
        return (self.multirange,)


class RangeTypeKind(Kind[RangeType]):
    name = "range_type"
    rank = 29
    stored_in = ("pg_type.r",)

    def query(self, major: int) -> str:
        # Postgres names the multirange type itself when it isn't told; with its name the two sides agree for certain.
        return f"""SELECT ARRAY[t.oid, t.typarray, m.oid, m.typarray]::int8[],
  ARRAY(SELECT d.objid::int8 FROM pg_depend d
    WHERE d.classid = {PG_PROC} AND d.refclassid = {PG_TYPE} AND d.refobjid IN (t.oid, m.oid) AND d.deptype = 'i'),
  ARRAY(SELECT d.objid::regprocedure::text FROM pg_depend d
    WHERE d.classid = {PG_PROC} AND d.refclassid = {PG_TYPE} AND d.refobjid IN (t.oid, m.oid) AND d.deptype = 'i'
    ORDER BY 1),
  n.nspname, t.typname, array_remove(ARRAY['SUBTYPE = ' || format_type(r.rngsubtype, NULL),
    (SELECT 'SUBTYPE_OPCLASS = ' || quote_ident(cn.nspname) || '.' || quote_ident(o.opcname)
      FROM pg_opclass o JOIN pg_namespace cn ON cn.oid = o.opcnamespace WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
    (SELECT 'COLLATION = ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
      FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace JOIN pg_type b ON b.oid = r.rngsubtype
      WHERE co.oid = r.rngcollation AND r.rngcollation <> b.typcollation),
    CASE WHEN r.rngcanonical <> 0 THEN 'CANONICAL = ' || r.rngcanonical END,
    CASE WHEN r.rngsubdiff <> 0 THEN 'SUBTYPE_DIFF = ' || r.rngsubdiff END,
    'MULTIRANGE_TYPE_NAME = ' || format_type(m.oid, NULL)], NULL), format_type(r.rngsubtype, NULL), m.typname
FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_type m ON m.oid = r.rngmultitypid
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE r.rngtypid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        types, functions, constructors, schema, name, options, subtype, multirange = row
        addresses = [*((PG_TYPE, oid, 0) for oid in types), *((PG_PROC, oid, 0) for oid in functions)]
        return tuple(addresses), RangeType(schema, name, tuple(options), subtype, multirange, tuple(constructors))

    def create(self, obj: RangeType, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {self.identity(obj)} AS RANGE ({', '.join(obj.options)})",)

    def drop(self, obj: RangeType) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: RangeType, new: RangeType, before: Catalog, after: Catalog) -> Alteration | None:
        if not any(user.kind in HOLDERS for user in before.dependents.get(old.key, ())):
            return None
        what = f"when {old.subtype} becomes {new.subtype}"
        narrowed = f"values of range type {new.key.qualified_name} that do not fit {what}"
        return Alteration((), "" if keeps_values(old.subtype, new.subtype) else narrowed, swaps=True)

    def same_type(self, old: RangeType, new: RangeType) -> bool:
        # The last option is the name of the multirange type, which is made of the range type's.
        return old.options[:-1] == new.options[:-1]

    def new_type(self, old: RangeType, new: RangeType, before: Catalog, after: Catalog) -> NewType:
        # Renaming a type leaves its constructors their names, which those of the new one are to have.
        aside = identifier(before.free_name(old.schema, old.name, "_replaced", after))
        first = tuple(f"ALTER FUNCTION {function} RENAME TO {aside}" for function in old.constructors)
        return NewType(tuple(self.create(new, after, frozenset())), first)

    def identity(self, obj: RangeType) -> str:
        return f"TYPE {qualified(obj.schema, obj.name)}"


KIND = RangeTypeKind()
