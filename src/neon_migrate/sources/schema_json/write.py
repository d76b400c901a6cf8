"""A schema.json from a Catalog: the shortest words that load into an equal Catalog; what has no word is named."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

from neon_migrate.catalog import Catalog
from neon_migrate.sources.schema_json.definitions import NotExpressibleError, constraint_words, index_words
from neon_migrate.sources.schema_json.document import parse_document
from neon_migrate.sources.schema_json.kept import EXPRESSIBLE_KINDS, beyond_words, named_not_null
from neon_migrate.sources.schema_json.layout import laid_out
from neon_migrate.sources.schema_json.names import DEFAULT_SCHEMA, ObjectName, split_name
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from neon_migrate.catalog import Key
    from neon_migrate.column import Column
    from neon_migrate.constraint import Constraint
    from neon_migrate.objects.comment import Comment
    from neon_migrate.objects.enum import Enum
    from neon_migrate.objects.extension import Extension
    from neon_migrate.objects.index import Index
    from neon_migrate.objects.schema import Schema
    from neon_migrate.objects.sequence import Sequence
    from neon_migrate.objects.sequence_owner import SequenceOwner
    from neon_migrate.objects.table import Table
    from neon_migrate.sequence_options import SequenceOptions
    from neon_migrate.sources.schema_json.document import Document

SCHEMA_URL = "./neon-migrate.schema.json"

_FIELD_ORDER = (
    *("type", "collation", "nullable", "primary", "unique", "identity", "generated", "default", "references"),
    "comment",
)
_SHORT_TYPES = {
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
}
_OPTION_KEYS = {
    "INCREMENT BY": "increment",
    "MINVALUE": "min",
    "MAXVALUE": "max",
    "START WITH": "start",
    "CACHE": "cache",
}
_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
_LONGEST_NAME = 63


def document_from_catalog(catalog: Catalog) -> tuple[Document, tuple[str, ...]]:
    """The document that loads into an equal Catalog, as far as schema.json has words, and what it has none for, named.

    Its text is `document.text.text`, laid out for readers.
    """
    writer = _Writer(catalog)
    text = laid_out(writer.document())
    return parse_document(text), tuple(writer.not_expressible)


class _Writer:
    def __init__(self, catalog: Catalog) -> None:
        beyond = beyond_words(catalog)
        self.not_expressible = [f"{found.type} {found.identity}" for found in catalog.unmodelled]
        self.not_expressible += [
            str(key)
            for key in sorted(catalog.objects)
            if key.kind not in EXPRESSIBLE_KINDS or (key in beyond and key.kind == "table")
        ]
        self.not_expressible += [
            f"name {column.not_null_named} of NOT NULL of {column.key}"
            for column in named_not_null(catalog)
            if column.key not in beyond
        ]
        if beyond:
            catalog = Catalog({key: obj for key, obj in catalog.objects.items() if key not in beyond})
        self.catalog = catalog
        self.comments = {comment.on: comment.text for comment in cast("Iterable[Comment]", catalog.of_kind("comment"))}
        self.enums = {
            qualified(enum.schema, enum.name): ObjectName(enum.schema, enum.name).written
            for enum in cast("Iterable[Enum]", catalog.of_kind("enum"))
        }
        self.primary_key: list[str] = []
        """Of the table that is being written."""
        self.serial: dict[Key, Key] = {}
        for column in self._columns():
            sequence = column.serial_sequence(catalog)
            if sequence is not None and sequence not in self.comments:
                self.serial[column.key] = sequence

    def document(self) -> dict[str, Any]:
        """The whole of schema.json, without keys that would say nothing."""
        found: dict[str, Any] = {
            "$schema": SCHEMA_URL,
            "version": "1.0.0",
            "schemas": self._schemas(),
            "extensions": self._extensions(),
            "types": self._types(),
            "sequences": self._sequences(),
        }
        written = {key: value for key, value in found.items() if value}
        written["tables"] = {
            ObjectName(table.schema, table.name).written: self._table(table)
            for table in cast("Iterable[Table]", self.catalog.of_kind("table"))
        }
        # A comment on what has no word itself goes without saying.
        self.not_expressible += [f"comment on {on}" for on in sorted(self.comments) if on.kind in EXPRESSIBLE_KINDS]
        return written

    def _comment(self, key: Key) -> dict[str, str]:
        """The comment of an object as words; each is asked for once, and what is left has no place."""
        text = self.comments.pop(key, None)
        return {} if text is None else {"comment": text}

    def _columns(self) -> Iterable[Column]:
        return cast("Iterable[Column]", self.catalog.of_kind("column"))

    def _schemas(self) -> list[Any]:
        found: list[Any] = []
        for schema in cast("Iterable[Schema]", self.catalog.of_kind("schema")):
            comment = self._comment(schema.key)
            if comment:
                found.append({"name": schema.name, **comment})
            elif schema.name != DEFAULT_SCHEMA:
                found.append(schema.name)
        return found

    def _extensions(self) -> list[Any]:
        return [
            extension.name
            if extension.schema == DEFAULT_SCHEMA
            else {"name": extension.name, "schema": extension.schema}
            for extension in cast("Iterable[Extension]", self.catalog.of_kind("extension"))
        ]

    def _types(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for enum in cast("Iterable[Enum]", self.catalog.of_kind("enum")):
            comment = self._comment(enum.key)
            labels = list(enum.labels)
            found[ObjectName(enum.schema, enum.name).written] = {"enum": labels, **comment} if comment else labels
        return found

    def _sequences(self) -> dict[str, Any]:
        implied = set(self.serial.values())
        owners = {
            (owner.schema, owner.name): owner.column
            for owner in cast("Iterable[SequenceOwner]", self.catalog.of_kind("sequence_owner"))
        }
        found: dict[str, Any] = {}
        for sequence in cast("Iterable[Sequence]", self.catalog.of_kind("sequence")):
            if sequence.key in implied:
                continue
            words: dict[str, Any] = {} if sequence.options.type == "bigint" else {"type": sequence.options.type}
            words |= _option_words(sequence.options)
            owner = owners.get((sequence.schema, sequence.name))
            if owner:
                schema, table, column = owner
                words["owned_by"] = f"{ObjectName(schema, table).written}.{ObjectName(DEFAULT_SCHEMA, column).written}"
            found[ObjectName(sequence.schema, sequence.name).written] = words | self._comment(sequence.key)
        return found

    def _table(self, table: Table) -> dict[str, Any]:
        parts: dict[str, list[Any]] = defaultdict(list)
        for key in self.catalog.owned.get(table.key, ()):
            parts[key.kind].append(self.catalog.objects[key])
        columns = sorted(cast("list[Column]", parts["column"]), key=lambda column: column.position)
        words: dict[str, Any] = self._comment(table.key)
        fields: dict[str, dict[str, Any]] = {column.name: self._field(column) for column in columns}
        words["fields"] = fields
        self.primary_key = []
        for kind in ("primary_key", "unique", "check", "foreign_key"):
            for constraint in cast("list[Constraint]", parts[kind]):
                self._constraint(constraint, fields, words)
        for index in cast("list[Index]", parts["index"]):
            self._index(index, words)
        for name, field in fields.items():
            fields[name] = {key: field[key] for key in _FIELD_ORDER if key in field}
        if table.unlogged:
            words["unlogged"] = True
        if table.parameters:
            words["parameters"] = dict(parameter.split("=", 1) for parameter in table.parameters)
        return words

    def _field(self, column: Column) -> dict[str, Any]:
        if column.key in self.serial:
            return {"type": _SERIAL[column.type], **self._comment(column.key)}
        words: dict[str, Any] = {"type": self._type(column.type)}
        if column.collation:
            words["collation"] = _collation(column.collation)
        if column.not_null and not column.identity:
            words["nullable"] = False
        if column.generated:
            stored = column.generated == "stored"
            words["generated"] = column.default if stored else {"expression": column.default, "stored": False}
        elif column.identity:
            options = _option_words(column.identity_options) if column.identity_options else {}
            if column.given_sequence:
                options["name"] = ObjectName(column.schema, column.given_sequence).written
            words["identity"] = {"generation": column.identity, **options} if options else column.identity
        elif column.default is not None:
            words["default"] = _default(column.default)
        return words | self._comment(column.key)

    def _type(self, type_: str) -> str:
        base, brackets = (type_[: type_.index("[")], type_[type_.index("[") :]) if "[" in type_ else (type_, "")
        if base in self.enums:
            return self.enums[base] + brackets
        for long, short in (("character varying", "varchar"), ("character(", "char(")):
            if base.startswith(long):
                return short + base.removeprefix(long) + brackets
        return _SHORT_TYPES.get(base, base) + brackets

    def _constraint(self, constraint: Constraint, fields: dict[str, dict[str, Any]], table: dict[str, Any]) -> None:
        comment = self._comment(constraint.key)
        try:
            words = constraint_words(constraint.definition, constraint.validated)
        except NotExpressibleError as reason:
            self.not_expressible.append(f"{constraint.key}: {reason}")
            return
        repeats = constraint.kind == "unique" and words["columns"] == self.primary_key
        is_unnamed = not comment and not repeats and constraint.name == self._default_name(constraint, words)
        named = {} if is_unnamed else {"name": constraint.name, **comment}
        columns = words.get("columns", [])
        # What a field says itself needs no list: one column, the name that Postgres gives, nothing special.
        is_plain = is_unnamed and len(columns) == 1
        match constraint.kind:
            case "primary_key":
                self.primary_key = columns
                for name in columns:
                    fields[name].pop("nullable", None)
                if is_plain and list(words) == ["columns"]:
                    fields[columns[0]]["primary"] = True
                else:
                    table["primary_key"] = columns if is_unnamed and list(words) == ["columns"] else named | words
            case "unique" if is_plain and list(words) == ["columns"]:
                fields[columns[0]]["unique"] = True
            case "unique":
                short = is_unnamed and list(words) == ["columns"]
                table.setdefault("unique", []).append(columns if short else named | words)
            case "check":
                short = is_unnamed and list(words) == ["expression"]
                table.setdefault("checks", []).append(words["expression"] if short else named | words)
            case _:
                _shorten(words["references"])
                if is_plain and list(words) == ["columns", "references"]:
                    fields[columns[0]]["references"] = words["references"]
                else:
                    table.setdefault("foreign_keys", []).append(named | words)

    def _default_name(self, constraint: Constraint, words: Mapping[str, Any]) -> str | None:
        """The name that Postgres gives (ChooseConstraintName); None where it would have to shorten it."""
        columns = words.get("columns", [])
        if constraint.kind == "check":
            needs = self.catalog.depends.get(constraint.key, frozenset())
            columns = sorted(
                need.part for need in needs if need.kind == "column" and need.name == constraint.table and need.part
            )
            columns = columns if len(columns) == 1 else []
        suffix = {"primary_key": "pkey", "unique": "key", "foreign_key": "fkey", "check": "check"}[constraint.kind]
        middle = [] if constraint.kind == "primary_key" else columns
        name = "_".join((constraint.table, *middle, suffix))
        return name if len(name.encode()) <= _LONGEST_NAME else None

    def _index(self, index: Index, table: dict[str, Any]) -> None:
        comment = self._comment(index.key)
        if not index.valid:
            self.not_expressible.append(f"{index.key}: it is not valid; a CREATE INDEX CONCURRENTLY failed half-way")
            return
        try:
            words = index_words(index.definition, index.unique)
        except NotExpressibleError as reason:
            self.not_expressible.append(f"{index.key}: {reason}")
            return
        columns = words["columns"]
        names = [column if isinstance(column, str) else column.get("column", "") for column in columns]
        default = "_".join((index.table, *names, "idx")) if all(names) and "include" not in words else None
        if not comment and index.name == default and len(index.name.encode()) < _LONGEST_NAME:
            short = list(words) == ["columns"] and all(isinstance(column, str) for column in columns)
            table.setdefault("indexes", []).append(columns if short else words)
        else:
            table.setdefault("indexes", []).append({"name": index.name, **words, **comment})


def _option_words(options: SequenceOptions) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for clause in options.clauses():
        if clause == "CYCLE":
            words["cycle"] = True
        else:
            word, _, number = clause.rpartition(" ")
            words[_OPTION_KEYS[word]] = int(number)
    return words


def _collation(quoted: str) -> str:
    """Postgres's quoted name as schema.json writes it; the system's own collations need no schema."""
    schema, name = split_name(quoted)
    written = ObjectName(DEFAULT_SCHEMA, name).written
    return written if schema == "pg_catalog" else f"{ObjectName(DEFAULT_SCHEMA, schema).written}.{written}"


def _default(expression: str) -> str | int | bool:
    """Numbers and truth values as JSON's own."""
    if expression in ("true", "false"):
        return expression == "true"
    is_plain = expression.isascii() and expression.isdigit() and str(int(expression)) == expression
    return int(expression) if is_plain and len(expression) < 16 else expression


def _shorten(references: dict[str, Any]) -> None:
    """One column is written `column`, right after the table."""
    if len(references["columns"]) == 1:
        rest = {key: value for key, value in references.items() if key not in ("table", "columns")}
        table, column = references["table"], references["columns"][0]
        references.clear()
        references.update({"table": table, "column": column, **rest})
