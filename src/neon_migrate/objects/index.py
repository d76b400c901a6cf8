"""Indexes that no constraint made (https://www.postgresql.org/docs/current/catalog-pg-index.html)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, Alteration, Found, Kind, OnlineStep, ReadSoFar, Row, Run, builder
from neon_migrate.sql import identifier, qualified
from neon_migrate.storage_parameters import parameter_actions

if TYPE_CHECKING:
    from collections.abc import Sequence

_BTREE = 403
"""The OID of the btree access method (src/include/catalog/pg_am.dat)."""

_ORDER = {"0": "", "1": " DESC NULLS LAST", "2": " NULLS FIRST", "3": " DESC"}
"""What pg_get_indexdef says of pg_index.indoption: INDOPTION_DESC is 1, INDOPTION_NULLS_FIRST 2."""

_WITH = """(SELECT ARRAY[' WITH (' || string_agg(said, ', ' ORDER BY place) || ')',
      ' WITH (' || string_agg(said, ', ' ORDER BY name COLLATE "C") || ')']
    FROM (SELECT place, name, quote_ident(name) || '='
        || CASE WHEN quote_ident(value) = value THEN value ELSE quote_literal(value) END AS said
      FROM (SELECT place, split_part(one, '=', 1) AS name, substr(one, strpos(one, '=') + 1) AS value
      FROM unnest(c.reloptions) WITH ORDINALITY AS o(one, place)) AS split) AS parameters)"""
"""What pg_get_indexdef says of storage parameters (flatten_reloptions, src/backend/utils/adt/ruleutils.c), and the same
in order of name, as their order is no difference.
"""

_BUILT = "Reads and writes go on while the index is built. CONCURRENTLY can't be in a transaction, so it is alone."
_DROPPED = "Reads and writes go on while the index is dropped. CONCURRENTLY can't be in a transaction, so it is alone."


@dataclass(frozen=True, slots=True)
class Index:
    """An index.

    definition  as `pg_get_indexdef` writes it, from ` ON ` on, its storage parameters in order of name
    valid       False when a CREATE INDEX CONCURRENTLY failed half-way: it costs writes and serves no query
    """

    schema: str
    name: str
    table: str
    unique: bool
    definition: str
    valid: bool = True
    on: str = "table"
    """The kind of what it stands on: table or materialized_view."""
    of_parent: bool = field(default=False, compare=False, repr=False)
    """Whether its table's parent gets one that makes it, or takes it over where it is there already."""
    parameters: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Its storage parameters as `name=value`, which `definition` has as well."""
    plain: str = field(default="", compare=False, repr=False)
    """`definition` without them; empty where there are none."""
    written: str = field(default="", compare=False, repr=False)
    """`definition` with them in the order in which they were given; empty where there are none."""

    @property
    def key(self) -> Key:
        return Key("index", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return Key(self.on, self.schema, self.table)

    def statement(self, *, concurrently: bool = False) -> str:
        """The CREATE INDEX that makes it; the usual method goes without saying."""
        table = qualified(self.schema, self.table)
        usual = f"{table} USING btree "
        definition = self.written or self.definition
        if definition.startswith(usual):
            definition = f"{table} {definition[len(usual) :]}"
        head = f"CREATE {'UNIQUE ' if self.unique else ''}INDEX {'CONCURRENTLY ' if concurrently else ''}"
        return f"{head}{identifier(self.name)} ON {definition}"


_index = builder(Index)


class IndexKind(Kind[Index]):
    name = "index"
    rank = 90
    stored_in = ("pg_class.i",)

    def query(self, major: int) -> str:
        # Most indexes are plain: a btree over a column or two, each with the operator class that is the default one for
        # exactly its type and its own collation. For these pg_get_indexdef, which looks through all operator classes
        # again for every column, has nothing to say that the columns' numbers don't.
        return f"""SELECT i.indexrelid, i.indrelid, c.relname, i.indisunique,
  CASE WHEN i.indnatts <= 2 AND i.indnatts = i.indnkeyatts AND NOT i.indisunique AND t.relkind = 'r'
    AND i.indexprs IS NULL AND i.indpred IS NULL AND c.reloptions IS NULL
    AND o1.opcmethod = {_BTREE} AND o1.opcdefault AND o1.opcintype = a1.atttypid
    AND i.indcollation[0] = a1.attcollation
    AND (i.indnatts = 1 OR o2.opcdefault AND o2.opcintype = a2.atttypid AND i.indcollation[1] = a2.attcollation)
    THEN NULL ELSE pg_get_indexdef(c.oid, 0, true) END, i.indkey::text, i.indoption::text, i.indisvalid, c.reloptions,
  CASE WHEN c.reloptions IS NOT NULL THEN {_WITH} END
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid AND t.relkind IN ('r', 'm')
LEFT JOIN pg_opclass o1 ON o1.oid = i.indclass[0]
LEFT JOIN pg_attribute a1 ON a1.attrelid = i.indrelid AND a1.attnum = i.indkey[0]
LEFT JOIN pg_opclass o2 ON o2.oid = i.indclass[1]
LEFT JOIN pg_attribute a2 ON a2.attrelid = i.indrelid AND a2.attnum = i.indkey[1]
WHERE c.relkind = 'i' AND i.indrelid >= 16384
  AND c.oid NOT IN (SELECT d.objid FROM pg_depend d WHERE d.classid = {PG_CLASS} AND d.deptype = 'i')"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, table_oid, name, unique, definition, numbers, options, valid, parameters, written = row
        table = so_far.key((PG_CLASS, table_oid, 0))
        if table is None:
            return None
        if definition is None:
            columns = []
            for number, option in zip(numbers.split(), options.split(), strict=True):
                column = so_far.key((PG_CLASS, table_oid, int(number)))
                if column is None:
                    return None
                columns.append(identifier(column.part) + _ORDER[option])
            definition = f"{qualified(table.schema, table.name)} USING btree ({', '.join(columns)})"
        else:
            head = f"CREATE {'UNIQUE ' if unique else ''}INDEX {identifier(name)} ON "
            definition = definition[len(head) :]
        index = _index(table.schema, name, table.name, unique, definition, valid, table.kind)
        if parameters:
            plain, in_order = (definition.replace(written[0], clause, 1) for clause in ("", written[1]))
            index = replace(
                index, definition=in_order, parameters=tuple(sorted(parameters)), plain=plain, written=definition
            )
        return ((PG_CLASS, oid, 0),), index

    def create(self, obj: Index, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return () if obj.of_parent else (obj.statement(),)

    def alter(self, old: Index, new: Index, before: Catalog, after: Catalog) -> Alteration | None:
        if replace(old, definition=old.plain or old.definition) != replace(new, definition=new.plain or new.definition):
            return None
        actions = parameter_actions(old.parameters, new.parameters)
        return Alteration(tuple(f"ALTER {self.identity(new)} {action}" for action in actions))

    def drop(self, obj: Index) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def create_online(self, obj: Index, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        return (OnlineStep((obj.statement(concurrently=True),), Run.CONCURRENTLY, _BUILT, f"create index {obj.name}"),)

    def drop_online(self, obj: Index) -> tuple[OnlineStep, ...]:
        dropped = f"DROP INDEX CONCURRENTLY {qualified(obj.schema, obj.name)}"
        return (OnlineStep((dropped,), Run.CONCURRENTLY, _DROPPED, f"drop index {obj.name}"),)

    def replace_online(self, old: Index, new: Index, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        other = replace(new, name=before.free_name(new.schema, new.name, "_new", after))
        return (
            *self.create_online(other, before, after),
            *self.drop_online(old),
            OnlineStep(tuple(self.rename(other, new)), name=f"rename index {other.name}"),
        )

    def rename(self, old: Index, new: Index) -> Sequence[str]:
        return (f"ALTER {self.identity(old)} RENAME TO {identifier(new.name)}",)

    def apart_from_name(self, obj: Index) -> object:
        return obj.schema, obj.table, obj.unique, obj.definition, obj.valid

    def identity(self, obj: Index) -> str:
        return f"INDEX {qualified(obj.schema, obj.name)}"


KIND = IndexKind()
