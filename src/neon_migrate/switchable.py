"""What triggers and rules have in common: a relation's own reactions, which can be switched off and on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_REWRITE, PG_TRIGGER, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

ENABLED = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
"""How ALTER says pg_trigger.tgenabled and its like; O is what a new one has."""


@dataclass(frozen=True, slots=True)
class Switchable:
    """A trigger or rule.

    kind        trigger or rule
    on          the kind of what it stands on: table, view or foreign table
    definition  the CREATE statement as Postgres writes it, without semicolon
    enabled     O for an ordinary one, D for one that is switched off; R and A heed the session's replication role
    """

    kind: str
    schema: str
    table: str
    name: str
    on: str
    definition: str
    enabled: str = "O"

    @property
    def key(self) -> Key:
        return Key(self.kind, self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key(self.on, self.schema, self.table)


_STORED_IN = {PG_TRIGGER: "pg_trigger", PG_REWRITE: "pg_rewrite"}


class SwitchableKind(Kind[Switchable]):
    """Triggers or rules.

    classid  of their system catalog
    rows     SELECT of OID, the relation's OID, name, CREATE statement and enabled state
    """

    def __init__(self, name: str, classid: int, rank: int, rows: str) -> None:
        self.name = name
        self.classid = classid
        self.stored_in = (_STORED_IN[classid],)
        self.rank = rank
        self.rows = rows
        self.noun = name.upper()

    def query(self, major: int) -> str:
        return self.rows

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, relation, name, definition, enabled = row
        on = so_far.key((PG_CLASS, relation, 0))
        if on is None:
            return None
        found = Switchable(self.name, on.schema, on.name, name, on.kind, definition.rstrip(";"), enabled)
        return ((self.classid, oid, 0),), found

    def create(self, obj: Switchable, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (obj.definition, *([self._switched(obj)] if obj.enabled != "O" else []))

    def drop(self, obj: Switchable) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Switchable, new: Switchable, before: Catalog, after: Catalog) -> Alteration | None:
        statements = []
        replaced = old.definition != new.definition
        if replaced:
            if not all(one.definition.startswith(f"CREATE {self.noun} ") for one in (old, new)):
                return None  # there is no OR REPLACE for constraint triggers
            statements.append(f"CREATE OR REPLACE {new.definition.removeprefix('CREATE ')}")
        # A trigger is on again once it is replaced.
        if old.enabled != new.enabled or (replaced and new.enabled != "O"):
            statements.append(self._switched(new))
        return Alteration(tuple(statements), disturbs=lambda dependent: dependent.key.kind == "partition_trigger")

    def identity(self, obj: Switchable) -> str:
        return f"{self.noun} {identifier(obj.name)} ON {qualified(obj.schema, obj.table)}"

    def _switched(self, obj: Switchable) -> str:
        relation = qualified(obj.schema, obj.table)
        return f"ALTER TABLE {relation} {ENABLED[obj.enabled]} {self.noun} {identifier(obj.name)}"
