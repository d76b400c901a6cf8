"""A table of schema.json as DDL: itself, its constraints, its indexes, its comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.sources.schema_json.ddl import Ddl, Said, comment_on
from neon_migrate.sources.schema_json.model import (
    Check,
    ForeignKey,
    Generated,
    Identity,
    Index,
    IndexColumn,
    PrimaryKey,
    Reference,
    Sequence,
    Unique,
)
from neon_migrate.sources.schema_json.names import ObjectName, columns_sql, object_name, split_name
from neon_migrate.sources.schema_json.type_names import postgres_type
from neon_migrate.sql import identifier, literal, qualified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neon_migrate.sources.schema_json.ddl import Piece
    from neon_migrate.sources.schema_json.document import Document, TableEntry
    from neon_migrate.sources.schema_json.model import Constraint, Field
    from neon_migrate.sources.schema_json.positions import Path


def create_table(document: Document, entry: TableEntry) -> Ddl:
    """CREATE TABLE with its columns, primary key, unique constraints and checks."""
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
    options = (named + sequence_options(identity)).strip()
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


def added_constraints(entry: TableEntry) -> Iterator[Ddl]:
    """ALTER TABLE for what CREATE TABLE would not make as it is written: repeated keys, checks that are not valid."""
    alter = f"ALTER TABLE {entry.name.sql} ADD "
    for index, constraint in enumerate(entry.table.unique):
        if _is_repeated(entry, constraint):
            yield Ddl((*entry.path, "unique", index), (f"{alter}{_unique(constraint)}",))
    for index, check in enumerate(entry.table.checks):
        if isinstance(check, Check) and check.not_valid:
            path: Path = (*entry.path, "checks", index)
            yield Ddl(path, (alter, *_check(check, path)))


def foreign_keys(entry: TableEntry) -> Iterator[Ddl]:
    """ALTER TABLE for each foreign key, so that the order of the tables does not matter."""
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


def indexes(entry: TableEntry) -> Iterator[Ddl]:
    """CREATE INDEX for each index."""
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


def table_comments(entry: TableEntry) -> Iterator[Ddl]:
    """COMMENT ON for the table and what belongs to it; a constraint or an index needs a name for that."""
    table, path = entry.table, entry.path
    yield from comment_on(path, f"TABLE {entry.name.sql}", table.comment)
    for name, column in table.fields.items():
        target = f"COLUMN {qualified(entry.name.schema, entry.name.name, name)}"
        yield from comment_on((*path, "fields", name), target, column.comment)
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
            yield from comment_on((*path, "indexes", number), target, written.comment)


def _constraint_comment(entry: TableEntry, constraint: Constraint, path: Path) -> Iterator[Ddl]:
    if constraint.name:
        target = f"CONSTRAINT {identifier(constraint.name)} ON {entry.name.sql}"
        yield from comment_on(path, target, constraint.comment)


def sequence_options(options: Sequence | Identity) -> str:
    """The options of CREATE SEQUENCE that are given, each with a blank before it."""
    words = (
        ("INCREMENT BY", options.increment),
        ("MINVALUE", options.min),
        ("MAXVALUE", options.max),
        ("START WITH", options.start),
        ("CACHE", options.cache),
    )
    clauses = [f" {word} {value}" for word, value in words if value is not None]
    return "".join(clauses) + (" CYCLE" if options.cycle else "")
