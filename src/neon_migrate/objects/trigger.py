"""Triggers of tables and views (https://www.postgresql.org/docs/current/catalog-pg-trigger.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_TRIGGER, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENABLED = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger.

    on          the kind of what it stands on: table or view
    definition  as `pg_get_triggerdef` writes it
    enabled     pg_trigger.tgenabled: O for an ordinary one
    """

    schema: str
    table: str
    name: str
    on: str
    definition: str
    enabled: str = "O"

    @property
    def key(self) -> Key:
        return Key("trigger", self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key(self.on, self.schema, self.table)


class TriggerKind(Kind[Trigger]):
    name = "trigger"
    rank = 100

    def query(self, major: int) -> str:
        return """SELECT oid, tgrelid, tgname, pg_get_triggerdef(oid, true), tgenabled::text
FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0 AND tgrelid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, relation, name, definition, enabled = row
        on = so_far.key((PG_CLASS, relation, 0))
        if on is None:
            return None
        return ((PG_TRIGGER, oid, 0),), Trigger(on.schema, on.name, name, on.kind, definition, enabled)

    def create(self, obj: Trigger, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (obj.definition, *([_enabling(obj)] if obj.enabled != "O" else []))

    def drop(self, obj: Trigger) -> Sequence[str]:
        return (f"DROP TRIGGER {identifier(obj.name)} ON {qualified(obj.schema, obj.table)}",)

    def alter(self, old: Trigger, new: Trigger, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration((_enabling(new),)) if old.definition == new.definition else None

    def identity(self, obj: Trigger) -> str:
        return f"TRIGGER {identifier(obj.name)} ON {qualified(obj.schema, obj.table)}"


def _enabling(obj: Trigger) -> str:
    return f"ALTER TABLE {qualified(obj.schema, obj.table)} {_ENABLED[obj.enabled]} TRIGGER {identifier(obj.name)}"


KIND = TriggerKind()
