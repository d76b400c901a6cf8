"""The values in a database's tables at one moment, and which of them are not there any more at another."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.errors import StatementError
from neon_migrate.objects.composite_type import CompositeType
from neon_migrate.objects.table import Table
from neon_migrate.rows.sequences import read_positions
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from neon_migrate.catalog import Address, Catalog, DatabaseObject, Key
    from neon_migrate.postgres.session import Session
    from neon_migrate.rows.sequences import Position

MOST_ROWS = 1_000
"""A table with more rows is looked at as far as this many; generated ones have a few, seeds may have hundreds."""

_SHOWN = 40
"""Characters of a value that are shown as evidence."""

_PRIMARY_KEYS = """SELECT i.indrelid::int8, ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey))
FROM pg_catalog.pg_index i WHERE i.indisprimary AND i.indrelid >= 16384"""

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class TableContents:
    """The rows of one table as text.

    columns  the columns that hold values: not those that are computed when they are read
    key      those of `columns` that are its primary key; none where it has none
    whole    False where there are more than MOST_ROWS rows, and `rows` are only the first
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: tuple[Row, ...]
    whole: bool = True


@dataclass(frozen=True)
class Contents:
    """The rows of every table, with the Catalog at that moment.

    tables    partitions have their own rows, partitioned tables those of all their partitions
    positions  for columns that a sequence numbers how far that is
    """

    catalog: Catalog
    tables: Mapping[Key, TableContents]
    positions: Mapping[Key, Position] = field(default_factory=dict)

    def addresses(self) -> dict[Key, Address]:
        """The address of each object; the same one is the same object, under whatever name."""
        return {key: address for address, key in self.catalog.addresses.items()}


@dataclass(frozen=True, slots=True)
class Loss:
    """Data that was there and is not any more.

    key   the column or table it was in, by its name before
    what  in words, with an example where a value is another one now
    """

    key: Key
    what: str


def read_contents(session: Session, catalog: Catalog) -> Contents:
    """The rows of all tables of a Catalog that was read from this database."""
    columns: dict[Key, list[Column]] = {}
    for obj in catalog.objects.values():
        # Reading a virtual column computes it, which may fail.
        if isinstance(obj, Column) and obj.generated != "virtual" and obj.owner is not None:
            columns.setdefault(obj.owner, []).append(obj)
    tables = [
        obj
        for _, obj in sorted(catalog.objects.items())
        if isinstance(obj, Table) and not (obj.divided_by and obj.bound)
    ]
    held = {
        key: tuple(sorted(columns.get(key, ()), key=lambda one: one.position))
        for key in (table.key for table in tables)
    }
    answers = session.queries([(_PRIMARY_KEYS, ()), *((_select(table, held[table.key]), ()) for table in tables)])
    keys = {oid: tuple(names) for oid, names in answers[0]}
    oids = {key: address[1] for address, key in catalog.addresses.items() if key.kind == "table"}
    found = {}
    for table, rows in zip(tables, answers[1:], strict=True):
        primary = keys.get(oids.get(table.key, 0), ())
        found[table.key] = TableContents(held[table.key], primary, tuple(rows[:MOST_ROWS]), len(rows) <= MOST_ROWS)
    return Contents(catalog, found, read_positions(session, catalog))


def _select(table: Table, columns: Sequence[Column]) -> str:
    values = ", ".join(f"{identifier(column.name)}::pg_catalog.text" for column in columns)
    only = "" if table.divided_by else "ONLY "
    return f"SELECT {values or 'NULL'} FROM {only}{qualified(table.schema, table.name)} LIMIT {MOST_ROWS + 1}"


def losses(session: Session, before: Contents, after: Contents, *, rewritten: Iterable[Key] = ()) -> tuple[Loss, ...]:
    """What `before` has and `after` has not; both of one database, or of copies of one.

    session    connected to where `after` was read: it says whether a value of another type is still the same
    rewritten  tables whose values are changed on purpose; only rows that are gone are a loss there
    """
    comparison = _Comparison(session, before, after, frozenset(rewritten))
    partitions = _partitions(before.catalog)
    within = {key for keys in partitions.values() for key in keys}
    found: list[Loss] = []
    for key in before.tables:
        if key in partitions:
            # What is not in the whole any more may be in a part that was taken out of it, or the other way round.
            of_whole = comparison.table(key)
            of_parts = [loss for one in partitions[key] for loss in comparison.table(one)] if of_whole else []
            found += of_whole if of_parts and any(loss.key.kind == "column" for loss in of_whole) else of_parts
        elif key not in within:
            found += comparison.table(key)
    lost = {loss.key for loss in found}
    found = [loss for loss in found if _of_parent(before.catalog.objects[loss.key]) not in lost]
    return (
        *found,
        *(
            loss
            for loss in comparison.positions()
            if loss.key not in lost and loss.key._replace(kind="table", part="") not in lost
        ),
    )


def _of_parent(obj: DatabaseObject) -> Key | None:
    """The column that this one is inherited from: what it loses is a loss of that one's."""
    return obj.of_parent if isinstance(obj, Column) else None


def _partitions(catalog: Catalog) -> dict[Key, list[Key]]:
    """For each partitioned table that is no partition itself the partitions that hold its rows."""
    found: dict[Key, list[Key]] = {}
    for key, obj in catalog.objects.items():
        if not isinstance(obj, Table) or not (obj.divided_by or obj.bound):
            continue
        top = obj
        while top.bound:
            parent = catalog.objects.get(key._replace(schema=top.parents[0][0], name=top.parents[0][1]))
            if not isinstance(parent, Table):
                break
            top = parent
        if top.divided_by and not top.bound:
            parts = found.setdefault(top.key, [])
            if not obj.divided_by:
                parts.append(key)
    return found


class _Comparison:
    def __init__(self, session: Session, before: Contents, after: Contents, rewritten: frozenset[Key]) -> None:
        self._session = session
        self._rewritten = rewritten
        self._before = before
        self._after = after
        self._addresses = before.addresses()
        self._as_before: dict[tuple[str, str, str], str] = {}
        self._attributes = dict(_changed_composites(before.catalog, after.catalog))

    def table(self, key: Key) -> list[Loss]:
        """What one table had and has not any more."""
        held = self._before.tables[key]
        if not held.rows or not held.whole:
            return []
        now = self._after.tables.get(self._now(key))
        if now is None:
            return [Loss(key, f"table {key.qualified_name} with all its rows")]
        # What is computed is no data until it is not computed any more.
        places = {column.name: place for place, column in enumerate(now.columns) if not column.generated}
        pairs = [
            (place, other)
            for place, column in enumerate(held.columns)
            if (other := places.get(self._now(column.key).part)) is not None or not column.generated
        ]
        gone = [
            Loss(held.columns[place].key, f"column {held.columns[place].key.qualified_name} with its values")
            for place, other in pairs
            if other is None and any(row[place] is not None for row in held.rows)
        ]
        kept = [(place, other) for place, other in pairs if other is not None]
        columns = [held.columns[place] for place, _ in kept]
        old = [tuple(row[place] for place, _ in kept) for row in held.rows]
        new = [
            tuple(self._as_type_before(row[other], now.columns[other], held.columns[place]) for place, other in kept)
            for row in now.rows
        ]
        if not now.whole or not Counter(old) - Counter(new):
            return gone
        key_places = [place for place, column in enumerate(columns) if column.name in held.key]
        by_key = len(key_places) == len(held.key) > 0
        compared = _by_key(columns, old, new, key_places) if by_key else _by_column(columns, old, new)
        changed, missing = compared
        rows = [Loss(key, f"rows of table {key.qualified_name}: {missing} of {len(old)}")] if missing else []
        return [*gone, *rows, *(changed if key not in self._rewritten else ())]

    def positions(self) -> Iterator[Loss]:
        """The columns that are numbered with numbers they had before."""
        for key, before in self._before.positions.items():
            now = self._after.positions.get(self._now(key))
            if now is not None and now.repeats(before):
                what = f"position of the sequence of column {key.qualified_name}, which was at {before.last}"
                yield Loss(key, f"{what} and is at {now.last}: numbers of deleted rows come again")

    def _now(self, key: Key) -> Key:
        """What an object is called now: by its address, else by its name."""
        address = self._addresses.get(key)
        there = self._after.catalog.addresses.get(address) if address is not None else None
        return there if there is not None and there.kind == key.kind else key

    def _as_type_before(self, value: str | None, now: Column, before: Column) -> str | None:
        """A value as it would be written were its column still of the type it was: 1.5000 as 1.50."""
        if value is None or (now.type == before.type and now.type.removesuffix("[]") not in self._attributes):
            return value
        question = (value, now.type, before.type)
        if question not in self._as_before:
            self._as_before[question] = self._cast(*question)
        return self._as_before[question]

    def _cast(self, value: str, now: str, before: str) -> str:
        ways = [f"((%s::{now})::{before})::text", f"((%s::{now})::text::{before})::text"]
        if now == before:
            ways = [_by_attributes(now, self._attributes[now.removesuffix("[]")])]
        for way in ways:
            try:
                ((found,),) = self._session.query(f"SELECT {way}", (value,))
            except StatementError:
                continue
            return str(found)
        return value


def _by_attributes(type_: str, names: Sequence[str]) -> str:
    """An expression for the text of a composite, or an array of them, with some of its attributes alone."""
    one = "value[number]" if type_.endswith("[]") else "value"
    row = f"ROW({', '.join(f'({one}).{identifier(name)}' for name in names)})"
    given = f"(SELECT %s::{type_} AS value) AS given"
    if type_.endswith("[]"):
        return f"ARRAY(SELECT {row} FROM {given}, generate_subscripts(value, 1) AS number ORDER BY number)::text"
    return f"(SELECT {row} FROM {given})::text"


def _changed_composites(before: Catalog, after: Catalog) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The composite types that have other attributes now, as columns name them, and the attributes they had."""
    for key, obj in before.objects.items():
        if isinstance(obj, CompositeType) and obj != after.objects.get(key):
            yield qualified(key.schema, key.name), tuple(name for name, _ in obj.attributes)


def _by_key(
    columns: Sequence[Column], old: Sequence[Row], new: Sequence[Row], key: Sequence[int]
) -> tuple[list[Loss], int]:
    """Columns in which a row has another value, each with its first example, and how many rows are gone."""
    there = {tuple(row[place] for place in key): row for row in new}
    changed: dict[int, Loss] = {}
    missing = 0
    for row in old:
        now = there.get(tuple(row[place] for place in key))
        if now is None:
            missing += 1
            continue
        for place, (value, other) in enumerate(zip(row, now, strict=True)):
            if value != other and value is not None:
                changed.setdefault(place, _changed(columns[place], value, other))
    return list(changed.values()), missing


def _by_column(columns: Sequence[Column], old: Sequence[Row], new: Sequence[Row]) -> tuple[list[Loss], int]:
    """The same without a key: values that a column had and has not any more."""
    changed = []
    for place, column in enumerate(columns):
        gone = Counter(row[place] for row in old) - Counter(row[place] for row in new)
        come = Counter(row[place] for row in new) - Counter(row[place] for row in old)
        value = next((one for one in gone if one is not None), None)
        if value is not None and (come or len(new) >= len(old)):
            changed.append(_changed(column, value, next(iter(come), None)))
    return changed, max(0, len(old) - len(new))


def _changed(column: Column, old: str, new: str | None) -> Loss:
    return Loss(
        column.key, f"values of column {column.key.qualified_name}, such as {_shown(old)}, which becomes {_shown(new)}"
    )


def _shown(value: str | None) -> str:
    if value is None:
        return "NULL"
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
