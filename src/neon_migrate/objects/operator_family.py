"""Operator families, with the operators and functions that belong to none of their classes.

https://www.postgresql.org/docs/current/catalog-pg-opfamily.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_OPFAMILY, _PG_AMOP, _PG_AMPROC = 2753, 2602, 2603


@dataclass(frozen=True, slots=True)
class OperatorFamily:
    """An operator family.

    name     with its index access method: `numbers USING btree`
    members  what is loose in it: how ALTER OPERATOR FAMILY adds each, and how it drops it
    written  name and access method as SQL, qualified
    """

    schema: str
    name: str
    members: tuple[tuple[str, str], ...]
    written: str = field(compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("operator_family", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class OperatorFamilyKind(Kind[OperatorFamily]):
    name = "operator_family"
    rank = 106
    stored_in = ("pg_opfamily",)

    def query(self, major: int) -> str:
        operators = f"FROM pg_amop o WHERE o.amopfamily = f.oid AND {_loose('o.oid', _PG_AMOP)}"
        functions = f"FROM pg_amproc p WHERE p.amprocfamily = f.oid AND {_loose('p.oid', _PG_AMPROC)}"
        return f"""SELECT f.oid, n.nspname, format('%s USING %s', f.opfname, m.amname),
  format('%I.%I USING %I', n.nspname, f.opfname, m.amname), ARRAY(
    SELECT ARRAY[format('OPERATOR %s %s', o.amopstrategy, o.amopopr::regoperator) || coalesce((
        SELECT format(' FOR ORDER BY %I.%I', sn.nspname, s.opfname)
        FROM pg_opfamily s JOIN pg_namespace sn ON sn.oid = s.opfnamespace WHERE s.oid = o.amopsortfamily), ''),
      format('OPERATOR %s (%s, %s)', o.amopstrategy, format_type(o.amoplefttype, NULL),
        format_type(o.amoprighttype, NULL))] {operators}
    UNION ALL SELECT ARRAY[format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
        format_type(p.amprocrighttype, NULL), p.amproc::regprocedure),
      format('FUNCTION %s (%s, %s)', p.amprocnum, format_type(p.amproclefttype, NULL),
        format_type(p.amprocrighttype, NULL))] {functions}
    ORDER BY 1), ARRAY(SELECT ARRAY[{_PG_AMOP}, o.oid::int8] {operators}
    UNION ALL SELECT ARRAY[{_PG_AMPROC}, p.oid::int8] {functions})
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
WHERE f.oid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, written, members, addresses = row
        of_members = ((classid, member, 0) for classid, member in addresses)
        family = OperatorFamily(schema, name, tuple((add, drop) for add, drop in members), written)
        return ((_PG_OPFAMILY, oid, 0), *of_members), family

    def create(self, obj: OperatorFamily, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return (f"CREATE {self.identity(obj)}", *self._changed("ADD", obj, [add for add, _ in obj.members]))

    def drop(self, obj: OperatorFamily) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: OperatorFamily, new: OperatorFamily, before: Catalog, after: Catalog) -> Alteration | None:
        gone = [drop for add, drop in old.members if (add, drop) not in new.members]
        added = [add for add, drop in new.members if (add, drop) not in old.members]
        # What goes may be an operator that is dropped: that waits until the family has let go of it.
        return Alteration(tuple(self._changed("ADD", new, added)), releases=tuple(self._changed("DROP", new, gone)))

    def identity(self, obj: OperatorFamily) -> str:
        return f"OPERATOR FAMILY {obj.written}"

    def _changed(self, verb: str, obj: OperatorFamily, members: Sequence[str]) -> list[str]:
        return [f"ALTER {self.identity(obj)} {verb} {', '.join(members)}"] if members else []


def _loose(oid: str, classid: int) -> str:
    """Condition on a member: it does not come and go with an operator class."""
    return f"""NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = {classid} AND d.objid = {oid}
    AND d.refclassid = 'pg_opclass'::regclass AND d.deptype = 'i')"""


KIND = OperatorFamilyKind()
