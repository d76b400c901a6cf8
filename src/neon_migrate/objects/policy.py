"""Row-level security policies (https://www.postgresql.org/docs/current/catalog-pg-policy.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_POLICY, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy.

    roles  quoted; PUBLIC for everybody
    using  which rows are seen; None where it does not say
    check  which rows may be written; None where it does not say
    """

    schema: str
    table: str
    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    check: str | None

    @property
    def key(self) -> Key:
        return Key("policy", self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)


class PolicyKind(Kind[Policy]):
    name = "policy"
    rank = 110
    stored_in = ("pg_policy",)

    def query(self, major: int) -> str:
        return """SELECT oid, polrelid, polname, polcmd::text, polpermissive,
  ARRAY(SELECT CASE WHEN role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END
    FROM unnest(polroles) AS role ORDER BY 1), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
FROM pg_policy"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, relation, name, command, permissive, roles, using, check = row
        table = so_far.key((PG_CLASS, relation, 0))
        if table is None:
            return None
        policy = Policy(table.schema, table.name, name, _COMMANDS[command], permissive, tuple(roles), using, check)
        return ((PG_POLICY, oid, 0),), policy

    def create(self, obj: Policy, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        kind = "" if obj.permissive else " AS RESTRICTIVE"
        return (f"CREATE {self.identity(obj)}{kind} FOR {obj.command}{_scope(obj)}",)

    def drop(self, obj: Policy) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Policy, new: Policy, before: Catalog, after: Catalog) -> Alteration | None:
        fixed = (old.command, old.permissive) == (new.command, new.permissive)
        removed = (old.using and not new.using) or (old.check and not new.check)
        return Alteration((f"ALTER {self.identity(new)}{_scope(new)}",)) if fixed and not removed else None

    def identity(self, obj: Policy) -> str:
        return f"POLICY {identifier(obj.name)} ON {qualified(obj.schema, obj.table)}"


def _scope(obj: Policy) -> str:
    using = f" USING ({obj.using})" if obj.using else ""
    check = f" WITH CHECK ({obj.check})" if obj.check else ""
    return f" TO {', '.join(obj.roles)}{using}{check}"


KIND = PolicyKind()
