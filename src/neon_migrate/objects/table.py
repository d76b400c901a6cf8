"""Tables (https://www.postgresql.org/docs/current/catalog-pg-class.html), without their columns.

Partitioned tables, partitions and tables that inherit are among them:
https://www.postgresql.org/docs/current/ddl-partitioning.html, https://www.postgresql.org/docs/current/ddl-inherit.html.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import (
    PG_CLASS,
    PG_TYPE,
    USER_SCHEMA,
    Alteration,
    Found,
    Inheriting,
    Inlined,
    Kind,
    OnlineStep,
    ReadSoFar,
    Row,
    Run,
)
from neon_migrate.sql import qualified
from neon_migrate.storage_parameters import parameter_actions, parameter_list

if TYPE_CHECKING:
    from collections.abc import Sequence

_ATTACHED = "Reads the partition's rows, unless a check says that they are within its bound, while nobody can use it."
_REWRITTEN = "Rewrites the table while nobody can use it: by itself, so that nothing else waits for it."

_READS_DEFAULT = "Reads the default partition, to see that no row belongs in the new one, while nobody can use it."
_DEFAULT = "DEFAULT"
_CONSTRAINTS = frozenset({"primary_key", "unique", "exclusion", "foreign_key", "check"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table without its columns.

    unlogged    not written to the WAL, so empty after a crash
    parameters  storage parameters as `name=value` (pg_class.reloptions)
    divided_by  of a partitioned table: how and by what, as `pg_get_partkeydef` writes it
    parents     schema and name of the tables that it inherits from or is a partition of, sorted: their order is that of
                its columns, and no difference
    bound       of a partition: FOR VALUES … or DEFAULT
    of_type     the composite type that it has its columns from, qualified and quoted; empty for none
    key_columns  of a partitioned table: the columns that it is divided by, also within an expression
    brought     what its parents' keys, indexes and checks made on it, which it keeps when it leaves them: sort
                (pg_constraint.contype or pg_class.relkind), name, definition, and UNIQUE for such an index
    inherits    `parents` in the order in which it is made with them
    """

    schema: str
    name: str
    unlogged: bool = False
    parameters: tuple[str, ...] = ()
    divided_by: str = ""
    parents: tuple[tuple[str, str], ...] = ()
    bound: str = ""
    of_type: str = ""
    brought: tuple[tuple[str, str, str, str], ...] = field(default=(), compare=False, repr=False)
    key_columns: tuple[str, ...] = field(default=(), compare=False, repr=False)
    inherits: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)

    def names_beside(self, major: int) -> tuple[str, ...]:
        """The names of what its parents' keys, indexes and checks made on it."""
        return tuple(name for _, name, *_ in self.brought)

    @property
    def plain(self) -> bool:
        """Whether its rows and columns are its own: it is not partitioned, has no parents, is not of a type."""
        return not self.divided_by and not self.parents and not self.of_type

    @property
    def key(self) -> Key:
        return Key("table", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class TableKind(Kind[Table]):
    name = "table"
    rank = 40
    stored_in = ("pg_class.r", "pg_class.p")

    def query(self, major: int) -> str:
        return f"""SELECT c.oid, c.reltype, t.typarray, n.nspname, c.relname, c.relpersistence = 'u',
  coalesce(c.reloptions, '{{}}') || coalesce((SELECT array_agg('toast.' || option)
    FROM pg_class x, unnest(x.reloptions) AS option WHERE x.oid = c.reltoastrelid), '{{}}'),
  CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) ELSE '' END,
  CASE WHEN c.relkind = 'p' THEN ARRAY(SELECT a.attname::text FROM pg_depend d JOIN pg_attribute a ON a.attrelid = c.oid
    AND a.attnum = d.objsubid WHERE d.classid = {PG_CLASS} AND d.objid = c.oid AND d.objsubid > 0 AND d.deptype = 'i'
    AND d.refclassid = {PG_CLASS} AND d.refobjid = c.oid AND d.refobjsubid = 0 ORDER BY a.attnum) END,
  CASE WHEN i.inhrelid IS NOT NULL THEN ARRAY(SELECT ARRAY[pn.nspname, p.relname]::text[]
    FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE h.inhrelid = c.oid ORDER BY h.inhseqno) END,
  coalesce(pg_get_expr(c.relpartbound, c.oid), ''),
  CASE WHEN c.reloftype = 0 THEN '' ELSE format_type(c.reloftype, NULL) END,
  CASE WHEN i.inhrelid IS NOT NULL THEN ARRAY(
    SELECT ARRAY[o.contype::text, o.conname::text, pg_get_constraintdef(o.oid, true), ''] FROM pg_constraint o
    WHERE o.conrelid = c.oid AND (o.contype IN ('p', 'u', 'x', 'f') AND o.conparentid <> 0
      OR o.contype = 'c' AND NOT o.conislocal AND o.coninhcount > 0)
    UNION ALL
    SELECT ARRAY[x.relkind::text, x.relname::text, pg_get_indexdef(x.oid, 0, true),
      CASE WHEN d.indisunique THEN 'UNIQUE ' ELSE '' END]
    FROM pg_index d JOIN pg_class x ON x.oid = d.indexrelid
    WHERE d.indrelid = c.oid AND x.relispartition AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = x.oid)
  ) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_type t ON t.oid = c.reltype
LEFT JOIN (SELECT DISTINCT inhrelid FROM pg_inherits) i ON i.inhrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, row_type, array_type, schema, name, unlogged, parameters, divided_by, keys, *rest = row
        parents, bound, of_type, brought = rest
        addresses = ((PG_CLASS, oid, 0), (PG_TYPE, row_type, 0), (PG_TYPE, array_type, 0))
        named = tuple((parent[0], parent[1]) for parent in parents or ())
        settings, divided = tuple(sorted(parameters)), tuple(keys or ())
        parts = tuple((one[0], one[1], one[2], one[3]) for one in brought or ())
        above = tuple(sorted(named))
        table = Table(schema, name, unlogged, settings, divided_by, above, bound, of_type, parts, divided, named)
        return addresses, table

    def create(self, obj: Table, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        parts = [after.objects[key] for key in after.owned.get(obj.key, ()) if key in inlined]
        own = [part for part in parts if isinstance(part, Inlined) and not getattr(part, "inherited", False)]
        lines = [f"    {part.line_in_table(after)}" for part in sorted(own, key=lambda part: part.place_in_table)]
        body = " (\n" + ",\n".join(lines) + "\n)" if lines else "" if obj.bound or obj.of_type else " ()"
        parameters = f" WITH ({parameter_list(obj.parameters)})" if obj.parameters else ""
        unlogged = "UNLOGGED " if obj.unlogged else ""
        table = f"CREATE {unlogged}TABLE {qualified(obj.schema, obj.name)}"
        parents = ", ".join(qualified(*parent) for parent in obj.inherits or obj.parents)
        if obj.of_type:
            table = f"{table} OF {obj.of_type}{body}"
        elif obj.bound:
            table = f"{table} PARTITION OF {parents}{body} {obj.bound}"
        else:
            table = f"{table}{body} INHERITS ({parents})" if parents else f"{table}{body}"
        divided = f" PARTITION BY {obj.divided_by}" if obj.divided_by else ""
        beyond = (sql for part in parts if isinstance(part, Inheriting) for sql in part.beyond_table(after))
        return (f"{table}{divided}{parameters}", *beyond)

    def create_online(self, obj: Table, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        siblings = [table for table in before.of_kind("table") if isinstance(table, Table) and table.bound]
        siblings = [table for table in siblings if table.parents == obj.parents]
        all_stay = all(after.objects.get(table.key) == table for table in siblings)
        parts = after.owned.get(obj.key, ())
        if (
            not obj.bound
            or not any(table.bound == _DEFAULT for table in siblings)
            or not all_stay  # what gets their rows now must not leave them to the default partition meanwhile
            or any(key.kind in _CONSTRAINTS for key in parts)
        ):
            return ()
        made = tuple(self.create(obj, after, frozenset(parts)))
        return (OnlineStep(made, Run.LONG, _READS_DEFAULT, f"create table {obj.name}"),)

    def drop(self, obj: Table) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Table, new: Table, before: Catalog, after: Catalog) -> Alteration | None:
        if old.divided_by != new.divided_by:
            return None
        lasting = lasting_parents(old, new, before, after)
        anew = frozenset(old.parents) & frozenset(new.parents) - lasting
        releases, attached = _parents_changed(old, new, lasting)
        table = self.identity(new)
        statements = attached
        if old.of_type != new.of_type:
            given, what = (statements, f"OF {new.of_type}") if new.of_type else (releases, "NOT OF")
            given.append(f"ALTER {table} {what}")
        if old.unlogged != new.unlogged:
            statements.append(f"ALTER {table} SET {'UNLOGGED' if new.unlogged else 'LOGGED'}")
        statements += [f"ALTER {table} {action}" for action in parameter_actions(old.parameters, new.parameters)]
        attaches = bool(new.bound) and (old.bound != new.bound or bool(set(new.parents) - lasting))
        return Alteration(
            tuple(statements),
            releases=tuple(releases),
            online=_online(old, new, statements, attaches=attaches),
            frees=frozenset(Key("table", *parent) for parent in anew),
        )

    def loses(self, obj: Table) -> str:
        return f"table {obj.key.qualified_name} with all its rows"

    def identity(self, obj: Table) -> str:
        return f"TABLE {qualified(obj.schema, obj.name)}"


def lasting_parents(old: Table, new: Table, before: Catalog, after: Catalog) -> frozenset[tuple[str, str]]:
    """The parents that a table has before and after, less those that are made anew: partitioned by something else."""
    both = frozenset(old.parents) & frozenset(new.parents)
    return frozenset(parent for parent in both if _divided_by(parent, before) == _divided_by(parent, after))


def _divided_by(table: tuple[str, str], catalog: Catalog) -> object:
    return getattr(catalog.objects.get(Key("table", *table)), "divided_by", "")


def _online(old: Table, new: Table, statements: Sequence[str], *, attaches: bool) -> tuple[OnlineStep, ...]:
    """All at once, but by itself where rows are written anew or read: new rows' logging, a partition's bound."""
    if not attaches and old.unlogged == new.unlogged:
        return ()
    why = _ATTACHED if attaches else _REWRITTEN
    return (OnlineStep(tuple(statements), Run.LONG, why, f"change table {new.name}"),)


def _parents_changed(old: Table, new: Table, lasting: frozenset[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """SQL that leaves old parents, and that which gets new ones."""
    left, taken = [], []
    table = qualified(new.schema, new.name)
    for parent in old.parents:
        if parent not in lasting or old.bound != new.bound:
            given_up = f"ALTER TABLE {qualified(*parent)} DETACH PARTITION {table}"
            left.append(given_up if old.bound else f"ALTER TABLE {table} NO INHERIT {qualified(*parent)}")
    for parent in new.parents:
        if parent not in lasting or old.bound != new.bound:
            attached = f"ALTER TABLE {qualified(*parent)} ATTACH PARTITION {table} {new.bound}"
            taken.append(attached if new.bound else f"ALTER TABLE {table} INHERIT {qualified(*parent)}")
    return left, taken


KIND = TableKind()
