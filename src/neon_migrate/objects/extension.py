"""Extensions (https://www.postgresql.org/docs/current/catalog-pg-extension.html)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_EXTENSION, Alteration, Found, Kind, ReadSoFar, Refusal, Row
from neon_migrate.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.catalog import DatabaseObject


@dataclass(frozen=True, slots=True)
class Extension:
    """An installed extension.

    version  which of it is installed
    offered  which the server installs where nobody says; empty where it has its files no more
    """

    name: str
    schema: str
    version: str = ""
    offered: str = field(default="", compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("extension", "", self.name)

    @property
    def owner(self) -> Key | None:
        return None

    def same_elsewhere(self, other: DatabaseObject) -> bool:
        """Whether `other`, of a server that offers another version, is the same: nobody has asked for what it has."""
        if not isinstance(other, Extension) or other.offered == self.offered:
            return False
        return replace(self, version="") == replace(other, version="")


class ExtensionKind(Kind[Extension]):
    name = "extension"
    rank = 10
    stored_in = ("pg_extension",)

    def query(self, major: int) -> str:
        return """SELECT e.oid, e.extname, n.nspname, e.extversion, coalesce(a.default_version, '')
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
LEFT JOIN pg_available_extensions() a ON a.name = e.extname
WHERE e.oid >= 16384 AND e.extname <> 'neon'"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        return ((PG_EXTENSION, row[0], 0),), Extension(*row[1:])

    def create(self, obj: Extension, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        version = f" VERSION {_version(obj)}" if obj.version != obj.offered else ""
        create = f"CREATE {self.identity(obj).replace(' ', ' IF NOT EXISTS ', 1)} WITH SCHEMA {identifier(obj.schema)}"
        return (create + version,)

    def drop(self, obj: Extension) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Extension, new: Extension, before: Catalog, after: Catalog) -> Alteration | None:
        alter = f"ALTER {self.identity(new)}"
        statements = [f"{alter} SET SCHEMA {identifier(new.schema)}"] if old.schema != new.schema else []
        if old.version != new.version and old.offered == new.offered:
            if _older(new.version, old.version):
                return Alteration((), refusal=_no_way_back(old, new)) if _holds_values(old, before) else None
            statements.append(f"{alter} UPDATE TO {_version(new)}")
        return Alteration(tuple(statements))

    def identity(self, obj: Extension) -> str:
        return f"EXTENSION {identifier(obj.name)}"


def with_offered_versions(catalog: Catalog) -> Catalog:
    """`catalog` as it is on another server: with the versions that this one installs, as it may not have the others."""
    extensions = (obj for obj in catalog.of_kind("extension") if isinstance(obj, Extension))
    changed: dict[Key, DatabaseObject] = {
        obj.key: replace(obj, version=obj.offered) for obj in extensions if obj.version != obj.offered
    }
    return replace(catalog, objects={**catalog.objects, **changed}) if changed else catalog


def with_versions_nobody_named(live: Catalog, expected: Catalog) -> Catalog:
    """`live` with the version that `expected` has of each extension where that is only what its server installs.

    No migration has asked for it: a database that was not updated since is as its migrations made it.
    """
    changed: dict[Key, DatabaseObject] = {}
    for obj in live.of_kind("extension"):
        wanted = expected.objects.get(obj.key)
        if isinstance(obj, Extension) and isinstance(wanted, Extension) and wanted.version == wanted.offered:
            changed[obj.key] = replace(obj, version=wanted.version)
    changed = {key: obj for key, obj in changed.items() if obj != live.objects[key]}
    return replace(live, objects={**live.objects, **changed}) if changed else live


def _version(obj: Extension) -> str:
    return literal(obj.version).strip()


def _older(version: str, other: str) -> bool:
    """Whether the first comes before the other, where both are numbers with dots between."""
    numbers = [each.split(".") for each in (version, other)]
    if not all(part.isdecimal() for parts in numbers for part in parts):
        return False
    first, second = ([int(part) for part in parts] for parts in numbers)
    return first < second


def _holds_values(obj: Extension, catalog: Catalog) -> bool:
    """Whether rows have values of its types, or columns need it otherwise: making it anew would take them along."""
    waiting, seen = [obj.key], {obj.key}
    while waiting:
        users = set(catalog.dependents.get(waiting.pop(), ())) - seen
        if any(user.kind in ("column", "table") for user in users):
            return True
        seen |= users
        waiting.extend(users)
    return False


def _no_way_back(old: Extension, new: Extension) -> Refusal:
    return Refusal(
        f"Extension {old.name} can't go back from version {old.version} to {new.version}",
        "Extensions come with scripts that update them, and with none that take an update back.",
        f"Keep version {old.version}; or, where nothing of its data matters, drop the extension and create it"
        f" with VERSION {_version(new)}.",
    )


KIND = ExtensionKind()
