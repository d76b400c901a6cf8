"""Ways that Postgres allows only in a certain order, or not at all: there and back, online and at once, with rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.diff import diff
from neon_migrate.online import offline, online
from neon_migrate.plan import plan
from neon_migrate.settings import Settings
from neon_migrate.sources.database import catalog_of, scratch_catalog
from neon_migrate.sql import qualified
from neon_migrate.type_change import FAMILIES, are_comparable
from peers import difference, dumped

if TYPE_CHECKING:
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

SETTINGS = Settings(Path(), Path(), Path())
P = "CREATE TABLE p (a integer, b {}) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT"
NESTED = f"{P} PARTITION BY RANGE (a); CREATE TABLE r PARTITION OF q DEFAULT"
INHERITS = "CREATE TABLE p (a integer, b {}); CREATE TABLE q () INHERITS (p); CREATE TABLE r (c text) INHERITS (q)"
ROW = "INSERT INTO p VALUES (1, 2)"
TRIGGER = "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
KEYS = "CREATE TABLE p (id {0} PRIMARY KEY); CREATE TABLE c (pid {0} REFERENCES p);"
PAIR = "INSERT INTO p VALUES ({0}); INSERT INTO c VALUES ({0})"
MOVING = "CREATE TABLE p (id integer PRIMARY KEY, code integer NOT NULL); CREATE TABLE c (pid integer REFERENCES p);"
CODES = "INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1)"


def _retyped(ddl: str, old: str = "integer", new: str = "bigint") -> tuple[str, str]:
    return ddl.replace("{}", old), ddl.replace("{}", new)


CASES = {
    "a view on a partition's column": _retyped(f"{P}; CREATE VIEW v AS SELECT b FROM q; {ROW}"),
    "a policy and a trigger on a nested partition's": _retyped(
        f"{NESTED}; CREATE POLICY y ON r USING (b = 1); CREATE TRIGGER t BEFORE UPDATE OF b ON r {TRIGGER}; {ROW}"
    ),
    "a view and an index on an inheriting table's": _retyped(
        f"{INHERITS}; CREATE VIEW v AS SELECT b FROM r; CREATE INDEX i ON r (a) WHERE b > 1;"
        " INSERT INTO r VALUES (1, 2)"
    ),
    "a view on a column that is the table's own as well": _retyped(
        "CREATE TABLE p (b {}); CREATE TABLE q (b {}) INHERITS (p); CREATE VIEW v AS SELECT b FROM q;"
        " INSERT INTO q VALUES (1)"
    ),
    "a foreign key of a partition": _retyped(
        f"CREATE TABLE o (id {{}} PRIMARY KEY); {P}; ALTER TABLE q ADD FOREIGN KEY (b) REFERENCES o", "uuid", "text"
    ),
    "keys of uuid and text": (KEYS.format("uuid"), KEYS.format("text")),
    "keys of integer and text": (
        KEYS.format("integer") + PAIR.format(1),
        KEYS.format("text") + PAIR.format("'1'"),
    ),
    "keys of integer and numeric": (KEYS.format("integer") + PAIR.format(1), KEYS.format("numeric") + PAIR.format(1)),
    "a key of integer and its referring column of bigint": (
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (pid integer REFERENCES p);" + PAIR.format(1),
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (pid bigint REFERENCES p);" + PAIR.format(1),
    ),
    "a primary key moves and leaves a unique one behind": (
        f"{MOVING} {CODES}",
        "CREATE TABLE p (id integer NOT NULL UNIQUE, code integer PRIMARY KEY);"
        f" CREATE TABLE c (pid integer REFERENCES p (id)); {CODES}",
    ),
    "a primary key moves and leaves a unique index behind": (
        f"{MOVING} {CODES}",
        "CREATE TABLE p (id integer NOT NULL, code integer PRIMARY KEY); CREATE UNIQUE INDEX u ON p (id);"
        f" CREATE TABLE c (pid integer REFERENCES p (id)); {CODES}",
    ),
}
"""By what is in the way: before and after."""


@pytest.mark.parametrize(("old", "new"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("in_use", [True, False], ids=["online", "offline"])
def test_there_and_back(scratch: ScratchServer, old: str, new: str, in_use: bool) -> None:
    """The schema is exactly what it should be, pg_dump says so too, and all rows of what stays are there."""
    databases = scratch.create(), scratch.create()
    try:
        for name, ddl in zip(databases, (old, new), strict=True):
            with scratch.session(name) as session:
                session.script(ddl)
        catalogs = [scratch_catalog(scratch, name, SETTINGS) for name in databases]
        dumps = [dumped(scratch.target(name)) for name in databases]
        for start, goal in ((0, 1), (1, 0)):
            planned = plan(catalogs[start], catalogs[goal])
            with scratch.session(databases[start]) as session:
                rows = _rows(session)
                for batch in online(planned) if in_use else offline(planned):
                    session.script(batch.script())
                assert diff(catalog_of(session, SETTINGS), catalogs[goal]) == ()
                there = _rows(session)
            assert {table: rows[table] for table in rows.keys() & there.keys()} == {
                table: there[table] for table in rows.keys() & there.keys()
            }
            assert not difference(dumped(scratch.target(databases[start])), dumps[goal])
    finally:
        for name in databases:
            scratch.drop(name)


def _rows(session: Session) -> dict[str, int]:
    """How many each table has, by name."""
    tables = catalog_of(session, SETTINGS).of_kind("table")
    names = [qualified(*table.key[1:3]) for table in tables]
    return {name: int(session.query(f"SELECT count(*) FROM {name}")[0][0]) for name in names}


def test_postgres_compares_what_foreign_keys_are_kept_between(scratch: ScratchServer) -> None:
    """Two types are in one family exactly where btree has `=` between them, or holds one as the other."""
    name = scratch.create()
    try:
        with scratch.session(name) as session:
            rows = session.query(
                """SELECT format_type(amoplefttype, NULL), format_type(amoprighttype, NULL)
                FROM pg_amop JOIN pg_opfamily f ON f.oid = amopfamily
                WHERE amopmethod = (SELECT oid FROM pg_am WHERE amname = 'btree') AND amopstrategy = 3
                  AND f.opfname NOT LIKE '%pattern%'"""
            )
            # varchar and cidr have no operators of their own: they are held as text and inet.
            same = {"character varying": "text", "cidr": "inet"}
            known = {one for family in FAMILIES for one in family}
            compared = {(left, right) for left, right in rows}
            for one in known:
                for other in known - {one}:
                    left, right = same.get(one, one), same.get(other, other)
                    assert are_comparable(one, other) == (left == right or (left, right) in compared), (one, other)
    finally:
        scratch.drop(name)
