"""Aggregate functions (https://www.postgresql.org/docs/current/catalog-pg-aggregate.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_PROC, USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate.

    types      of its input arguments, as `oidvectortypes` writes them: with the name they are its identity
    arguments  as CREATE AGGREGATE wants them, with names and ORDER BY; `*` for none
    options    its functions, state type and other options, as CREATE AGGREGATE writes them
    result     the type it returns: follows from the options, and OR REPLACE may not change it
    """

    schema: str
    name: str
    types: str
    arguments: str
    options: tuple[str, ...]
    result: str = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("aggregate", self.schema, f"{self.name}({self.types})")

    @property
    def owner(self) -> Key | None:
        return None


class AggregateKind(Kind[Aggregate]):
    name = "aggregate"
    rank = 96
    stored_in = ("pg_proc.a",)

    def query(self, major: int) -> str:
        # What CREATE AGGREGATE takes for granted is not written (commands/aggregatecmds.c).
        return f"""SELECT p.oid, n.nspname, p.proname, oidvectortypes(p.proargtypes),
  CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_get_function_arguments(p.oid) END,
  array_remove(ARRAY[
    'SFUNC = ' || a.aggtransfn, 'STYPE = ' || format_type(a.aggtranstype, NULL),
    CASE WHEN a.aggtransspace <> 0 THEN 'SSPACE = ' || a.aggtransspace END,
    {_function("FINALFUNC", "a.aggfinalfn")}, CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
    {_modify("FINALFUNC_MODIFY", "a.aggfinalfn", "a.aggfinalmodify")},
    {_function("COMBINEFUNC", "a.aggcombinefn")}, {_function("SERIALFUNC", "a.aggserialfn")},
    {_function("DESERIALFUNC", "a.aggdeserialfn")}, 'INITCOND = ' || quote_literal(a.agginitval),
    {_function("MSFUNC", "a.aggmtransfn")}, {_function("MINVFUNC", "a.aggminvtransfn")},
    CASE WHEN a.aggmtranstype <> 0 THEN 'MSTYPE = ' || format_type(a.aggmtranstype, NULL) END,
    CASE WHEN a.aggmtransspace <> 0 THEN 'MSSPACE = ' || a.aggmtransspace END,
    {_function("MFINALFUNC", "a.aggmfinalfn")}, CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
    {_modify("MFINALFUNC_MODIFY", "a.aggmfinalfn", "a.aggmfinalmodify")},
    'MINITCOND = ' || quote_literal(a.aggminitval),
    (SELECT 'SORTOP = OPERATOR(' || quote_ident(s.nspname) || '.' || o.oprname || ')'
      FROM pg_operator o JOIN pg_namespace s ON s.oid = o.oprnamespace WHERE o.oid = a.aggsortop),
    CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END,
    CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END], NULL),
  format_type(p.prorettype, NULL)
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, types, arguments, options, result = row
        return ((PG_PROC, oid, 0),), Aggregate(schema, name, types, arguments, tuple(options), result)

    def create(self, obj: Aggregate, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {_definition(obj)}",)

    def drop(self, obj: Aggregate) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Aggregate, new: Aggregate, before: Catalog, after: Catalog) -> Alteration | None:
        if (old.arguments, old.result) != (new.arguments, new.result):
            return None
        return Alteration((f"CREATE OR REPLACE {_definition(new)}",))

    def identity(self, obj: Aggregate) -> str:
        return f"AGGREGATE {qualified(obj.schema, obj.name)}({obj.arguments})"


def _function(option: str, column: str) -> str:
    return f"CASE WHEN {column} <> 0 THEN '{option} = ' || {column} END"


def _modify(option: str, function: str, column: str) -> str:
    words = f"CASE {column} WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END"
    usual = "CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END"
    return f"CASE WHEN {function} <> 0 AND {column} <> {usual} THEN '{option} = ' || {words} END"


def _definition(obj: Aggregate) -> str:
    return f"AGGREGATE {qualified(obj.schema, obj.name)}({obj.arguments}) ({', '.join(obj.options)})"


KIND = AggregateKind()
