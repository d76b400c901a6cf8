"""Columns of tables (https://www.postgresql.org/docs/current/catalog-pg-attribute.html)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Address, Catalog, Key
from neon_migrate.column_change import (
    FILLED,
    added,
    changed,
    disturbed,
    may_differ,
    not_null_steps,
    setval,
    type_clause,
)
from neon_migrate.kind import (
    PG_ATTRDEF,
    PG_CLASS,
    PG_TYPE,
    Alteration,
    Found,
    Kind,
    OnlineStep,
    ReadSoFar,
    Row,
    Run,
    builder,
)
from neon_migrate.sequence_options import SequenceOptions
from neon_migrate.sql import identifier, literal, qualified
from neon_migrate.type_change import keeps_file, keeps_values

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
_READ = "Reads the rows that are there, for NOT NULL."

_PASSED_ON = ("type", "collation", "default", "generated", "identity")


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
    identity_sequence  the name of the sequence behind an identity column, given by Postgres: no difference by itself
    position   1 for the first; the order of columns alone is no difference
    parent     the table that it is inherited from, when its own table adds nothing: it comes and goes with that one's;
               or the type that its table is of
    left_to_children  whether it goes from its own table alone, since those that inherit it keep it as their own
    not_null_name  the name of NOT NULL, where it is not valid or not inherited: Postgres gives one to each since 18
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
    not_null_name: str = field(default="", compare=False, repr=False)
    identity_sequence: str = field(default="", compare=False, repr=False)
    position: int = field(default=0, compare=False, repr=False)
    parent: Key | None = field(default=None, compare=False, repr=False)
    left_to_children: bool = field(default=False, compare=False, repr=False)

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
            return self.not_null_statements(replace(self, not_null=False)) if self.not_valid else ()
        if self.parent.kind != "table":
            change = KIND.change(Column(self.schema, self.table, self.name, self.type), self, after, after)
            return change.statements
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
        elif self.not_null and not self.not_valid:
            parts.append("NOT NULL NO INHERIT" if self.no_inherit else "NOT NULL")
        return " ".join(parts)

    def not_null_statements(self, old: Column) -> tuple[str, ...]:
        """SQL that makes NOT NULL of `old`, which may have none, what it is here."""
        if (old.not_null, old.not_valid, old.no_inherit) == (self.not_null, self.not_valid, self.no_inherit):
            return ()
        table = f"ALTER TABLE {qualified(self.schema, self.table)}"
        column = f"{table} ALTER COLUMN {identifier(self.name)}"
        if not self.not_null:
            return (f"{column} DROP NOT NULL",)
        plain = not self.not_valid and not self.no_inherit
        if old.not_null and old.not_valid and not self.not_valid and old.no_inherit == self.no_inherit:
            return (f"{table} VALIDATE CONSTRAINT {identifier(old.not_null_name)}",)
        if old.not_null and old.no_inherit and plain and not old.not_valid:
            return (f"{table} ALTER CONSTRAINT {identifier(old.not_null_name)} INHERIT",)
        given_up = (f"{column} DROP NOT NULL",) if old.not_null else ()
        if plain:
            return (*given_up, f"{column} SET NOT NULL")
        clauses = f"{' NO INHERIT' if self.no_inherit else ''}{' NOT VALID' if self.not_valid else ''}"
        name = identifier(self.not_null_name)
        return (*given_up, f"{table} ADD CONSTRAINT {name} NOT NULL {identifier(self.name)}{clauses}")

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


_column = builder(Column)


class ColumnKind(Kind[Column]):
    name = "column"
    rank = 50
    stored_in = ("pg_class.r", "pg_class.p")
    inline = True

    def query(self, major: int) -> str:
        # What few columns have comes in one array, so that the many others are short rows. A plain default speaks of no
        # column: without the table's OID Postgres need not open each table to deparse it.
        # Since 18 NOT NULL is a constraint; only those that earlier versions could not have are looked at.
        unusual = "contype = 'n' AND (connoinherit OR NOT convalidated)" if major >= 18 else "false"
        return f"""SELECT a.attrelid, a.attnum, ad.oid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  pg_get_expr(ad.adbin, CASE WHEN a.attgenerated = '' THEN 0 ELSE ad.adrelid END, a.attgenerated <> ''),
  CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' OR a.attcollation <> t.typcollation
    OR a.attinhcount > 0 OR c.reloftype <> 0 OR (a.attnotnull AND c.oid IN (
      SELECT conrelid FROM pg_constraint WHERE {unusual})) THEN ARRAY[
    a.attgenerated::text, a.attidentity::text,
    CASE WHEN a.attcollation <> t.typcollation THEN (
      SELECT quote_ident(n.nspname) || '.' || quote_ident(co.collname)
      FROM pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
    CASE WHEN a.attinhcount > 0 AND NOT a.attislocal THEN (
      SELECT i.inhparent::text FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent
      WHERE i.inhrelid = c.oid AND p.attname = a.attname AND NOT p.attisdropped ORDER BY i.inhseqno LIMIT 1) END,
    nullif(c.reloftype, 0)::text] || (SELECT ARRAY[CASE WHEN convalidated THEN '' ELSE 'v' END,
      CASE WHEN connoinherit THEN 'i' ELSE '' END, conname::text]
    FROM pg_constraint WHERE conrelid = c.oid AND conkey = ARRAY[a.attnum] AND {unusual}) END,
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
        addresses: tuple[Address, ...] = ((PG_CLASS, oid, number),)
        if default_oid:
            addresses += ((PG_ATTRDEF, default_oid, 0),)
        if not rare:
            return addresses, _column(table.schema, table.name, name, type_, not_null, default, position=number)
        if sequence:
            addresses += ((PG_CLASS, int(sequence[0]), 0),)
        return (
            addresses,
            _column(
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
                "v" in rare[5:6] and not rare[3],  # what is inherited is as valid as the parent's
                "i" in rare[6:7],
                rare[7] if rare[7:] else "",
                sequence[8] if sequence else "",
                number,
                so_far.key((PG_CLASS, int(rare[3]), 0)) if rare[3] else so_far.key((PG_TYPE, int(rare[4] or 0), 0)),
            ),
        )

    def create(self, obj: Column, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        if obj.inherited:
            return obj.beyond_table(after)
        added = f"ALTER TABLE {qualified(obj.schema, obj.table)} ADD COLUMN {obj.definition(after)}"
        return (added, *obj.beyond_table(after))

    def drop(self, obj: Column) -> Sequence[str]:
        if obj.inherited:
            return ()
        only = "ONLY " if obj.left_to_children else ""
        return (f"ALTER TABLE {only}{qualified(obj.schema, obj.table)} DROP COLUMN {identifier(obj.name)}",)

    def implied(self, obj: Column, after: Catalog) -> frozenset[Key]:
        sequence = obj.serial_sequence(after)
        return frozenset({sequence, sequence._replace(kind="sequence_owner")}) if sequence else frozenset()

    def alter(self, old: Column, new: Column, before: Catalog, after: Catalog) -> Alteration | None:
        old_source = before.objects.get(old.of_parent) if old.of_parent else None
        source = after.objects.get(new.of_parent) if new.of_parent else None
        if isinstance(old_source, Column) and isinstance(source, Column) and old.of_parent == new.of_parent:
            # A change of the parent's column is one of this column too.
            changed = {
                name: getattr(source, name) for name in _PASSED_ON if getattr(source, name) != getattr(old_source, name)
            }
            passed_on = source.not_null and not source.no_inherit
            if passed_on != (old_source.not_null and not old_source.no_inherit):
                changed["not_null"] = passed_on
            old = replace(old, **changed)
        if old.parent is not None and old.parent == new.parent and old.parent.kind != "table":
            old = replace(old, type=new.type, collation=new.collation)  # the type's attribute changes it
        if old.generated and not new.generated:
            return self._made_plain(old, new, before, after)
        if old.generated != new.generated:
            return None
        if new.generated and old.default != new.default:
            return self._computed_anew(old, new, before)
        return self.change(old, new, before, after)

    def _made_plain(self, old: Column, new: Column, before: Catalog, after: Catalog) -> Alteration:
        """A computed column keeps its values; a virtual one, which has none, gets them as a stored one first."""
        column = f"ALTER TABLE {qualified(new.schema, new.table)} ALTER COLUMN {identifier(new.name)}"
        expression_dropped = f"{column} DROP EXPRESSION"
        change = self.change(replace(old, generated="", default=None), new, before, after)
        if old.generated == "stored":
            return replace(change, releases=(expression_dropped, *change.releases))
        stored = (*self.drop(old), *self.create(replace(old, generated="stored"), after, frozenset()))
        statements = (*stored, expression_dropped, *change.statements)
        return replace(
            change,
            statements=statements,
            disturbs=lambda dependent: True,
            online=(OnlineStep(statements, Run.LONG, FILLED, f"fill {new.name} of {new.table}"),),
        )

    def _computed_anew(self, old: Column, new: Column, before: Catalog) -> Alteration | None:
        """Another expression, where Postgres can give a column one (since 17) and nothing else changes."""
        if before.major < 17 or new.generated != "stored" or replace(old, default=new.default) != new:
            return None
        table = f"ALTER TABLE {qualified(new.schema, new.table)}"
        statements = (f"{table} ALTER COLUMN {identifier(new.name)} SET EXPRESSION AS ({new.default})",)
        return Alteration(statements, online=(OnlineStep(statements, Run.LONG, FILLED, f"compute {new.name} anew"),))

    def change(self, old: Column, new: Column, before: Catalog, after: Catalog) -> Alteration:
        """SQL that makes `old` into `new` where the column needs not be made anew."""
        name = identifier(new.name)
        column = f"ALTER TABLE {qualified(new.schema, new.table)} ALTER COLUMN {name}"
        retyped = (old.type, old.collation) != (new.type, new.collation)
        releases: list[str] = []
        default = old.default
        if old.identity and not new.identity:
            releases.append(f"{column} DROP IDENTITY")
        if default is not None and not new.generated and (new.default is None or retyped):
            releases.append(f"{column} DROP DEFAULT")
            default = None
        statements: list[str] = []
        if retyped:
            statements.append(f"{column} {type_clause(name, old.type, new.type, new.collation)}")
        if new.default is not None and not new.generated and new.default != default:
            statements.append(f"{column} SET DEFAULT {new.default}")
            # Before anybody else can insert a row: SET DEFAULT locks the table until both are committed.
            statements.extend(_positions_of_default(new, before, after))
        rest = _identity_statements(column, old, new)
        rewrites = retyped and not _keeps_file(old, new, before)
        online = changed(new.key, statements, _becoming_not_null(old, new, before, after), rest, rewrites=rewrites)
        statements.extend((*new.not_null_statements(old), *rest))
        narrows = old.type != new.type and not keeps_values(old.type, new.type)
        return Alteration(
            tuple(statements),
            f"values of column {new.key.qualified_name} that do not fit when {old.type} becomes {new.type}"
            if narrows
            else "",
            disturbed(old.type, new.type) if retyped else lambda dependent: False,
            tuple(releases),
            online,
        )

    def create_online(self, obj: Column, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        domains = (key for key in after.depends.get(obj.key, ()) if key.kind == "domain")
        fills = obj.generated == "stored" or obj.identity or may_differ(obj.default) or any(domains)
        return added(obj.key, self.create(obj, after, frozenset())) if fills and not obj.inherited else ()

    def loses(self, obj: Column) -> str:
        return "" if obj.generated else f"column {obj.key.qualified_name} with its values"

    def identity(self, obj: Column) -> str:
        return f"COLUMN {qualified(obj.schema, obj.table, obj.name)}"


def _keeps_file(old: Column, new: Column, before: Catalog) -> bool:
    checks = (key for key in before.dependents.get(old.key, ()) if key.kind == "check")
    return keeps_file(old.type, new.type) and old.collation == new.collation and not any(checks)


def _becoming_not_null(old: Column, new: Column, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
    statements = new.not_null_statements(old)
    if not statements or not new.not_null or new.not_valid:
        return (OnlineStep(statements),) if statements else ()
    takes_parent = new.of_parent not in (None, old.of_parent)  # which accepts no child whose NOT NULL is NOT VALID
    if not old.not_null and not new.no_inherit and not takes_parent:
        return not_null_steps(new.key, before, after)
    validates = len(statements) == 1 and not takes_parent
    return (OnlineStep(statements, Run.VALIDATING if validates else Run.LONG, _READ),)


def _options(row: Sequence[str]) -> SequenceOptions:
    start, increment, minimum, maximum, cache = map(int, row[1:6])
    return SequenceOptions(row[0], start, increment, minimum, maximum, cache, row[6] == "true")


def _identity_statements(column: str, old: Column, new: Column) -> list[str]:
    if not new.identity:
        return []
    if not old.identity:
        added = f"{column} ADD {new.identity_clause()}"
        table = qualified(new.schema, new.table)
        sequence = f"pg_get_serial_sequence({literal(table).strip()}, {literal(new.name).strip()})"
        options = new.identity_options
        return [added, setval(sequence, options, table, identifier(new.name))] if options else [added]
    clauses = []
    if old.identity != new.identity:
        clauses.append(f"SET GENERATED {new.identity.upper()}")
    if old.identity_options and new.identity_options:
        clauses.extend(old.identity_options.changes_to(new.identity_options, "SET "))
    return [f"{column} {' '.join(clauses)}"] if clauses else []


def _positions_of_default(new: Column, before: Catalog, after: Catalog) -> list[str]:
    """A new sequence that begins to fill a column with rows goes on after the values they have."""
    table, name = qualified(new.schema, new.table), identifier(new.name)
    return [
        setval(literal(qualified(key.schema, key.name)).strip(), after.objects[key].options, table, name)  # type: ignore[attr-defined]
        for key in sorted(after.depends.get(new.key, ()))
        if key.kind == "sequence" and key not in before.objects
    ]


KIND = ColumnKind()
