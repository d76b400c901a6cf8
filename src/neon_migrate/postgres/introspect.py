"""Reads a database's Catalog: every kind's query, the dependencies and what no kind knows, in one round trip."""

from __future__ import annotations

import gc
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Address, Catalog, DatabaseObject, Key, Unmodelled
from neon_migrate.kind import PG_CLASS, PG_CONSTRAINT, PG_EXTENSION, PG_NAMESPACE, PG_TYPE
from neon_migrate.objects import kind_of, kinds
from neon_migrate.postgres.progress import PROGRESS_TABLE
from neon_migrate.sql import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from neon_migrate.kind import Kind
    from neon_migrate.postgres.session import Rows, Session

# Objects of initdb have OIDs below 16384 (FirstNormalObjectId) and are nobody's change; schema public is one of them.
# Internal relations and types (of toast, of rows, of arrays) depend on nothing but what they are part of.
# Since 18 NOT NULL is a constraint with a name; the column says it too, the same on every version.
_DEPENDENCIES = f"""SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype::text
FROM pg_depend WHERE objid >= 16384 AND (refobjid >= 16384 OR refclassid = {PG_NAMESPACE})
  AND NOT (deptype = 'i' AND classid IN ({PG_CLASS}, {PG_TYPE}))
  AND NOT (classid = {PG_CONSTRAINT} AND objid IN (
    SELECT oid FROM pg_constraint WHERE contype = 'n' OR (coninhcount > 0 AND NOT conislocal)))"""
_EXTENSIONS_OWN = f"SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = {PG_EXTENSION}"
# Our own bookkeeping, the relations behind large values, and what partitions have of an index: they and what belongs
# to them is nobody's change.
_NOT_OURS = """SELECT c.oid FROM pg_class c WHERE c.oid = to_regclass({}) OR c.relname = {} OR c.relkind = 't'
  OR (c.relispartition AND c.relkind IN ('i', 'I'))"""
# What belongs to no schema may depend on nothing that pg_depend records. Neon's own administrator is not the user's.
_CATALOGS_WITHOUT_SCHEMA = (
    *("pg_am", "pg_cast", "pg_event_trigger", "pg_foreign_data_wrapper", "pg_foreign_server", "pg_language"),
    *("pg_publication", "pg_transform"),
)
_WITHOUT_SCHEMA = " UNION ALL ".join(
    (
        *(f"SELECT '{name}'::regclass::oid, oid FROM {name} WHERE oid >= 16384" for name in _CATALOGS_WITHOUT_SCHEMA),
        "SELECT 'pg_default_acl'::regclass::oid, a.oid FROM pg_default_acl a JOIN pg_roles r ON r.oid = a.defaclrole"
        " WHERE r.rolname <> 'cloud_admin'",
        "SELECT 'pg_subscription'::regclass::oid, s.oid FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
        " WHERE d.datname = current_database()",
    )
)
_PLATFORM_SCHEMAS = "'neon', 'neon_migration', 'information_schema'"
_ALONE = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT")
_IN_TRANSACTION = ("SAVEPOINT neon_migrate_catalog", "ROLLBACK TO SAVEPOINT neon_migrate_catalog")
# The one extension that no kind reads is Neon's own.
_DESCRIBE = f"""SELECT i.type, i.identity FROM unnest(%s::oid[], %s::oid[]) AS a (classid, objid),
LATERAL pg_identify_object(a.classid, a.objid, 0) AS i
WHERE (i.schema IS NULL AND i.type <> 'extension')
  OR (i.schema NOT IN ({_PLATFORM_SCHEMAS}) AND i.schema NOT LIKE 'pg\\_%%') ORDER BY 1, 2"""


def read_catalog(session: Session, *, ledger: str = "_sqlx_migrations", ignore: Sequence[str] = ()) -> Catalog:
    """The Catalog of the database that `session` is connected to.

    ledger  the migration ledger as the settings name it: left out, as is our own progress table
    ignore  shell patterns over `schema.name` of tables that are none of ours; with `schema.*` neither is the schema
            nor anything in it

    All queries travel together and see one snapshot; a second round trip is made only to name what no kind knows.
    Where a transaction is open, its own uncommitted changes are seen and it stays open.
    Expressions are deparsed under an empty search_path, so every name in them is qualified.
    """
    known = kinds()
    begin, end = _IN_TRANSACTION if session.in_transaction else _ALONE
    statements = (
        # Where the ledger is depends on the search_path of the session, so this one comes first.
        begin,
        _NOT_OURS.format(literal(ledger), literal(PROGRESS_TABLE)),
        "SET LOCAL search_path = ''",
        _EXTENSIONS_OWN,
        *(kind.query(session.major) for kind in known.values()),
        _DEPENDENCIES,
        _WITHOUT_SCHEMA,
        end,
    )
    with closing(session.stream(statements)) as answers, _no_collection():
        reading = _Reading(tuple(ignore))
        readers = _readers(reading)
        for number, rows in answers:
            readers[number](rows())
        unknown = reading.unknown()
    return Catalog(reading.objects, reading.depends, reading.own, _describe(session, unknown), session.major)


def _readers(reading: _Reading) -> list[Callable[[Rows], None]]:
    """What is done with the rows of each statement."""

    def nothing(rows: Rows) -> None:
        pass

    return [
        nothing,
        lambda rows: reading.leave_out(PG_CLASS, rows),
        nothing,
        lambda rows: reading.left_out.update((classid, oid, 0) for classid, oid in rows),
        *(partial(reading.read, kind) for kind in kinds().values()),
        reading.edges.extend,
        reading.without_schema.extend,
        nothing,
    ]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Python's cyclic garbage collector at rest: it would look through all that is being read, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _describe(session: Session, addresses: Sequence[Address]) -> tuple[Unmodelled, ...]:
    if not addresses:
        return ()
    rows = session.query(_DESCRIBE, ([address[0] for address in addresses], [address[1] for address in addresses]))
    return tuple(Unmodelled(*row) for row in rows)


@dataclass
class _Reading:
    """What has been read so far; kinds ask it for the keys of earlier kinds (kind.ReadSoFar)."""

    ignore: tuple[str, ...]
    edges: Rows = field(default_factory=list)
    without_schema: Rows = field(default_factory=list)
    objects: dict[Key, DatabaseObject] = field(default_factory=dict)
    own: dict[Address, Key] = field(default_factory=dict)
    implied: dict[Address, Key] = field(default_factory=dict)
    left_out: set[Address] = field(default_factory=set)
    others: dict[str, Address] = field(default_factory=dict)
    """Schemas that are ignored as a whole, by name."""

    def leave_out(self, classid: int, rows: Rows) -> None:
        """The objects of one system catalog, by OID, that are neither modelled nor unknown."""
        self.left_out.update((classid, row[0], 0) for row in rows)

    def key(self, address: Address) -> Key | None:
        return self.own.get(address)

    def identity(self, key: Key) -> str:
        return kind_of(key).identity(self.objects[key])

    def read(self, kind: Kind[Any], rows: Rows) -> None:
        objects, own, implied, left_out = self.objects, self.own, self.implied, self.left_out
        may_be_ignored = bool(self.others) or (kind.name in ("schema", "table") and bool(self.ignore))
        for row in rows:
            found = kind.read(row, self)
            if found is None:
                continue
            addresses, obj = found
            key = obj.key
            if addresses:
                if addresses[0] in left_out or (may_be_ignored and self._ignored(key)):
                    if kind.name == "schema" and addresses[0] not in left_out:
                        self.others[key.name] = addresses[0]
                    left_out.update(addresses)
                    continue
                own[addresses[0]] = key
                for address in addresses:
                    implied[address] = key
            elif obj.owner not in objects or self._carrier_is_left_out(obj):
                continue  # a fact about something that is not there
            objects[key] = obj

    def _carrier_is_left_out(self, obj: DatabaseObject) -> bool:
        """A sequence that goes away with a column of a table that is not ours is not ours either."""
        carried: tuple[Key, Key] | None = getattr(obj, "carried", None)
        if carried is None or carried[1] in self.objects:
            return False
        self.objects.pop(carried[0], None)
        for address in [address for address, key in self.own.items() if key == carried[0]]:
            del self.own[address], self.implied[address]
            self.left_out.add(address)
        return True

    def _ignored(self, key: Key) -> bool:
        if key.kind == "schema":
            return self._matches(f"{key.name}.")
        return key.schema in self.others or (key.kind == "table" and self._matches(f"{key.schema}.{key.name}"))

    def _matches(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.ignore)

    def depends(self) -> dict[Key, frozenset[Key]]:
        """The edges of pg_depend between modelled objects, and those that an object itself knows of."""
        keys = self.implied
        # That a sequence goes away with a column is an object of its own.
        carried = {getattr(obj, "carried", None) for obj in self.objects.values()}
        found: dict[Key, set[Key]] = {}
        for classid, objid, objsubid, refclassid, refobjid, refobjsubid, _ in self.edges:
            user, need = keys.get((classid, objid, objsubid)), keys.get((refclassid, refobjid, refobjsubid))
            if user is not None and need is not None and user != need and (user, need) not in carried:
                found.setdefault(user, set()).add(need)
        for key, obj in self.objects.items():
            needs: frozenset[Key] = getattr(obj, "needs", frozenset())
            if needs:
                found.setdefault(key, set()).update(needs)
        return {key: frozenset(needs) for key, needs in found.items()}

    def unknown(self) -> list[Address]:
        """What is there, no kind has read and no unknown object brings along, in a stable order."""
        implied = self.implied
        candidates: dict[Address, list[tuple[str, Address]]] = {
            (classid, oid, 0): [] for classid, oid in self.without_schema if (classid, oid, 0) not in implied
        }
        for classid, objid, _, refclassid, refobjid, _, deptype in self.edges:
            if (classid, objid, 0) not in implied:
                candidates.setdefault((classid, objid, 0), []).append((deptype, (refclassid, refobjid, 0)))
        brought = self._brought_along(candidates)
        return sorted(address for address in candidates if address not in brought and address not in self.left_out)

    def _brought_along(self, candidates: dict[Address, list[tuple[str, Address]]]) -> set[Address]:
        """Internal parts of anything (row types, a view's rule), and all that goes away with an unknown object."""

        others = frozenset(self.others.values())

        def comes_with(edges: Iterable[tuple[str, Address]]) -> bool:
            return any(
                deptype in "iPS"  # P and S: what a partition has from its parent
                or owner in others
                or (deptype == "a" and (owner in candidates or owner in self.left_out))
                for deptype, owner in edges
            )

        return {address for address, edges in candidates.items() if comes_with(edges)}
