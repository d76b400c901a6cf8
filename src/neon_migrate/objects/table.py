"""Ordinary tables (https://www.postgresql.org/docs/current/catalog-pg-class.html), without their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_TYPE, USER_SCHEMA, Alteration, Found, Inlined, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Table:
    """A table without its columns.

    unlogged    not written to the WAL, so empty after a crash
    parameters  storage parameters as `name=value` (pg_class.reloptions)
    """

    schema: str
    name: str
    unlogged: bool = False
    parameters: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return Key("table", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class TableKind(Kind[Table]):
    name = "table"
    rank = 40

    def query(self, major: int) -> str:
        return f"""SELECT c.oid, c.reltype, t.typarray, n.nspname, c.relname, c.relpersistence = 'u',
  coalesce(c.reloptions, '{{}}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_type t ON t.oid = c.reltype
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND NOT c.relispartition AND c.reloftype = 0
  AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid) AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, row_type, array_type, schema, name, unlogged, parameters = row
        addresses = ((PG_CLASS, oid, 0), (PG_TYPE, row_type, 0), (PG_TYPE, array_type, 0))
        return addresses, Table(schema, name, unlogged, tuple(sorted(parameters)))

    def create(self, obj: Table, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        parts = [after.objects[key] for key in after.owned.get(obj.key, ()) if key in inlined]
        written = sorted((part for part in parts if isinstance(part, Inlined)), key=lambda part: part.place_in_table)
        lines = [f"    {part.line_in_table(after)}" for part in written]
        body = "(\n" + ",\n".join(lines) + "\n)" if lines else "()"
        parameters = f" WITH ({', '.join(map(_parameter, obj.parameters))})" if obj.parameters else ""
        unlogged = "UNLOGGED " if obj.unlogged else ""
        return (f"CREATE {unlogged}TABLE {qualified(obj.schema, obj.name)} {body}{parameters}",)

    def drop(self, obj: Table) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Table, new: Table, before: Catalog, after: Catalog) -> Alteration | None:
        statements = []
        table = self.identity(new)
        if old.unlogged != new.unlogged:
            statements.append(f"ALTER {table} SET {'UNLOGGED' if new.unlogged else 'LOGGED'}")
        added = [parameter for parameter in new.parameters if parameter not in old.parameters]
        names = {parameter.split("=", 1)[0] for parameter in new.parameters}
        removed = [name for name in (parameter.split("=", 1)[0] for parameter in old.parameters) if name not in names]
        if added:
            statements.append(f"ALTER {table} SET ({', '.join(map(_parameter, added))})")
        if removed:
            statements.append(f"ALTER {table} RESET ({', '.join(removed)})")
        return Alteration(tuple(statements))

    def loses(self, obj: Table) -> str:
        return f"table {obj.key.qualified_name} with all its rows"

    def identity(self, obj: Table) -> str:
        return f"TABLE {qualified(obj.schema, obj.name)}"


def _parameter(text: str) -> str:
    name, _, value = text.partition("=")
    return f"{name} = {value}"


KIND = TableKind()
