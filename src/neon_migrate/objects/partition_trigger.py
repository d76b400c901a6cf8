"""Triggers of partitions that are switched otherwise than the partitioned table's trigger that they come from.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-DISABLE-ENABLE-TRIGGER
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_TRIGGER, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified
from neon_migrate.switchable import ENABLED

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class PartitionTrigger:
    """How one trigger of a partition is switched.

    enabled  pg_trigger.tgenabled
    usual    the same of the trigger it comes from, `source`
    """

    schema: str
    table: str
    name: str
    enabled: str
    usual: str = field(compare=False, repr=False)
    source: Key | None = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("partition_trigger", self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: its table, and the trigger it comes from."""
        return frozenset({Key("table", self.schema, self.table), *([self.source] if self.source else [])})


class PartitionTriggerKind(Kind[PartitionTrigger]):
    name = "partition_trigger"
    rank = 101
    stored_in = ("pg_trigger",)

    def query(self, major: int) -> str:
        return """SELECT t.tgrelid, t.tgname, t.tgenabled::text, p.tgenabled::text, (SELECT r.oid FROM pg_trigger r
  WHERE r.tgrelid IN (SELECT pg_partition_ancestors(t.tgrelid)) AND r.tgname = t.tgname AND r.tgparentid = 0)
FROM pg_trigger t JOIN pg_trigger p ON p.oid = t.tgparentid
WHERE t.tgenabled <> p.tgenabled AND t.tgconstrrelid = 0"""  # those of foreign keys have one

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        relation, name, enabled, usual, source = row
        table = so_far.key((PG_CLASS, relation, 0))
        if table is None:
            return None
        comes_from = so_far.key((PG_TRIGGER, source, 0)) if source else None
        return (), PartitionTrigger(table.schema, table.name, name, enabled, usual, comes_from)

    def create(self, obj: PartitionTrigger, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (_switched(obj, obj.enabled),)

    def drop(self, obj: PartitionTrigger) -> Sequence[str]:
        return (_switched(obj, obj.usual),)

    def alter(self, old: PartitionTrigger, new: PartitionTrigger, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration((_switched(new, new.enabled),))

    def identity(self, obj: PartitionTrigger) -> str:
        return f"TRIGGER {identifier(obj.name)} ON {qualified(obj.schema, obj.table)}"


def _switched(obj: PartitionTrigger, enabled: str) -> str:
    return f"ALTER TABLE ONLY {qualified(obj.schema, obj.table)} {ENABLED[enabled]} TRIGGER {identifier(obj.name)}"


KIND = PartitionTriggerKind()
