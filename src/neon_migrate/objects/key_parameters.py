"""Storage parameters of the index behind a primary key, unique or exclusion constraint, which its definition lacks.

https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-STORAGE-PARAMETERS
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CONSTRAINT, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified
from neon_migrate.storage_parameters import parameter_actions

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class KeyParameters:
    """The `name=value` of one constraint's index, sorted; `on` is the constraint, whose name the index has."""

    on: Key
    parameters: tuple[str, ...]

    @property
    def key(self) -> Key:
        return Key("key_parameters", self.on.schema, self.on.name, self.on.part)

    @property
    def owner(self) -> Key | None:
        return self.on

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend knows nothing of a property."""
        return frozenset({self.on})


class KeyParametersKind(Kind[KeyParameters]):
    name = "key_parameters"
    rank = 89
    stored_in = ("pg_constraint.p", "pg_constraint.u", "pg_constraint.x")

    def query(self, major: int) -> str:
        return """SELECT k.oid, c.reloptions FROM pg_constraint k JOIN pg_class c ON c.oid = k.conindid
WHERE k.contype IN ('p', 'u', 'x') AND k.conrelid >= 16384 AND c.reloptions IS NOT NULL"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        on = so_far.key((PG_CONSTRAINT, row[0], 0))
        return ((), KeyParameters(on, tuple(sorted(row[1])))) if on else None

    def create(self, obj: KeyParameters, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return _changes(KeyParameters(obj.on, ()), obj)

    def drop(self, obj: KeyParameters) -> Sequence[str]:
        return _changes(obj, KeyParameters(obj.on, ()))

    def alter(self, old: KeyParameters, new: KeyParameters, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration(_changes(old, new))

    def identity(self, obj: KeyParameters) -> str:
        return f"INDEX {qualified(obj.on.schema, obj.on.part)}"


def _changes(old: KeyParameters, new: KeyParameters) -> tuple[str, ...]:
    alter = f"ALTER {KIND.identity(new)}"
    return tuple(f"{alter} {action}" for action in parameter_actions(old.parameters, new.parameters))


KIND = KeyParametersKind()
