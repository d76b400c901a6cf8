"""What views and materialised views have in common: relations that a query makes (pg_class with a pg_rewrite rule)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import (
    PG_CLASS,
    PG_REWRITE,
    PG_TYPE,
    USER_SCHEMA,
    Alteration,
    Found,
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

_TYPES = frozenset({"enum", "domain", "composite_type", "range_type"})
"""The kinds of what a column of a view is of, also when it is always NULL."""

_COMPUTED = "Computes all rows of the materialised view: alone, so that no other lock is held meanwhile."


@dataclass(frozen=True, slots=True)
class QueryRelation:
    """A view or materialised view.

    kind        view or materialized_view
    query       as `pg_get_viewdef` writes it, without semicolon
    columns     name and type of each, with its collation where it is not the type's: what follows from the query and is
                no difference by itself
    parameters  `name=value` (pg_class.reloptions), such as security_invoker=true
    populated   whether it has rows to be read; those of a materialised view are data, and no difference
    """

    kind: str
    schema: str
    name: str
    query: str
    columns: tuple[tuple[str, str], ...] = field(compare=False, repr=False)
    parameters: tuple[str, ...] = ()
    populated: bool = field(default=True, compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key(self.kind, self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class QueryRelationKind(Kind[QueryRelation]):
    """Views or materialised views, told by pg_class.relkind."""

    def __init__(self, name: str, relkind: str, rank: int) -> None:
        self.name = name
        self.relkind = relkind
        self.stored_in = (f"pg_class.{relkind}",)
        self.rank = rank
        self.noun = name.replace("_", " ").upper()

    def query(self, major: int) -> str:
        return f"""SELECT c.oid, c.reltype, r.oid, n.nspname, c.relname, pg_get_viewdef(c.oid, true),
  coalesce(c.reloptions, '{{}}'), ARRAY(SELECT ARRAY[quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END]
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum),
  c.relispopulated
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
WHERE c.relkind = '{self.relkind}' AND c.oid >= 16384 AND c.relpersistence <> 't' AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, row_type, rule, schema, name, query, parameters, columns, populated = row
        addresses = [(PG_CLASS, oid, number) for number in range(len(columns) + 1)]
        named = tuple(map(tuple, columns))
        options = tuple(sorted(parameters))
        relation = QueryRelation(self.name, schema, name, query.rstrip(";"), named, options, populated)
        return (*addresses, (PG_TYPE, row_type, 0), (PG_REWRITE, rule, 0)), relation

    def create(self, obj: QueryRelation, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        parameters = f" WITH ({parameter_list(obj.parameters)})" if obj.parameters else ""
        without = "" if obj.populated else "\nWITH NO DATA"
        return (f"CREATE {self.identity(obj)}{parameters} AS\n{obj.query}{without}",)

    def create_online(self, obj: QueryRelation, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        if self.relkind == "v" or not obj.populated:
            return ()
        made = tuple(self.create(obj, after, frozenset()))
        return (OnlineStep(made, Run.LONG, _COMPUTED, f"create {self.noun.lower()} {obj.name}"),)

    def drop(self, obj: QueryRelation) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: QueryRelation, new: QueryRelation, before: Catalog, after: Catalog) -> Alteration | None:
        if (old.query, old.columns) == (new.query, new.columns):
            actions = parameter_actions(old.parameters, new.parameters)
            return Alteration(tuple(f"ALTER {self.identity(new)} {action}" for action in actions))
        if self.relkind != "v" or new.columns[: len(old.columns)] != old.columns:
            return None
        return Alteration((self.create(new, after, frozenset())[0].replace("CREATE ", "CREATE OR REPLACE ", 1),))

    def again(self, new: QueryRelation) -> QueryRelation:
        # WITH NO DATA may long have been refreshed, and be read by somebody.
        return replace(new, populated=True)

    def without(self, obj: QueryRelation, needs: frozenset[Key]) -> QueryRelation | None:
        if self.relkind != "v" or any(need.kind in _TYPES for need in needs):
            return None
        nulls = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in obj.columns)
        # A view that selects from no table takes no check option.
        parameters = tuple(each for each in obj.parameters if not each.startswith("check_option="))
        return replace(obj, query=f" SELECT {nulls}", parameters=parameters)

    def identity(self, obj: QueryRelation) -> str:
        return f"{self.noun} {qualified(obj.schema, obj.name)}"
