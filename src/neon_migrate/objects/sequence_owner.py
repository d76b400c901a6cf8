"""Which column a sequence goes away with (OWNED BY): a fact apart, as the column's default needs the sequence first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence as Several


@dataclass(frozen=True, slots=True)
class SequenceOwner:
    """Sequence `schema.name` goes away with `column`, given as schema, table and column name."""

    schema: str
    name: str
    column: tuple[str, str, str]

    @property
    def key(self) -> Key:
        return Key("sequence_owner", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return Key("sequence", self.schema, self.name)

    @property
    def carried(self) -> tuple[Key, Key]:
        """The sequence, and the column that it goes away with."""
        return Key("sequence", self.schema, self.name), Key("column", *self.column)

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: both ends."""
        return frozenset(self.carried)


class SequenceOwnerKind(Kind[SequenceOwner]):
    name = "sequence_owner"
    rank = 60
    stored_in = ("pg_class.S",)

    def query(self, major: int) -> str:
        return f"""SELECT n.nspname, c.relname, tn.nspname, t.relname, a.attname
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend d ON d.classid = {PG_CLASS} AND d.objid = c.oid AND d.deptype = 'a' AND d.refclassid = {PG_CLASS}
JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE c.relpersistence <> 't' AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        return (), SequenceOwner(row[0], row[1], (row[2], row[3], row[4]))

    def create(self, obj: SequenceOwner, after: Catalog, inlined: frozenset[Key]) -> Several[str]:
        return (f"ALTER SEQUENCE {qualified(obj.schema, obj.name)} OWNED BY {qualified(*obj.column)}",)

    def drop(self, obj: SequenceOwner) -> Several[str]:
        return (f"ALTER SEQUENCE {qualified(obj.schema, obj.name)} OWNED BY NONE",)

    def alter(self, old: SequenceOwner, new: SequenceOwner, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration(tuple(self.create(new, after, frozenset())))

    def identity(self, obj: SequenceOwner) -> str:
        return f"SEQUENCE {qualified(obj.schema, obj.name)}"


KIND = SequenceOwnerKind()
