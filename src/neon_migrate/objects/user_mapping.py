"""As whom a role is known on a foreign server (https://www.postgresql.org/docs/current/view-pg-user-mappings.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.generic_options import Options, options_changed, options_clause, options_sql, read_options
from neon_migrate.kind import Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_USER_MAPPING = 1418


@dataclass(frozen=True, slots=True)
class UserMapping:
    """A mapping.

    role     quoted; PUBLIC for everybody
    secrets  names of the options that are not told, such as password
    """

    server: str
    role: str
    options: Options = ()
    secrets: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("user_mapping", "", self.server, self.role)

    @property
    def owner(self) -> Key | None:
        return None


class UserMappingKind(Kind[UserMapping]):
    name = "user_mapping"
    rank = 39
    stored_in = ("pg_user_mapping",)

    def query(self, major: int) -> str:
        # The catalog itself is for superusers only; the view leaves out the options that the reader may not see.
        return f"""SELECT m.umid, m.srvname, CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END,
  {options_sql("m.umoptions")}
FROM pg_user_mappings m WHERE m.umid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, server, role, options, secrets = row
        return ((_PG_USER_MAPPING, oid, 0),), UserMapping(server, role, read_options(options), tuple(secrets))

    def create(self, obj: UserMapping, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {self.identity(obj)}{options_clause(obj.options, obj.secrets)}",)

    def drop(self, obj: UserMapping) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: UserMapping, new: UserMapping, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration((f"ALTER {self.identity(new)}{options_changed(old.options, new.options)}",))

    def loses(self, obj: UserMapping) -> str:
        return f"{', '.join(obj.secrets)} of user mapping {obj.key.qualified_name}" if obj.secrets else ""

    def identity(self, obj: UserMapping) -> str:
        return f"USER MAPPING FOR {obj.role} SERVER {identifier(obj.server)}"


KIND = UserMappingKind()
