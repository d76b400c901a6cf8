"""What kinds have in common whose objects one CREATE statement says all of, and no ALTER changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import Alteration, Found, Kind, ReadSoFar, Row

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Defined:
    """An object.

    written     its name as SQL, qualified
    prefix      what CREATE says before the noun, such as DEFAULT or TRUSTED; empty for nothing
    definition  what CREATE says after the name
    """

    kind: str
    schema: str
    name: str
    prefix: str
    definition: str
    written: str = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key(self.kind, self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class DefinedKind(Kind[Defined]):
    """One sort of them.

    classid   of the system catalog `stored_in`
    rows      SELECT of OID, schema (or an empty text), name, name as SQL, prefix and definition
    replaces  whether there is a CREATE OR REPLACE
    """

    def __init__(
        self, name: str, rank: int, classid: int, stored_in: str, rows: str, *, replaces: bool = False
    ) -> None:
        self.name = name
        self.rank = rank
        self.classid = classid
        self.stored_in = (stored_in,)
        self.rows = rows
        self.replaces = replaces
        self.noun = name.replace("_", " ").upper()

    def query(self, major: int) -> str:
        return self.rows

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, written, prefix, definition = row
        return ((self.classid, oid, 0),), Defined(self.name, schema, name, prefix, definition, written)

    def create(self, obj: Defined, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {self._definition(obj)}",)

    def drop(self, obj: Defined) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Defined, new: Defined, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration((f"CREATE OR REPLACE {self._definition(new)}",)) if self.replaces else None

    def identity(self, obj: Defined) -> str:
        return f"{self.noun} {obj.written}"

    def _definition(self, obj: Defined) -> str:
        return f"{obj.prefix + ' ' if obj.prefix else ''}{self.identity(obj)} {obj.definition}"
