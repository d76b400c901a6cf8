"""What the constraints of tables have in common (pg_constraint); `objects/` has one file for each sort of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_CONSTRAINT, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_VALID = " NOT VALID"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A table constraint.

    kind        primary_key, unique, foreign_key, check or exclusion
    definition  as `pg_get_constraintdef` writes it, without NOT VALID
    validated   whether it is known to hold for all rows
    """

    kind: str
    schema: str
    table: str
    name: str
    definition: str
    validated: bool = True

    @property
    def key(self) -> Key:
        return Key(self.kind, self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)

    @property
    def merges_as(self) -> tuple[str, ...] | None:
        """Keys that agree in this are made one, with one name, where a single CREATE TABLE has them."""
        for keyword in ("PRIMARY KEY", "UNIQUE"):
            if self.definition.startswith(keyword):
                return self.schema, self.table, self.definition[len(keyword) :]
        return None

    @property
    def place_in_table(self) -> tuple[int, int, str]:
        order = ("primary_key", "unique", "exclusion", "foreign_key", "check")
        return 1, order.index(self.kind), self.name

    def line_in_table(self, after: Catalog) -> str:
        return f"CONSTRAINT {identifier(self.name)} {self.definition}"


class ConstraintKind(Kind[Constraint]):
    """One sort of constraint, told by pg_constraint.contype."""

    inline = True

    def __init__(self, name: str, contype: str, rank: int) -> None:
        self.name = name
        self.contype = contype
        self.rank = rank

    def query(self, major: int) -> str:
        return f"""SELECT oid, conindid, conrelid, conname, pg_get_constraintdef(oid, true), convalidated
FROM pg_constraint WHERE contype = '{self.contype}' AND conrelid >= 16384
  AND conparentid = 0 AND (conislocal OR coninhcount = 0)"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, index, table_oid, name, definition, validated = row
        table = so_far.key((PG_CLASS, table_oid, 0))
        if table is None:
            return None
        addresses = [(PG_CONSTRAINT, oid, 0)]
        if index and self.contype != "f":
            addresses.append((PG_CLASS, index, 0))
        definition = definition.removesuffix(_NOT_VALID)
        return tuple(addresses), Constraint(self.name, table.schema, table.name, name, definition, validated)

    def create(self, obj: Constraint, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        not_valid = "" if obj.validated or "NOT ENFORCED" in obj.definition else _NOT_VALID
        return (f"{_alter_table(obj)} ADD {obj.line_in_table(after)}{not_valid}",)

    def drop(self, obj: Constraint) -> Sequence[str]:
        return (f"{_alter_table(obj)} DROP CONSTRAINT {identifier(obj.name)}",)

    def alter(self, old: Constraint, new: Constraint, before: Catalog, after: Catalog) -> Alteration | None:
        if old.definition == new.definition and new.validated:
            return Alteration((f"{_alter_table(new)} VALIDATE CONSTRAINT {identifier(new.name)}",))
        return None

    def rename(self, old: Constraint, new: Constraint) -> Sequence[str]:
        return (f"{_alter_table(new)} RENAME CONSTRAINT {identifier(old.name)} TO {identifier(new.name)}",)

    def apart_from_name(self, obj: Constraint) -> object:
        return obj.schema, obj.table, obj.definition, obj.validated

    def identity(self, obj: Constraint) -> str:
        return f"CONSTRAINT {identifier(obj.name)} ON {qualified(obj.schema, obj.table)}"


def _alter_table(obj: Constraint) -> str:
    return f"ALTER TABLE {qualified(obj.schema, obj.table)}"
