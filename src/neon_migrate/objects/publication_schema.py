"""The schemas of publications (https://www.postgresql.org/docs/current/catalog-pg-publication-namespace.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_NAMESPACE, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_PUBLICATION_NAMESPACE = 6237


@dataclass(frozen=True, slots=True)
class PublicationSchema:
    """A schema whose tables a publication publishes, all that there are and will be (since PostgreSQL 15)."""

    schema: str
    publication: str

    @property
    def key(self) -> Key:
        return Key("publication_schema", "", self.schema, self.publication)

    @property
    def owner(self) -> Key | None:
        return Key("publication", "", self.publication)

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on, as pg_depend says too: both ends."""
        return frozenset({Key("publication", "", self.publication), Key("schema", "", self.schema)})


class PublicationSchemaKind(Kind[PublicationSchema]):
    name = "publication_schema"
    rank = 122
    stored_in = ("pg_publication_namespace",)

    def query(self, major: int) -> str:
        if major < 15:
            return "SELECT NULL, NULL, NULL WHERE false"
        return """SELECT s.oid, s.pnnspid, p.pubname
FROM pg_publication_namespace s JOIN pg_publication p ON p.oid = s.pnpubid"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, namespace, publication = row
        schema = so_far.key((PG_NAMESPACE, namespace, 0))
        if schema is None:
            return None
        return ((_PG_PUBLICATION_NAMESPACE, oid, 0),), PublicationSchema(schema.name, publication)

    def create(self, obj: PublicationSchema, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"ALTER {self.identity(obj)} ADD TABLES IN SCHEMA {identifier(obj.schema)}",)

    def drop(self, obj: PublicationSchema) -> Sequence[str]:
        return (f"ALTER {self.identity(obj)} DROP TABLES IN SCHEMA {identifier(obj.schema)}",)

    def identity(self, obj: PublicationSchema) -> str:
        return f"PUBLICATION {identifier(obj.publication)}"


KIND = PublicationSchemaKind()
