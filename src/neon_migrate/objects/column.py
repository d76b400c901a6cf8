"""Columns of tables (https://www.postgresql.org/docs/current/catalog-pg-attribute.html)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, DatabaseObject, Key
from neon_migrate.kind import PG_ATTRDEF, PG_CLASS, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sequence_options import SequenceOptions
from neon_migrate.sql import identifier, literal, qualified
from neon_migrate.type_change import casts_by_itself, conversion, keeps_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
_REBUILT_BY_POSTGRES = frozenset(
    {"index", "unique", "primary_key", "exclusion", "check", "comment", "sequence_owner", "sequence", "grant"}
)

_PASSED_ON = ("type", "collation", "not_null", "default", "generated", "identity")


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    type       as `format_type` writes it
    default    the default or the generation expression, as Postgres deparses it; None where there is none
    generated  `stored` or `virtual`; empty for a plain column
    identity   `always` or `by default`; empty for a plain column
    collation  qualified and quoted; empty for the type's own
    identity_sequence  the name of the sequence behind an identity column, given by Postgres: no difference by itself
    position   1 for the first; the order of columns alone is no difference
    parent     the table that it is inherited from, when its own table adds nothing: it comes and goes with that one's
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
    identity_sequence: str = field(default="", compare=False, repr=False)
    position: int = field(default=0, compare=False, repr=False)
    parent: Key | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("column", self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)

    @property
    def inherited(self) -> bool:
        """Whether it comes with a parent's column, and goes with it."""
        return self.parent is not None

    @property
    def needs(self) -> frozenset[Key]:
        """What it depends on, and pg_depend does not say: the column that it is inherited from."""
        return frozenset({self.of_parent} if self.of_parent else ())

    @property
    def of_parent(self) -> Key | None:
        """The column that it is inherited from."""
        return Key("column", self.parent.schema, self.parent.name, self.name) if self.parent else None

    def as_inherited(self, source: Column) -> Column:
        """How it is when all of it comes from `source`."""
        return replace(
            self,
            type=source.type,
            not_null=source.not_null,
            default=source.default,
            generated=source.generated,
            identity=source.identity if self.identity else "",
            collation=source.collation,
        )

    def beyond_parent(self, after: Catalog) -> tuple[str, ...]:
        """SQL for another default than the parent's, or NOT NULL where that has none."""
        source = after.objects.get(self.of_parent) if self.of_parent else None
        if not isinstance(source, Column):
            return ()
        change = KIND.change(self.as_inherited(source), self, after, after)
        return (*change.releases, *change.statements)

    @property
    def place_in_table(self) -> tuple[int, int, str]:
        return 0, self.position, self.name

    def line_in_table(self, after: Catalog) -> str:
        return self.definition(after)

    def definition(self, after: Catalog) -> str:
        """The column as CREATE TABLE and ADD COLUMN write it."""
        if self.serial_sequence(after) is not None:
            return f"{identifier(self.name)} {_SERIAL[self.type]}"
        parts = [identifier(self.name), self.type]
        if self.collation:
            parts.append(f"COLLATE {self.collation}")
        if self.generated:
            parts.append(f"GENERATED ALWAYS AS ({self.default}) {self.generated.upper()}")
        elif self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.identity:
            parts.append(self.identity_clause())
        elif self.not_null:
            parts.append("NOT NULL")
        return " ".join(parts)

    def identity_clause(self) -> str:
        """GENERATED … AS IDENTITY with the options that are not the default ones."""
        clauses = self.identity_options.clauses() if self.identity_options else ()
        return f"GENERATED {self.identity.upper()} AS IDENTITY" + (f" ({' '.join(clauses)})" if clauses else "")

    def serial_sequence(self, after: Catalog) -> Key | None:
        """The sequence that writing this column as serial would make, when that is exactly the one it has."""
        name = f"{self.table}_{self.name}_seq"
        key = Key("sequence", self.schema, name)
        sequence, ownership = after.objects.get(key), after.objects.get(Key("sequence_owner", self.schema, name))
        if (
            self.type not in _SERIAL
            or not self.not_null
            or self.default != f"nextval({literal(qualified(self.schema, name)).strip()}::regclass)"
            or ownership is None
            or (self.schema, self.table, self.name) != tuple(getattr(ownership, "column", ()))
        ):
            return None
        options = getattr(sequence, "options", None)
        return key if options and options.type == self.type and not options.clauses() else None


class ColumnKind(Kind[Column]):
    name = "column"
    rank = 50
    inline = True

    def query(self, major: int) -> str:
        # What few columns have comes in one array, so that the many others are short rows. A plain default speaks of no
        # column: without the table's OID Postgres need not open each table to deparse it.
        return f"""SELECT a.attrelid, a.attnum, ad.oid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  pg_get_expr(ad.adbin, CASE WHEN a.attgenerated = '' THEN 0 ELSE ad.adrelid END, a.attgenerated <> ''),
  CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' OR a.attcollation <> t.typcollation
    OR a.attinhcount > 0 THEN ARRAY[
    a.attgenerated::text, a.attidentity::text,
    CASE WHEN a.attcollation <> t.typcollation THEN (
      SELECT quote_ident(n.nspname) || '.' || quote_ident(co.collname)
      FROM pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
    CASE WHEN a.attinhcount > 0 AND NOT a.attislocal THEN (
      SELECT i.inhparent::text FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent
      WHERE i.inhrelid = c.oid AND p.attname = a.attname AND NOT p.attisdropped ORDER BY i.inhseqno LIMIT 1) END] END,
  CASE WHEN a.attidentity <> '' THEN (
    SELECT ARRAY[s.seqrelid::text, s.seqtypid::regtype::text, s.seqstart::text, s.seqincrement::text, s.seqmin::text,
      s.seqmax::text, s.seqcache::text, s.seqcycle::text, r.relname::text]
    FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class r ON r.oid = d.objid
    WHERE d.refclassid = {PG_CLASS} AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.classid = {PG_CLASS}
      AND d.deptype = 'i') END
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef ad ON ad.adrelid = c.oid AND ad.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, number, default_oid, name, type_, not_null, default, rare, sequence = row
        table = so_far.key((PG_CLASS, oid, 0))
        if table is None:
            return None
        addresses = [(PG_CLASS, oid, number)]
        if default_oid:
            addresses.append((PG_ATTRDEF, default_oid, 0))
        if not rare:
            plain = Column(table.schema, table.name, name, type_, not_null, default, position=number)
            return tuple(addresses), plain
        if sequence:
            addresses.append((PG_CLASS, int(sequence[0]), 0))
        return tuple(addresses), Column(
            table.schema,
            table.name,
            name,
            type_,
            not_null,
            default,
            {"s": "stored", "v": "virtual"}.get(rare[0], ""),
            {"a": "always", "d": "by default"}.get(rare[1], ""),
            _options(sequence[1:]) if sequence else None,
            rare[2] or "",
            sequence[8] if sequence else "",
            number,
            so_far.key((PG_CLASS, int(rare[3]), 0)) if rare[3] else None,
        )

    def create(self, obj: Column, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        if obj.inherited:
            return obj.beyond_parent(after)
        return (f"ALTER TABLE {qualified(obj.schema, obj.table)} ADD COLUMN {obj.definition(after)}",)

    def drop(self, obj: Column) -> Sequence[str]:
        if obj.inherited:
            return ()
        return (f"ALTER TABLE {qualified(obj.schema, obj.table)} DROP COLUMN {identifier(obj.name)}",)

    def implied(self, obj: Column, after: Catalog) -> frozenset[Key]:
        sequence = obj.serial_sequence(after)
        return frozenset({sequence, sequence._replace(kind="sequence_owner")}) if sequence else frozenset()

    def alter(self, old: Column, new: Column, before: Catalog, after: Catalog) -> Alteration | None:
        old_source = before.objects.get(old.of_parent) if old.of_parent else None
        source = after.objects.get(new.of_parent) if new.of_parent else None
        if isinstance(old_source, Column) and isinstance(source, Column):
            # A change of the parent's column is one of this column too.
            changed = {
                name: getattr(source, name) for name in _PASSED_ON if getattr(source, name) != getattr(old_source, name)
            }
            old = replace(old, **changed)
        if old.generated != new.generated or (new.generated and old.default != new.default):
            if old.generated and not new.generated and old.generated == "stored" and old.type == new.type:
                return self.change(old, new, before, after, drop_expression=True)
            return None
        return self.change(old, new, before, after)

    def change(
        self, old: Column, new: Column, before: Catalog, after: Catalog, *, drop_expression: bool = False
    ) -> Alteration:
        """SQL that makes `old` into `new` where the column needs not be made anew."""
        column = f"ALTER TABLE {qualified(new.schema, new.table)} ALTER COLUMN {identifier(new.name)}"
        retyped = (old.type, old.collation) != (new.type, new.collation)
        releases: list[str] = []
        default = old.default
        if drop_expression:
            releases.append(f"{column} DROP EXPRESSION")
            default = None
        if old.identity and not new.identity:
            releases.append(f"{column} DROP IDENTITY")
        if default is not None and not new.generated and (new.default is None or retyped):
            releases.append(f"{column} DROP DEFAULT")
            default = None
        statements: list[str] = []
        if retyped:
            statements.append(f"{column} {_type_clause(old, new)}")
        if new.default is not None and not new.generated and new.default != default:
            statements.append(f"{column} SET DEFAULT {new.default}")
        if old.not_null != new.not_null:
            statements.append(f"{column} {'SET' if new.not_null else 'DROP'} NOT NULL")
        statements.extend(_identity_statements(column, old, new))
        statements.extend(_position_statements(old, new, before, after))
        narrows = old.type != new.type and not keeps_values(old.type, new.type)
        return Alteration(
            tuple(statements),
            f"values of column {new.key.qualified_name} that do not fit when {old.type} becomes {new.type}"
            if narrows
            else "",
            _disturbed(old, new) if retyped else lambda dependent: False,
            tuple(releases),
        )

    def loses(self, obj: Column) -> str:
        return "" if obj.generated else f"column {obj.key.qualified_name} with its values"

    def identity(self, obj: Column) -> str:
        return f"COLUMN {qualified(obj.schema, obj.table, obj.name)}"


def _options(row: Sequence[str]) -> SequenceOptions:
    start, increment, minimum, maximum, cache = map(int, row[1:6])
    return SequenceOptions(row[0], start, increment, minimum, maximum, cache, row[6] == "true")


def _type_clause(old: Column, new: Column) -> str:
    collation = f" COLLATE {new.collation}" if new.collation else ""
    if casts_by_itself(old.type, new.type):
        return f"TYPE {new.type}{collation}"
    return f"TYPE {new.type}{collation} USING {conversion(identifier(new.name), old.type, new.type)}"


def _identity_statements(column: str, old: Column, new: Column) -> list[str]:
    if not new.identity:
        return []
    if not old.identity:
        return [f"{column} ADD {new.identity_clause()}"]
    clauses = []
    if old.identity != new.identity:
        clauses.append(f"SET GENERATED {new.identity.upper()}")
    if old.identity_options and new.identity_options:
        clauses.extend(old.identity_options.changes_to(new.identity_options, "SET "))
    return [f"{column} {' '.join(clauses)}"] if clauses else []


def _position_statements(old: Column, new: Column, before: Catalog, after: Catalog) -> list[str]:
    """A sequence that begins to fill a column with rows goes on after the values they have."""
    table, name = qualified(new.schema, new.table), identifier(new.name)
    if new.identity and not old.identity:
        sequence = f"pg_get_serial_sequence({literal(table).strip()}, {literal(new.name).strip()})"
        return [_setval(sequence, new.identity_options, table, name)] if new.identity_options else []
    if new.default == old.default or new.generated:
        return []
    return [
        _setval(literal(qualified(key.schema, key.name)).strip(), after.objects[key].options, table, name)  # type: ignore[attr-defined]
        for key in sorted(after.depends.get(new.key, ()))
        if key.kind == "sequence" and key not in before.objects
    ]


def _setval(sequence: str, options: SequenceOptions, table: str, column: str) -> str:
    latest = f"{'max' if options.increment > 0 else 'min'}({column})"
    return f"SELECT setval({sequence}, {latest}) FROM {table} HAVING {options.range_condition(latest)}"


def _disturbed(old: Column, new: Column) -> Callable[[DatabaseObject], bool]:
    keeps = keeps_values(old.type, new.type)

    def disturbed(dependent: DatabaseObject) -> bool:
        kind = dependent.key.kind
        return kind not in _REBUILT_BY_POSTGRES and not (kind == "foreign_key" and keeps)

    return disturbed


KIND = ColumnKind()
