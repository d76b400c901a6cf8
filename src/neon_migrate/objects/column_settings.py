"""How a column is stored and what ANALYZE keeps about it, where that is not what its type gives by itself.

https://www.postgresql.org/docs/current/sql-altertable.html: STORAGE, COMPRESSION, STATISTICS and the attribute options;
of indexes, statistics about their expressions. A fact apart, as few columns have one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified
from neon_migrate.storage_parameters import parameter_actions

if TYPE_CHECKING:
    from collections.abc import Sequence

_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}
_RELATION = {"r": "TABLE ONLY", "p": "TABLE ONLY", "m": "MATERIALIZED VIEW", "f": "FOREIGN TABLE ONLY", "i": "INDEX"}
_DEFAULT_TARGET = -1


@dataclass(frozen=True, slots=True)
class ColumnSettings:
    """What was set of one column.

    on             the column, or the materialised view or index that it is one of
    column         its name; the number of an index's
    storage        such as EXTERNAL; empty for the type's own, which is `usual_storage`
    compression    pglz or lz4; empty for what the server's setting says
    target         how many values ANALYZE keeps; -1 for as many as the server's setting says
    options        `name=value`, such as n_distinct=100
    alter          ALTER TABLE and the like with the relation's name
    """

    on: Key
    column: str
    storage: str
    compression: str
    target: int
    options: tuple[str, ...]
    usual_storage: str = field(compare=False, repr=False)
    alter: str = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("column_settings", self.on.schema, self.on.name, self.column)

    @property
    def owner(self) -> Key | None:
        return self.on

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend knows nothing of a property."""
        return frozenset({self.on})

    @property
    def unset(self) -> ColumnSettings:
        """The same column as it is by itself."""
        return replace(self, storage="", compression="", target=_DEFAULT_TARGET, options=())


class ColumnSettingsKind(Kind[ColumnSettings]):
    name = "column_settings"
    rank = 92
    stored_in = ("pg_class.r", "pg_class.p", "pg_class.m", "pg_class.f")

    def query(self, major: int) -> str:
        # All columns are looked at, so what few of them have is found before anything is joined. Only what has no fixed
        # length can be stored otherwise.
        return f"""WITH few AS MATERIALIZED (
  SELECT a.* FROM pg_attribute a WHERE a.attrelid >= 16384 AND a.attnum > 0 AND (a.attoptions IS NOT NULL
    OR a.attstattarget >= 0 OR a.attcompression <> ''
    OR (a.attlen = -1 AND (a.atttypid, a.attstorage) NOT IN (SELECT oid, typstorage FROM pg_type))))
SELECT a.attrelid, a.attnum, a.attname, c.relkind::text, nullif(a.attstorage, t.typstorage)::text, t.typstorage::text,
  a.attcompression::text, coalesce(a.attstattarget, {_DEFAULT_TARGET}), coalesce(a.attoptions, '{{}}')
FROM few a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid
WHERE NOT a.attisdropped AND (c.relkind IN ('r', 'p', 'm', 'f') OR (c.relkind = 'i' AND a.attstattarget >= 0))"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        relation, number, name, relkind, storage, usual, compression, target, options = row
        on = so_far.key((PG_CLASS, relation, number)) or so_far.key((PG_CLASS, relation, 0))
        if on is None:
            return None
        of_index = relkind == "i"
        return (), ColumnSettings(
            on,
            str(number) if of_index else name,
            _STORAGE[storage] if storage and not of_index else "",
            _COMPRESSION.get(compression, ""),
            target,
            () if of_index else tuple(sorted(options)),
            _STORAGE[usual],
            f"ALTER {_RELATION[relkind]} {qualified(on.schema, on.name)}",
        )

    def create(self, obj: ColumnSettings, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return _changes(obj.unset, obj)

    def drop(self, obj: ColumnSettings) -> Sequence[str]:
        return _changes(obj, obj.unset)

    def alter(self, old: ColumnSettings, new: ColumnSettings, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration(_changes(old, new))

    def identity(self, obj: ColumnSettings) -> str:
        return f"COLUMN {qualified(obj.on.schema, obj.on.name, obj.column)}"


def _changes(old: ColumnSettings, new: ColumnSettings) -> tuple[str, ...]:
    column = new.column if new.alter.startswith("ALTER INDEX") else identifier(new.column)
    actions = []
    if old.storage != new.storage:
        # SET STORAGE DEFAULT is of 16.
        actions.append(f"SET STORAGE {new.storage or new.usual_storage}")
    if old.compression != new.compression:
        actions.append(f"SET COMPRESSION {new.compression or 'default'}")
    if old.target != new.target:
        actions.append(f"SET STATISTICS {new.target}")
    actions += parameter_actions(old.options, new.options)
    return tuple(f"{new.alter} ALTER COLUMN {column} {action}" for action in actions)


KIND = ColumnSettingsKind()
