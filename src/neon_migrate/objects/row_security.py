"""Whether a table's policies have effect (https://www.postgresql.org/docs/current/ddl-rowsecurity.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class RowSecurity:
    """Row-level security as a table has it: `enabled`, and `forced` on its owner too, which one can say beforehand."""

    schema: str
    table: str
    enabled: bool = True
    forced: bool = False

    @property
    def key(self) -> Key:
        return Key("row_security", self.schema, self.table)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: it is a property of the table."""
        return frozenset({Key("table", self.schema, self.table)})


class RowSecurityKind(Kind[RowSecurity]):
    name = "row_security"
    rank = 105
    stored_in = ("pg_class.r", "pg_class.p")

    def query(self, major: int) -> str:
        return """SELECT oid, relrowsecurity, relforcerowsecurity FROM pg_class
WHERE (relrowsecurity OR relforcerowsecurity) AND oid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        table = so_far.key((PG_CLASS, row[0], 0))
        return ((), RowSecurity(table.schema, table.name, *row[1:])) if table else None

    def create(self, obj: RowSecurity, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return _changes(RowSecurity(obj.schema, obj.table, enabled=False), obj)

    def drop(self, obj: RowSecurity) -> Sequence[str]:
        return _changes(obj, RowSecurity(obj.schema, obj.table, enabled=False))

    def alter(self, old: RowSecurity, new: RowSecurity, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration(_changes(old, new))

    def identity(self, obj: RowSecurity) -> str:
        return f"TABLE {qualified(obj.schema, obj.table)}"


def _changes(old: RowSecurity, new: RowSecurity) -> tuple[str, ...]:
    table = f"ALTER TABLE {qualified(new.schema, new.table)}"
    words = []
    if old.enabled != new.enabled:
        words.append("ENABLE" if new.enabled else "DISABLE")
    if old.forced != new.forced:
        words.append("FORCE" if new.forced else "NO FORCE")
    return tuple(f"{table} {word} ROW LEVEL SECURITY" for word in words)


KIND = RowSecurityKind()
