"""What roles may do with an object, where it is not what Postgres gives by itself: a fact for each role.

https://www.postgresql.org/docs/current/ddl-priv.html. An owner's own privileges and who granted them are left out:
both follow from who runs the statements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import (
    PG_CLASS,
    PG_NAMESPACE,
    PG_PROC,
    PG_TYPE,
    USER_SCHEMA,
    Alteration,
    Found,
    Kind,
    ReadSoFar,
    Row,
)
from neon_migrate.privileges import NOT_PLATFORM, Grantee, Privileges, takes_away

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_FOREIGN_SERVER, _PG_FOREIGN_DATA_WRAPPER, _PG_LANGUAGE = 1417, 2328, 2612

# pg_init_privs has what initdb gave on schema public; all else starts with what acldefault says.
_OBJECTS = f"""SELECT {PG_CLASS} AS classid, c.oid, 0 AS subid, '' AS inside, 'TABLE ' || c.oid::regclass AS target,
  '' AS columns, c.relowner AS owner, c.relacl AS acl, 'r'::"char" AS type, NULL::aclitem[] AS above
FROM pg_class c WHERE c.relacl IS NOT NULL AND c.relkind <> 'S' AND c.oid >= 16384
UNION ALL SELECT {PG_CLASS}, coalesce(d.refobjid, c.oid), coalesce(d.refobjsubid, 0),
  CASE WHEN d.refobjid IS NULL THEN '' ELSE 'sequence' END, 'SEQUENCE ' || c.oid::regclass, '',
  c.relowner, c.relacl, 's', NULL
FROM pg_class c LEFT JOIN pg_depend d ON d.classid = {PG_CLASS} AND d.objid = c.oid AND d.deptype = 'i'
  AND d.refclassid = {PG_CLASS} AND d.refobjsubid > 0
WHERE c.relacl IS NOT NULL AND c.relkind = 'S' AND c.oid >= 16384
UNION ALL SELECT {PG_CLASS}, c.oid, a.attnum, quote_ident(a.attname), 'TABLE ' || c.oid::regclass,
  ' (' || quote_ident(a.attname) || ')', c.relowner, a.attacl, 'c', c.relacl
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND a.attrelid >= 16384
UNION ALL SELECT {PG_PROC}, p.oid, 0, '',
  CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || p.oid::regprocedure, '', p.proowner, p.proacl, 'f',
  NULL
FROM pg_proc p WHERE p.proacl IS NOT NULL AND p.oid >= 16384
UNION ALL SELECT {PG_TYPE}, t.oid, 0, '', 'TYPE ' || format_type(t.oid, NULL), '', t.typowner, t.typacl, 'T', NULL
FROM pg_type t WHERE t.typacl IS NOT NULL AND t.oid >= 16384
UNION ALL SELECT {_PG_FOREIGN_DATA_WRAPPER}, w.oid, 0, '', 'FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname), '',
  w.fdwowner, w.fdwacl, 'F', NULL
FROM pg_foreign_data_wrapper w WHERE w.fdwacl IS NOT NULL AND w.oid >= 16384
UNION ALL SELECT {_PG_FOREIGN_SERVER}, s.oid, 0, '', 'FOREIGN SERVER ' || quote_ident(s.srvname), '',
  s.srvowner, s.srvacl, 'S', NULL
FROM pg_foreign_server s WHERE s.srvacl IS NOT NULL AND s.oid >= 16384
UNION ALL SELECT {_PG_LANGUAGE}, l.oid, 0, '', 'LANGUAGE ' || quote_ident(l.lanname), '',
  l.lanowner, l.lanacl, 'l', NULL
FROM pg_language l WHERE l.lanacl IS NOT NULL AND l.oid >= 16384
UNION ALL SELECT {PG_NAMESPACE}, n.oid, 0, '', 'SCHEMA ' || quote_ident(n.nspname), '', n.nspowner, n.nspacl, 'n', NULL
FROM pg_namespace n WHERE n.nspacl IS NOT NULL AND {USER_SCHEMA}"""
_ROLES = f"""SELECT e.grantee,
  CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END AS role,
  coalesce(array_agg(e.privilege_type) FILTER (WHERE e.held AND NOT e.is_grantable), '{{}}') AS plain,
  coalesce(array_agg(e.privilege_type) FILTER (WHERE e.held AND e.is_grantable), '{{}}') AS grantable,
  coalesce(array_agg(e.privilege_type) FILTER (WHERE NOT e.held), '{{}}') AS usual
FROM (SELECT true AS held, * FROM aclexplode(o.acl) UNION ALL SELECT false, * FROM aclexplode(coalesce(
    (SELECT i.initprivs FROM pg_init_privs i
      WHERE i.classoid = o.classid AND i.objoid = o.oid AND i.objsubid = o.subid),
    acldefault(o.type, o.owner)))) e
WHERE e.grantee <> o.owner AND pg_get_userbyid(e.grantee) {NOT_PLATFORM} GROUP BY e.grantee"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one role may do with one object; without privileges where it was taken what it would have by itself.

    on        the object, or the relation of a view's column
    inside    a view's column, quoted; `sequence` for the one behind an identity column; else empty
    grantee   how GRANT writes it
    usual     what the role has by itself
    beneath   whether the role also has privileges on the table of this column: taking those takes these
    """

    on: Key
    inside: str
    privileges: Privileges
    grantee: Grantee = field(compare=False, repr=False)
    role: str
    usual: Privileges = field(compare=False, repr=False)
    beneath: bool = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        return _key(self.on.schema, f"{self.on.kind} {self.on.name}", self.on.part, self.inside, self.role)

    @property
    def owner(self) -> Key | None:
        return self.on

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend does not say."""
        if not self.beneath:
            return frozenset({self.on})
        kind = "table" if self.on.kind == "column" else self.on.kind
        return frozenset({self.on, _key(self.on.schema, f"{kind} {self.on.name}", "", "", self.role)})


class GrantKind(Kind[Grant]):
    name = "grant"
    rank = 950
    overwrites = True

    def query(self, major: int) -> str:
        every = 8 if major >= 17 else 7
        return f"""SELECT o.classid, o.oid, o.subid, o.inside, o.target, o.columns,
  r.role, r.plain, r.grantable, r.usual,
  CASE o.type WHEN 'r' THEN {every} ELSE 0 END,
  EXISTS (SELECT FROM aclexplode(o.above) a WHERE a.grantee = r.grantee)
FROM ({_OBJECTS}) o, LATERAL ({_ROLES}) r
WHERE r.grantable <> '{{}}' OR NOT (r.plain @> r.usual AND r.plain <@ r.usual)"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        classid, oid, subid, inside, target, columns, role, plain, grantable, usual, every, beneath = row
        on = so_far.key((classid, oid, subid)) or so_far.key((classid, oid, 0))
        if on is None:
            return None
        held = Privileges.read(plain, grantable, every)
        grantee = Grantee(target, role, columns)
        return (), Grant(
            on, "" if on.part and columns else inside, held, grantee, role, Privileges.read(usual, ()), beneath
        )

    def create(self, obj: Grant, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return obj.grantee.change(obj.usual, obj.privileges)

    def drop(self, obj: Grant) -> Sequence[str]:
        return obj.grantee.change(obj.privileges, obj.usual)

    def alter(self, old: Grant, new: Grant, before: Catalog, after: Catalog) -> Alteration | None:
        takes = takes_away(old.privileges, new.privileges)
        return Alteration(new.grantee.change(old.privileges, new.privileges), disturbs=lambda dependent: takes)

    def identity(self, obj: Grant) -> str:
        return obj.grantee.on


def _key(schema: str, on: str, part: str, inside: str, role: str) -> Key:
    return Key("grant", schema, on, " ".join(word for word in (part, inside, role) if word))


KIND = GrantKind()
