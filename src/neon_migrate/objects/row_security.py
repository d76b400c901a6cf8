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
    """Row-level security is enabled for a table; `forced`: for its owner too."""

    schema: str
    table: str
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

    def query(self, major: int) -> str:
        return """SELECT oid, relforcerowsecurity FROM pg_class WHERE relrowsecurity AND oid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        table = so_far.key((PG_CLASS, row[0], 0))
        return ((), RowSecurity(table.schema, table.name, row[1])) if table else None

    def create(self, obj: RowSecurity, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"{_alter(obj)} ENABLE ROW LEVEL SECURITY", *([_forcing(obj)] if obj.forced else []))

    def drop(self, obj: RowSecurity) -> Sequence[str]:
        disable = f"{_alter(obj)} DISABLE ROW LEVEL SECURITY"
        return (f"{_alter(obj)} NO FORCE ROW LEVEL SECURITY", disable) if obj.forced else (disable,)

    def alter(self, old: RowSecurity, new: RowSecurity, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration((_forcing(new),))

    def identity(self, obj: RowSecurity) -> str:
        return f"TABLE {qualified(obj.schema, obj.table)}"


def _alter(obj: RowSecurity) -> str:
    return f"ALTER TABLE {qualified(obj.schema, obj.table)}"


def _forcing(obj: RowSecurity) -> str:
    return f"{_alter(obj)} {'' if obj.forced else 'NO '}FORCE ROW LEVEL SECURITY"


KIND = RowSecurityKind()
