"""Comments on objects of any kind (https://www.postgresql.org/docs/current/catalog-pg-description.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import (
    PG_CLASS,
    PG_CONSTRAINT,
    PG_EXTENSION,
    PG_TRIGGER,
    PG_TYPE,
    Alteration,
    Found,
    Kind,
    ReadSoFar,
    Row,
)
from neon_migrate.sql import identifier, literal, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_PUBLIC = "standard public schema"
"""What initdb says of schema public."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment.

    on        the object, or the one that has it: a view's for its column, a constraint for its index, a column for its
              NOT NULL, a partition for its copy of a trigger
    identity  how COMMENT ON names what it is about
    inside    what of `on` it is about: the name of a column or of a domain's check, `index`, `sequence` for the one
              behind an identity, `not null`, or `trigger` and its name; empty for all of it
    source    the trigger that it is about a copy of
    """

    on: Key
    identity: str = field(compare=False, repr=False)
    text: str
    inside: str = ""
    source: Key | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> Key:
        part = " ".join(word for word in (self.on.part, self.inside) if word)
        return Key("comment", self.on.schema, f"{self.on.kind} {self.on.name}", part)

    @property
    def owner(self) -> Key | None:
        return self.on

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend does not say."""
        return frozenset({self.on, *([self.source] if self.source else [])})


class CommentKind(Kind[Comment]):
    name = "comment"
    rank = 1000
    overwrites = True
    facts_in = "pg_description"

    def query(self, major: int) -> str:
        # initdb's own comments are nobody's change, nor are those that extensions bring along; a user's object has an
        # OID of 16384 or more, but schema public has not.
        return f"""SELECT d.classoid, d.objoid, d.objsubid, d.description, c.oid::regclass::text, a.attname::text,
  quote_ident(a.attname), c.reltype, k.oid, o.conname, nullif(o.contypid, 0),
  coalesce(i.refobjid, nullif(o.conrelid, 0), t.tgrelid), coalesce(i.refobjsubid, o.conkey[1], 0), t.tgname, (
    SELECT r.oid FROM pg_trigger r
    WHERE r.tgrelid IN (SELECT pg_partition_ancestors(t.tgrelid)) AND r.tgname = t.tgname AND r.tgparentid = 0)
FROM pg_description d
LEFT JOIN pg_class c ON d.classoid = {PG_CLASS} AND c.oid = d.objoid
  AND c.relkind IN ('v', 'm', 'c', 'f', 'i', 'I', 'S')
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_constraint o ON d.classoid = {PG_CONSTRAINT} AND o.oid = d.objoid
  AND (o.contypid <> 0 OR o.contype = 'n')
LEFT JOIN pg_trigger t ON d.classoid = {PG_TRIGGER} AND t.oid = d.objoid AND t.tgparentid <> 0
LEFT JOIN pg_depend i ON c.relkind = 'S' AND i.classid = {PG_CLASS} AND i.objid = c.oid AND i.deptype = 'i'
  AND i.refclassid = {PG_CLASS} AND i.refobjsubid > 0
WHERE d.objoid >= 16384 AND d.classoid <> {PG_EXTENSION}
UNION ALL SELECT d.classoid, d.objoid, d.objsubid, d.description, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL
FROM pg_description d
JOIN pg_namespace n ON n.oid = d.objoid AND d.classoid = 'pg_namespace'::regclass
WHERE n.nspname = 'public' AND d.description <> '{_PUBLIC}'"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        classid, oid, subid, text, relation, column, quoted, row_type, index_of, constraint, domain, *of_table = row
        on = so_far.key((classid, oid, subid))
        if on is not None:
            return (), Comment(on, so_far.identity(on), text)
        if quoted is not None:
            on = so_far.key((PG_CLASS, oid, 0)) or so_far.key((PG_TYPE, row_type, 0))
            return ((), Comment(on, f"COLUMN {relation}.{quoted}", text, column)) if on else None
        if domain is not None:
            on = so_far.key((PG_TYPE, domain, 0))
            named = f"CONSTRAINT {identifier(constraint)} ON {so_far.identity(on)}" if on else ""
            return ((), Comment(on, named, text, constraint)) if on else None
        if of_table[0] is not None:
            return _of_a_table(so_far, text, relation, constraint, *of_table)
        on = so_far.key((PG_CONSTRAINT, index_of, 0)) if index_of else None
        return ((), Comment(on, f"INDEX {relation}", text, "index")) if on else None

    def create(self, obj: Comment, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"{self.identity(obj)} IS {literal(obj.text).strip()}",)

    def drop(self, obj: Comment) -> Sequence[str]:
        usual = literal(_PUBLIC).strip() if obj.on == Key("schema", "", "public") else "NULL"
        return (f"{self.identity(obj)} IS {usual}",)

    def alter(self, old: Comment, new: Comment, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration(tuple(self.create(new, after, frozenset())))

    def identity(self, obj: Comment) -> str:
        return f"COMMENT ON {obj.identity}"


def _of_a_table(
    so_far: ReadSoFar,
    text: str,
    relation: str | None,
    constraint: str,
    table: int,
    column: int,
    trigger: str,
    copied: int,
) -> Found | None:
    """What is said of the sequence of an identity column, of NOT NULL, or of a partition's copy of a trigger."""
    on = so_far.key((PG_CLASS, table, column))
    if on is None:
        return None
    if relation is not None:
        return (), Comment(on, f"SEQUENCE {relation}", text, "sequence")
    of_table = f"ON {qualified(on.schema, on.name)}"
    if trigger is None:
        return (), Comment(on, f"CONSTRAINT {identifier(constraint)} {of_table}", text, "not null")
    source = so_far.key((PG_TRIGGER, copied, 0))
    return (), Comment(on, f"TRIGGER {identifier(trigger)} {of_table}", text, f"trigger {trigger}", source)


KIND = CommentKind()
