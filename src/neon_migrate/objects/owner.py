"""Who owns an object, where that is not the role that runs the migrations; compared where the settings ask for it.

https://www.postgresql.org/docs/current/ddl-priv.html. An object that nobody said the owner of belongs to who made it:
to another role on a scratch server than in production, so that only what somebody said is the same on both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.privileges import NOT_PLATFORM

if TYPE_CHECKING:
    from collections.abc import Sequence

_PUBLIC = Key("schema", "", "public")

# A sequence that belongs to a column has its table's owner, and changes it with that.
_OF_A_COLUMN = """EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid
  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') AND o.relkind = 'S')"""

_OWNED = (
    ("pg_class", "relowner", f"AND o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT {_OF_A_COLUMN}"),
    ("pg_type", "typowner", "AND o.typtype IN ('c', 'd', 'e', 'r')"),
    ("pg_proc", "proowner", ""),
    ("pg_operator", "oprowner", ""),
    ("pg_opclass", "opcowner", ""),
    ("pg_opfamily", "opfowner", ""),
    ("pg_collation", "collowner", ""),
    ("pg_conversion", "conowner", ""),
    ("pg_statistic_ext", "stxowner", ""),
    ("pg_ts_dict", "dictowner", ""),
    ("pg_ts_config", "cfgowner", ""),
    ("pg_language", "lanowner", ""),
    ("pg_foreign_data_wrapper", "fdwowner", ""),
    ("pg_foreign_server", "srvowner", ""),
    ("pg_publication", "pubowner", ""),
    ("pg_subscription", "subowner", ""),
)
"""The system catalogs of what ALTER … OWNER TO is for, but for schemas; which column there has the owner, and which
rows have one of their own: indexes have their table's. Event triggers only superusers may own."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of an object.

    on        the object
    identity  how ALTER names it
    role      quoted, or CURRENT_ROLE
    """

    on: Key
    identity: str
    role: str

    @property
    def key(self) -> Key:
        return owner_key(self.on)

    @property
    def owner(self) -> Key | None:
        return self.on

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend does not say."""
        return frozenset({self.on})

    @property
    def unsaid(self) -> Owner:
        """Who owns the object where nobody says it; schema public belongs to whoever owns the database."""
        return replace(self, role="pg_database_owner" if self.on == _PUBLIC else "CURRENT_ROLE")


def owner_key(on: Key) -> Key:
    """The key of what is said of the owner of this object."""
    return Key("owner", on.schema, f"{on.kind} {on.name}", on.part)


class OwnerKind(Kind[Owner]):
    name = "owner"
    # Between the grants that go and those that come: Postgres passes an owner's privileges on to the next one, so that
    # what is taken from the next one later would be missing, and what the last one gets earlier would be gone.
    rank = 940
    overwrites = True
    on_request = True

    def query(self, major: int) -> str:
        # Before 15, schema public belongs to the superuser that initdb made, whose OID is 10.
        owned = " UNION ALL ".join(
            f"SELECT '{catalog}'::regclass::oid AS classid, o.oid, o.{column} AS owner FROM {catalog} o"
            f" WHERE o.oid >= 16384 {condition}"
            for catalog, column, condition in _OWNED
        )
        return f"""SELECT o.classid, o.oid, quote_ident(pg_get_userbyid(o.owner)) FROM ({owned}
  UNION ALL SELECT 'pg_namespace'::regclass, n.oid, n.nspowner FROM pg_namespace n
  WHERE {USER_SCHEMA} AND NOT (n.nspname = 'public' AND n.nspowner = 10)) o
WHERE o.owner <> (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user)
  AND pg_get_userbyid(o.owner) {NOT_PLATFORM}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        classid, oid, role = row
        on = so_far.key((classid, oid, 0))
        return ((), Owner(on, so_far.identity(on), role)) if on else None

    def create(self, obj: Owner, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"ALTER {obj.identity} OWNER TO {obj.role}",)

    def drop(self, obj: Owner) -> Sequence[str]:
        return (f"ALTER {obj.identity} OWNER TO {obj.unsaid.role}",)

    def alter(self, old: Owner, new: Owner, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration(tuple(self.create(new, after, frozenset())))

    def identity(self, obj: Owner) -> str:
        return obj.identity


KIND = OwnerKind()
