"""Indexes of partitioned tables, which bring along one of each partition.

https://www.postgresql.org/docs/current/ddl-partitioning.html. They have no rows of their own and can't be made
concurrently, but take over what their partitions were given so; those that come with them are no objects here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, Found, Kind, OnlineStep, ReadSoFar, Row, Run
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_TAKES_OVER = "Takes over the index that each partition was given before, so that none is built under a lock."
_EVERY_PARTITION = """Builds an index on every partition while writes wait: what is partitioned has no CONCURRENTLY."""


@dataclass(frozen=True, slots=True)
class PartitionedIndex:
    """An index of a partitioned table.

    definition  as `pg_get_indexdef` writes it, from USING on
    of_parent   whether its table's parent gets one that makes it, or takes it over where it is there already
    takes_over  whether all partitions have one of their own by the time that it is made
    valid       False where it was made ON ONLY and not every partition's index is attached to it yet
    attached    of one that is not valid: schema, name and definition (from ON on) of the indexes that are
    """

    schema: str
    name: str
    table: str
    unique: bool
    definition: str
    of_parent: bool = field(default=False, compare=False, repr=False)
    takes_over: bool = field(default=False, compare=False, repr=False)
    valid: bool = True
    attached: tuple[tuple[str, str, str], ...] = ()

    @property
    def key(self) -> Key:
        return Key("partitioned_index", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)


class PartitionedIndexKind(Kind[PartitionedIndex]):
    name = "partitioned_index"
    rank = 91
    stored_in = ("pg_class.I",)

    def query(self, major: int) -> str:
        return f"""SELECT i.indexrelid, i.indrelid, c.relname, i.indisunique, pg_get_indexdef(c.oid, 0, true),
  i.indisvalid, CASE WHEN NOT i.indisvalid THEN ARRAY(
    SELECT ARRAY[xn.nspname::text, x.relname::text, substr(pg_get_indexdef(x.oid, 0, true), length(
      'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(x.relname)) + 2)]
    FROM pg_inherits h JOIN pg_class x ON x.oid = h.inhrelid JOIN pg_namespace xn ON xn.oid = x.relnamespace
    WHERE h.inhparent = c.oid ORDER BY xn.nspname, x.relname) END
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relkind = 'I' AND NOT c.relispartition AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = {PG_CLASS} AND d.objid = c.oid AND d.deptype = 'i')"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, table_oid, name, unique, definition, valid, attached = row
        table = so_far.key((PG_CLASS, table_oid, 0))
        if table is None:
            return None
        head = f"CREATE {'UNIQUE ' if unique else ''}INDEX {identifier(name)} ON ONLY {_on(table.schema, table.name)}"
        index = PartitionedIndex(table.schema, name, table.name, unique, definition[len(head) :], valid=valid)
        if attached:
            index = replace(index, attached=tuple((one[0], one[1], one[2]) for one in attached))
        return ((PG_CLASS, oid, 0),), index

    def create(self, obj: PartitionedIndex, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        if obj.of_parent:
            return ()
        unique = "UNIQUE " if obj.unique else ""
        definition = obj.definition.removeprefix("USING btree ")
        only = "" if obj.valid else "ONLY "
        made = f"CREATE {unique}INDEX {identifier(obj.name)} ON {only}{_on(obj.schema, obj.table)}{definition}"
        statements = [made]
        for schema, name, own in obj.attached:
            statements.append(f"CREATE {unique}INDEX IF NOT EXISTS {identifier(name)} {own}")
            statements.append(f"ALTER {self.identity(obj)} ATTACH PARTITION {qualified(schema, name)}")
        return statements

    def create_online(self, obj: PartitionedIndex, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        if not obj.valid and not obj.attached:
            return ()
        made = tuple(self.create(replace(obj, of_parent=False), after, frozenset()))
        how = (Run.SHARED, _TAKES_OVER) if obj.takes_over else (Run.LONG, _EVERY_PARTITION)
        return (OnlineStep(made, *how, f"create index {obj.name}"),)

    def drop(self, obj: PartitionedIndex) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def rename(self, old: PartitionedIndex, new: PartitionedIndex) -> Sequence[str]:
        return (f"ALTER {self.identity(old)} RENAME TO {identifier(new.name)}",)

    def apart_from_name(self, obj: PartitionedIndex) -> object:
        return obj.schema, obj.table, obj.unique, obj.definition, obj.valid, obj.attached

    def identity(self, obj: PartitionedIndex) -> str:
        return f"INDEX {qualified(obj.schema, obj.name)}"


def _on(schema: str, table: str) -> str:
    return f"{qualified(schema, table)} "


KIND = PartitionedIndexKind()
