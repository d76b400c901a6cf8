"""Enumerated types (https://www.postgresql.org/docs/current/catalog-pg-enum.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_TYPE, USER_SCHEMA, Alteration, Found, Kind, OnlineStep, ReadSoFar, Row, Run
from neon_migrate.sql import literal, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_ADDED = "A new enum value can't be used before the transaction that adds it is committed."


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum with its labels in sort order."""

    schema: str
    name: str
    labels: tuple[str, ...]

    @property
    def key(self) -> Key:
        return Key("enum", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class EnumKind(Kind[Enum]):
    name = "enum"
    rank = 20
    stored_in = ("pg_type.e",)

    def query(self, major: int) -> str:
        return f"""SELECT t.oid, t.typarray, n.nspname, t.typname,
  ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)::text[]
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        return ((PG_TYPE, row[0], 0), (PG_TYPE, row[1], 0)), Enum(row[2], row[3], tuple(row[4]))

    def create(self, obj: Enum, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        labels = ", ".join(literal(label).strip() for label in obj.labels)
        if len(labels) > 80:
            labels = "\n    " + ",\n    ".join(literal(label).strip() for label in obj.labels) + "\n"
        return (f"CREATE {self.identity(obj)} AS ENUM ({labels})",)

    def drop(self, obj: Enum) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Enum, new: Enum, before: Catalog, after: Catalog) -> Alteration | None:
        kept = [label for label in new.labels if label in old.labels]
        if kept == list(old.labels):
            added = _added(old, new)
            return Alteration(added, online=(OnlineStep(added, Run.FIRST, _ADDED, f"add values to {new.name}"),))
        removed = [label for label in old.labels if label not in new.labels]
        loses = f"values {', '.join(removed)} of enum {new.key.qualified_name}" if removed else ""
        return Alteration((), loses, swaps=True)

    def identity(self, obj: Enum) -> str:
        return f"TYPE {qualified(obj.schema, obj.name)}"


def _added(old: Enum, new: Enum) -> tuple[str, ...]:
    present = list(old.labels)
    statements = []
    for position, label in enumerate(new.labels):
        if label in present:
            continue
        statement = f"ALTER TYPE {qualified(new.schema, new.name)} ADD VALUE {literal(label).strip()}"
        if position == 0:
            statement += f" BEFORE {literal(present[0]).strip()}" if present else ""
        elif present[-1] != new.labels[position - 1]:
            statement += f" AFTER {literal(new.labels[position - 1]).strip()}"
        present.insert(position, label)
        statements.append(statement)
    return tuple(statements)


KIND = EnumKind()
