"""In which order tables are filled, and what is done where foreign keys go in a circle."""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from neon_migrate.rows.facts import ColumnFacts, Reference, TableFacts
    from neon_migrate.rows.values import Values


@dataclass
class Arrangement:
    """How the tables are to be filled.

    order     groups of tables in order; those of one group reference each other and are filled by one statement
    without   for each table the columns that are left null, since what they reference comes later
    mirrored  for each table the columns whose value is that of another column, row for row
    explicit  for each table the columns that are mirrored somewhere, so that their value has to be known
    """

    order: list[tuple[int, ...]] = field(default_factory=list)
    without: dict[int, set[str]] = field(default_factory=dict)
    mirrored: dict[int, dict[str, tuple[int, str]]] = field(default_factory=dict)
    explicit: dict[int, set[str]] = field(default_factory=dict)


def arrange(tables: Mapping[int, TableFacts], partitions: Mapping[int, Iterable[int]], values: Values) -> Arrangement:
    """The order of all tables: each after those it references, and a partitioned one after its partitions."""
    return _Arranging(tables, partitions, values).done()


class _Arranging:
    def __init__(
        self, tables: Mapping[int, TableFacts], partitions: Mapping[int, Iterable[int]], values: Values
    ) -> None:
        self._tables = tables
        self._partitions = partitions
        self._values = values
        self._found = Arrangement()
        self._group = {oid: oid for oid in tables}
        self._waiting = {
            oid: [one for one in table.references if one.target in tables] for oid, table in tables.items()
        }

    def done(self) -> Arrangement:
        for oid, references in self._waiting.items():
            for reference in references:
                if reference.target == oid and not self._leave_null(oid, reference):
                    self._mirror(oid, reference)
        while True:
            try:
                order = list(TopologicalSorter(self._graph()).static_order())
                break
            except CycleError as error:
                self._break(list(dict.fromkeys(error.args[1])))
        members: dict[int, list[int]] = {}
        for oid in self._tables:
            members.setdefault(self._group[oid], []).append(oid)
        self._found.order = [tuple(members[group]) for group in order]
        return self._found

    def _graph(self) -> dict[int, set[int]]:
        """For each group the groups it comes after."""
        graph: dict[int, set[int]] = {self._group[oid]: set() for oid in self._tables}
        for oid, references in self._waiting.items():
            graph[self._group[oid]].update(self._group[one.target] for one in references)
        for oid, partitions in self._partitions.items():
            graph[self._group[oid]].update(self._group[one] for one in partitions)
        for group, needs in graph.items():
            needs.discard(group)
        return graph

    def _break(self, cycle: list[int]) -> None:
        """Leave one foreign key of the cycle null, else fill its tables together."""
        inside = {oid for oid, group in self._group.items() if group in cycle}
        for oid in sorted(inside):
            for reference in list(self._waiting[oid]):
                if self._group[reference.target] in cycle and self._leave_null(oid, reference):
                    return
        for oid in sorted(inside):
            for reference in self._waiting[oid]:
                if reference.target in inside:
                    self._mirror(oid, reference)
            self._group[oid] = min(cycle)

    def _leave_null(self, oid: int, reference: Reference) -> bool:
        """Whether the reference may be null, and then will be."""
        columns = {column.name: column for column in self._tables[oid].columns}
        optional = {name for name in reference.columns if not self._values.required(columns[name])}
        if not optional:
            return False
        self._found.without.setdefault(oid, set()).update(optional)
        self._waiting[oid] = [one for one in self._waiting[oid] if one is not reference]
        return True

    def _mirror(self, oid: int, reference: Reference) -> None:
        for name, target in zip(reference.columns, reference.target_columns, strict=True):
            if (oid, name) != (reference.target, target):
                self._found.mirrored.setdefault(oid, {})[name] = (reference.target, target)
            self._found.explicit.setdefault(reference.target, set()).add(target)


def column_of(table: TableFacts, name: str) -> ColumnFacts:
    """The column of a name."""
    return next(column for column in table.columns if column.name == name)
