"""schema.json: read, checked, compiled to DDL, loaded into an empty database; its seeds; and written from a Catalog."""

from __future__ import annotations

from neon_migrate.sources.schema_json.document import (
    Document,
    Rename,
    SchemaWarning,
    parse_document,
    read_document,
    renames,
)
from neon_migrate.sources.schema_json.json_schema import schema_document
from neon_migrate.sources.schema_json.load import load, loaded
from neon_migrate.sources.schema_json.seeds import (
    Record,
    Seed,
    SeedDifference,
    changed,
    existing,
    insert_statements,
    missing,
    seeds_of,
    upsert_statements,
)

__all__ = [
    "Document",
    "Record",
    "Rename",
    "SchemaWarning",
    "Seed",
    "SeedDifference",
    "changed",
    "existing",
    "insert_statements",
    "load",
    "loaded",
    "missing",
    "parse_document",
    "read_document",
    "renames",
    "schema_document",
    "seeds_of",
    "upsert_statements",
]
