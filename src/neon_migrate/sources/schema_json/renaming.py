"""What `renamed_from` in schema.json means for a database as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.sources.schema_json.document import renames
from neon_migrate.sql import identifier, qualified
from neon_migrate.swapped_types import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from neon_migrate.catalog import Catalog
    from neon_migrate.sources.schema_json.document import Document, Rename


def due(document: Document, present: Catalog) -> tuple[Rename, ...]:
    """The renames that are still to be done: the old name is there and the new one is not."""
    tables = {(obj.key.schema, obj.key.name) for obj in present.of_kind("table")}
    types = {(key.schema, key.name) for key in present.objects if key.kind in TYPES}
    columns = {tuple(obj.key[1:]) for obj in present.of_kind("column")}
    asked = renames(document)
    old_names = {
        (rename.schema, rename.new): _old_name(rename)
        for rename in asked
        if rename.kind == "table" and (rename.schema, rename.new) not in tables
    }
    found = []
    for rename in asked:
        if rename.kind != "column":
            there = tables if rename.kind == "table" else types
            is_due = _old_name(rename) in there and (rename.schema, rename.new) not in there
        else:
            table = old_names.get((rename.schema, rename.table), (rename.schema, rename.table))
            is_due = (*table, rename.old) in columns and (*table, rename.new) not in columns
        if is_due:
            found.append(rename)
    return tuple(found)


def _old_name(rename: Rename) -> tuple[str, str]:
    return rename.moved_from or rename.schema, rename.old


def rename_statements(renames: Iterable[Rename], present: Catalog) -> Iterator[tuple[Rename, str, str]]:
    """Each statement that renames, with what it is for and the one that takes it back; without semicolon.

    present  before any of it: a schema that it does not have is made for the tables that are moved there
    """
    schemas = {obj.key.name for obj in present.of_kind("schema")}
    for rename in renames:
        if rename.moved_from and rename.schema not in schemas:
            schemas.add(rename.schema)
            schema = identifier(rename.schema)
            yield rename, f"CREATE SCHEMA {schema}", f"DROP SCHEMA {schema}"
        statements = _column_renamed(rename) if rename.kind == "column" else _renamed(rename)
        yield from ((rename, forward, back) for forward, back in statements)


def _column_renamed(rename: Rename) -> Iterator[tuple[str, str]]:
    table = f"ALTER TABLE {qualified(rename.schema, rename.table)} RENAME COLUMN"
    old, new = identifier(rename.old), identifier(rename.new)
    yield f"{table} {old} TO {new}", f"{table} {new} TO {old}"


def _renamed(rename: Rename) -> Iterator[tuple[str, str]]:
    """First the name, then the schema, where one of the old name may be the reason for the new one."""
    alter, schema, there = f"ALTER {rename.kind.upper()}", rename.moved_from or rename.schema, identifier(rename.schema)
    if rename.old != rename.new:
        yield (
            f"{alter} {qualified(schema, rename.old)} RENAME TO {identifier(rename.new)}",
            f"{alter} {qualified(schema, rename.new)} RENAME TO {identifier(rename.old)}",
        )
    if rename.moved_from:
        yield (
            f"{alter} {qualified(schema, rename.new)} SET SCHEMA {there}",
            f"{alter} {qualified(rename.schema, rename.new)} SET SCHEMA {identifier(schema)}",
        )
