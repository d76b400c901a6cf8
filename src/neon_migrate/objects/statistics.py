"""Extended statistics (https://www.postgresql.org/docs/current/catalog-pg-statistic-ext.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_STATISTIC_EXT = 3381
_DEFAULT_TARGET = -1


@dataclass(frozen=True, slots=True)
class Statistics:
    """A statistics object.

    on          the relation it is about
    definition  as `pg_get_statisticsobjdef` writes it, but with the columns by name: Postgres writes them in the order
                in which their table has them, which is no difference
    target      how many values ANALYZE keeps; -1 for as many as the columns say
    """

    schema: str
    name: str
    on: Key
    definition: str
    target: int = _DEFAULT_TARGET

    @property
    def key(self) -> Key:
        return Key("statistics", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return self.on


class StatisticsKind(Kind[Statistics]):
    name = "statistics"
    rank = 98
    stored_in = ("pg_statistic_ext",)

    def query(self, major: int) -> str:
        # The definition is `head ON columns, expressions FROM relation`: its parts are told by their lengths.
        return f"""SELECT s.oid, s.stxrelid, n.nspname, s.stxname,
  left(d.definition, -length(d.tail)) || ' ON ' || array_to_string(d.columns, ', ')
    || substr(pg_get_statisticsobjdef_columns(s.oid), length(array_to_string(d.columns, ', ')) + 1)
    || ' FROM ' || s.stxrelid::regclass, coalesce(s.stxstattarget, {_DEFAULT_TARGET})
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace, LATERAL (
  SELECT pg_get_statisticsobjdef(s.oid) AS definition,
    ' ON ' || pg_get_statisticsobjdef_columns(s.oid) || ' FROM ' || s.stxrelid::regclass AS tail,
    ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys)
      ORDER BY a.attname) AS columns) d
WHERE {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, relation, *described = row
        on = so_far.key((PG_CLASS, relation, 0))
        if on is None:
            return None
        schema, name, definition, target = described
        return ((_PG_STATISTIC_EXT, oid, 0),), Statistics(schema, name, on, definition, target)

    def create(self, obj: Statistics, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (obj.definition, *([self._set_target(obj)] if obj.target != _DEFAULT_TARGET else []))

    def drop(self, obj: Statistics) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Statistics, new: Statistics, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration((self._set_target(new),)) if old.definition == new.definition else None

    def identity(self, obj: Statistics) -> str:
        return f"STATISTICS {qualified(obj.schema, obj.name)}"

    def _set_target(self, obj: Statistics) -> str:
        return f"ALTER {self.identity(obj)} SET STATISTICS {obj.target}"


KIND = StatisticsKind()
