"""Sequences of their own (https://www.postgresql.org/docs/current/catalog-pg-sequence.html), not those of identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sequence_options import SequenceOptions
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence as Several


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence; who owns it is a fact of its own.

    unlogged  not written to the WAL (since 15), where that is not because it belongs to an unlogged table
    numbers   whether a column owns it, whose values tell how far it was
    """

    schema: str
    name: str
    options: SequenceOptions
    unlogged: bool = False
    numbers: bool = field(default=False, compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("sequence", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class SequenceKind(Kind[Sequence]):
    name = "sequence"
    rank = 30
    stored_in = ("pg_class.S",)

    def query(self, major: int) -> str:
        return f"""SELECT c.oid, n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
  s.seqmin, s.seqmax, s.seqcache, s.seqcycle, c.relpersistence = 'u' AND NOT EXISTS (SELECT FROM pg_depend d
    JOIN pg_class t ON t.oid = d.refobjid AND t.relpersistence = 'u'
    WHERE d.classid = {PG_CLASS} AND d.objid = c.oid AND d.deptype = 'a' AND d.refclassid = {PG_CLASS}),
  EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = {PG_CLASS} AND d.objid = c.oid AND d.deptype = 'a' AND d.refclassid = {PG_CLASS})
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND {USER_SCHEMA} AND NOT EXISTS (SELECT FROM pg_depend d
  WHERE d.classid = {PG_CLASS} AND d.objid = c.oid AND d.deptype = 'i' AND d.refclassid = {PG_CLASS})"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, *options, unlogged, numbers = row
        return ((PG_CLASS, oid, 0),), Sequence(schema, name, SequenceOptions(*options), unlogged, numbers)

    def create(self, obj: Sequence, after: Catalog, inlined: frozenset[Key]) -> Several[str]:
        type_ = f" AS {obj.options.type}" if obj.options.type != "bigint" else ""
        clauses = "".join(f" {clause}" for clause in obj.options.clauses())
        return (f"CREATE {'UNLOGGED ' if obj.unlogged else ''}{self.identity(obj)}{type_}{clauses}",)

    def drop(self, obj: Sequence) -> Several[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Sequence, new: Sequence, before: Catalog, after: Catalog) -> Alteration | None:
        name = qualified(new.schema, new.name)
        moved = old.options.moved(new.options, name)
        actions = [" ".join(old.options.changes_to(new.options))] if old.options != new.options else []
        if old.unlogged != new.unlogged:
            actions.append(f"SET {'UNLOGGED' if new.unlogged else 'LOGGED'}")
        return Alteration((*moved, *(f"ALTER SEQUENCE {name} {action}" for action in actions)))

    def loses(self, obj: Sequence) -> str:
        return "" if obj.numbers else f"position of sequence {obj.key.qualified_name}"

    def identity(self, obj: Sequence) -> str:
        return f"SEQUENCE {qualified(obj.schema, obj.name)}"


KIND = SequenceKind()
