"""Walks the system catalogs: what a database holds of anybody's making, of whatever kind.

Which system catalogs there are, the server itself says: what a later version adds is found without a word here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.kind import PG_EXTENSION, USER_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.postgres.session import Rows

# Without a column of their own that says which database a row belongs to, shared catalogs are the whole server's.
# Some (pg_user_mapping) only a superuser may read: pg_depend says what they hold.
LISTED = """SELECT c.oid, c.relname, has_oid.attname IS NOT NULL, f.fkcols[1],
  has_column_privilege('public', c.oid, CASE WHEN has_oid.attname IS NULL THEN 'objoid' ELSE 'oid' END, 'SELECT')
FROM pg_class c
LEFT JOIN pg_attribute has_oid ON has_oid.attrelid = c.oid AND has_oid.attname = 'oid'
LEFT JOIN pg_attribute about ON about.attrelid = c.oid AND about.attname = 'objsubid'
LEFT JOIN pg_attribute class ON class.attrelid = c.oid AND class.attname = 'classoid'
LEFT JOIN pg_get_catalog_foreign_keys() f ON f.fktable = c.oid AND f.pktable = 'pg_database'::regclass
WHERE c.oid < 16384 AND c.relkind = 'r' AND c.relnamespace = 'pg_catalog'::regnamespace
  AND (NOT c.relisshared OR f.fkcols IS NOT NULL)
  AND (has_oid.attname IS NOT NULL OR (about.attname IS NOT NULL AND class.attname IS NOT NULL))"""

_THIS_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"

_IN_NO_CATALOG = frozenset({"pg_enum", "pg_largeobject_metadata"})
"""An enum's labels are part of it, and Postgres has no address for them; a large object is data, as rows are."""

_SORTED_BY = {"pg_class": "relkind", "pg_constraint": "contype", "pg_proc": "prokind", "pg_type": "typtype"}
"""The column that tells the sorts of one system catalog apart: their documentation lists its letters."""

# The tables behind large values belong to pg_toast (its OID is fixed, as is pg_cast's). Since 18 NOT NULL is a
# constraint with a name, and the column says it too, the same on every version. What partitions and inheriting tables
# have from their parents comes with those, a foreign key's triggers with it, an array type with its elements', a
# multirange's cast with that. Neon's own administrator is not the user's.
_ONLY = {
    "pg_cast": "NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_cast.oid AND classid = 2605 AND deptype = 'i')",
    "pg_class": "relnamespace <> 99",
    "pg_constraint": "contype <> 'n' AND conparentid = 0 AND (coninhcount = 0 OR conislocal)",
    "pg_default_acl": "pg_get_userbyid(defaclrole) <> 'cloud_admin'",
    "pg_namespace": USER_SCHEMA.replace("n.", ""),
    "pg_type": "typsubscript <> 'array_subscript_handler'::regproc",
    "pg_trigger": "NOT tgisinternal AND tgparentid = 0",
}


@dataclass(frozen=True, slots=True)
class SystemCatalog:
    """One table of pg_catalog.

    has_oid   whether a row is an object of its own, else it says something of one (classoid, objoid, objsubid)
    database  of a catalog that all databases share: the column with the OID of the one that a row belongs to
    readable  by everybody
    """

    oid: int
    name: str
    has_oid: bool
    database: str | None
    readable: bool


def listed(rows: Rows) -> tuple[SystemCatalog, ...]:
    """The answer to LISTED."""
    return tuple(SystemCatalog(*row) for row in rows if row[1] not in _IN_NO_CATALOG)


def objects_query(catalogs: Sequence[SystemCatalog]) -> str:
    """SELECT of system catalog (OID and name), sort, and the OIDs of all objects there that are not initdb's."""
    return " UNION ALL ".join(_objects(catalog) for catalog in catalogs if catalog.has_oid)


def _objects(catalog: SystemCatalog) -> str:
    what = f"SELECT {catalog.oid}::oid, '{catalog.name}'"
    if not catalog.readable:
        return f"{what}, '', string_agg(objid::text, ' ') FROM pg_depend WHERE classid = {catalog.oid} AND objsubid = 0"
    conditions = ["oid >= 16384"]
    if catalog.database:
        conditions.append(f"{catalog.database} = {_THIS_DATABASE}")
    if catalog.name in _ONLY:
        conditions.append(_ONLY[catalog.name])
    sort = _SORTED_BY.get(catalog.name)
    found = f"{what}, {sort or repr('')}::text, string_agg(oid::text, ' ') FROM {catalog.name}"
    return f"{found} WHERE {' AND '.join(conditions)}" + (f" GROUP BY {sort}" if sort else "")


def facts_query(catalogs: Sequence[SystemCatalog]) -> str:
    """SELECT of system catalog, and the address (class, number inside, OIDs) of all that its rows are about.

    But not of extensions, which bring a comment. And of what goes away with an extension that it is no member of
    (ALTER … DEPENDS ON EXTENSION), as from pg_depend.
    """
    said = " UNION ALL ".join(
        f"SELECT '{catalog.name}', classoid, objsubid::int, string_agg(objoid::text, ' ')"
        f" FROM {catalog.name} WHERE objoid >= 16384 AND classoid <> {PG_EXTENSION} GROUP BY classoid, objsubid"
        for catalog in catalogs
        if not catalog.has_oid and catalog.readable
    )
    return f"""{said} UNION ALL SELECT 'pg_depend', classid, 0, string_agg(DISTINCT objid::text, ' ') FROM pg_depend
WHERE deptype = 'x' AND refclassid = 'pg_extension'::regclass GROUP BY classid"""


# What ALTER DATABASE SET and ALTER ROLE IN DATABASE SET have set: names only, as a value may be a secret.
SETTINGS = f"""SELECT split_part(setting, '=', 1) || CASE s.setrole WHEN 0 THEN ''
  ELSE ' of role ' || quote_ident(pg_get_userbyid(s.setrole)) END
FROM pg_db_role_setting s, unnest(s.setconfig) AS setting WHERE s.setdatabase = {_THIS_DATABASE} ORDER BY 1"""

PLATFORM_SCHEMAS = "'neon', 'neon_migration', 'information_schema'"

# Of an object nothing is said that is a part of another one, or an extension's. The one extension that no kind reads
# is Neon's own. What was dropped meanwhile has no type or identity: Postgres keeps a dropped subscription's comment.
DESCRIBE = f"""SELECT a.fact || i.type, i.identity, a.fact <> ''
FROM unnest(%s::text[], %s::oid[], %s::oid[], %s::int[]) AS a (fact, classid, objid, objsubid),
  LATERAL pg_identify_object(a.classid, a.objid, a.objsubid) AS i
WHERE i.type IS NOT NULL AND i.identity IS NOT NULL AND ((i.schema IS NULL AND i.type <> 'extension')
    OR (i.schema NOT IN ({PLATFORM_SCHEMAS}) AND i.schema NOT LIKE 'pg\\_%%'))
  AND (a.fact <> '' OR NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = a.classid AND d.objid = a.objid
    AND d.objsubid = 0 AND d.deptype IN ('i', 'P', 'S', 'e')))
ORDER BY 1, 2"""
"""With for each address what is said of it (`comment on `), or nothing where it is the object itself that is named."""
