"""What has been read of a Catalog so far, and what is left that no kind has read."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

from neon_migrate.kind import PG_EXTENSION
from neon_migrate.objects import kind_of, kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neon_migrate.catalog import Address, DatabaseObject, Key
    from neon_migrate.kind import Kind
    from neon_migrate.postgres.session import Rows

_FACTS = {
    "pg_description": "comment on ",
    "pg_seclabel": "security label on ",
    "pg_depend": "dependence on an extension of ",
}


@dataclass
class Reading:
    """What has been read so far; kinds ask it for the keys of earlier kinds (kind.ReadSoFar).

    ignore    shell patterns over `schema.name`
    asked_for  names of the kinds, of those that are read on request, that are asked for
    walked    system catalog (OID and name), sort, OIDs in a text: all objects there are (`system_catalogs`)
    facts     system catalog, class, number inside, OIDs in a text: all that is said of objects
    edges     the rows of pg_depend, in parts that become Python's when they are called for
    unasked   the same of kinds that are read on request, and that nobody asked for
    own       what an object's address is the key of; `implied` has the addresses of its parts as well
    left_out  addresses of what is neither modelled nor unknown
    others    schemas that are ignored as a whole, by name
    facts_read  system catalog and address of what a kind has read of what is said of objects
    """

    ignore: tuple[str, ...] = ()
    asked_for: frozenset[str] = frozenset()
    walked: Rows = field(default_factory=list)
    facts: Rows = field(default_factory=list)
    edges: list[Callable[[], Rows]] = field(default_factory=list)
    unasked: list[tuple[Kind[Any], Callable[[], Rows]]] = field(default_factory=list)
    objects: dict[Key, DatabaseObject] = field(default_factory=dict)
    own: dict[Address, Key] = field(default_factory=dict)
    implied: dict[Address, Key] = field(default_factory=dict)
    left_out: set[Address] = field(default_factory=set)
    facts_read: set[tuple[str, int, int, int]] = field(default_factory=set)
    others: dict[str, Address] = field(default_factory=dict)

    def kinds_present(self) -> list[Kind[Any]]:
        """The kinds of which there may be objects, in the order in which they are read."""
        held = {place for _, name, sort, oids in self.walked if oids for place in (name, f"{name}.{sort}")}
        wanted = (kind for kind in kinds().values() if not kind.on_request or kind.name in self.asked_for)
        return [kind for kind in wanted if not kind.stored_in or not held.isdisjoint(kind.stored_in)]

    def kinds_unasked(self) -> list[Kind[Any]]:
        """The kinds that are read on request, and that nobody asked for."""
        return [kind for kind in kinds().values() if kind.on_request and kind.name not in self.asked_for]

    def beside(self) -> dict[Key, DatabaseObject]:
        """What is said of modelled objects by kinds that nobody asked for."""
        read = (kind.read(row, self) for kind, rows in self.unasked for row in rows())
        said = (found[1] for found in read if found is not None)
        return {obj.key: obj for obj in said if obj.owner in self.objects}

    def key(self, address: Address) -> Key | None:
        return self.own.get(address)

    def identity(self, key: Key) -> str:
        return kind_of(key).identity(self.objects[key])

    def read(self, kind: Kind[Any], rows: Rows) -> None:
        """The objects in some rows of a kind's query."""
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
            if kind.facts_in:
                self.facts_read.add((kind.facts_in, *row[:3]))

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

    @cached_property
    def _edges(self) -> Rows:
        return [row for rows in self.edges for row in rows()]

    def depends(self) -> dict[Key, frozenset[Key]]:
        """The edges of pg_depend between modelled objects, and those that an object itself knows of.

        What depends on a member of an extension depends on the extension.
        """
        keys = self.implied
        extensions = {edge[:2]: keys.get((PG_EXTENSION, edge[4], 0)) for edge in self._edges if edge[6] == "e"}
        # That a sequence goes away with a column is an object of its own.
        carried = {getattr(obj, "carried", None) for obj in self.objects.values()}
        found: dict[Key, set[Key]] = {}
        for classid, objid, objsubid, refclassid, refobjid, refobjsubid, _ in self._edges:
            user, need = keys.get((classid, objid, objsubid)), keys.get((refclassid, refobjid, refobjsubid))
            need = need or extensions.get((refclassid, refobjid))
            if user is not None and need is not None and user != need and (user, need) not in carried:
                found.setdefault(user, set()).add(need)
        for key, obj in self.objects.items():
            needs: frozenset[Key] = getattr(obj, "needs", frozenset())
            if needs:
                found.setdefault(key, set()).update(needs)
        return {key: frozenset(needs) for key, needs in found.items()}

    def unknown(self) -> list[tuple[str, Address]]:
        """What is there, no kind has read and no unknown object brings along, in a stable order.

        Each with what is said of it where that is what no kind has read (`comment on `), else with an empty text.
        """
        implied, left_out = self.implied, self.left_out
        walked = ((classid, int(oid), 0) for classid, _, _, oids in self.walked if oids for oid in oids.split())
        candidates = {address for address in walked if address not in implied and address not in left_out}
        objects = sorted(candidates - self._brought_along(candidates)) if candidates else []
        return [*(("", address) for address in objects), *sorted(self._unknown_facts(candidates))]

    def _unknown_facts(self, candidates: set[Address]) -> Iterator[tuple[str, Address]]:
        """What is said of a modelled object, or a part of it, and no kind has read."""
        for catalog, classid, number, oids in self.facts:
            for oid in map(int, oids.split()):
                address, whole = (classid, oid, number), (classid, oid, 0)
                if (
                    (catalog, *address) not in self.facts_read
                    and whole not in candidates
                    and whole not in self.left_out
                ):
                    yield _FACTS.get(catalog, f"{catalog} of "), address

    def _brought_along(self, candidates: set[Address]) -> set[Address]:
        """Parts of something else, and all that goes away with an unknown object."""
        others = frozenset(self.others.values())

        def comes_with(deptype: str, owner: Address) -> bool:
            return owner in others or (deptype == "a" and (owner in candidates or owner in self.left_out))

        edges = (((edge[0], edge[1], 0), edge[6], (edge[3], edge[4], 0)) for edge in self._edges)
        return {user for user, deptype, owner in edges if user in candidates and comes_with(deptype, owner)}
