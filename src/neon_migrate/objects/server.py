"""Foreign servers (https://www.postgresql.org/docs/current/catalog-pg-foreign-server.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.generic_options import Options, options_changed, options_clause, options_sql, read_options
from neon_migrate.kind import Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_FOREIGN_SERVER = 1417


@dataclass(frozen=True, slots=True)
class Server:
    """A foreign server.

    wrapper  its foreign data wrapper, quoted
    type     None where it does not say, as with `version`
    secrets  names of the options that are not told
    """

    name: str
    wrapper: str
    type: str | None = None
    version: str | None = None
    options: Options = ()
    secrets: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("server", "", self.name)

    @property
    def owner(self) -> Key | None:
        return None


class ServerKind(Kind[Server]):
    name = "server"
    rank = 38
    stored_in = ("pg_foreign_server",)

    def query(self, major: int) -> str:
        return f"""SELECT s.oid, s.srvname, quote_ident(w.fdwname), s.srvtype, s.srvversion,
  {options_sql("s.srvoptions")}
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE s.oid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, name, wrapper, type_, version, options, secrets = row
        server = Server(name, wrapper, type_, version, read_options(options), tuple(secrets))
        return ((_PG_FOREIGN_SERVER, oid, 0),), server

    def create(self, obj: Server, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        type_ = f" TYPE {literal(obj.type).strip()}" if obj.type is not None else ""
        version = f" VERSION {literal(obj.version).strip()}" if obj.version is not None else ""
        options = options_clause(obj.options, obj.secrets)
        return (f"CREATE {self.identity(obj)}{type_}{version} FOREIGN DATA WRAPPER {obj.wrapper}{options}",)

    def drop(self, obj: Server) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Server, new: Server, before: Catalog, after: Catalog) -> Alteration | None:
        if (old.wrapper, old.type) != (new.wrapper, new.type):
            return None
        version = ""
        if old.version != new.version:
            version = f" VERSION {literal(new.version).strip() if new.version is not None else 'NULL'}"
        return Alteration((f"ALTER {self.identity(new)}{version}{options_changed(old.options, new.options)}",))

    def loses(self, obj: Server) -> str:
        return f"{', '.join(obj.secrets)} of foreign server {obj.name}" if obj.secrets else ""

    def identity(self, obj: Server) -> str:
        return f"SERVER {identifier(obj.name)}"


KIND = ServerKind()
