"""Foreign tables with their columns and checks (https://www.postgresql.org/docs/current/catalog-pg-foreign-table.html).

Their rows are elsewhere, so whatever no ALTER says is made by dropping and creating.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, DatabaseObject, Key
from neon_migrate.generic_options import Options, options_changed, options_clause, options_sql, read_options
from neon_migrate.kind import (
    PG_ATTRDEF,
    PG_CLASS,
    PG_CONSTRAINT,
    PG_TYPE,
    USER_SCHEMA,
    Alteration,
    Found,
    Kind,
    ReadSoFar,
    Row,
)
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UNTOUCHED = frozenset({"comment", "grant", "owner"})


@dataclass(frozen=True, slots=True)
class ForeignColumn:
    """A column of a foreign table.

    type     with its collation, if that is not the type's own
    default  the default or the generation expression; None where there is none
    """

    name: str
    type: str
    not_null: bool
    default: str | None
    generated: str
    options: Options

    def definition(self) -> str:
        """As CREATE FOREIGN TABLE and ADD COLUMN write it."""
        type_, _, collation = self.type.partition(" COLLATE ")
        parts = [identifier(self.name), f"{type_}{options_clause(self.options)}"]
        if collation:
            parts.append(f"COLLATE {collation}")
        if self.generated:
            parts.append(f"GENERATED ALWAYS AS ({self.default}) {self.generated}")
        elif self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        return " ".join((*parts, "NOT NULL")) if self.not_null else " ".join(parts)


@dataclass(frozen=True, slots=True)
class ForeignTable:
    """A foreign table.

    server   quoted
    columns  by name: their order alone is no difference; `order` has it
    checks   name and definition of each
    parents  schema and name of the tables that it inherits from, or is a partition of
    bound    of a partition: FOR VALUES … or DEFAULT
    secrets  names of its options that are not told
    """

    schema: str
    name: str
    server: str
    options: Options
    columns: tuple[ForeignColumn, ...]
    checks: tuple[tuple[str, str], ...]
    parents: tuple[tuple[str, str], ...]
    bound: str
    order: tuple[str, ...] = field(compare=False, repr=False)
    secrets: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("foreign_table", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class ForeignTableKind(Kind[ForeignTable]):
    name = "foreign_table"
    rank = 53
    stored_in = ("pg_class.f",)

    def query(self, major: int) -> str:
        # Columns and checks that come from parents are theirs.
        return f"""SELECT c.oid, c.reltype, n.nspname, c.relname, quote_ident(s.srvname), coalesce(
    pg_get_expr(c.relpartbound, c.oid), ''), {options_sql("f.ftoptions")},
  ARRAY(SELECT a.attnum::int8 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  ARRAY(SELECT d.oid::int8 FROM pg_attrdef d WHERE d.adrelid = c.oid),
  ARRAY(SELECT ARRAY[a.attname, format_type(a.atttypid, a.atttypmod) || coalesce((
      SELECT format(' COLLATE %I.%I', cn.nspname, co.collname) FROM pg_collation co
      JOIN pg_namespace cn ON cn.oid = co.collnamespace JOIN pg_type t ON t.oid = a.atttypid
      WHERE co.oid = a.attcollation AND t.typcollation <> co.oid), ''), a.attnotnull::text,
      pg_get_expr(d.adbin, d.adrelid), CASE a.attgenerated WHEN 's' THEN 'STORED' WHEN 'v' THEN 'VIRTUAL' ELSE '' END]
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attislocal ORDER BY a.attnum),
  ARRAY(SELECT ARRAY[a.attname, o.option_name, o.option_value]
    FROM pg_attribute a, pg_options_to_table(a.attfdwoptions) o
    WHERE a.attrelid = c.oid AND NOT a.attisdropped ORDER BY a.attnum, o.option_name),
  ARRAY(SELECT ARRAY[k.oid::text, k.conname, pg_get_constraintdef(k.oid, true)] FROM pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conislocal ORDER BY k.conname),
  ARRAY(SELECT ARRAY[pn.nspname, p.relname]::text[] FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
    JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE h.inhrelid = c.oid ORDER BY h.inhseqno)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_foreign_table f ON f.ftrelid = c.oid
JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE c.relkind = 'f' AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, row_type, schema, name, server, bound, options, secrets, numbers, defaults, *rest = row
        columns, column_options, checks, parents = rest
        of_columns: dict[str, list[Sequence[str]]] = {}
        for column, *option in column_options:
            of_columns.setdefault(column, []).append(option)
        found = [
            ForeignColumn(name_, type_, not_null == "true", default, generated, read_options(of_columns.get(name_, ())))
            for name_, type_, not_null, default, generated in columns
        ]
        addresses = (
            *((PG_CLASS, oid, number) for number in (0, *numbers)),
            (PG_TYPE, row_type, 0),
            *((PG_ATTRDEF, default, 0) for default in defaults),
            *((PG_CONSTRAINT, int(check), 0) for check, _, _ in checks),
        )
        return addresses, ForeignTable(
            schema,
            name,
            server,
            read_options(options),
            tuple(sorted(found, key=lambda column: column.name)),
            tuple((check, definition) for _, check, definition in checks),
            tuple((parent[0], parent[1]) for parent in parents),
            bound,
            tuple(column.name for column in found),
            tuple(secrets),
        )

    def create(self, obj: ForeignTable, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        by_name = {column.name: column for column in obj.columns}
        lines = [f"    {by_name[name].definition()}" for name in obj.order]
        lines += [f"    CONSTRAINT {identifier(name)} {definition}" for name, definition in obj.checks]
        body = " (\n" + ",\n".join(lines) + "\n)" if lines else "" if obj.bound else " ()"
        parents = ", ".join(qualified(*parent) for parent in obj.parents)
        if obj.bound:
            body = f" PARTITION OF {parents}{body} {obj.bound}"
        elif parents:
            body = f"{body} INHERITS ({parents})"
        return (f"CREATE {self.identity(obj)}{body} SERVER {obj.server}{options_clause(obj.options, obj.secrets)}",)

    def drop(self, obj: ForeignTable) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: ForeignTable, new: ForeignTable, before: Catalog, after: Catalog) -> Alteration | None:
        if (old.server, old.parents, old.bound) != (new.server, new.parents, new.bound):
            return None
        was, is_now = ({column.name: column for column in one.columns} for one in (old, new))
        if any(name in was and was[name].generated != column.generated for name, column in is_now.items()):
            return None
        gone = [name for name in was if name not in is_now]
        checks_gone = [check for check in old.checks if check not in new.checks]
        actions = [f"DROP CONSTRAINT {identifier(name)}" for name, _ in checks_gone]
        actions += [f"DROP COLUMN {identifier(name)}" for name in gone]
        for name in new.order:
            actions += _column_changed(was.get(name), is_now[name])
        checks_added = [check for check in new.checks if check not in old.checks]
        actions += [f"ADD CONSTRAINT {identifier(name)} {definition}" for name, definition in checks_added]
        options = options_changed(old.options, new.options)
        actions += [options.strip()] if options else []
        disturbing = gone or any(name in was and was[name].type != column.type for name, column in is_now.items())
        return Alteration(
            tuple(f"ALTER {self.identity(new)} {action}" for action in actions),
            disturbs=lambda dependent: bool(disturbing) and _stands_in_the_way(dependent),
        )

    def identity(self, obj: ForeignTable) -> str:
        return f"FOREIGN TABLE {qualified(obj.schema, obj.name)}"


def _stands_in_the_way(dependent: DatabaseObject) -> bool:
    return dependent.key.kind not in _UNTOUCHED


def _column_changed(old: ForeignColumn | None, new: ForeignColumn) -> Iterable[str]:
    if old is None:
        yield f"ADD COLUMN {new.definition()}"
        return
    column = f"ALTER COLUMN {identifier(new.name)}"
    if old.type != new.type:
        yield f"{column} TYPE {new.type}"
    if old.default != new.default:
        yield f"{column} DROP DEFAULT" if new.default is None else f"{column} SET DEFAULT {new.default}"
    if old.not_null != new.not_null:
        yield f"{column} {'SET' if new.not_null else 'DROP'} NOT NULL"
    options = options_changed(old.options, new.options)
    if options:
        yield f"{column}{options}"


KIND = ForeignTableKind()
