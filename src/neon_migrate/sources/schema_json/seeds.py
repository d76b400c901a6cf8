"""Seeds: the rows that a table always has, as values, as SQL, and against the rows of a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.sources.schema_json.document import is_always_identity
from neon_migrate.sources.schema_json.literals import Expression, Value, value_sql
from neon_migrate.sources.schema_json.names import columns_sql, object_name
from neon_migrate.sources.schema_json.seed_checks import EXPRESSION_KEY, key_columns
from neon_migrate.sources.schema_json.type_names import postgres_type
from neon_migrate.sql import identifier, literal, qualified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from neon_migrate.errors import Location
    from neon_migrate.postgres.session import Session
    from neon_migrate.sources.schema_json.document import Document, TableEntry
    from neon_migrate.sources.schema_json.names import ObjectName

_WIDEST_CELL = 40
"""Characters; a wider value is not lined up with the others of its column."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row that should be there: its values by column, and where schema.json says so."""

    values: Mapping[str, Value]
    where: Location = field(compare=False, repr=False)

    def __getitem__(self, column: str) -> Value:
        """The value for a column. Raises KeyError where the record gives none."""
        return self.values[column]


@dataclass(frozen=True, slots=True)
class Seed:
    """The records of one table.

    key_columns      what tells them apart; a unique constraint
    numbered         columns that are GENERATED ALWAYS AS IDENTITY: given once, never changed
    self_references  columns that point to other rows of the same table
    types            the SQL type of each column that a record names
    """

    schema: str
    table: str
    key_columns: tuple[str, ...]
    records: tuple[Record, ...]
    numbered: frozenset[str] = frozenset()
    self_references: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)

    def label(self, record: Record) -> str:
        """How messages call a record: `roles name = 'admin'`."""
        key = ", ".join(f"{name} = {self.sql(record, name)}" for name in self.key_columns)
        return f"{self.table} {key}"

    def sql(self, record: Record, column: str) -> str:
        """One value of a record as SQL."""
        return value_sql(record.values[column], self.types.get(column, ""))


@dataclass(frozen=True, slots=True)
class SeedDifference:
    """The records of a seed that a database doesn't have, and those that it has with other values."""

    new: tuple[Record, ...] = ()
    changed: tuple[Record, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.changed)


def seeds_of(document: Document) -> tuple[Seed, ...]:
    """The seeds of a document, each table after those it references (as far as there is no cycle)."""
    found = {
        (name := object_name(written)): _seed(document, document.tables[name], written)
        for written in document.model.seeds
    }
    return tuple(found[name] for name in _referenced_first(document, tuple(found)))


def _seed(document: Document, entry: TableEntry, written: str) -> Seed:
    model = document.model.seeds[written]
    fields = entry.table.fields
    records = tuple(
        Record(
            {name: _value(value) for name, value in record.items()},
            document.text.at(("seeds", written, "records", index)),
        )
        for index, record in enumerate(model.records)
    )
    return Seed(
        entry.name.schema,
        entry.name.name,
        key_columns(model),
        records,
        frozenset(name for name, column in fields.items() if is_always_identity(column)),
        frozenset(column for target, columns in _references(entry) if target == entry.name for column in columns),
        {name: postgres_type(document, column.type) for name, column in fields.items()},
    )


def _value(value: Value) -> Value:
    if isinstance(value, dict) and EXPRESSION_KEY in value:
        return Expression(str(value[EXPRESSION_KEY]))
    return value


def _references(entry: TableEntry) -> Iterator[tuple[ObjectName, tuple[str, ...]]]:
    for name, column in entry.table.fields.items():
        if column.references is not None:
            yield object_name(column.references.table), (name,)
    for constraint in entry.table.foreign_keys:
        yield object_name(constraint.references.table), tuple(constraint.columns)


def _referenced_first(document: Document, names: tuple[ObjectName, ...]) -> tuple[ObjectName, ...]:
    waiting = {
        name: {target for target, _ in _references(document.tables[name]) if target in names} - {name} for name in names
    }
    ordered: list[ObjectName] = []
    while waiting:
        ready = next((name for name, needs in waiting.items() if needs <= set(ordered)), next(iter(waiting)))
        ordered.append(ready)
        del waiting[ready]
    return tuple(ordered)


def insert_statements(seed: Seed, records: Sequence[Record]) -> tuple[str, ...]:
    """INSERT … ON CONFLICT (key) DO NOTHING for records that are new, without semicolons.

    Records that stand together and give the same columns share a statement.
    """
    conflict = f"ON CONFLICT ({columns_sql(seed.key_columns)}) DO NOTHING"
    return tuple(f"{_insert(seed, group)}\n{conflict}" for group in _groups(seed, records))


def upsert_statements(seed: Seed, records: Sequence[Record]) -> tuple[str, ...]:
    """INSERT … ON CONFLICT (key) DO UPDATE for records whose values have changed.

    Columns whose value is an SQL expression keep what they have: such a value counts when the row is made.
    """
    statements = []
    for group in _groups(seed, records):
        changing = [
            name
            for name in group[0].values
            if name in _compared(seed, group[0]) and not any(isinstance(r.values[name], Expression) for r in group)
        ]
        sets = ",\n    ".join(f"{identifier(name)} = EXCLUDED.{identifier(name)}" for name in changing)
        action = f"DO UPDATE\nSET {sets}" if sets else "DO NOTHING"
        statements.append(f"{_insert(seed, group)}\nON CONFLICT ({columns_sql(seed.key_columns)}) {action}")
    return tuple(statements)


def _groups(seed: Seed, records: Sequence[Record]) -> Iterator[tuple[Record, ...]]:
    """Records that can share a statement: with the same columns, the same ones as expressions.

    One that may look for another row of its own table begins a new statement, so that it sees the rows before it.
    """
    number = 0

    def group(record: Record) -> tuple[int, tuple[tuple[str, bool], ...]]:
        nonlocal number
        columns = tuple((name, isinstance(value, Expression)) for name, value in record.values.items())
        if any(is_expression and name in seed.self_references for name, is_expression in columns):
            number += 1
        return number, columns

    for _, found in groupby(records, group):
        yield tuple(found)


def _insert(seed: Seed, records: Sequence[Record]) -> str:
    columns = tuple(records[0].values)
    rows = [[seed.sql(record, name) for name in columns] for record in records]
    overriding = " OVERRIDING SYSTEM VALUE" if seed.numbered & set(columns) else ""
    head = f"INSERT INTO {qualified(seed.schema, seed.table)} ({columns_sql(columns)}){overriding}\nVALUES"
    if len(rows) == 1:
        return f"{head} ({', '.join(rows[0])})"
    widths = [_width([row[place] for row in rows]) for place in range(len(columns) - 1)]
    lines = []
    for row in rows:
        cells = [f"{cell}, ".ljust(width + 2) for cell, width in zip(row, widths, strict=False)]
        lines.append(f"    ({''.join(cells)}{row[-1]})")
    return head + "\n" + ",\n".join(lines)


def _width(cells: Sequence[str]) -> int:
    widest = max(map(len, cells))
    return 0 if widest > _WIDEST_CELL or any("\n" in cell for cell in cells) else widest


def changed(session: Session, seed: Seed) -> SeedDifference:
    """The records that the database has not, and those that it has with other values.

    Postgres compares them, each value as its column's type, so `'1'` and `1` or two ways to write a time are no
    difference. Best run where the desired tables are; elsewhere a table that isn't there makes all records new, and a
    column that isn't there, or doesn't take the value yet, counts as changed.
    """
    types = _column_types(session, seed)
    if not types.keys() >= set(seed.key_columns):
        return SeedDifference(new=seed.records)
    new: list[Record] = []
    different: list[Record] = []
    for group in _groups(seed, seed.records):
        compared = _compared(seed, group[0])
        present = tuple(name for name in compared if name in types)
        for record, (found, differs) in zip(group, _look_up(session, seed, group, types, present), strict=True):
            absent = any(record.values[name] is not None for name in compared if name not in types)
            if not found:
                new.append(record)
            elif differs or absent:
                different.append(record)
    return SeedDifference(tuple(new), tuple(different))


def existing(session: Session, seed: Seed) -> tuple[Record, ...]:
    """The records whose key the database has, whatever their other values are; it is only read."""
    types = _column_types(session, seed)
    if not types.keys() >= set(seed.key_columns):
        return ()
    found: list[Record] = []
    for group in _groups(seed, seed.records):
        results = _look_up(session, seed, group, types, ())
        found.extend(record for record, (there, _) in zip(group, results, strict=True) if there)
    return tuple(found)


def missing(session: Session, seed: Seed) -> tuple[Record, ...]:
    """The records whose key the database has not; it is only read."""
    there = {id(record) for record in existing(session, seed)}
    return tuple(record for record in seed.records if id(record) not in there)


def _compared(seed: Seed, record: Record) -> tuple[str, ...]:
    """The columns that can differ: not the key, no expressions, no numbers that Postgres won't change."""
    return tuple(
        name
        for name, value in record.values.items()
        if name not in seed.key_columns and name not in seed.numbered and not isinstance(value, Expression)
    )


def _column_types(session: Session, seed: Seed) -> dict[str, str]:
    rows = session.query(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        (qualified(seed.schema, seed.table),),
    )
    return {str(name): str(type_) for name, type_ in rows}


def _look_up(
    session: Session, seed: Seed, records: Sequence[Record], types: Mapping[str, str], compared: tuple[str, ...]
) -> list[tuple[bool, bool]]:
    """For each record whether its key is there, and whether one of `compared` differs.

    A value that its column does not take can't be there: neither as a key nor unchanged.
    """
    try:
        return _ask(session, seed, records, types, compared)
    except StatementError:
        if session.in_transaction:
            raise
        if len(records) > 1:
            return [_look_up(session, seed, (record,), types, compared)[0] for record in records]
        if compared:
            return [(found, True) for found, _ in _look_up(session, seed, records, types, ())]
        return [(False, False)]


def _ask(
    session: Session, seed: Seed, records: Sequence[Record], types: Mapping[str, str], compared: tuple[str, ...]
) -> list[tuple[bool, bool]]:
    columns = (*seed.key_columns, *compared)
    rows = []
    for number, record in enumerate(records):
        cells = (f"CAST({_operand(seed, record, name)} AS {types[name]})" for name in columns)
        rows.append(f"({number}, {', '.join(cells)})")
    names = [f"value_{place}" for place in range(len(columns))]
    keys = " AND ".join(
        f"present.{identifier(column)} = desired.{name}" for column, name in zip(seed.key_columns, names, strict=False)
    )
    differences = " OR ".join(
        f"to_jsonb(present.{identifier(column)}) IS DISTINCT FROM to_jsonb(desired.{name})"
        for column, name in zip(compared, names[len(seed.key_columns) :], strict=True)
    )
    found = session.query(
        f"SELECT bool_or(present.{identifier(seed.key_columns[0])} IS NOT NULL), bool_or({differences or 'false'})\n"
        f"FROM (VALUES {', '.join(rows)}) AS desired (record, {', '.join(names)})\n"
        f"LEFT JOIN {qualified(seed.schema, seed.table)} AS present ON {keys}\n"
        "GROUP BY desired.record ORDER BY desired.record"
    )
    return [(bool(there), bool(differs)) for there, differs in found]


def _operand(seed: Seed, record: Record, column: str) -> str:
    """A value for CAST: a number as a quoted constant, which has a cast to every type."""
    value = record.values[column]
    if isinstance(value, Expression) or value is None:
        return seed.sql(record, column)
    written = seed.sql(record, column)
    return written if written.startswith(("'", "E'")) else literal(written).strip()
