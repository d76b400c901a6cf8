"""Range types with their multirange types (https://www.postgresql.org/docs/current/rangetypes.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_PROC, PG_TYPE, USER_SCHEMA, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class RangeType:
    """A range type; `options` as CREATE TYPE … AS RANGE writes them, with the name of the multirange type."""

    schema: str
    name: str
    options: tuple[str, ...]

    @property
    def key(self) -> Key:
        return Key("range_type", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class RangeTypeKind(Kind[RangeType]):
    name = "range_type"
    rank = 29
    stored_in = ("pg_type.r",)

    def query(self, major: int) -> str:
        # Postgres names the multirange type itself when it isn't told; with its name the two sides agree for certain.
        return f"""SELECT ARRAY[t.oid, t.typarray, m.oid, m.typarray]::int8[],
  ARRAY(SELECT d.objid::int8 FROM pg_depend d
    WHERE d.classid = {PG_PROC} AND d.refclassid = {PG_TYPE} AND d.refobjid IN (t.oid, m.oid) AND d.deptype = 'i'),
  n.nspname, t.typname, array_remove(ARRAY['SUBTYPE = ' || format_type(r.rngsubtype, NULL),
    (SELECT 'SUBTYPE_OPCLASS = ' || quote_ident(cn.nspname) || '.' || quote_ident(o.opcname)
      FROM pg_opclass o JOIN pg_namespace cn ON cn.oid = o.opcnamespace WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
    (SELECT 'COLLATION = ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
      FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace JOIN pg_type b ON b.oid = r.rngsubtype
      WHERE co.oid = r.rngcollation AND r.rngcollation <> b.typcollation),
    CASE WHEN r.rngcanonical <> 0 THEN 'CANONICAL = ' || r.rngcanonical END,
    CASE WHEN r.rngsubdiff <> 0 THEN 'SUBTYPE_DIFF = ' || r.rngsubdiff END,
    'MULTIRANGE_TYPE_NAME = ' || format_type(m.oid, NULL)], NULL)
FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_type m ON m.oid = r.rngmultitypid
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE r.rngtypid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        types, constructors, schema, name, options = row
        addresses = [*((PG_TYPE, oid, 0) for oid in types), *((PG_PROC, oid, 0) for oid in constructors)]
        return tuple(addresses), RangeType(schema, name, tuple(options))

    def create(self, obj: RangeType, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {self.identity(obj)} AS RANGE ({', '.join(obj.options)})",)

    def drop(self, obj: RangeType) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def identity(self, obj: RangeType) -> str:
        return f"TYPE {qualified(obj.schema, obj.name)}"


KIND = RangeTypeKind()
