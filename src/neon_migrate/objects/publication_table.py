"""The tables of publications (https://www.postgresql.org/docs/current/catalog-pg-publication-rel.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_PUBLICATION_REL = 6106


@dataclass(frozen=True, slots=True)
class PublicationTable:
    """A table that a publication names.

    columns  those that are published, by name; none for all
    rows     the condition on published rows, in parentheses; empty for all
    """

    schema: str
    table: str
    publication: str
    columns: tuple[str, ...] = ()
    rows: str = ""

    @property
    def key(self) -> Key:
        return Key("publication_table", self.schema, self.table, self.publication)

    @property
    def owner(self) -> Key | None:
        return Key("publication", "", self.publication)

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on, as pg_depend says too: both ends."""
        return frozenset({Key("publication", "", self.publication), Key("table", self.schema, self.table)})


class PublicationTableKind(Kind[PublicationTable]):
    name = "publication_table"
    rank = 121
    stored_in = ("pg_publication_rel",)

    def query(self, major: int) -> str:
        columns, rows = "'{}'::text[]", "''"
        if major >= 15:
            columns = """ARRAY(SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[]) ORDER BY a.attname)"""
            rows = "coalesce('(' || pg_get_expr(r.prqual, r.prrelid, true) || ')', '')"
        return f"""SELECT r.oid, r.prrelid, p.pubname, {columns}, {rows}
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, relation, publication, columns, rows = row
        table = so_far.key((PG_CLASS, relation, 0))
        if table is None:
            return None
        published = PublicationTable(table.schema, table.name, publication, tuple(columns), rows)
        return ((_PG_PUBLICATION_REL, oid, 0),), published

    def create(self, obj: PublicationTable, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        columns = f" ({', '.join(map(identifier, obj.columns))})" if obj.columns else ""
        rows = f" WHERE {obj.rows}" if obj.rows else ""
        return (f"{_alter(obj)} ADD TABLE {qualified(obj.schema, obj.table)}{columns}{rows}",)

    def drop(self, obj: PublicationTable) -> Sequence[str]:
        return (f"{_alter(obj)} DROP TABLE {qualified(obj.schema, obj.table)}",)

    def identity(self, obj: PublicationTable) -> str:
        return f"PUBLICATION {identifier(obj.publication)}"


def _alter(obj: PublicationTable) -> str:
    return f"ALTER PUBLICATION {identifier(obj.publication)}"


KIND = PublicationTableKind()
