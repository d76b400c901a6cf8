"""What can be known of a schema.json without Postgres: names it uses and has not, keys that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import SchemaError
from neon_migrate.sources.schema_json.document import SchemaWarning, name_at, old_name, old_table_name
from neon_migrate.sources.schema_json.model import (
    Check,
    Enum,
    ForeignKey,
    Identity,
    Index,
    PrimaryKey,
    Reference,
    Unique,
)
from neon_migrate.sources.schema_json.names import ObjectName, object_name, split_name
from neon_migrate.sources.schema_json.seed_checks import check_seeds
from neon_migrate.sources.schema_json.shape import dotted, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from neon_migrate.sources.schema_json.document import Document, TableEntry
    from neon_migrate.sources.schema_json.model import Field
    from neon_migrate.sources.schema_json.positions import Path

_LONGEST_NAME = 63
"""Bytes; Postgres cuts a longer identifier off (NAMEDATALEN - 1)."""


def check(document: Document) -> tuple[SchemaWarning, ...]:
    """Follow every reference inside the document.

    Raises SchemaError at the first fault, in the order of the text: a table, column or key that is not there, two keys
    that contradict each other, a name that is too long, a seed that can't be told apart. Gives what has no effect.
    """
    warnings: list[SchemaWarning] = []
    _check_types(document)
    for entry in document.tables.values():
        _check_names(document, entry)
        for name, column in entry.table.fields.items():
            warnings.extend(_check_field(document, entry, name, column))
        _check_keys(document, entry)
        _check_foreign_keys(document, entry)
        _check_indexes(document, entry)
        _check_renames(document, entry)
    _check_sequences(document)
    warnings.extend(check_seeds(document))
    return tuple(warnings)


def _fault(
    document: Document, path: Path, what: str, *, why: str = "", remedy: str = "", key: bool = False
) -> SchemaError:
    where = document.text.key_at(path) if key else document.text.at(path)
    return SchemaError(what, where=where, why=why, remedy=remedy)


def _check_types(document: Document) -> None:
    for written, definition in document.model.types.items():
        path: Path = ("types", written)
        name = name_at(document.text, written, path)
        if name in document.tables:
            raise _fault(
                document, path, f"{name} is the name of a table and of a type", why="A table is a type too.", key=True
            )
        if isinstance(definition, Enum):
            _check_renamed_type(document, name, definition, path)
            path = (*path, "enum")
        labels = definition.enum if isinstance(definition, Enum) else definition
        for index, label in enumerate(labels):
            if label in labels[:index]:
                raise _fault(document, (*path, index), f"The value {label!r} stands twice in the enum {name}")
            _check_length(document, label, (*path, index))


def _check_renamed_type(document: Document, name: ObjectName, definition: Enum, path: Path) -> None:
    if not definition.renamed_from:
        return
    path = (*path, "renamed_from")
    name_at(document.text, definition.renamed_from, path)
    old = old_name(definition.renamed_from, name)
    if old in map(object_name, document.model.types):
        raise _fault(
            document,
            path,
            f"The type {name} is renamed from {old}, which is still there",
            remedy='Take the old one out, or take out "renamed_from".',
        )


def _check_length(document: Document, name: str, path: Path, *, key: bool = False) -> None:
    if len(name.encode()) > _LONGEST_NAME:
        raise _fault(
            document,
            path,
            f"The name {name!r} is too long",
            why=f"Postgres keeps {_LONGEST_NAME} bytes of a name; this one has {len(name.encode())}.",
            key=key,
        )


def _check_names(document: Document, entry: TableEntry) -> None:
    _check_length(document, entry.name.name, entry.path, key=True)
    for name in entry.table.fields:
        _check_length(document, name, (*entry.path, "fields", name), key=True)
    for group in ("unique", "checks", "foreign_keys", "indexes"):
        for index, part in enumerate(getattr(entry.table, group)):
            _check_part_name(document, part, (*entry.path, group, index))
    _check_part_name(document, entry.table.primary_key, (*entry.path, "primary_key"))


def _check_part_name(document: Document, part: object, path: Path) -> None:
    if not isinstance(part, PrimaryKey | Unique | Check | ForeignKey | Index):
        return
    if part.name:
        _check_length(document, part.name, (*path, "name"))
    elif part.comment:
        raise _fault(
            document,
            (*path, "comment"),
            f"{dotted(path)} has a comment and no name",
            why="COMMENT ON needs the name of a constraint or an index.",
            remedy='Add "name".',
            key=True,
        )


def _check_field(document: Document, entry: TableEntry, name: str, column: Field) -> Iterator[SchemaWarning]:
    path: Path = (*entry.path, "fields", name)
    given = [key for key in ("default", "identity", "generated") if getattr(column, key) is not None]
    if len(given) > 1:
        raise _fault(document, (*path, given[1]), f"{dotted(path)} has both {given[0]!r} and {given[1]!r}", key=True)
    _check_collation(document, column.collation, (*path, "collation"))
    if isinstance(column.identity, Identity) and column.identity.name:
        name_at(document.text, column.identity.name, (*path, "identity", "name"))
    if isinstance(column.default, dict | list):
        raise _fault(
            document,
            (*path, "default"),
            f"{dotted(path)}.default should be a text, a number, true or false",
            remedy="A JSON value is written as an expression: \"'[]'::jsonb\".",
        )
    if column.nullable and (name in entry.primary_key or column.identity is not None):
        yield SchemaWarning(
            f"{dotted(path)} is nullable, which a primary key or an identity column never is",
            document.text.at((*path, "nullable")),
            'Write "nullable": false.',
        )
    in_constraint = any(name in constraint.columns for constraint in entry.table.foreign_keys)
    if column.foreign_key and column.references is None and not in_constraint:
        yield SchemaWarning(
            f"{dotted(path)} says foreign_key: true and names no target, so there is no constraint",
            document.text.key_at((*path, "foreign_key")),
            f'Write "references": {_likely_target(document, name)}.',
        )


def _check_collation(document: Document, collation: str | None, path: Path) -> None:
    try:
        split_name(collation or "C")
    except ValueError:
        raise _fault(document, path, f"{collation!r} is not the name of a collation") from None


def _likely_target(document: Document, column: str) -> str:
    """What `references` should probably say for a column such as user_id."""
    stem, _, target = column.rpartition("_")
    for entry in document.tables.values():
        if entry.name.name in (stem, f"{stem}s", f"{stem}es", f"{stem[:-1]}ies") and target in entry.table.fields:
            return f'{{"table": "{entry.name}", "column": "{target}"}}'
    return '{"table": "<table>", "column": "<column>"}'


def _check_keys(document: Document, entry: TableEntry) -> None:
    table = entry.table
    marked = {name for name, column in table.fields.items() if column.primary}
    if table.primary_key is not None:
        path: Path = (*entry.path, "primary_key")
        if marked and marked != set(entry.primary_key):
            raise _fault(
                document,
                path,
                f"The table {entry.name} has two primary keys",
                why=f'Its fields mark {_listed(sorted(marked))}; "primary_key" names {_listed(entry.primary_key)}.',
                key=True,
            )
        if isinstance(table.primary_key, PrimaryKey):
            _check_columns(document, entry, table.primary_key.columns, (*path, "columns"))
            _check_columns(document, entry, table.primary_key.include, (*path, "include"))
        else:
            _check_columns(document, entry, table.primary_key, path)
    for index, constraint in enumerate(table.unique):
        path = (*entry.path, "unique", index)
        if isinstance(constraint, Unique):
            _check_columns(document, entry, constraint.columns, (*path, "columns"))
            _check_columns(document, entry, constraint.include, (*path, "include"))
        else:
            _check_columns(document, entry, constraint, path)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _check_columns(document: Document, entry: TableEntry, columns: Sequence[str], path: Path) -> None:
    for index, name in enumerate(columns):
        if name not in entry.table.fields:
            raise _no_column(document, entry, name, (*path, index))
        if name in columns[:index]:
            raise _fault(document, (*path, index), f"The column {name!r} stands twice in {dotted(path)}")


def _no_column(document: Document, entry: TableEntry, name: str, path: Path, *, key: bool = False) -> SchemaError:
    return _fault(
        document,
        path,
        f"The table {entry.name} has no column {name!r}",
        remedy=nearest(name, entry.table.fields) or f"Its columns are {_listed(entry.table.fields)}.",
        key=key,
    )


def _check_foreign_keys(document: Document, entry: TableEntry) -> None:
    for name, column in entry.table.fields.items():
        if column.references is not None:
            path: Path = (*entry.path, "fields", name, "references")
            _check_reference(document, column.references, 1, path)
    for index, constraint in enumerate(entry.table.foreign_keys):
        path = (*entry.path, "foreign_keys", index)
        _check_columns(document, entry, constraint.columns, (*path, "columns"))
        _check_reference(document, constraint.references, len(constraint.columns), (*path, "references"))


def _check_reference(document: Document, reference: Reference, width: int, path: Path) -> None:
    name = name_at(document.text, reference.table, (*path, "table"))
    target = document.tables.get(name)
    if target is None:
        raise _no_table(document, name, (*path, "table"))
    if reference.column is not None and reference.columns is not None:
        raise _fault(document, (*path, "columns"), f"{dotted(path)} has both 'column' and 'columns'", key=True)
    if reference.column is not None:
        if reference.column not in target.table.fields:
            raise _no_column(document, target, reference.column, (*path, "column"))
    else:
        _check_columns(document, target, reference.targets, (*path, "columns"))
    if not reference.targets and not target.primary_key:
        raise _fault(
            document,
            path,
            f"{dotted(path)} names no column, and the table {name} has no primary key",
            remedy="Name a column that is unique.",
        )
    columns = reference.targets or target.primary_key
    if len(columns) != width:
        raise _fault(
            document,
            path,
            f"{dotted(path)} names {len(columns)} columns for a foreign key of {width}",
            why=f"The columns of {name} it points to are {_listed(columns)}.",
        )


def _no_table(document: Document, name: ObjectName, path: Path) -> SchemaError:
    known = [str(known) for known in document.tables]
    return _fault(
        document,
        path,
        f"There is no table {name}",
        remedy=nearest(str(name), known) or f'Add it under "tables", which has {_listed(known[:12]) or "none"}.',
    )


def _check_indexes(document: Document, entry: TableEntry) -> None:
    for number, index in enumerate(entry.table.indexes):
        path: Path = (*entry.path, "indexes", number)
        if isinstance(index, list):
            for place, name in enumerate(index):
                _check_index_column(document, entry, name, (*path, place))
            continue
        for place, part in enumerate(index.columns):
            inner: Path = (*path, "columns", place)
            if isinstance(part, str):
                _check_index_column(document, entry, part, inner)
            elif (part.column is None) == (part.expression is None):
                raise _fault(document, inner, f"{dotted(inner)} should have one of 'column' and 'expression'")
            elif part.column is not None:
                _check_index_column(document, entry, part.column, (*inner, "column"))
            if not isinstance(part, str):
                _check_collation(document, part.collation, (*inner, "collation"))
        _check_columns(document, entry, index.include, (*path, "include"))


def _check_index_column(document: Document, entry: TableEntry, name: str, path: Path) -> None:
    if name in entry.table.fields:
        return
    if {"(", " ", ":"} & set(name):
        raise _fault(
            document,
            path,
            f"The table {entry.name} has no column {name!r}",
            remedy=f'An expression is written {{"expression": "{name}"}}.',
        )
    raise _no_column(document, entry, name, path)


def _check_renames(document: Document, entry: TableEntry) -> None:
    if entry.table.renamed_from:
        path: Path = (*entry.path, "renamed_from")
        name_at(document.text, entry.table.renamed_from, path)
        old = old_table_name(entry)
        if old in document.tables:
            raise _fault(
                document,
                path,
                f"The table {entry.name} is renamed from {old}, which is still there",
                remedy='Take the old one out, or take out "renamed_from".',
            )
    seen: dict[str, str] = {}
    for name, column in entry.table.fields.items():
        if column.renamed_from is None:
            continue
        path = (*entry.path, "fields", name, "renamed_from")
        other = column.renamed_from if column.renamed_from in entry.table.fields else seen.get(column.renamed_from)
        if other is not None:
            raise _fault(
                document,
                path,
                f"The column {name!r} of {entry.name} is renamed from {column.renamed_from!r}, and so is {other!r}"
                if other != column.renamed_from
                else f"The column {name!r} of {entry.name} is renamed from {other!r}, which is still there",
                remedy='One of them is a new column: take out its "renamed_from".',
            )
        seen[column.renamed_from] = name


def _check_sequences(document: Document) -> None:
    for written, sequence in document.model.sequences.items():
        path: Path = ("sequences", written)
        name_at(document.text, written, path)
        if sequence.owned_by is None:
            continue
        path = (*path, "owned_by")
        try:
            *table, column = split_name(sequence.owned_by)
        except ValueError:
            table, column = [], ""
        if len(table) not in (1, 2):
            raise _fault(document, path, f"{dotted(path)} should be table.column or schema.table.column")
        name = ObjectName(table[0], table[1]) if len(table) == 2 else ObjectName("public", table[0])
        if name not in document.tables:
            raise _no_table(document, name, path)
        if column not in document.tables[name].table.fields:
            raise _no_column(document, document.tables[name], column, path)
