"""Rewrite rules (https://www.postgresql.org/docs/current/rules.html), without those that make a view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_REWRITE, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENABLED = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    on          the kind of what it stands on: table or view
    definition  as `pg_get_ruledef` writes it, without semicolon
    enabled     pg_rewrite.ev_enabled: O for an ordinary one
    """

    schema: str
    table: str
    name: str
    on: str
    definition: str
    enabled: str = "O"

    @property
    def key(self) -> Key:
        return Key("rule", self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key(self.on, self.schema, self.table)


class RuleKind(Kind[Rule]):
    name = "rule"
    rank = 102

    def query(self, major: int) -> str:
        return """SELECT oid, ev_class, rulename, pg_get_ruledef(oid, true), ev_enabled::text
FROM pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, relation, name, definition, enabled = row
        on = so_far.key((PG_CLASS, relation, 0))
        if on is None:
            return None
        rule = Rule(on.schema, on.name, name, on.kind, definition.rstrip(";"), enabled)
        return ((PG_REWRITE, oid, 0),), rule

    def create(self, obj: Rule, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (obj.definition, *([_enabling(obj)] if obj.enabled != "O" else []))

    def drop(self, obj: Rule) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Rule, new: Rule, before: Catalog, after: Catalog) -> Alteration | None:
        statements = []
        if old.definition != new.definition:
            statements.append(new.definition.replace("CREATE RULE ", "CREATE OR REPLACE RULE ", 1))
        if old.enabled != new.enabled:
            statements.append(_enabling(new))
        return Alteration(tuple(statements))

    def identity(self, obj: Rule) -> str:
        return f"RULE {identifier(obj.name)} ON {qualified(obj.schema, obj.table)}"


def _enabling(obj: Rule) -> str:
    return f"ALTER TABLE {qualified(obj.schema, obj.table)} {_ENABLED[obj.enabled]} RULE {identifier(obj.name)}"


KIND = RuleKind()
