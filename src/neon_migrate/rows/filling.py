"""Fills the tables of a scratch database with a few generated rows each; Postgres says which rows hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.kind import PG_CLASS
from neon_migrate.objects.table import Table
from neon_migrate.rows.arranging import Arrangement, arrange, column_of
from neon_migrate.rows.facts import read_facts
from neon_migrate.rows.inserting import FORMS, Inserting
from neon_migrate.rows.values import Values
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neon_migrate.catalog import Catalog
    from neon_migrate.postgres.session import Session
    from neon_migrate.rows.facts import Facts, TableFacts
    from neon_migrate.rows.inserting import Variety

_ENABLED = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}

_BEGIN = """BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL search_path = '';
SET LOCAL statement_timeout = '60s'"""
"""Triggers are off, and a function of the user that does not end is stopped."""

_GIVEN = f"""SELECT pg_temp.neon_migrate_holds(format('SELECT nextval(%L) IS NOT NULL', d.objid::regclass))
FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
WHERE d.classid = {PG_CLASS} AND d.refclassid = {PG_CLASS} AND d.deptype IN ('a', 'i')"""
"""Each sequence of a column gives a number that no row has, as if one had been deleted since."""

_TRY = """CREATE FUNCTION pg_temp.neon_migrate_fill(
  whole text, forms text[], last text[], OUT made bigint, OUT why text
) LANGUAGE plpgsql AS $fill$ DECLARE attempt text; BEGIN
  made := 0;
  BEGIN
    EXECUTE whole;
    GET DIAGNOSTICS made = ROW_COUNT;
  EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN why := SQLERRM;
  END;
  IF made > 0 THEN RETURN; END IF;
  FOREACH attempt IN ARRAY forms || last LOOP
    EXIT WHEN made > 0 AND attempt = ANY (last);
    DECLARE here bigint; BEGIN
      EXECUTE attempt;
      GET DIAGNOSTICS here = ROW_COUNT;
      made := made + here;
    EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN why := SQLERRM;
    END;
  END LOOP;
END $fill$;
CREATE FUNCTION pg_temp.neon_migrate_holds(question text) RETURNS bool LANGUAGE plpgsql AS $holds$
DECLARE answer bool; BEGIN
  EXECUTE question INTO answer;
  RETURN answer;
EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN RETURN false;
END $holds$"""
"""The first tries to insert all rows at once, else row by row; what is refused leaves nothing behind. The other says
whether a check holds; one that fails does not.
"""


@dataclass(frozen=True, slots=True)
class TableNotFilled:
    """A table for which no row was found, as `schema.name`, and why."""

    table: str
    why: str


def fill(session: Session, catalog: Catalog, variety: Variety = "varied") -> tuple[TableNotFilled, ...]:
    """Give every table that has no rows a few that satisfy all constraints, the same ones each time.

    session  connected to the database `catalog` was read from, as superuser, with no transaction open

    The user's triggers and rules are off meanwhile. Never fails: the tables that stay empty are given back.
    """
    try:
        session.script(_BEGIN)
        filling = _Filling(session, catalog, variety)
        found = filling.done()
        session.script("COMMIT")
    except StatementError as error:
        if session.in_transaction:
            session.script("ROLLBACK")
        tables = (key for key, obj in sorted(catalog.objects.items()) if isinstance(obj, Table))
        return tuple(TableNotFilled(key.qualified_name, error.what) for key in tables)
    return found


class _Filling:
    def __init__(self, session: Session, catalog: Catalog, variety: Variety) -> None:
        self._session = session
        self._variety = variety
        self._facts = read_facts(session, catalog)
        self._values = Values(self._facts)
        self._partitions = _partitions(self._facts, catalog)
        self._arrangement = arrange(self._facts.tables, self._partitions, self._values)

    def done(self) -> tuple[TableNotFilled, ...]:
        tables = self._facts.tables
        groups = [
            [tables[oid] for oid in group if not tables[oid].divided and not tables[oid].has_rows]
            for group in self._arrangement.order
        ]
        groups = [group for group in groups if group]
        off, on = self._switches()
        ready = "SET LOCAL session_replication_role = origin; SET LOCAL search_path = DEFAULT"
        self._session.script(";\n".join((_TRY, *off, ready, "SET CONSTRAINTS ALL IMMEDIATE")))
        refused = self._refused(groups, again=False)
        refused = self._refused([group for group, _ in refused], again=True) if refused else []
        self._session.query(_GIVEN)
        if on:
            self._session.script(";\n".join(("SET LOCAL session_replication_role = replica", *on)))
        empty = {table.oid: why or self._nothing_found(table) for group, why in refused for table in group}
        empty |= {
            oid: "it has no partitions"
            for oid, table in tables.items()
            if table.divided and not self._partitions.get(oid)
        }
        return tuple(
            TableNotFilled(tables[oid].key.qualified_name, why)
            for oid, why in sorted(empty.items(), key=lambda one: tables[one[0]].key)
        )

    def _switches(self) -> tuple[list[str], list[str]]:
        """Statements that turn the user's triggers and rules off, and on again."""
        off, on = [], []
        for table in self._facts.tables.values():
            for switch in table.switches:
                alter = f"ALTER TABLE ONLY {table.name}"
                what = f"{switch.noun} {identifier(switch.name)}"
                off.append(f"{alter} DISABLE {what}")
                on.append(f"{alter} {_ENABLED[switch.enabled]} {what}")
        return off, on

    def _refused(self, groups: list[list[TableFacts]], *, again: bool) -> list[tuple[list[TableFacts], str]]:
        """Fill groups of tables in one round trip; those that stay empty, with Postgres's reason where it gave one."""
        query = "SELECT made, why FROM pg_temp.neon_migrate_fill(%s, %s::text[], %s::text[])"
        answers = self._session.queries([(query, self._statements(group, again=again)) for group in groups])
        return [(group, why or "") for group, ((made, why),) in zip(groups, answers, strict=True) if not made]

    def _statements(self, group: list[TableFacts], *, again: bool) -> tuple[str, list[str], list[str]]:
        """The INSERT of all rows, and `again` those of single rows: as asked for, and to be tried if need be."""
        inserting = [self._inserting(table) for table in group]
        if len(inserting) > 1:
            parts = (f"insert_{place} AS ({one.whole(self._variety)})" for place, one in enumerate(inserting))
            return f"WITH {', '.join(parts)} SELECT", [], []
        (one,) = inserting
        attempts = list(one.attempts(self._variety)) if again else []
        forms = len(FORMS[self._variety])
        return one.whole(self._variety), attempts[:forms], attempts[forms:]

    def _inserting(self, table: TableFacts) -> Inserting:
        arrangement: Arrangement = self._arrangement
        tables = self._facts.tables
        return Inserting(
            table,
            self._values,
            frozenset(arrangement.without.get(table.oid, ())),
            {
                name: column_of(tables[oid], target)
                for name, (oid, target) in arrangement.mirrored.get(table.oid, {}).items()
            },
            frozenset(arrangement.explicit.get(table.oid, ())),
        )

    def _nothing_found(self, table: TableFacts) -> str:
        """Why a query for rows gave none."""
        needed = [
            reference.target_name
            for reference in table.references
            if not set(reference.columns) & self._arrangement.without.get(table.oid, set())
        ]
        if table.checks:
            return "none of the values tried satisfies its checks"
        return f"it references {', '.join(needed)}, where no row is left to reference" if needed else "no row was found"


def _partitions(facts: Facts, catalog: Catalog) -> Mapping[int, list[int]]:
    """The partitions of each partitioned table."""
    oids = {table.key: oid for oid, table in facts.tables.items()}

    def pairs() -> Iterator[tuple[int, int]]:
        for oid, table in facts.tables.items():
            obj = catalog.objects[table.key]
            if isinstance(obj, Table) and obj.bound:
                for schema, name in obj.parents:
                    parent = oids.get(table.key._replace(schema=schema, name=name))
                    if parent is not None:
                        yield parent, oid

    found: dict[int, list[int]] = {}
    for parent, partition in pairs():
        found.setdefault(parent, []).append(partition)
    return found
