"""Schemas (https://www.postgresql.org/docs/current/catalog-pg-namespace.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_NAMESPACE, USER_SCHEMA, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: a namespace for tables and types."""

    name: str

    @property
    def key(self) -> Key:
        return Key("schema", "", self.name)

    @property
    def owner(self) -> Key | None:
        return None


class SchemaKind(Kind[Schema]):
    name = "schema"
    rank = 0

    def query(self, major: int) -> str:
        return f"SELECT n.oid, n.nspname FROM pg_namespace n WHERE {USER_SCHEMA}"

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        return ((PG_NAMESPACE, row[0], 0),), Schema(row[1])

    def create(self, obj: Schema, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {self.identity(obj)}",)

    def drop(self, obj: Schema) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def identity(self, obj: Schema) -> str:
        return f"SCHEMA {identifier(obj.name)}"


KIND = SchemaKind()
