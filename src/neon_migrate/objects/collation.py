"""Collations (https://www.postgresql.org/docs/current/catalog-pg-collation.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_COLLATION = 3456
_HAVE_ONE = frozenset({"column", "domain", "composite_type", "range_type"})
"""The kinds of what keeps a collation, and is not simply made again."""


@dataclass(frozen=True, slots=True)
class Collation:
    """A collation; `options` as CREATE COLLATION writes them. The version of its provider is not ours to change."""

    schema: str
    name: str
    options: tuple[str, ...]

    @property
    def key(self) -> Key:
        return Key("collation", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class CollationKind(Kind[Collation]):
    name = "collation"
    rank = 15
    stored_in = ("pg_collation",)

    def query(self, major: int) -> str:
        # Before 15 the locale of ICU stood in collcollate.
        locale = "c.colllocale" if major >= 17 else "c.colliculocale" if major >= 15 else "NULL"
        rules = "c.collicurules" if major >= 16 else "NULL"
        return f"""SELECT c.oid, n.nspname, c.collname, array_remove(ARRAY[
  'PROVIDER = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
  CASE WHEN c.collprovider <> 'c' OR c.collcollate = c.collctype
    THEN 'LOCALE = ' || quote_literal(coalesce({locale}, c.collcollate)) END,
  CASE WHEN c.collprovider = 'c' AND c.collcollate <> c.collctype
    THEN 'LC_COLLATE = ' || quote_literal(c.collcollate) || ', LC_CTYPE = ' || quote_literal(c.collctype) END,
  CASE WHEN NOT c.collisdeterministic THEN 'DETERMINISTIC = false' END, 'RULES = ' || quote_literal({rules})], NULL)
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, options = row
        return ((_PG_COLLATION, oid, 0),), Collation(schema, name, tuple(options))

    def create(self, obj: Collation, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {self.identity(obj)} ({', '.join(obj.options)})",)

    def drop(self, obj: Collation) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Collation, new: Collation, before: Catalog, after: Catalog) -> Alteration | None:
        in_use = any(user.kind in _HAVE_ONE for user in before.dependents.get(old.key, ()))
        return Alteration((), swaps=True) if in_use else None

    def identity(self, obj: Collation) -> str:
        return f"COLLATION {qualified(obj.schema, obj.name)}"


KIND = CollationKind()
