"""Operator classes (https://www.postgresql.org/docs/current/catalog-pg-opclass.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import USER_SCHEMA, Found, Kind, ReadSoFar, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_OPCLASS, _PG_AMOP, _PG_AMPROC = 2616, 2602, 2603


@dataclass(frozen=True, slots=True)
class OperatorClass:
    """An operator class.

    name     with its index access method: `numbers USING btree`
    type     that it is for, as `format_type` writes it
    usual    whether indexes on such columns use it when they name none
    family   qualified and quoted
    members  its operators, functions and storage type as CREATE OPERATOR CLASS lists them
    written  name as SQL, qualified; method: the same
    """

    schema: str
    name: str
    type: str
    usual: bool
    family: str
    members: tuple[str, ...]
    written: str = field(compare=False, repr=False)
    method: str = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("operator_class", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class OperatorClassKind(Kind[OperatorClass]):
    name = "operator_class"
    rank = 107
    stored_in = ("pg_opclass",)

    def query(self, major: int) -> str:
        operators = f"FROM pg_amop o {_members('o.oid', _PG_AMOP)}"
        functions = f"FROM pg_amproc p {_members('p.oid', _PG_AMPROC)}"
        return f"""SELECT c.oid, n.nspname, format('%s USING %s', c.opcname, m.amname),
  format_type(c.opcintype, NULL), c.opcdefault, format('%I.%I', fn.nspname, f.opfname), ARRAY(
    SELECT format('OPERATOR %s %s', o.amopstrategy, o.amopopr::regoperator) || coalesce((
      SELECT format(' FOR ORDER BY %I.%I', sn.nspname, s.opfname)
      FROM pg_opfamily s JOIN pg_namespace sn ON sn.oid = s.opfnamespace WHERE s.oid = o.amopsortfamily), '')
    {operators}
    UNION ALL SELECT format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
      format_type(p.amprocrighttype, NULL), p.amproc::regprocedure) {functions}
    UNION ALL SELECT 'STORAGE ' || format_type(c.opckeytype, NULL) WHERE c.opckeytype <> 0 ORDER BY 1),
  format('%I.%I', n.nspname, c.opcname), quote_ident(m.amname),
  ARRAY(SELECT ARRAY[{_PG_AMOP}, o.oid::int8] {operators} UNION ALL SELECT ARRAY[{_PG_AMPROC}, p.oid::int8] {functions})
FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
JOIN pg_opfamily f ON f.oid = c.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
WHERE c.oid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, type_, usual, family, members, written, method, addresses = row
        of_members = ((classid, member, 0) for classid, member in addresses)
        found = OperatorClass(schema, name, type_, usual, family, tuple(members), written, method)
        return ((_PG_OPCLASS, oid, 0), *of_members), found

    def create(self, obj: OperatorClass, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        usual = " DEFAULT" if obj.usual else ""
        # One without members says at least what it stores.
        members = ",\n    ".join(obj.members or (f"STORAGE {obj.type}",))
        return (
            f"CREATE OPERATOR CLASS {obj.written}{usual} FOR TYPE {obj.type} USING {obj.method}"
            f" FAMILY {obj.family} AS\n    {members}",
        )

    def drop(self, obj: OperatorClass) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def identity(self, obj: OperatorClass) -> str:
        return f"OPERATOR CLASS {obj.written} USING {obj.method}"


def _members(oid: str, classid: int) -> str:
    """Join that keeps the members which come and go with class `c`."""
    return f"""JOIN pg_depend d ON d.classid = {classid} AND d.objid = {oid}
    AND d.refclassid = {_PG_OPCLASS} AND d.refobjid = c.oid AND d.deptype = 'i'"""


KIND = OperatorClassKind()
