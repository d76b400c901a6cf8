"""What `renamed_from` in schema.json means for a database as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.sources.schema_json.document import renames
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog
    from neon_migrate.sources.schema_json.document import Document, Rename


def due(document: Document, present: Catalog) -> tuple[Rename, ...]:
    """The renames that are still to be done: the old name is there and the new one is not."""
    tables = {(obj.key.schema, obj.key.name) for obj in present.of_kind("table")}
    columns = {tuple(obj.key[1:]) for obj in present.of_kind("column")}
    asked = renames(document)
    old_names = {
        (rename.schema, rename.new): rename.old
        for rename in asked
        if rename.kind == "table" and (rename.schema, rename.new) not in tables
    }
    found = []
    for rename in asked:
        if rename.kind == "table":
            is_due = (rename.schema, rename.old) in tables and (rename.schema, rename.new) not in tables
        else:
            table = old_names.get((rename.schema, rename.table), rename.table)
            is_due = (rename.schema, table, rename.old) in columns and (rename.schema, table, rename.new) not in columns
        if is_due:
            found.append(rename)
    return tuple(found)


def rename_statements(rename: Rename) -> tuple[str, str]:
    """The ALTER that renames, and the one that takes it back; without semicolon."""
    if rename.kind == "table":
        return (
            f"ALTER TABLE {qualified(rename.schema, rename.old)} RENAME TO {identifier(rename.new)}",
            f"ALTER TABLE {qualified(rename.schema, rename.new)} RENAME TO {identifier(rename.old)}",
        )
    table = f"ALTER TABLE {qualified(rename.schema, rename.table)} RENAME COLUMN"
    old, new = identifier(rename.old), identifier(rename.new)
    return f"{table} {old} TO {new}", f"{table} {new} TO {old}"
