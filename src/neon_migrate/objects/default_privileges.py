"""What roles may do with objects that are yet to be made: a fact for each role and sort of object.

https://www.postgresql.org/docs/current/catalog-pg-default-acl.html. Those of the role that is connected are told
without its name, as they are in a migration: it is another one on each database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_NAMESPACE, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.privileges import NOT_PLATFORM, Grantee, Privileges
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_DEFAULT_ACL = 826
_SORTS = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "T": "TYPES", "n": "SCHEMAS", "L": "LARGE OBJECTS"}


@dataclass(frozen=True, slots=True)
class DefaultPrivileges:
    """What `role` may do with each new object of one sort.

    made_by    the role that makes the objects, quoted; empty for the one that is connected
    within     the schema they are made in; empty for any
    sort       as ALTER DEFAULT PRIVILEGES says it, such as TABLES
    usual      what the role has by itself
    """

    made_by: str
    within: str
    sort: str
    role: str
    privileges: Privileges
    usual: Privileges = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        made_by = f" made by {self.made_by}" if self.made_by else ""
        return Key("default_privileges", self.within, f"{self.sort.lower()}{made_by}", self.role)

    @property
    def owner(self) -> Key | None:
        return Key("schema", "", self.within) if self.within else None

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: its schema."""
        return frozenset({self.owner} if self.owner else ())


class DefaultPrivilegesKind(Kind[DefaultPrivileges]):
    """Given after all is made and taken before anything is: what a plan makes gets its own grants, and no others."""

    name = "default_privileges"
    rank = 980
    stored_in = ("pg_default_acl",)

    def query(self, major: int) -> str:
        every = 8 if major >= 17 else 7
        # Those for one schema are added to what is usual, and those for any take its place.
        return f"""SELECT d.oid, d.defaclnamespace,
  CASE WHEN d.maker = current_user THEN '' ELSE quote_ident(d.maker) END, d.defaclobjtype::text,
  r.grantee, r.role, r.plain, r.grantable, r.usual, CASE d.defaclobjtype WHEN 'r' THEN {every} ELSE 0 END
FROM (SELECT *, pg_get_userbyid(defaclrole) AS maker FROM pg_default_acl) d, LATERAL (
  SELECT e.grantee, CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END AS role,
    coalesce(array_agg(e.privilege_type) FILTER (WHERE e.held AND NOT e.is_grantable), '{{}}') AS plain,
    coalesce(array_agg(e.privilege_type) FILTER (WHERE e.held AND e.is_grantable), '{{}}') AS grantable,
    coalesce(array_agg(e.privilege_type) FILTER (WHERE NOT e.held), '{{}}') AS usual
  FROM (SELECT true AS held, * FROM aclexplode(d.defaclacl) UNION ALL SELECT false, * FROM aclexplode(
    CASE WHEN d.defaclnamespace = 0 THEN acldefault(
      CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole) END)) e
  WHERE e.grantee <> d.defaclrole AND pg_get_userbyid(e.grantee) {NOT_PLATFORM} GROUP BY e.grantee) r
WHERE d.maker <> 'cloud_admin' AND (r.grantable <> '{{}}' OR NOT (r.plain @> r.usual AND r.plain <@ r.usual))"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, namespace, made_by, sort, grantee, role, plain, grantable, usual, every = row
        schema = so_far.key((PG_NAMESPACE, namespace, 0))
        if namespace and schema is None:
            return None
        within = schema.name if schema else ""
        held = Privileges.read(plain, grantable, every)
        found = DefaultPrivileges(made_by, within, _SORTS[sort], role, held, Privileges.read(usual, ()))
        # One row of pg_default_acl has several of these facts.
        return ((_PG_DEFAULT_ACL, oid, grantee), (_PG_DEFAULT_ACL, oid, 0)), found

    def create(self, obj: DefaultPrivileges, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return _grantee(obj).change(obj.usual, obj.privileges)

    def drop(self, obj: DefaultPrivileges) -> Sequence[str]:
        return _grantee(obj).change(obj.privileges, obj.usual)

    def alter(
        self, old: DefaultPrivileges, new: DefaultPrivileges, before: Catalog, after: Catalog
    ) -> Alteration | None:
        return Alteration(_grantee(new).change(old.privileges, new.privileges))

    def identity(self, obj: DefaultPrivileges) -> str:
        return f"DEFAULT PRIVILEGES ON {obj.sort} OF {obj.role}"


def _grantee(obj: DefaultPrivileges) -> Grantee:
    made_by = f"FOR ROLE {obj.made_by} " if obj.made_by else ""
    within = f"IN SCHEMA {identifier(obj.within)} " if obj.within else ""
    return Grantee(obj.sort, obj.role, prefix=f"ALTER DEFAULT PRIVILEGES {made_by}{within}")


KIND = DefaultPrivilegesKind()
