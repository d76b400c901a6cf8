"""What can be known of seeds without Postgres: whether their records can be told apart and inserted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from neon_migrate.errors import SchemaError
from neon_migrate.sources.schema_json.document import SERIAL_TYPES, SchemaWarning, has_default, name_at
from neon_migrate.sources.schema_json.shape import dotted, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.sources.schema_json.document import Document, TableEntry
    from neon_migrate.sources.schema_json.model import Seeds
    from neon_migrate.sources.schema_json.names import ObjectName
    from neon_migrate.sources.schema_json.positions import Path

EXPRESSION_KEY = "$sql"
"""`{"$sql": "now()"}` in a record is an SQL expression instead of a value."""


def key_columns(seeds: Seeds) -> tuple[str, ...]:
    """The columns of `unique_key`, whichever way it is written."""
    written = seeds.unique_key
    return (written,) if isinstance(written, str) else tuple(written or ())


def check_seeds(document: Document) -> Iterator[SchemaWarning]:
    """Hold every seed against its table; gives a warning for numbers that a sequence will also give.

    Raises SchemaError: an unknown table or column, no key or one that is not unique, a record without its key or with
    the key of another, a primary key without value and default.
    """
    seen: dict[ObjectName, Path] = {}
    for written, seeds in document.model.seeds.items():
        path: Path = ("seeds", written)
        name = name_at(document.text, written, path)
        entry = document.tables.get(name)
        if entry is None:
            raise SchemaError(
                f"Seeds for {name}, but there is no such table",
                where=document.text.key_at(path),
                remedy=nearest(str(name), map(str, document.tables)) or 'Add the table under "tables".',
            )
        if name in seen:
            raise SchemaError(f"The seeds of {name} stand twice", where=document.text.key_at(path))
        seen[name] = path
        _check_key(document, entry, seeds, path)
        _check_records(document, entry, seeds, (*path, "records"))
        yield from _numbered(document, entry, seeds, path)


def _check_key(document: Document, entry: TableEntry, seeds: Seeds, path: Path) -> None:
    columns = key_columns(seeds)
    if not columns:
        likely = next((sorted(key) for key in entry.unique_keys if key != set(entry.primary_key)), entry.primary_key)
        example = msgspec.json.encode(likely[0] if len(likely) == 1 else list(likely) or "<column>").decode()
        raise SchemaError(
            f"The seeds of {entry.name} have no 'unique_key'",
            where=document.text.key_at(path),
            why="Without it a record can't be told from the rows that are there already.",
            remedy=f'Write "unique_key": {example}.',
        )
    for index, column in enumerate(columns):
        if column not in entry.table.fields:
            place: Path = (*path, "unique_key") if isinstance(seeds.unique_key, str) else (*path, "unique_key", index)
            raise _no_column(document, entry, column, place, key=False)
    if frozenset(columns) not in entry.unique_keys:
        remedy = (
            f'Write "unique": true at the field {columns[0]!r} of {entry.name}.'
            if len(columns) == 1
            else f'Write "unique": [{msgspec.json.encode(columns).decode()}] in the table {entry.name}.'
        )
        raise SchemaError(
            f"{', '.join(columns)} is not unique in {entry.name}",
            where=document.text.at((*path, "unique_key")),
            why="ON CONFLICT needs a unique constraint over exactly these columns, one that is not deferrable.",
            remedy=remedy,
        )


def _no_column(document: Document, entry: TableEntry, column: str, path: Path, *, key: bool) -> SchemaError:
    return SchemaError(
        f"The table {entry.name} has no column {column!r}",
        where=document.text.key_at(path) if key else document.text.at(path),
        remedy=nearest(column, entry.table.fields) or f"Its columns are {', '.join(entry.table.fields)}.",
    )


def _check_records(document: Document, entry: TableEntry, seeds: Seeds, path: Path) -> None:
    columns = key_columns(seeds)
    seen: dict[str, int] = {}
    for index, record in enumerate(seeds.records):
        place: Path = (*path, index)
        for name in record:
            if name not in entry.table.fields:
                raise _no_column(document, entry, name, (*place, name), key=True)
            if entry.table.fields[name].generated is not None:
                raise SchemaError(
                    f"{dotted((*place, name))} is a generated column", where=document.text.key_at((*place, name))
                )
            _check_value(document, record[name], (*place, name))
        _check_complete(document, entry, columns, record, place)
        key = repr([record[name] for name in columns])
        if key in seen:
            other: Path = (*path, seen[key])
            raise SchemaError(
                f"Two seeds of {entry.name} have the same key: {_shown(record, columns)}",
                where=document.text.at(place),
                why=f"The other one is {dotted(other)}, in line {document.text.at(other).line}.",
                remedy="Take one of them out, or change its key.",
            )
        seen[key] = index


def _check_value(document: Document, value: Any, path: Path) -> None:
    if not (isinstance(value, dict) and EXPRESSION_KEY in value):
        return
    expression = value[EXPRESSION_KEY]
    if len(value) > 1 or not isinstance(expression, str) or not expression.strip():
        raise SchemaError(
            f"{dotted(path)} is not an expression",
            where=document.text.at(path),
            remedy='An SQL expression is written {"$sql": "now()"}, with nothing beside it.',
        )


def _check_complete(
    document: Document, entry: TableEntry, columns: tuple[str, ...], record: dict[str, Any], path: Path
) -> None:
    for name in columns:
        if record.get(name) is None:
            shown = _shown(record, tuple(record)[:3])
            raise SchemaError(
                f"{dotted(path)} has no value for its key {name!r}",
                where=document.text.at(path),
                why=f"The records of {entry.name} are told apart by {', '.join(columns)}.",
                remedy=f"Add {name!r} to this record{shown and f': {shown}'}.",
            )
    for name in entry.primary_key:
        if record.get(name) is None and not (name not in record and has_default(entry.table.fields[name])):
            raise SchemaError(
                f"{dotted(path)} has no value for the primary key {name!r}, which has no default",
                where=document.text.at(path),
                remedy=f"Give the record {_shown(record, columns)} a value for {name!r}, or the field a default.",
            )


def _shown(record: dict[str, Any], columns: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = {record[name]}" for name in columns if name in record)


def _numbered(document: Document, entry: TableEntry, seeds: Seeds, path: Path) -> Iterator[SchemaWarning]:
    for name, column in entry.table.fields.items():
        counted = column.identity is not None or column.type.strip().lower() in SERIAL_TYPES
        given = next((i for i, record in enumerate(seeds.records) if isinstance(record.get(name), int)), None)
        if counted and given is not None:
            yield SchemaWarning(
                f"The seeds of {entry.name} give {name!r} numbers that its sequence will give again",
                document.text.key_at((*path, "records", given, name)),
                f"Leave {name!r} out of the records, or let the sequence start beyond them.",
            )
