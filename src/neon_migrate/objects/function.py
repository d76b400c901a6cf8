"""Functions and procedures (https://www.postgresql.org/docs/current/catalog-pg-proc.html), without aggregates."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_PROC, USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


_NO_BODY = "AS ''"
"""The body of a function that can't have its own yet."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function, procedure or window function.

    types       of its input arguments, as `oidvectortypes` writes them: with the name they are its identity
    signature   what CREATE OR REPLACE may not change: arguments with names and modes, and the result
    definition  as `pg_get_functiondef` writes it
    defaults    of the last of its input arguments, which the definition has too: it may change and add some
    head        the definition without its body, where that is no text, so that Postgres records what it names
    language    of a body that is a text: Postgres looks into it when it is made, and records nothing of what it names
    """

    schema: str
    name: str
    types: str
    procedure: bool
    signature: tuple[str, ...]
    definition: str
    defaults: tuple[str, ...] = field(default=(), compare=False, repr=False)
    head: str = field(default="", compare=False, repr=False)
    language: str = field(default="", compare=False, repr=False)

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
  ARRAY[pg_get_function_identity_arguments(p.oid), coalesce(pg_get_function_result(p.oid), '')],
  pg_get_functiondef(p.oid), CASE WHEN p.pronargdefaults > 0 THEN array_remove(ARRAY(
    SELECT pg_get_function_arg_default(p.oid, number)
    FROM generate_series(1, coalesce(array_length(p.proallargtypes, 1), p.pronargs)) number ORDER BY number), NULL) END,
  coalesce(left(pg_get_functiondef(p.oid), -length(pg_get_function_sqlbody(p.oid)) - 1), ''),
  CASE WHEN p.prosqlbody IS NULL THEN l.lanname ELSE '' END
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND p.prokind <> 'a' AND {USER_SCHEMA}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = {PG_PROC} AND d.objid = p.oid
    AND d.deptype IN ('e', 'i'))"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, types, procedure, signature, definition, defaults, head, language = row
        written = definition.rstrip("\n")
        function = Function(
            schema, name, types, procedure, tuple(signature), written, tuple(defaults or ()), head, language
        )
        return ((PG_PROC, oid, 0),), function

    def create(self, obj: Function, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        create = obj.definition.replace("CREATE OR REPLACE ", "CREATE ", 1)
        return _unread(create) if _may_name_what_comes_later(obj, after, frozenset()) else (create,)

    def drop(self, obj: Function) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Function, new: Function, before: Catalog, after: Catalog) -> Alteration | None:
        if (old.signature, old.procedure) != (new.signature, new.procedure) or not _takes_defaults(old, new):
            return None
        later = _may_name_what_comes_later(new, after, before.objects.keys())
        return Alteration(_unread(new.definition) if later else (new.definition,))

    def without(self, obj: Function, needs: frozenset[Key]) -> Function | None:
        return replace(obj, definition=f"{obj.head}{_NO_BODY}", head="") if obj.head else None

    def identity(self, obj: Function) -> str:
        return f"{'PROCEDURE' if obj.procedure else 'FUNCTION'} {qualified(obj.schema, obj.name)}({obj.types})"


def _may_name_what_comes_later(obj: Function, after: Catalog, present: Collection[Key]) -> bool:
    """Whether its body has a word that is the name of a function made after it, or of what is made with its help.

    A guess, from which follows only that Postgres does not look into the body: the order is that of pg_depend.
    """
    if obj.definition.endswith(f"\n{_NO_BODY}"):
        return True
    if obj.language not in ("sql", "plpgsql"):
        return False
    words = set(re.findall(r"\w+", obj.definition.lower()))
    helped = {key.name.lower() for key in after.dependents.get(obj.key, ()) if key.kind not in ("trigger", "function")}
    if helped & words:
        return True
    called = (key for word in words for key in after.routines.get(word, ()) if key not in present)
    return obj.language == "sql" and any(key > obj.key or key.kind != "function" for key in called)


def _takes_defaults(old: Function, new: Function) -> bool:
    """Whether OR REPLACE does it: what may be left out in a call stays so, and a polymorphic argument's default keeps
    its type, of which nothing is known here.
    """
    polymorphic = any(each.startswith("any") for each in old.types.split(", "))
    return len(old.defaults) <= len(new.defaults) and (not polymorphic or old.defaults == new.defaults)


def _unread(statement: str) -> tuple[str, ...]:
    return "SET check_function_bodies = off", statement, "RESET check_function_bodies"


KIND = FunctionKind()
