"""Functions and procedures (https://www.postgresql.org/docs/current/catalog-pg-proc.html), without aggregates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_PROC, USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Function:
    """A function, procedure or window function.

    types       of its input arguments, as `oidvectortypes` writes them: with the name they are its identity
    signature   what CREATE OR REPLACE may not change: arguments with names and modes, and the result
    definition  as `pg_get_functiondef` writes it
    """

    schema: str
    name: str
    types: str
    procedure: bool
    signature: tuple[str, ...]
    definition: str

    @property
    def key(self) -> Key:
        return Key("function", self.schema, f"{self.name}({self.types})")

    @property
    def owner(self) -> Key | None:
        return None


class FunctionKind(Kind[Function]):
    name = "function"
    rank = 95
    stored_in = ("pg_proc.f", "pg_proc.p", "pg_proc.w")

    def query(self, major: int) -> str:
        return f"""SELECT p.oid, n.nspname, p.proname, oidvectortypes(p.proargtypes), p.prokind = 'p',
  ARRAY[pg_get_function_arguments(p.oid), coalesce(pg_get_function_result(p.oid), '')], pg_get_functiondef(p.oid)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND p.prokind <> 'a' AND {USER_SCHEMA}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = {PG_PROC} AND d.objid = p.oid
    AND d.deptype IN ('e', 'i'))"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, types, procedure, signature, definition = row
        function = Function(schema, name, types, procedure, tuple(signature), definition.rstrip("\n"))
        return ((PG_PROC, oid, 0),), function

    def create(self, obj: Function, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (obj.definition.replace("CREATE OR REPLACE ", "CREATE ", 1),)

    def drop(self, obj: Function) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Function, new: Function, before: Catalog, after: Catalog) -> Alteration | None:
        if (old.signature, old.procedure) != (new.signature, new.procedure):
            return None
        return Alteration((new.definition,))

    def identity(self, obj: Function) -> str:
        return f"{'PROCEDURE' if obj.procedure else 'FUNCTION'} {qualified(obj.schema, obj.name)}({obj.types})"


KIND = FunctionKind()
