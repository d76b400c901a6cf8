"""schema.json as DDL that makes it in an empty database, in an order that always works (cycles of foreign keys too)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.sources.schema_json.ddl import Ddl, Said, comment_on
from neon_migrate.sources.schema_json.model import Enum, Extension, NamedSchema
from neon_migrate.sources.schema_json.names import DEFAULT_SCHEMA, object_name, split_name
from neon_migrate.sources.schema_json.tables import (
    added_constraints,
    create_table,
    foreign_keys,
    indexes,
    sequence_options,
    table_comments,
)
from neon_migrate.sql import identifier, literal, qualified, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.sources.schema_json.document import Document, SqlFile
    from neon_migrate.sources.schema_json.positions import Path


def compile_document(document: Document) -> tuple[Ddl, ...]:
    """The statements of a document: schemas, extensions, types, sequences, tables, indexes, foreign keys, comments.

    Its SQL files come last, but for those that the tables need.

    Constraints and indexes without a name of their own get the one that Postgres gives. Raises StatementError when an
    SQL file has a syntax error.
    """
    return tuple(_statements(document))


def _statements(document: Document) -> Iterator[Ddl]:
    yield from _schemas(document)
    yield from _extensions(document)
    yield from _types(document)
    yield from _sequences(document)
    for file in document.files:
        if file.first:
            yield from _file(file)
    entries = document.tables.values()
    for entry in entries:
        yield create_table(document, entry)
        yield from added_constraints(entry)
    for written, sequence in document.model.sequences.items():
        if sequence.owned_by:
            *table, column = split_name(sequence.owned_by)
            owner = qualified(*(table if len(table) == 2 else (DEFAULT_SCHEMA, *table)), column)
            path: Path = ("sequences", written, "owned_by")
            yield Ddl(path, (f"ALTER SEQUENCE {object_name(written).sql} OWNED BY ", Said(owner, path)))
    # Before the foreign keys, which may point to what a unique index makes unique.
    for entry in entries:
        yield from indexes(entry)
    for entry in entries:
        yield from foreign_keys(entry)
    for entry in entries:
        yield from table_comments(entry)
    for file in document.files:
        if not file.first:
            yield from _file(file)


def _schemas(document: Document) -> Iterator[Ddl]:
    made = {DEFAULT_SCHEMA, "pg_catalog"}
    for index, schema in enumerate(document.model.schemas):
        path: Path = ("schemas", index)
        name = schema.name if isinstance(schema, NamedSchema) else schema
        if name not in made:
            yield Ddl(path, ("CREATE SCHEMA ", Said(identifier(name), path)))
        made.add(name)
        if isinstance(schema, NamedSchema):
            yield from comment_on(path, f"SCHEMA {identifier(name)}", schema.comment)
    for path, name in _implied_schemas(document):
        if name not in made:
            yield Ddl(path, (f"CREATE SCHEMA {identifier(name)}",))
        made.add(name)


def _implied_schemas(document: Document) -> Iterator[tuple[Path, str]]:
    for index, extension in enumerate(document.model.extensions):
        if isinstance(extension, Extension) and extension.schema:
            yield ("extensions", index, "schema"), extension.schema
    for group in ("types", "sequences", "tables"):
        for written in getattr(document.model, group):
            yield (group, written), object_name(written).schema


def _extensions(document: Document) -> Iterator[Ddl]:
    for index, extension in enumerate(document.model.extensions):
        path: Path = ("extensions", index)
        if isinstance(extension, str):
            yield Ddl(path, ("CREATE EXTENSION IF NOT EXISTS ", Said(identifier(extension), path)))
            continue
        clauses = f" SCHEMA {identifier(extension.schema)}" if extension.schema else ""
        clauses += f" VERSION {literal(extension.version)}" if extension.version else ""
        name = identifier(extension.name)
        yield Ddl(path, ("CREATE EXTENSION IF NOT EXISTS ", Said(name, (*path, "name")), clauses))
        yield from comment_on(path, f"EXTENSION {name}", extension.comment)


def _types(document: Document) -> Iterator[Ddl]:
    for written, definition in document.model.types.items():
        path: Path = ("types", written)
        labels = definition.enum if isinstance(definition, Enum) else definition
        name = object_name(written).sql
        values = ", ".join(literal(label).strip() for label in labels)
        yield Ddl(path, (f"CREATE TYPE {name} AS ENUM ({values})",))
        if isinstance(definition, Enum):
            yield from comment_on(path, f"TYPE {name}", definition.comment)


def _sequences(document: Document) -> Iterator[Ddl]:
    for written, sequence in document.model.sequences.items():
        path: Path = ("sequences", written)
        name = object_name(written).sql
        kind = Said(sequence.type, (*path, "type"))
        yield Ddl(path, (f"CREATE SEQUENCE {name} AS ", kind, sequence_options(sequence)))
        yield from comment_on(path, f"SEQUENCE {name}", sequence.comment)


def _file(file: SqlFile) -> Iterator[Ddl]:
    for statement in split(file.text, file.name):
        yield Ddl(("sql", file.index), (statement.text,), source=(file, statement.offset))
