"""schema.json as DDL that makes it in an empty database, in an order that always works (cycles of foreign keys too)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neon_migrate.sources.schema_json.ddl import Ddl, Said
from neon_migrate.sources.schema_json.model import (
    Check,
    Enum,
    Extension,
    ForeignKey,
    Generated,
    Identity,
    Index,
    IndexColumn,
    NamedSchema,
    PrimaryKey,
    Reference,
    Sequence,
    Unique,
)
from neon_migrate.sources.schema_json.names import (
    DEFAULT_SCHEMA,
    ObjectName,
    columns_sql,
    object_name,
    split_name,
)
from neon_migrate.sql import identifier, literal, qualified, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neon_migrate.sources.schema_json.ddl import Piece
    from neon_migrate.sources.schema_json.document import Document, SqlFile, TableEntry
    from neon_migrate.sources.schema_json.model import Constraint, Field
    from neon_migrate.sources.schema_json.positions import Path

_TYPE_BASE = re.compile(r"[^(\[]*[^(\[\s]")
"""The name of a type, without its modifier (`(10,2)`) and its array brackets."""


def compile_document(document: Document) -> tuple[Ddl, ...]:
    """The statements of a document: schemas, extensions, types, sequences, tables, indexes, foreign keys, comments.

    Its SQL files come last, but for those that the tables need.

    Constraints and indexes without a name of their own get the one that Postgres gives. Raises StatementError when an
    SQL file has a syntax error.
    """
    return tuple(_statements(document))


def postgres_type(document: Document, written: str) -> str:
    """The type of a field as SQL: `type_mappings` applied, a type of this document qualified and quoted."""
    mappings = document.model.type_mappings
    mapped = _mapped(mappings, written)
    match = _TYPE_BASE.match(mapped)
    base, suffix = (match[0], mapped[match.end() :]) if match else (mapped, "")
    if mapped == written and suffix:
        target = _mapped(mappings, base)
        base, suffix = target, suffix if "(" not in target else suffix[suffix.find("[") :] if "[" in suffix else ""
    for name in document.model.types:
        if base in (name, object_name(name).written):
            return object_name(name).sql + suffix
    return base + suffix


def _mapped(mappings: Mapping[str, Mapping[str, str]], written: str) -> str:
    for name in (written, *(name for name in mappings if name.lower() == written.lower())):
        if "postgres" in mappings.get(name, {}):
            return mappings[name]["postgres"]
    return written


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
        yield _create_table(document, entry)
        yield from _added_constraints(entry)
    for written, sequence in document.model.sequences.items():
        if sequence.owned_by:
            *table, column = split_name(sequence.owned_by)
            owner = qualified(*(table if len(table) == 2 else (DEFAULT_SCHEMA, *table)), column)
            path: Path = ("sequences", written, "owned_by")
            yield Ddl(path, (f"ALTER SEQUENCE {object_name(written).sql} OWNED BY ", Said(owner, path)))
    # Before the foreign keys, which may point to what a unique index makes unique.
    for entry in entries:
        yield from _indexes(entry)
    for entry in entries:
        yield from _foreign_keys(entry)
    for entry in entries:
        yield from _comments(entry)
    for file in document.files:
        if not file.first:
            yield from _file(file)


def _comment(path: Path, target: str, comment: str | None) -> Iterator[Ddl]:
    if comment:
        inner: Path = (*path, "comment")
        yield Ddl(inner, (f"COMMENT ON {target} IS {literal(comment).strip()}",))


def _schemas(document: Document) -> Iterator[Ddl]:
    made = {DEFAULT_SCHEMA, "pg_catalog"}
    for index, schema in enumerate(document.model.schemas):
        path: Path = ("schemas", index)
        name = schema.name if isinstance(schema, NamedSchema) else schema
        if name not in made:
            yield Ddl(path, ("CREATE SCHEMA ", Said(identifier(name), path)))
        made.add(name)
        if isinstance(schema, NamedSchema):
            yield from _comment(path, f"SCHEMA {identifier(name)}", schema.comment)
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
        yield from _comment(path, f"EXTENSION {name}", extension.comment)


def _types(document: Document) -> Iterator[Ddl]:
    for written, definition in document.model.types.items():
        path: Path = ("types", written)
        labels = definition.enum if isinstance(definition, Enum) else definition
        name = object_name(written).sql
        values = ", ".join(literal(label).strip() for label in labels)
        yield Ddl(path, (f"CREATE TYPE {name} AS ENUM ({values})",))
        if isinstance(definition, Enum):
            yield from _comment(path, f"TYPE {name}", definition.comment)


def _sequences(document: Document) -> Iterator[Ddl]:
    for written, sequence in document.model.sequences.items():
        path: Path = ("sequences", written)
        name = object_name(written).sql
        kind = Said(sequence.type, (*path, "type"))
        yield Ddl(path, (f"CREATE SEQUENCE {name} AS ", kind, _sequence_options(sequence)))
        yield from _comment(path, f"SEQUENCE {name}", sequence.comment)


def _sequence_options(options: Sequence | Identity) -> str:
    words = (
        ("INCREMENT BY", options.increment),
        ("MINVALUE", options.min),
        ("MAXVALUE", options.max),
        ("START WITH", options.start),
        ("CACHE", options.cache),
    )
    clauses = [f" {word} {value}" for word, value in words if value is not None]
    return "".join(clauses) + (" CYCLE" if options.cycle else "")


def _create_table(document: Document, entry: TableEntry) -> Ddl:
    lines = [
        ((*entry.path, "fields", name), tuple(_column(document, entry, name, column)))
        for name, column in entry.table.fields.items()
    ]
    lines.extend(_keys(entry))
    lines.extend(_checks(entry))
    unlogged = "UNLOGGED " if entry.table.unlogged else ""
    pieces: list[Piece] = [f"CREATE {unlogged}TABLE {entry.name.sql} ("]
    for number, (_, line) in enumerate(lines):
        pieces.append(",\n    " if number else "\n    ")
        pieces.extend(line)
    pieces.append("\n)" if lines else ")")
    pieces.append(_parameters(entry.table.parameters))
    return Ddl(entry.path, tuple(pieces), tuple(lines))


def _column(document: Document, entry: TableEntry, name: str, column: Field) -> Iterator[Piece]:
    path: Path = (*entry.path, "fields", name)
    yield f"{identifier(name)} "
    yield Said(postgres_type(document, column.type), (*path, "type"))
    if column.collation:
        yield " COLLATE "
        yield Said(qualified(*split_name(column.collation)), (*path, "collation"))
    if column.generated is not None:
        stored = "STORED"
        if isinstance(column.generated, Generated):
            said = Said(column.generated.expression, (*path, "generated", "expression"))
            stored = "STORED" if column.generated.stored else "VIRTUAL"
        else:
            said = Said(column.generated, (*path, "generated"))
        yield from (" GENERATED ALWAYS AS (", said, f") {stored}")
    elif column.identity is not None:
        yield _identity(column.identity)
    elif column.default is not None:
        yield from (" DEFAULT (", Said(_default(column.default), (*path, "default")), ")")
    if column.nullable is False and column.identity is None:
        yield " NOT NULL"
    if column.unique:
        yield " UNIQUE"


def _default(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _identity(identity: str | Identity) -> str:
    if isinstance(identity, str):
        return f" GENERATED {identity.upper()} AS IDENTITY"
    named = f"SEQUENCE NAME {object_name(identity.name).sql}" if identity.name else ""
    options = (named + _sequence_options(identity)).strip()
    return f" GENERATED {identity.generation.upper()} AS IDENTITY" + (f" ({options})" if options else "")


def _parameters(parameters: Mapping[str, str | int | bool]) -> str:
    if not parameters:
        return ""
    written = (f"{name} = {literal(_default(value)).strip()}" for name, value in parameters.items())
    return f" WITH ({', '.join(written)})"


def _named(constraint: Constraint) -> str:
    return f"CONSTRAINT {identifier(constraint.name)} " if constraint.name else ""


def _include(columns: list[str]) -> str:
    return f" INCLUDE ({columns_sql(columns)})" if columns else ""


def _deferring(constraint: PrimaryKey | Unique | ForeignKey) -> str:
    if constraint.initially_deferred:
        return " DEFERRABLE INITIALLY DEFERRED"
    return " DEFERRABLE" if constraint.deferrable else ""


def _keys(entry: TableEntry) -> Iterator[tuple[Path, tuple[Piece, ...]]]:
    if entry.primary_key:
        written = entry.table.primary_key
        path: Path = (*entry.path, "primary_key")
        if isinstance(written, PrimaryKey):
            tail = _include(written.include) + _deferring(written)
            yield path, (f"{_named(written)}PRIMARY KEY ({columns_sql(written.columns)}){tail}",)
        else:
            yield path, (f"PRIMARY KEY ({columns_sql(entry.primary_key)})",)
    for index, constraint in enumerate(entry.table.unique):
        if not _is_repeated(entry, constraint):
            yield (*entry.path, "unique", index), (_unique(constraint),)


def _unique(constraint: list[str] | Unique) -> str:
    if not isinstance(constraint, Unique):
        return f"UNIQUE ({columns_sql(constraint)})"
    nulls = " NULLS NOT DISTINCT" if constraint.nulls_not_distinct else ""
    tail = _include(constraint.include) + _deferring(constraint)
    return f"{_named(constraint)}UNIQUE{nulls} ({columns_sql(constraint.columns)}){tail}"


def _is_repeated(entry: TableEntry, constraint: list[str] | Unique) -> bool:
    """A named constraint over the columns of the primary key: CREATE TABLE would silently leave it out."""
    return (
        isinstance(constraint, Unique)
        and constraint.name is not None
        and tuple(constraint.columns) == entry.primary_key
    )


def _checks(entry: TableEntry) -> Iterator[tuple[Path, tuple[Piece, ...]]]:
    for index, check in enumerate(entry.table.checks):
        path: Path = (*entry.path, "checks", index)
        if isinstance(check, str):
            yield path, ("CHECK (", Said(check, path), ")")
        elif not check.not_valid:
            yield path, _check(check, path)


def _check(check: Check, path: Path) -> tuple[Piece, ...]:
    tail = (" NO INHERIT" if check.no_inherit else "") + (" NOT VALID" if check.not_valid else "")
    return f"{_named(check)}CHECK (", Said(check.expression, (*path, "expression")), f"){tail}"


def _added_constraints(entry: TableEntry) -> Iterator[Ddl]:
    """What CREATE TABLE would not make as it is written: repeated keys, and checks that are not valid."""
    alter = f"ALTER TABLE {entry.name.sql} ADD "
    for index, constraint in enumerate(entry.table.unique):
        if _is_repeated(entry, constraint):
            yield Ddl((*entry.path, "unique", index), (f"{alter}{_unique(constraint)}",))
    for index, check in enumerate(entry.table.checks):
        if isinstance(check, Check) and check.not_valid:
            path: Path = (*entry.path, "checks", index)
            yield Ddl(path, (alter, *_check(check, path)))


def _foreign_keys(entry: TableEntry) -> Iterator[Ddl]:
    alter = f"ALTER TABLE {entry.name.sql} ADD "
    for name, column in entry.table.fields.items():
        if column.references is not None:
            path: Path = (*entry.path, "fields", name, "references")
            yield Ddl(path, (f"{alter}FOREIGN KEY ({identifier(name)}) {_references(column.references)}",))
    for index, constraint in enumerate(entry.table.foreign_keys):
        tail = _deferring(constraint) + (" NOT VALID" if constraint.not_valid else "")
        text = f"FOREIGN KEY ({columns_sql(constraint.columns)}) {_references(constraint.references)}{tail}"
        yield Ddl((*entry.path, "foreign_keys", index), (f"{alter}{_named(constraint)}{text}",))


def _references(reference: Reference) -> str:
    targets = f" ({columns_sql(reference.targets)})" if reference.targets else ""
    match = " MATCH FULL" if reference.match == "full" else ""
    actions = "".join(
        f" ON {event} {action.upper()}"
        for event, action in (("UPDATE", reference.on_update), ("DELETE", reference.on_delete))
        if action != "no action"
    )
    return f"REFERENCES {object_name(reference.table).sql}{targets}{match}{actions}"


def _indexes(entry: TableEntry) -> Iterator[Ddl]:
    for number, written in enumerate(entry.table.indexes):
        path: Path = (*entry.path, "indexes", number)
        if isinstance(written, list):
            yield Ddl(path, (f"CREATE INDEX ON {entry.name.sql} ({columns_sql(written)})",))
        else:
            yield Ddl(path, tuple(_index(entry.name, written, path)))


def _index(table: ObjectName, index: Index, path: Path) -> Iterator[Piece]:
    unique = "UNIQUE " if index.unique else ""
    yield f"CREATE {unique}INDEX {identifier(index.name) + ' ' if index.name else ''}ON {table.sql} USING "
    yield Said(index.method, (*path, "method"))
    for number, column in enumerate(index.columns):
        yield ", " if number else " ("
        yield from _index_column(column, (*path, "columns", number))
    yield ")" + _include(index.include)
    if index.nulls_not_distinct:
        yield " NULLS NOT DISTINCT"
    yield _parameters(index.parameters)
    if index.where is not None:
        yield from (" WHERE (", Said(index.where, (*path, "where")), ")")


def _index_column(column: str | IndexColumn, path: Path) -> Iterator[Piece]:
    if isinstance(column, str):
        yield Said(identifier(column), path)
        return
    if column.expression is not None:
        yield from ("(", Said(column.expression, (*path, "expression")), ")")
    else:
        yield Said(identifier(column.column or ""), (*path, "column"))
    if column.collation:
        yield " COLLATE "
        yield Said(qualified(*split_name(column.collation)), (*path, "collation"))
    if column.opclass:
        yield " "
        yield Said(column.opclass, (*path, "opclass"))
    if column.order == "desc":
        yield " DESC"
    if column.nulls:
        yield f" NULLS {column.nulls.upper()}"


def _comments(entry: TableEntry) -> Iterator[Ddl]:
    table, path = entry.table, entry.path
    yield from _comment(path, f"TABLE {entry.name.sql}", table.comment)
    for name, column in table.fields.items():
        target = f"COLUMN {qualified(entry.name.schema, entry.name.name, name)}"
        yield from _comment((*path, "fields", name), target, column.comment)
    if isinstance(table.primary_key, PrimaryKey):
        yield from _constraint_comment(entry, table.primary_key, (*path, "primary_key"))
    groups: tuple[tuple[str, list[Constraint | list[str] | str]], ...] = (
        ("unique", [*table.unique]),
        ("checks", [*table.checks]),
        ("foreign_keys", [*table.foreign_keys]),
    )
    for group, constraints in groups:
        for index, constraint in enumerate(constraints):
            if not isinstance(constraint, list | str):
                yield from _constraint_comment(entry, constraint, (*path, group, index))
    for number, written in enumerate(table.indexes):
        if not isinstance(written, list) and written.name:
            target = f"INDEX {qualified(entry.name.schema, written.name)}"
            yield from _comment((*path, "indexes", number), target, written.comment)


def _constraint_comment(entry: TableEntry, constraint: Constraint, path: Path) -> Iterator[Ddl]:
    if constraint.name:
        target = f"CONSTRAINT {identifier(constraint.name)} ON {entry.name.sql}"
        yield from _comment(path, target, constraint.comment)


def _file(file: SqlFile) -> Iterator[Ddl]:
    for statement in split(file.text, file.name):
        yield Ddl(("sql", file.index), (statement.text,), source=(file, statement.offset))
