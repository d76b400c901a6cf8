"""A column of a table as a value (https://www.postgresql.org/docs/current/catalog-pg-attribute.html)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Key
from neon_migrate.not_null import SINCE, NotNull, name_by_itself, not_null_change
from neon_migrate.sql import identifier, literal, qualified

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog
    from neon_migrate.sequence_options import SequenceOptions

_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    type       as `format_type` writes it
    default    the default or the generation expression, as Postgres deparses it; None where there is none
    generated  `stored` or `virtual`; empty for a plain column
    identity   `always` or `by default`; empty for a plain column
    not_valid  whether NOT NULL holds for new rows only (PostgreSQL 18); of an inherited column its parent's says it
    no_inherit  whether NOT NULL is not for children (PostgreSQL 18)
    collation  qualified and quoted; empty for the type's own
    identity_sequence  the name of the sequence behind an identity column; empty where that is the parent's
    position   1 for the first; the order of columns alone is no difference
    parent     the table that it is inherited from, when its own table adds nothing: it comes and goes with that one's;
               or the type that its table is of
    left_to_children  whether it goes from its own table alone, since those that inherit it keep it as their own
    not_null_named  what NOT NULL was called, where somebody said so (PostgreSQL 18); empty for a name by Postgres
    not_null_name  what it is called, where that is not what Postgres would call it today
    """

    schema: str
    table: str
    name: str
    type: str
    not_null: bool = False
    default: str | None = None
    generated: str = ""
    identity: str = ""
    identity_options: SequenceOptions | None = None
    collation: str = ""
    not_valid: bool = False
    no_inherit: bool = False
    not_null_named: str = ""
    not_null_name: str = field(default="", compare=False, repr=False)
    identity_sequence: str = ""
    position: int = field(default=0, compare=False, repr=False)
    parent: Key | None = field(default=None, compare=False, repr=False)
    left_to_children: bool = field(default=False, compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("column", self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)

    def names_beside(self, major: int) -> tuple[str, ...]:
        """The names of what comes with it: of the sequence behind an identity, and since 18 of NOT NULL."""
        named = self.required.name if self.required and major >= SINCE else ""
        return tuple(name for name in (self.identity_sequence, named) if name)

    @property
    def inherited(self) -> bool:
        """Whether it comes with a parent's column, and goes with it."""
        return self.parent is not None

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on, and pg_depend does not say: the column that it is inherited from, or the type."""
        needed = self.of_parent or self.parent
        return frozenset({needed} if needed else ())

    @property
    def of_parent(self) -> Key | None:
        """The column that it is inherited from."""
        if self.parent is None or self.parent.kind != "table":
            return None
        return Key("column", self.parent.schema, self.parent.name, self.name)

    def as_inherited(self, source: Column) -> Column:
        """How it is when all of it comes from `source`."""
        return replace(
            self,
            type=source.type,
            not_null=source.not_null and not source.no_inherit,
            not_valid=False,
            no_inherit=False,
            default=source.default,
            generated=source.generated,
            identity=source.identity if self.identity else "",
            collation=source.collation,
        )

    def beyond_table(self, after: Catalog) -> tuple[str, ...]:
        """SQL for another default than the parent's, or NOT NULL where that has none or CREATE TABLE can't say it."""
        if self.parent is None:
            return (self.required.added(native=True),) if self.required and self.not_valid else ()
        if self.parent.kind != "table":
            return self._beyond(Column(self.schema, self.table, self.name, self.type), after)
        source = after.objects.get(self.of_parent) if self.of_parent else None
        return self._beyond(self.as_inherited(source), after) if isinstance(source, Column) else ()

    def _beyond(self, had: Column, after: Catalog) -> tuple[str, ...]:
        column = f"ALTER TABLE {qualified(self.schema, self.table)} ALTER COLUMN {identifier(self.name)}"
        given: list[str] = []
        if self.default != had.default and not self.generated:
            given.append(f"{column} SET DEFAULT {self.default}" if self.default else f"{column} DROP DEFAULT")
        given += not_null_change(had.required, self.required, native=after.major >= SINCE)
        if self.identity and not had.identity:
            given.append(f"{column} ADD {self.identity_clause()}")
        return tuple(given)

    @property
    def place_in_table(self) -> tuple[int, int, str]:
        return 0, self.position, self.name

    def line_in_table(self, after: Catalog) -> str:
        return self.definition(after)

    def definition(self, after: Catalog) -> str:
        """The column as CREATE TABLE and ADD COLUMN write it."""
        if self.serial_sequence(after) is not None:
            named = f" {self.required.line}" if self.required and self.not_null_name else ""
            return f"{identifier(self.name)} {_SERIAL[self.type]}{named}"
        parts = [identifier(self.name), self.type]
        if self.collation:
            parts.append(f"COLLATE {self.collation}")
        if self.generated:
            parts.append(f"GENERATED ALWAYS AS ({self.default}) {self.generated.upper()}")
        elif self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.identity:
            parts.append(self.identity_clause())
        if self.required and self.required.valid and (not self.identity or self.not_null_named):
            parts.append(self.required.line)
        return " ".join(parts)

    @property
    def required(self) -> NotNull | None:
        """NOT NULL of it."""
        if not self.not_null:
            return None
        name = self.not_null_name or name_by_itself(self.table, self.name)
        place = (self.schema, self.table, self.name)
        return NotNull(*place, name, self.not_null_named, not self.not_valid, self.no_inherit, bool(self.of_parent))

    def as_of(self, major: int) -> Column:
        """As a server of this major version has it: before 18 NOT NULL has no name."""
        return self if major >= SINCE else replace(self, not_null_named="")

    @property
    def given_sequence(self) -> str:
        """The name of the sequence behind an identity, where that is not the one that Postgres chooses by itself."""
        return "" if self.identity_sequence == f"{self.table}_{self.name}_seq" else self.identity_sequence

    def identity_clause(self) -> str:
        """GENERATED … AS IDENTITY with the options that are not the default ones."""
        clauses = self.identity_options.clauses() if self.identity_options else ()
        if self.given_sequence:
            clauses = (f"SEQUENCE NAME {qualified(self.schema, self.identity_sequence)}", *clauses)
        return f"GENERATED {self.identity.upper()} AS IDENTITY" + (f" ({' '.join(clauses)})" if clauses else "")

    def serial_sequence(self, after: Catalog) -> Key | None:
        """The sequence that writing this column as serial would make, when that is exactly the one it has."""
        name = f"{self.table}_{self.name}_seq"
        key = Key("sequence", self.schema, name)
        sequence, ownership = after.objects.get(key), after.objects.get(Key("sequence_owner", self.schema, name))
        if (
            self.type not in _SERIAL
            or not self.not_null
            or self.not_valid
            or self.no_inherit
            or self.default != f"nextval({literal(qualified(self.schema, name)).strip()}::regclass)"
            or ownership is None
            or (self.schema, self.table, self.name) != tuple(getattr(ownership, "column", ()))
        ):
            return None
        options = getattr(sequence, "options", None)
        plain = options and options.type == self.type and not options.clauses()
        return key if plain and not getattr(sequence, "unlogged", False) else None
