"""How far the sequences behind a database's columns are, and which of them would give a number again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.kind import PG_CLASS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.postgres.session import Session

_OF_COLUMNS = f"""SELECT d.refobjid::int8, d.refobjsubid,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname), s.seqincrement > 0, s.seqmin, s.seqmax
FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_depend d ON d.classid = {PG_CLASS} AND d.objid = s.seqrelid
  AND d.refclassid = {PG_CLASS} AND d.deptype IN ('a', 'i')
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' ORDER BY s.seqrelid"""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the sequence is that a column owns, or that is behind its identity.

    last  the number that it gave last; where it has given none since it was set, the one before its next
    """

    upwards: bool
    minimum: int
    maximum: int
    last: int

    def repeats(self, before: Position) -> bool:
        """Whether it gives a number again that it gave as it was `before`."""
        if self.upwards != before.upwards or not self.minimum <= before.last <= self.maximum:
            return False
        return self.last < before.last if self.upwards else self.last > before.last


def read_positions(session: Session, catalog: Catalog) -> Mapping[Key, Position]:
    """Those of the columns of a Catalog that was read from this database."""
    found = session.query(_OF_COLUMNS)
    states = session.queries([(f"SELECT last_value, is_called FROM {row[2]}", ()) for row in found])
    positions = {}
    for (oid, number, _, upwards, minimum, maximum), ((value, called),) in zip(found, states, strict=True):
        column = catalog.addresses.get((PG_CLASS, oid, number))
        if column is not None:
            before_next = value if called else value - 1 if upwards else value + 1
            positions[column] = Position(upwards, minimum, maximum, before_next)
    return positions
