"""Columns of tables (https://www.postgresql.org/docs/current/catalog-pg-attribute.html)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Key
from neon_migrate.column import Column
from neon_migrate.column_change import added, change, computed_anew, made_plain, may_differ
from neon_migrate.inheritance import (
    Left,
    as_left,
    inheriting,
    loses_expression,
    of_several_parents,
    only,
    passes_default_on,
    source_of,
    with_another_parent,
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
    Refusal,
    Row,
    builder,
)
from neon_migrate.not_null import given_name
from neon_migrate.sequence_options import SequenceOptions
from neon_migrate.sql import identifier, qualified
from neon_migrate.type_change import casts_by_itself

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.catalog import Address, Catalog

_IN_DEFAULTS = frozenset({"function", "operator", "text_search_configuration", "text_search_dictionary"})
"""The kinds of what a column depends on by its default alone."""

_column = builder(Column)


class ColumnKind(Kind[Column]):
    name = "column"
    rank = 50
    stored_in = ("pg_class.r", "pg_class.p")
    inline = True

    def query(self, major: int) -> str:
        # What few columns have comes in one array, so that the many others are short rows. A plain default speaks of no
        # column: without the table's OID Postgres need not open each table to deparse it.
        # Since 18 NOT NULL is a constraint: most say no more than that it is there.
        return f"""SELECT a.attrelid, a.attnum, ad.oid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  pg_get_expr(ad.adbin, CASE WHEN a.attgenerated = '' THEN 0 ELSE ad.adrelid END, a.attgenerated <> ''),
  CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' OR a.attcollation <> t.typcollation
    OR a.attinhcount > 0 OR c.reloftype <> 0 OR k.connoinherit OR NOT k.convalidated
    OR k.conname <> c.relname || '_' || a.attname || '_not_null' THEN ARRAY[
    a.attgenerated::text, a.attidentity::text,
    CASE WHEN a.attcollation <> t.typcollation THEN (
      SELECT quote_ident(n.nspname) || '.' || quote_ident(co.collname)
      FROM pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
    CASE WHEN a.attinhcount > 0 AND NOT a.attislocal THEN (
      SELECT i.inhparent::text FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent
      WHERE i.inhrelid = c.oid AND p.attname = a.attname AND NOT p.attisdropped ORDER BY i.inhseqno LIMIT 1) END,
    nullif(c.reloftype, 0)::text, CASE WHEN NOT k.convalidated THEN 'v' END, CASE WHEN k.connoinherit THEN 'i' END,
    nullif(k.conname, c.relname || '_' || a.attname || '_not_null')::text,
    CASE WHEN k.coninhcount = 0 THEN k.conname END] END,
  CASE WHEN a.attidentity <> '' THEN (
    SELECT ARRAY[s.seqrelid::text, s.seqtypid::regtype::text, s.seqstart::text, s.seqincrement::text, s.seqmin::text,
      s.seqmax::text, s.seqcache::text, s.seqcycle::text, r.relname::text]
    FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class r ON r.oid = d.objid
    WHERE d.refclassid = {PG_CLASS} AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.classid = {PG_CLASS}
      AND d.deptype = 'i') END
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef ad ON ad.adrelid = c.oid AND ad.adnum = a.attnum
LEFT JOIN pg_constraint k ON k.contype = 'n' AND k.conrelid = c.oid AND k.conkey[1] = a.attnum
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
                bool(rare[5]) and not rare[3],  # what is inherited is as valid as the parent's
                bool(rare[6]),
                given_name(rare[8] or ""),
                rare[7] or "",
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
        alone = "ONLY " if obj.left_to_children else ""
        return (f"ALTER TABLE {alone}{qualified(obj.schema, obj.table)} DROP COLUMN {identifier(obj.name)}",)

    def implied(self, obj: Column, after: Catalog) -> frozenset[Key]:
        sequence = obj.serial_sequence(after)
        return frozenset({sequence, sequence._replace(kind="sequence_owner")}) if sequence else frozenset()

    def alter(self, old: Column, new: Column, before: Catalog, after: Catalog) -> Alteration | None:
        left = as_left(old, new, before, after)
        found = self._altered(left, new, before, after) or _not_made_anew(new, before, after)
        return replace(found, releases=(*left.releases, *found.releases)) if found and left.releases else found

    def _altered(self, left: Left, new: Column, before: Catalog, after: Catalog) -> Alteration | None:
        old = left.column
        if old.parent is not None and old.parent == new.parent and old.parent.kind != "table":
            old = replace(old, type=new.type, collation=new.collation)  # the type's attribute changes it
        old = replace(old, type=_moved(old.type, old.key, before, after))
        if refusal := _not_retyped(old, new, before, after):
            return Alteration((), refusal=refusal)
        if old.generated and not new.generated:
            stored = replace(old, generated="stored")
            return made_plain(old, new, before, after, (*self.drop(old), *self.create(stored, after, frozenset())))
        if old.generated != new.generated:
            return None
        if new.generated and not casts_by_itself(old.type, new.type):
            return None  # Postgres takes no USING for what is computed
        if new.generated and old.default != new.default:
            return computed_anew(old, new, before, after)
        return change(old, new, before, after, retyped_by_parent=left.retyped)

    def let_go(
        self, old: Column, new: Column, needs: frozenset[Key], before: Catalog, after: Catalog
    ) -> Alteration | None:
        if old.default is None or old.generated or not all(need.kind in _IN_DEFAULTS for need in needs):
            return None
        old_source, source = source_of(old, before), source_of(new, after)
        if (
            old_source
            and source
            and (old_source.default, source.default) == (old.default, new.default)
            and passes_default_on(source, before, after)
        ):
            rest = self.alter(old, new, before, after)  # the parent's default takes this one along
            return replace(rest, frees=needs) if rest else None
        rest = self.alter(replace(old, default=None), new, before, after)
        table = f"ALTER TABLE {only(new, before, after)}{qualified(new.schema, new.table)}"
        dropped = f"{table} ALTER COLUMN {identifier(new.name)} DROP DEFAULT"
        return replace(rest, releases=(dropped, *rest.releases), frees=needs) if rest else None

    def without(self, obj: Column, needs: frozenset[Key]) -> Column | None:
        plain = obj.default is not None and not obj.generated
        return replace(obj, default=None) if plain and all(need.kind in _IN_DEFAULTS for need in needs) else None

    def create_online(self, obj: Column, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        domains = (key for key in after.depends.get(obj.key, ()) if key.kind == "domain")
        fills = obj.generated == "stored" or obj.identity or may_differ(obj.default) or any(domains)
        return added(obj.key, self.create(obj, after, frozenset())) if fills and not obj.inherited else ()

    def loses(self, obj: Column) -> str:
        return "" if obj.generated else f"column {obj.key.qualified_name} with its values"

    def identity(self, obj: Column) -> str:
        return f"COLUMN {qualified(obj.schema, obj.table, obj.name)}"


def _moved(type_: str, column: Key, before: Catalog, after: Catalog) -> str:
    """A column's type as it is called once the extension that it is of has moved to another schema."""
    for need in before.depends.get(column, ()):
        old, new = (getattr(side.objects.get(need), "schema", "") for side in (before, after))
        if need.kind == "extension" and new and type_.startswith(f"{identifier(old)}."):
            return f"{identifier(new)}.{type_.removeprefix(f'{identifier(old)}.')}"
    return type_


def _not_retyped(old: Column, new: Column, before: Catalog, after: Catalog) -> Refusal | None:
    """Why Postgres gives a column no other type or collation; None where it does, or nobody asks for one."""
    if (old.type, old.collation) == (new.type, new.collation):
        return None
    becomes = f"{new.key} can't become {new.type}{f' COLLATE {new.collation}' if new.collation else ''}"
    for key in (new.key, *inheriting(before, new.key)):
        tables: list[Any] = [side.objects.get(Key("table", key.schema, key.name)) for side in (before, after)]
        along: Any = after.objects.get(key)
        stays = along is not None and (along.type, along.collation) == (new.type, new.collation)
        if stays and key.part in tables[0].key_columns and tables[0].divided_by == tables[1].divided_by:
            return Refusal(
                f"{becomes}: {tables[0].key} is partitioned by it",
                "Postgres changes the type, or collation, of no column that a table is partitioned by.",
                f"Make a new partitioned table beside {tables[0].key.qualified_name}, move the rows there, and give it "
                "the old one's name.",
            )
    heir = with_another_parent(new.key, before, after)
    return of_several_parents(becomes, heir) if heir else None


def _not_made_anew(new: Column, before: Catalog, after: Catalog) -> Alteration | None:
    """A computed column can't be, where one that inherits it has an expression of its own, as that would go with it."""
    heir = loses_expression(new, before, after) if new.generated else None
    if heir is None:
        return None
    refusal = Refusal(
        f"{new.key} can't be computed anew: {heir} has an expression of its own",
        "The column has to be made anew, and a new one is computed in all tables that inherit it as in this one.",
        f"In a change before, detach {Key('table', heir.schema, heir.name).qualified_name}; in one after, attach it.",
    )
    return Alteration((), refusal=refusal)


def _options(row: Sequence[str]) -> SequenceOptions:
    start, increment, minimum, maximum, cache = map(int, row[1:6])
    return SequenceOptions(row[0], start, increment, minimum, maximum, cache, row[6] == "true")


KIND = ColumnKind()
