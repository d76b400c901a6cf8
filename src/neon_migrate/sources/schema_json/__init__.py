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
from neon_migrate.sources.schema_json.load import load

__all__ = ["Document", "Rename", "SchemaWarning", "load", "parse_document", "read_document", "renames"]
