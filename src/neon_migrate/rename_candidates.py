"""What goes and comes and looks alike: perhaps one thing under two names. Proposed, never assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal

from neon_migrate.diff import Create, Drop
from neon_migrate.objects import kind_of
from neon_migrate.swapped_types import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from neon_migrate.catalog import Catalog, DatabaseObject, Key
    from neon_migrate.diff import Change

_ALIKE_ENOUGH = 0.6
"""Which part of the columns of two tables has to be the same for the tables to look alike."""


@dataclass(frozen=True, slots=True)
class RenameCandidate:
    """A table, column or type that goes, and a new one that it may be under another name; but for a column, also in
    another schema.

    schema  the schema of the new one
    table   for a column, its table; else the old name
    why     what makes them look alike, in words
    moved_from  the schema of what goes, where that is another one
    """

    kind: Literal["table", "column", "type"]
    schema: str
    table: str
    old: str
    new: str
    why: str
    moved_from: str = ""

    def __str__(self) -> str:
        if self.moved_from:
            return f"{self.kind} {self.moved_from}.{self.old} may be {self.schema}.{self.new} now: {self.why}"
        place = f"{self.schema}.{self.table}." if self.kind == "column" else f"{self.schema}."
        return f"{self.kind} {place}{self.old} may be {self.new} now: {self.why}"

    @property
    def advice(self) -> str:
        """What to write in schema.json to say so."""
        if self.moved_from:
            return (
                f'"renamed_from": "{self.moved_from}.{self.old}" on {self.kind} {self.schema}.{self.new} in schema.json'
            )
        where = f"column {self.new} of {self.table}" if self.kind == "column" else f"{self.kind} {self.new}"
        return f'"renamed_from": "{self.old}" on {where} in schema.json'


def rename_candidates(before: Catalog, after: Catalog, changes: Iterable[Change]) -> tuple[RenameCandidate, ...]:
    """Types that are the same, tables that look alike, then columns of tables that both sides have; each at most once,
    the likest first.

    changes  those from `before` to `after`
    """
    gone: dict[str, list[DatabaseObject]] = {kind: [] for kind in ("table", "column", *TYPES)}
    new: dict[str, list[DatabaseObject]] = {kind: [] for kind in gone}
    for change in changes:
        if change.key.kind in gone:
            match change:
                case Drop(obj):
                    gone[change.key.kind].append(obj)
                case Create(obj):
                    new[change.key.kind].append(obj)
    columns = [one for one in gone["column"] if one.owner in after.objects and not _inherited(one)]

    def alike(old: DatabaseObject, other: DatabaseObject) -> float:
        return _alike_tables(before, after, old.key, other.key)

    tables = _pairs(gone["table"], new["table"], alike)
    types = (_pairs(gone[kind], new[kind], _alike_types) for kind in sorted(TYPES))
    return (
        *(_of_types(old.key, other.key) for pairs in types for old, other in pairs),
        *(_of_tables(before, after, old.key, other.key) for old, other in tables),
        *(_of_columns(old, other) for old, other in _pairs(columns, new["column"], _alike_columns)),
    )


def _inherited(obj: DatabaseObject) -> bool:
    return bool(getattr(obj, "inherited", False))


def _pairs(
    gone: Iterable[DatabaseObject],
    new: Iterable[DatabaseObject],
    alike: Callable[[DatabaseObject, DatabaseObject], float],
) -> Iterator[tuple[DatabaseObject, DatabaseObject]]:
    """The likest pair first, then the likest of what is left; pairs of likeness 0 are none."""
    found = [(alike(old, other), old, other) for old in gone for other in new]
    taken: set[Key] = set()
    for score, old, other in sorted(found, key=lambda one: (-one[0], one[1].key, one[2].key)):
        if score > 0 and not taken & {old.key, other.key}:
            taken |= {old.key, other.key}
            yield old, other


def _columns_of(catalog: Catalog, table: Key) -> list[Any]:
    return [catalog.objects[key] for key in catalog.owned.get(table, ()) if key.kind == "column"]


def _shape(column: Any) -> object:
    """What two columns share when they are one: everything but the names, the default and whether it may be null."""
    return column.type, column.collation, column.generated, column.identity


def _shared(before: Catalog, after: Catalog, old: Key, new: Key) -> tuple[int, int]:
    """How many columns of two tables have one name and type, and how many the larger one has."""
    first = {(one.name, _shape(one)) for one in _columns_of(before, old)}
    second = {(one.name, _shape(one)) for one in _columns_of(after, new)}
    return len(first & second), max(len(first), len(second))


def _alike_tables(before: Catalog, after: Catalog, old: Key, new: Key) -> float:
    shared, largest = _shared(before, after, old, new)
    part = shared / largest if largest else 0
    # What has neither its schema nor its name any more has to have its columns.
    enough = _ALIKE_ENOUGH if old.schema == new.schema or old.name == new.name else 1
    return part + _alike_names(old.name, new.name) if part >= enough else 0


def _alike_columns(old: Any, new: Any) -> float:
    if old.owner != new.owner or _shape(old) != _shape(new):
        return 0
    same = bool(replace(old, name=new.name) == new)
    return 1 + same + _alike_names(old.name, new.name)


def _alike_types(old: Any, new: Any) -> float:
    if old.key.schema != new.key.schema and old.key.name != new.key.name:
        return 0
    return 1 + _alike_names(old.name, new.name) if kind_of(old.key).same_type(old, new) else 0


def _alike_names(old: str, new: str) -> float:
    return SequenceMatcher(None, old, new).ratio()


def _of_types(old: Key, new: Key) -> RenameCandidate:
    moved_from = old.schema if old.schema != new.schema else ""
    why = f"both are the same {old.kind.removesuffix('_type').replace('_', ' ')} type"
    return RenameCandidate("type", new.schema, old.name, old.name, new.name, why, moved_from)


def _of_tables(before: Catalog, after: Catalog, old: Key, new: Key) -> RenameCandidate:
    shared, largest = _shared(before, after, old, new)
    why = f"{shared} of {largest} columns are the same"
    moved_from = old.schema if old.schema != new.schema else ""
    return RenameCandidate("table", new.schema, old.name, old.name, new.name, why, moved_from)


def _of_columns(old: Any, new: Any) -> RenameCandidate:
    return RenameCandidate("column", new.schema, new.table, old.name, new.name, f"both are {new.type}")
