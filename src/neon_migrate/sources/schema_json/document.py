"""schema.json as a value: read from its file, typed, its references followed, each part with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from neon_migrate.errors import Location, SchemaError
from neon_migrate.sources.schema_json.model import Enum, Identity, PrimaryKey, Unique
from neon_migrate.sources.schema_json.names import ObjectName, object_name, split_name
from neon_migrate.sources.schema_json.positions import JsonText, parse_json
from neon_migrate.sources.schema_json.shape import dotted, typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neon_migrate.sources.schema_json.model import Field, SchemaJson, Table
    from neon_migrate.sources.schema_json.positions import Path

SERIAL_TYPES = frozenset({"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"})


@dataclass(frozen=True, slots=True)
class SchemaWarning:
    """Something in schema.json that has no effect, or not the one it seems to have."""

    what: str
    where: Location
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file that schema.json names under `sql`: its place in the list, its name for messages, its text.

    first  whether the tables need what it makes, so that it runs before them
    """

    index: int
    name: str
    text: str = field(repr=False)
    first: bool = False


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table of the document, with what is settled about it by more than one key."""

    name: ObjectName
    table: Table
    path: Path

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key, whichever way they are written; none without one."""
        written = self.table.primary_key
        if isinstance(written, PrimaryKey):
            return tuple(written.columns)
        return tuple(written or (name for name, column in self.table.fields.items() if column.primary))

    @property
    def unique_keys(self) -> tuple[frozenset[str], ...]:
        """The sets of columns that ON CONFLICT may name: unique at once, over plain columns, for all rows."""
        keys: list[tuple[str, ...]] = []
        written = self.table.primary_key
        if not (isinstance(written, PrimaryKey) and written.deferrable):
            keys.append(self.primary_key)
        keys.extend((name,) for name, column in self.table.fields.items() if column.unique)
        for constraint in self.table.unique:
            if not isinstance(constraint, Unique):
                keys.append(tuple(constraint))
            elif not constraint.deferrable:
                keys.append(tuple(constraint.columns))
        for index in self.table.indexes:
            if isinstance(index, list) or not index.unique or index.where is not None:
                continue
            columns = [c if isinstance(c, str) else c.column for c in index.columns]
            keys.append(tuple(c for c in columns if c is not None) if None not in columns else ())
        return tuple(frozenset(key) for key in keys if key)

    def is_nullable(self, name: str) -> bool:
        """Whether the column takes NULL: as written; else unless it is in the primary key or an identity column."""
        column = self.table.fields[name]
        if name in self.primary_key or column.identity is not None:
            return False
        return True if column.nullable is None else column.nullable


def has_default(column: Field) -> bool:
    """Whether a row gets a value for this column when none is given."""
    return (
        column.default is not None
        or column.identity is not None
        or column.generated is not None
        or column.type.strip().lower() in SERIAL_TYPES
    )


def is_always_identity(column: Field) -> bool:
    """Whether an INSERT has to say OVERRIDING SYSTEM VALUE to give this column a value."""
    identity = column.identity
    return (identity.generation if isinstance(identity, Identity) else identity) == "always"


@dataclass(frozen=True, slots=True)
class Document:
    """A schema.json that was read and found sound in itself; what Postgres thinks of it, `load` tells.

    text      its text with the place of each part
    model     what it says
    tables    its tables by name
    files     the SQL files it names, in order
    warnings  what was found that has no effect
    """

    text: JsonText = field(repr=False)
    model: SchemaJson
    tables: Mapping[ObjectName, TableEntry]
    files: tuple[SqlFile, ...] = ()
    warnings: tuple[SchemaWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Rename:
    """A table, column or type that `renamed_from` says is an old one under a new name; but for a column, also in
    another schema.

    schema  the schema now, for a column that of its table
    table   the table's name now, for a column; else the old name
    moved_from  the schema that it is in up to now, where that is another one
    """

    kind: Literal["table", "column", "type"]
    schema: str
    table: str
    old: str
    new: str
    moved_from: str = ""

    def __str__(self) -> str:
        if self.moved_from:
            return f"{self.kind} {self.moved_from}.{self.old} to {self.schema}.{self.new}"
        return f"{self.kind} {self.old} to {self.new}"


def renames(document: Document) -> tuple[Rename, ...]:
    """What `renamed_from` says, types and tables first. Where the old name is gone, there is nothing left to rename."""
    entries = document.tables.values()
    tables = [
        Rename("table", entry.name.schema, old.name, old.name, entry.name.name, _moved_from(old, entry.name))
        for entry in entries
        if entry.table.renamed_from and (old := old_table_name(entry))
    ]
    columns = [
        Rename("column", entry.name.schema, entry.name.name, column.renamed_from, name)
        for entry in entries
        for name, column in entry.table.fields.items()
        if column.renamed_from
    ]
    return (*_renamed_types(document), *tables, *columns)


def _renamed_types(document: Document) -> Iterator[Rename]:
    for written, definition in document.model.types.items():
        if isinstance(definition, Enum) and definition.renamed_from:
            new = object_name(written)
            old = old_name(definition.renamed_from, new)
            yield Rename("type", new.schema, old.name, old.name, new.name, _moved_from(old, new))


def _moved_from(old: ObjectName, new: ObjectName) -> str:
    return old.schema if old.schema != new.schema else ""


def old_table_name(entry: TableEntry) -> ObjectName:
    """What `renamed_from` names: without a schema of its own, in the schema of the table."""
    return old_name(entry.table.renamed_from or "", entry.name)


def old_name(written: str, new: ObjectName) -> ObjectName:
    """What `renamed_from` names on a table or type: without a schema of its own, in the schema of the new name."""
    old = object_name(written)
    return ObjectName(new.schema, old.name) if len(split_name(written)) == 1 else old


def read_document(path: FilePath) -> Document:
    """Read schema.json and the SQL files it names.

    Raises SchemaError with file, line, column and caret line: see `parse_json`, `typed` and `checks.check`; also for
    a file that is missing or isn't UTF-8.
    """
    label = _label(path)
    if not path.is_file():
        raise SchemaError(
            f"There is no {label}",
            remedy="neon-migrate init writes a starter schema.json; neon-migrate import makes one from a database.",
        )
    text = parse_json(_decoded(path, label), label)
    model = typed(text)
    files = []
    for index, source in enumerate(model.sql):
        name = source if isinstance(source, str) else source.file
        file = path.parent / name
        if not file.is_file():
            raise SchemaError(
                f"There is no file {name!r}",
                where=text.at(("sql", index)),
                why=f'The names under "sql" are relative to {label}.',
            )
        is_first = not isinstance(source, str) and source.run == "first"
        files.append(SqlFile(index, _label(file), _decoded(file, _label(file)), is_first))
    return _document(text, model, tuple(files))


def parse_document(text: str, file: str = "schema.json") -> Document:
    """A document from its text; the SQL files it names are not read. Raises SchemaError as `read_document` does."""
    parsed = parse_json(text, file)
    return _document(parsed, typed(parsed), ())


def _document(text: JsonText, model: SchemaJson, files: tuple[SqlFile, ...]) -> Document:
    from neon_migrate.sources.schema_json.checks import check

    tables: dict[ObjectName, TableEntry] = {}
    for written, table in model.tables.items():
        name = name_at(text, written, ("tables", written))
        if name in tables:
            raise SchemaError(
                f"The table {name} stands twice",
                where=text.key_at(("tables", written)),
                why=f"It is also written {tables[name].path[-1]!r}.",
                remedy="Keep one of them.",
            )
        tables[name] = TableEntry(name, table, ("tables", written))
    document = Document(text, model, MappingProxyType(tables), files)
    return Document(text, model, document.tables, files, check(document))


def name_at(text: JsonText, written: str, path: Path) -> ObjectName:
    """The name `written` as the key at `path`. Raises SchemaError when it has more than two parts or an empty one."""
    try:
        return object_name(written)
    except ValueError:
        raise SchemaError(
            f"{written!r} is not the name of an object in {dotted(path[:-1])}",
            where=text.key_at(path),
            remedy='Write name or schema.name; a part with a dot in it in double quotes: "\\"odd.name\\"".',
        ) from None


def _label(path: FilePath) -> str:
    """How messages call a file: as seen from the current folder where it is inside, else with its whole path."""
    here = FilePath.cwd()
    resolved = path.resolve()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(path)


def _decoded(path: FilePath, label: str) -> str:
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SchemaError(f"{label} is UTF-16, not UTF-8", where=Location(label, 1, 1), remedy="Save it as UTF-8.")
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", errors="replace").removeprefix("\ufeff")
        line = raw[raw.rfind(b"\n", 0, error.start) + 1 :].split(b"\n", 1)[0]
        shown = line.decode("cp1252", errors="replace").rstrip("\r")
        raise SchemaError(
            f"{label} is not UTF-8",
            where=Location(label, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1, shown),
            why=f"The byte 0x{raw[error.start]:02X} can't stand there; read as Windows-1252 it is "
            f"{raw[error.start : error.start + 1].decode('cp1252', errors='replace')!r}.",
            remedy="Save the file as UTF-8.",
        ) from None
