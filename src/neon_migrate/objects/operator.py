"""Operators (https://www.postgresql.org/docs/current/catalog-pg-operator.html), without operator classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import USER_SCHEMA, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_OPERATOR = 2617


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator.

    types    of its operands, as `format_type` writes them; NONE for what a prefix operator has no left one of
    options  its function and the rest, as CREATE OPERATOR writes them
    """

    schema: str
    name: str
    types: tuple[str, str]
    options: tuple[str, ...]

    @property
    def key(self) -> Key:
        return Key("operator", self.schema, f"{self.name}({', '.join(self.types)})")

    @property
    def owner(self) -> Key | None:
        return None


class OperatorKind(Kind[Operator]):
    name = "operator"
    rank = 99
    stored_in = ("pg_operator",)

    def query(self, major: int) -> str:
        # One without function is only promised, as the commutator or negator of another that names it first.
        return f"""SELECT o.oid, n.nspname, o.oprname,
  ARRAY[CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END, format_type(o.oprright, NULL)],
  array_remove(ARRAY['FUNCTION = ' || o.oprcode,
    CASE WHEN o.oprleft <> 0 THEN 'LEFTARG = ' || format_type(o.oprleft, NULL) END,
    'RIGHTARG = ' || format_type(o.oprright, NULL),
    {_operator("COMMUTATOR", "oprcom")}, {_operator("NEGATOR", "oprnegate")},
    CASE WHEN o.oprrest <> 0 THEN 'RESTRICT = ' || o.oprrest END,
    CASE WHEN o.oprjoin <> 0 THEN 'JOIN = ' || o.oprjoin END,
    CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END], NULL)
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid >= 16384 AND o.oprcode <> 0 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, (left, right), options = row
        return ((_PG_OPERATOR, oid, 0),), Operator(schema, name, (left, right), tuple(options))

    def create(self, obj: Operator, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE OPERATOR {_qualified(obj)} ({', '.join(obj.options)})",)

    def drop(self, obj: Operator) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def identity(self, obj: Operator) -> str:
        return f"OPERATOR {_qualified(obj)} ({', '.join(obj.types)})"


def _operator(option: str, column: str) -> str:
    return f"""(SELECT '{option} = OPERATOR(' || quote_ident(pn.nspname) || '.' || p.oprname || ')'
      FROM pg_operator p JOIN pg_namespace pn ON pn.oid = p.oprnamespace WHERE p.oid = o.{column})"""


def _qualified(obj: Operator) -> str:
    return f"{identifier(obj.schema)}.{obj.name}"


KIND = OperatorKind()
