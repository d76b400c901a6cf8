"""The INSERT statements that give a table its rows.

Columns that a foreign key or a check speaks of are found by Postgres: candidates for them, and the rows that are there
in the referenced tables, are joined, and filtered by the very expressions of the checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from neon_migrate.rows.mining import mined
from neon_migrate.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from neon_migrate.rows.facts import ColumnFacts, Reference, TableFacts
    from neon_migrate.rows.values import Values

Variety = Literal["varied", "plain"]
"""varied: with extreme values, nulls and repeated values where they may be; plain: every value there, and distinct."""

Filter = Literal["plain", "careful", "none"]
"""plain: by the checks themselves, so that none may fail on any candidate; careful: tried one by one, what fails is
refused; none: the table's own constraints alone say no."""

_MOST_COMBINATIONS = 4_096
_MOST_CAREFUL = 256
_SOLUTIONS = 4
_FIRST_KEY = 7_000
"""Keys are not numbered from 1: rows that a migration brings along mostly are."""

_ROW = '"#"'
"""What the number of a row is called beside a table's own columns."""


@dataclass(frozen=True, slots=True)
class RowForm:
    """One row to be made.

    number   of its values
    extreme  take the value at the type's limit
    nulls    leave out what may be left out
    key      number of the values in unique columns
    """

    number: int
    key: int
    extreme: bool = False
    nulls: bool = False


FORMS: Mapping[Variety, tuple[RowForm, ...]] = {
    "varied": (RowForm(0, 0), RowForm(1, 1, extreme=True), RowForm(2, 2, nulls=True), RowForm(0, 3)),
    "plain": (RowForm(0, 0), RowForm(1, 1)),
}


@dataclass
class _Group:
    """Columns whose values depend on each other, or on another table's."""

    columns: list[str]
    references: list[Reference] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


@dataclass
class Inserting:
    """Writes the INSERTs of one table.

    without   columns of foreign keys that are left null, since the referenced table comes later
    mirrored  columns that have the same value as a column of this or another table, row for row: foreign keys that
              can't be null in a table that references itself, or is referenced by what it references
    explicit  columns that others mirror, so that no sequence may give their value
    """

    table: TableFacts
    values: Values
    without: frozenset[str] = frozenset()
    mirrored: Mapping[str, ColumnFacts] = field(default_factory=dict)
    explicit: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.by_name = {column.name: column for column in self.table.columns if column.computed is None}
        self.computed = {column.name: column for column in self.table.columns if column.computed is not None}
        self.counted_with = set(self._behind(self.computed))
        self.keys = {name for columns in self.table.unique for name in columns}
        self.free = self.explicit | self.mirrored.keys()
        self.groups = self._groups()

    def attempts(self, variety: Variety) -> tuple[str, ...]:
        """INSERTs of one row each: as asked for, without what may be left out, with careful checks, without any."""
        forms = FORMS[variety]
        bare = RowForm(0, 0)
        return (
            *(self.statement((form,), conflicts=False) for form in forms),
            self.statement((bare,), bare=True, conflicts=False),
            self.statement((bare,), filter_="careful", conflicts=False),
            self.statement((bare,), filter_="none", conflicts=False),
        )

    def whole(self, variety: Variety) -> str:
        """The INSERT of all rows at once."""
        return self.statement(FORMS[variety])

    def statement(
        self, forms: Sequence[RowForm], *, bare: bool = False, filter_: Filter = "plain", conflicts: bool = True
    ) -> str:
        """One INSERT.

        bare       only the columns that have to have a value
        filter_    how the checks choose among candidates
        """
        columns = [
            column
            for column in self.by_name.values()
            if (column.name in self.free or not column.numbered)
            and not (bare and (column.has_default or not self.values.required(column)))
        ]
        groups = [group for group in self.groups if filter_ != "none" or group.references]
        source = {name: place for place, group in enumerate(groups) for name in group.columns}
        names = [column.name for column in columns]
        if not names:
            return f"INSERT INTO {self.table.name} DEFAULT VALUES"
        own = [column for column in columns if column.name not in source]
        lines = ", ".join(self._line(place, form, own) for place, form in enumerate(forms))
        row = ", ".join((_ROW, *(identifier(column.name) for column in own)))
        used = sorted({source[name] for name in names if name in source})
        chosen = ", ".join(
            f"{f'found_{source[name]}' if name in source else 'made'}.{identifier(name)}" for name in names
        )
        found = ", ".join(
            f"found_{place} AS MATERIALIZED ({self._solutions(groups[place], filter_)})" for place in used
        )
        joins = "".join(self._join(place, groups[place], forms) for place in used)
        overriding = " OVERRIDING SYSTEM VALUE" if self.free else ""
        return (
            f"INSERT INTO {self.table.name} ({', '.join(map(identifier, names))}){overriding} "
            f"{f'WITH {found} ' if found else ''}SELECT {chosen} FROM (VALUES {lines}) AS made ({row}){joins}"
            f"{' ON CONFLICT DO NOTHING' if conflicts else ''}"
        )

    def cell(self, column: ColumnFacts, form: RowForm) -> str | None:
        """The value of a free column in one row; None for null."""
        if column.name in self.mirrored:
            return self.key_value(self.mirrored[column.name], form)
        if column.name in self.explicit:
            return self.key_value(column, form)
        if column.name in self.without or (form.nulls and not self.values.required(column)):
            return None
        if form.extreme:
            extreme = self._extreme(column)
            if extreme is not None:
                return extreme
        return self.key_value(column, form) if column.name in self.keys else self.values.value(column, form.number)

    def _extreme(self, column: ColumnFacts) -> str | None:
        """A value at the limit of the type, unless something is computed from it: that would be beyond the limit."""
        return None if column.name in self.counted_with else self.values.extreme(column)

    def key_value(self, column: ColumnFacts, form: RowForm) -> str | None:
        """The value of a unique column in one row."""
        return self.values.value(column, _FIRST_KEY + form.key)

    def _line(self, place: int, form: RowForm, columns: Iterable[ColumnFacts]) -> str:
        cells = (self.values.cast(column, self.cell(column, form)) for column in columns)
        return f"({', '.join((str(place), *cells))})"

    def _join(self, place: int, group: _Group, forms: Sequence[RowForm]) -> str:
        """Each row with a solution of the group; where there is none, or none is wanted, with nulls if they may be."""
        name = f"found_{place}"
        condition = f"{name}.{_ROW} = made.{_ROW} % greatest((SELECT count(*) FROM {name}), 1)"
        if any(self.values.required(self.by_name[column]) for column in group.columns):
            return f" JOIN {name} ON {condition}"
        nulls = ", ".join(str(number) for number, form in enumerate(forms) if form.nulls)
        return f" LEFT JOIN {name} ON {condition}{f' AND made.{_ROW} NOT IN ({nulls})' if nulls else ''}"

    def _groups(self) -> list[_Group]:
        """The foreign keys and checks, those together that share a column."""
        usable = {
            name
            for name, column in self.by_name.items()
            if not column.numbered and name not in self.free and name not in self.without
        }
        found: list[_Group] = []
        for reference in self.table.references:
            if usable.issuperset(reference.columns) and not self._is_self(reference):
                _join_in(found, _Group(list(reference.columns), [reference]))
        for expression, told in self.table.checks:
            columns = self._behind(told or mined(expression).columns)
            if columns and usable.issuperset(columns):
                _join_in(found, _Group(columns, checks=[expression]))
        for name in usable:
            if self.values.base(self.by_name[name])[2]:
                _join_in(found, _Group([name]))
        return found

    def _behind(self, names: Iterable[str]) -> list[str]:
        """The columns among these names, and for generated ones those that they are computed from."""
        found: list[str] = []
        for name in names:
            if name in self.computed:
                found += self._behind(mined(str(self.computed[name].computed)).columns)
            elif name in self.by_name:
                found.append(name)
        return list(dict.fromkeys(found))

    def _is_self(self, reference: Reference) -> bool:
        return reference.target == self.table.oid

    def _solutions(self, group: _Group, filter_: Filter) -> str:
        """A query for values of the group's columns that go together, numbered from 0."""
        sources = self._sources(group, filter_)
        conditions: list[str] = []
        first: dict[str, str] = {}
        for place, (_, names) in enumerate(sources):
            for name in names:
                here = f"from_{place}.{identifier(name)}"
                if name in first:
                    conditions.append(f"{first[name]} = {here}")
                first.setdefault(name, here)
        joined = ", ".join(f"{sql} AS from_{place}" for place, (sql, _) in enumerate(sources))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        together = f"SELECT {', '.join(first.values())} FROM {joined}{where}"
        alias = identifier(self.table.key.name)
        computed = [column for column in self.computed.values() if set(self._behind([column.name])) <= first.keys()]
        if computed:
            more = ", ".join(f"({column.computed}) AS {identifier(column.name)}" for column in computed)
            together = f"SELECT {alias}.*, {more} FROM ({together}) AS {alias}"
        columns = (*(self.by_name[name] for name in first), *computed)
        types = {column.name: self.values.base(column)[0].formatted for column in columns}
        chosen = _filter(group.checks, types, alias, filter_)
        nulls = f"pg_catalog.num_nulls({', '.join(f'{alias}.{identifier(name)}' for name in first)})"
        return (
            f"SELECT row_number() OVER () - 1 AS {_ROW}, * FROM (SELECT * FROM ({together}) AS {alias}{chosen} "
            f"ORDER BY {nulls}, pg_catalog.md5({alias}::pg_catalog.text) LIMIT {_SOLUTIONS}) AS solution"
        )

    def _sources(self, group: _Group, filter_: Filter) -> list[tuple[str, tuple[str, ...]]]:
        """Where the values of a group come from: each a FROM item and its columns."""
        sources: list[tuple[str, tuple[str, ...]]] = []
        for reference in group.references:
            pairs = ", ".join(
                f"{identifier(target)} AS {identifier(name)}"
                for name, target in zip(reference.columns, reference.target_columns, strict=True)
            )
            there = " AND ".join(f"{identifier(target)} IS NOT NULL" for target in reference.target_columns)
            query = f"(SELECT DISTINCT {pairs} FROM {reference.target_name} WHERE {there} LIMIT 8)"
            sources.append((query, reference.columns))
        referenced = {name for reference in group.references for name in reference.columns}
        left = [name for name in group.columns if name not in referenced]
        most = _MOST_CAREFUL if filter_ == "careful" else _MOST_COMBINATIONS
        room = max(3, int((most / 8 ** len(group.references)) ** (1 / max(1, len(left)))))
        sources += [(self._candidates(name, group, room, filter_), (name,)) for name in left]
        return sources

    def _candidates(self, name: str, group: _Group, room: int, filter_: Filter) -> str:
        """Values for one column, less those that its domain refuses."""
        column = self.by_name[name]
        texts: list[str | None] = [*self.values.candidates(column, group.checks, many=self.table.hashed)[:room]]
        if name in self.counted_with:
            texts = [text for text in texts if text != self.values.extreme(column)]
        if not self.values.required(column):
            texts.append(None)
        rows = ", ".join(f"({self.values.cast(column, text)})" for text in texts)
        type_, _, checks = self.values.base(column)
        chosen = _filter(checks, {"value": type_.formatted}, "domain", filter_)
        return f"(SELECT value AS {identifier(name)} FROM (VALUES {rows}) AS domain (value){chosen})"


def _filter(checks: Sequence[str], types: Mapping[str, str], alias: str, filter_: Filter) -> str:
    """The WHERE clause that leaves the rows of `alias` for which no check is false.

    types  of the columns that the checks speak of, by name
    """
    if not checks or filter_ == "none":
        return ""
    if filter_ == "plain":
        return f" WHERE {' AND '.join(f'({check}) IS NOT FALSE' for check in checks)}"
    cells = ", ".join(f"%L::{type_} AS {identifier(name).replace('%', '%%')}" for name, type_ in types.items())
    holds = " AND ".join(f"({check}) IS NOT FALSE" for check in checks).replace("%", "%%")
    query = literal(f"SELECT {holds} FROM (SELECT {cells}) AS {alias.replace('%', '%%')}")
    values = ", ".join(f"{alias}.{identifier(name)}" for name in types)
    return f" WHERE pg_temp.neon_migrate_holds(pg_catalog.format({query}, {values}))"


def _join_in(groups: list[_Group], new: _Group) -> None:
    """Add a group, made one with all that share a column with it."""
    for group in [one for one in groups if not set(new.columns).isdisjoint(one.columns)]:
        groups.remove(group)
        new = _Group(
            list(dict.fromkeys([*group.columns, *new.columns])),
            [*group.references, *new.references],
            [*group.checks, *new.checks],
        )
    groups.append(new)
