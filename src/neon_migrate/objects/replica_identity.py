"""What tells a table's rows apart in logical replication, where it is not the primary key.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_CONSTRAINT, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORDS = {"f": "FULL", "n": "NOTHING"}


@dataclass(frozen=True, slots=True)
class ReplicaIdentity:
    """A table's replica identity; `what` as ALTER TABLE says it, `index` the index or constraint that it names."""

    schema: str
    table: str
    what: str
    index: Key | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("replica_identity", self.schema, self.table)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend knows nothing of a property."""
        return frozenset({Key("table", self.schema, self.table), *([self.index] if self.index else [])})


class ReplicaIdentityKind(Kind[ReplicaIdentity]):
    name = "replica_identity"
    rank = 93
    stored_in = ("pg_class.r", "pg_class.p")

    def query(self, major: int) -> str:
        return """SELECT c.oid, c.relreplident::text, x.oid, x.relname, k.oid
FROM pg_class c LEFT JOIN (pg_index i JOIN pg_class x ON x.oid = i.indexrelid
  LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
  ON i.indrelid = c.oid AND i.indisreplident
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND c.relreplident <> 'd'"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, sort, index, index_name, constraint = row
        table = so_far.key((PG_CLASS, oid, 0))
        if table is None:
            return None
        if sort != "i":
            return (), ReplicaIdentity(table.schema, table.name, _WORDS[sort])
        if index is None:  # its index was dropped: nothing then, until another is named
            return (), ReplicaIdentity(table.schema, table.name, "NOTHING")
        named = so_far.key((PG_CONSTRAINT, constraint, 0)) if constraint else so_far.key((PG_CLASS, index, 0))
        return (), ReplicaIdentity(table.schema, table.name, f"USING INDEX {identifier(index_name)}", named)

    def create(self, obj: ReplicaIdentity, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (_set(obj, obj.what),)

    def drop(self, obj: ReplicaIdentity) -> Sequence[str]:
        return (_set(obj, "DEFAULT"),)

    def alter(self, old: ReplicaIdentity, new: ReplicaIdentity, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration((_set(new, new.what),))

    def identity(self, obj: ReplicaIdentity) -> str:
        return f"TABLE {qualified(obj.schema, obj.table)}"


def _set(obj: ReplicaIdentity, what: str) -> str:
    return f"ALTER TABLE {qualified(obj.schema, obj.table)} REPLICA IDENTITY {what}"


KIND = ReplicaIdentityKind()
