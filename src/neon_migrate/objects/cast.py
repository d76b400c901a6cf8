"""Casts (https://www.postgresql.org/docs/current/catalog-pg-cast.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import Found, Kind, ReadSoFar, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_CAST = 2605
_CONTEXT = {"e": "", "a": " AS ASSIGNMENT", "i": " AS IMPLICIT"}


@dataclass(frozen=True, slots=True)
class Cast:
    """A cast.

    source, target  types, as `format_type` writes them
    way             WITH FUNCTION …, WITH INOUT or WITHOUT FUNCTION
    context         pg_cast.castcontext: when it is used unasked
    """

    source: str
    target: str
    way: str
    context: str

    @property
    def key(self) -> Key:
        return Key("cast", "", f"{self.source} AS {self.target}")

    @property
    def owner(self) -> Key | None:
        return None


class CastKind(Kind[Cast]):
    name = "cast"
    rank = 97
    stored_in = ("pg_cast",)

    def query(self, major: int) -> str:
        # Those of a range type to its multirange type come with it.
        return f"""SELECT c.oid, format_type(c.castsource, NULL), format_type(c.casttarget, NULL), CASE c.castmethod
  WHEN 'f' THEN 'WITH FUNCTION ' || c.castfunc::regprocedure WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END,
  c.castcontext::text
FROM pg_cast c WHERE c.oid >= 16384 AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = {_PG_CAST} AND d.objid = c.oid AND d.deptype = 'i')"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        return ((_PG_CAST, row[0], 0),), Cast(*row[1:])

    def create(self, obj: Cast, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {self.identity(obj)} {obj.way}{_CONTEXT[obj.context]}",)

    def drop(self, obj: Cast) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def identity(self, obj: Cast) -> str:
        return f"CAST ({obj.source} AS {obj.target})"


KIND = CastKind()
