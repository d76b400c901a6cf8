"""Extensions (https://www.postgresql.org/docs/current/catalog-pg-extension.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_EXTENSION, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Extension:
    """An installed extension.

    version  what the server offered; servers differ in it without anybody having asked, so it is not compared
    """

    name: str
    schema: str
    version: str = field(default="", compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("extension", "", self.name)

    @property
    def owner(self) -> Key | None:
        return None


class ExtensionKind(Kind[Extension]):
    name = "extension"
    rank = 10
    stored_in = ("pg_extension",)

    def query(self, major: int) -> str:
        return """SELECT e.oid, e.extname, n.nspname, e.extversion
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.oid >= 16384 AND e.extname <> 'neon'"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        return ((PG_EXTENSION, row[0], 0),), Extension(*row[1:])

    def create(self, obj: Extension, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE EXTENSION IF NOT EXISTS {identifier(obj.name)} WITH SCHEMA {identifier(obj.schema)}",)

    def drop(self, obj: Extension) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Extension, new: Extension, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration((f"ALTER {self.identity(new)} SET SCHEMA {identifier(new.schema)}",))

    def identity(self, obj: Extension) -> str:
        return f"EXTENSION {identifier(obj.name)}"


KIND = ExtensionKind()
