"""Comments on objects of any kind (https://www.postgresql.org/docs/current/catalog-pg-description.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_EXTENSION, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import literal

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; `identity` is how COMMENT ON names its object."""

    on: Key
    identity: str
    text: str

    @property
    def key(self) -> Key:
        return Key("comment", self.on.schema, f"{self.on.kind} {self.on.name}", self.on.part)

    @property
    def owner(self) -> Key | None:
        return self.on

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on: pg_depend does not say."""
        return frozenset({self.on})


class CommentKind(Kind[Comment]):
    name = "comment"
    rank = 1000
    overwrites = True

    def query(self, major: int) -> str:
        # initdb's own comments are nobody's change, nor are those that extensions bring along; a user's object has an
        # OID of 16384 or more, but schema public has not.
        return f"""SELECT d.classoid, d.objoid, d.objsubid, d.description FROM pg_description d
WHERE d.objoid >= 16384 AND d.classoid <> {PG_EXTENSION}
UNION ALL SELECT d.classoid, d.objoid, d.objsubid, d.description FROM pg_description d
JOIN pg_namespace n ON n.oid = d.objoid AND d.classoid = 'pg_namespace'::regclass
WHERE n.nspname = 'public' AND d.description <> 'standard public schema'"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        target = so_far.key((row[0], row[1], row[2]))
        return ((), Comment(target, so_far.identity(target), row[3])) if target else None

    def create(self, obj: Comment, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"{self.identity(obj)} IS {literal(obj.text).strip()}",)

    def drop(self, obj: Comment) -> Sequence[str]:
        return (f"{self.identity(obj)} IS NULL",)

    def alter(self, old: Comment, new: Comment, before: Catalog, after: Catalog) -> Alteration | None:
        return Alteration(tuple(self.create(new, after, frozenset())))

    def identity(self, obj: Comment) -> str:
        return f"COMMENT ON {obj.identity}"


KIND = CommentKind()
