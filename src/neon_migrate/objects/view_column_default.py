"""What an INSERT into a view that does not name a column puts there.

https://www.postgresql.org/docs/current/sql-alterview.html: a default of the view's own, before the table's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_ATTRDEF, PG_CLASS, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ViewColumnDefault:
    """The default of one column; `expression` as Postgres deparses it."""

    schema: str
    view: str
    column: str
    expression: str

    @property
    def key(self) -> Key:
        return Key("view_column_default", self.schema, self.view, self.column)

    @property
    def owner(self) -> Key | None:
        return Key("view", self.schema, self.view)


class ViewColumnDefaultKind(Kind[ViewColumnDefault]):
    name = "view_column_default"
    rank = 87
    stored_in = ("pg_class.v",)

    def query(self, major: int) -> str:
        return """SELECT d.oid, d.adrelid, a.attname, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_attrdef d ON d.adrelid = c.oid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum WHERE c.relkind = 'v' AND c.oid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, relation, column, expression = row
        view = so_far.key((PG_CLASS, relation, 0))
        if view is None:
            return None
        return ((PG_ATTRDEF, oid, 0),), ViewColumnDefault(view.schema, view.name, column, expression)

    def create(self, obj: ViewColumnDefault, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"{_alter(obj)} SET DEFAULT {obj.expression}",)

    def drop(self, obj: ViewColumnDefault) -> Sequence[str]:
        return (f"{_alter(obj)} DROP DEFAULT",)

    def alter(
        self, old: ViewColumnDefault, new: ViewColumnDefault, before: Catalog, after: Catalog
    ) -> Alteration | None:
        return Alteration(tuple(self.create(new, after, frozenset())))

    def identity(self, obj: ViewColumnDefault) -> str:
        return f"COLUMN {qualified(obj.schema, obj.view, obj.column)}"


def _alter(obj: ViewColumnDefault) -> str:
    return f"ALTER VIEW {qualified(obj.schema, obj.view)} ALTER COLUMN {identifier(obj.column)}"


KIND = ViewColumnDefaultKind()
