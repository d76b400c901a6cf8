"""How a table or materialised view keeps its rows, where that is not `heap` (pg_class.relam): a fact apart, as few do.

https://www.postgresql.org/docs/current/tableam.html; ALTER TABLE … SET ACCESS METHOD is there since PostgreSQL 15, for
partitioned tables, whose new partitions then have it too, since 17.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, Alteration, Found, Kind, OnlineStep, ReadSoFar, Refusal, Row, Run
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_AM = 2601
_RELATION = {"r": "TABLE", "p": "TABLE", "m": "MATERIALIZED VIEW"}
_REWRITTEN = "Rewrites the table while nobody can use it: by itself, so that nothing else waits for it."


@dataclass(frozen=True, slots=True)
class TableAccessMethod:
    """What a table is USING.

    on       the table or materialised view
    method   quoted
    usual    what it is by itself: heap, or for a partitioned table whatever the server's setting says
    alter    ALTER TABLE and the like with its name
    defined  the access method, where it is none of an extension
    changes  whether the server can give a table another
    """

    on: Key
    method: str
    usual: str = field(compare=False, repr=False)
    alter: str = field(compare=False, repr=False)
    defined: Key | None = field(default=None, compare=False, repr=False)
    changes: bool = field(default=True, compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("table_access_method", self.on.schema, self.on.name)

    @property
    def owner(self) -> Key | None:
        return self.on

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend says so of the table."""
        return frozenset({self.on, *([self.defined] if self.defined else [])})


class TableAccessMethodKind(Kind[TableAccessMethod]):
    name = "table_access_method"
    rank = 88
    stored_in = ("pg_class.r", "pg_class.p", "pg_class.m")

    def query(self, major: int) -> str:
        return f"""SELECT c.oid, c.relkind::text, a.oid, quote_ident(a.amname), {major >= 15}
FROM pg_class c JOIN pg_am a ON a.oid = c.relam
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm') AND (a.amname <> 'heap' OR c.relkind = 'p')
  AND c.relpersistence <> 't'"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, relkind, method_oid, method, changes = row
        on = so_far.key((PG_CLASS, oid, 0))
        if on is None:
            return None
        alter = f"ALTER {_RELATION[relkind]} {qualified(on.schema, on.name)}"
        usual = "DEFAULT" if relkind == "p" else "heap"
        return (), TableAccessMethod(on, method, usual, alter, so_far.key((_PG_AM, method_oid, 0)), changes)

    def create(self, obj: TableAccessMethod, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return _set(obj, obj.method)

    def drop(self, obj: TableAccessMethod) -> Sequence[str]:
        return _set(obj, obj.usual)

    def alter(
        self, old: TableAccessMethod, new: TableAccessMethod, before: Catalog, after: Catalog
    ) -> Alteration | None:
        return Alteration(_set(new, new.method), online=_rewritten(new, new.method))

    def create_online(self, obj: TableAccessMethod, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        return _rewritten(obj, obj.method)

    def drop_online(self, obj: TableAccessMethod) -> tuple[OnlineStep, ...]:
        return _rewritten(obj, obj.usual)

    def identity(self, obj: TableAccessMethod) -> str:
        return obj.alter.removeprefix("ALTER ")


def _set(obj: TableAccessMethod, method: str) -> tuple[str, ...]:
    if not obj.changes:
        refusal = Refusal(
            f"{obj.on} can't come to be USING {method}",
            "PostgreSQL 14 gives a table an access method as it is made, and no other afterwards.",
            "Make it by a migration of your own, with CREATE … USING, and move the rows there; or upgrade first.",
        )
        return (refusal.statement,)
    return (f"{obj.alter} SET ACCESS METHOD {method}",)


def _rewritten(obj: TableAccessMethod, method: str) -> tuple[OnlineStep, ...]:
    return (OnlineStep(_set(obj, method), Run.LONG, _REWRITTEN, f"change the access method of {obj.on.name}"),)


KIND = TableAccessMethodKind()
