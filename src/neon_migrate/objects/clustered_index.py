"""By which index CLUSTER sorts a table when it is not told (https://www.postgresql.org/docs/current/sql-cluster.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_CONSTRAINT, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ClusteredIndex:
    """The index that a table or materialised view is marked with; `made_by` is the index or the constraint it is of."""

    on: Key
    index: str
    made_by: Key | None = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("clustered_index", self.on.schema, self.on.name)

    @property
    def owner(self) -> Key | None:
        return self.on

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend knows nothing of a mark."""
        return frozenset({self.on, *([self.made_by] if self.made_by else [])})


class ClusteredIndexKind(Kind[ClusteredIndex]):
    name = "clustered_index"
    rank = 94
    stored_in = ("pg_class.i", "pg_class.I")

    def query(self, major: int) -> str:
        return """SELECT i.indrelid, i.indexrelid, c.relname, k.oid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
WHERE i.indisclustered AND i.indrelid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        relation, index, name, constraint = row
        on = so_far.key((PG_CLASS, relation, 0))
        if on is None:
            return None
        made_by = so_far.key((PG_CONSTRAINT, constraint, 0)) if constraint else so_far.key((PG_CLASS, index, 0))
        return (), ClusteredIndex(on, name, made_by)

    def create(self, obj: ClusteredIndex, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"{_alter(obj)} CLUSTER ON {identifier(obj.index)}",)

    def drop(self, obj: ClusteredIndex) -> Sequence[str]:
        return (f"{_alter(obj)} SET WITHOUT CLUSTER",)

    def alter(self, old: ClusteredIndex, new: ClusteredIndex, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration(tuple(self.create(new, after, frozenset())))

    def identity(self, obj: ClusteredIndex) -> str:
        return f"{obj.on.kind.replace('_', ' ').upper()} {qualified(obj.on.schema, obj.on.name)}"


def _alter(obj: ClusteredIndex) -> str:
    return f"ALTER {KIND.identity(obj)}"


KIND = ClusteredIndexKind()
