"""The diagram of what changes, read from real databases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neon_migrate.diagram import er_diagram
from neon_migrate.diff import diff
from neon_migrate.postgres.introspect import read_catalog

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

_LINE = re.compile(
    r'erDiagram|    [A-Za-z][\w]*\["[^"]*"\](?: \{)?|    \}|    \w+ \|\|--o\{ \w+ : "[^"]*"'
    r'|        [A-Za-z][\w()\[\]]* [A-Za-z]\w*(?: (?:PK|FK|UK)(?:, (?:PK|FK|UK))*)?(?: "[^"]*")?'
)
"""What Mermaid's grammar of entity relationship diagrams takes, as far as it is used here."""


def drawn(session: Session, before: str, change: str) -> str:
    session.script(before)
    was = read_catalog(session)
    session.script(change)
    now = read_catalog(session)
    diagram = er_diagram(was, now, diff(was, now))
    for line in diagram.splitlines():
        assert _LINE.fullmatch(line), line
    return diagram


def test_what_happens_to_a_table_and_its_columns_is_said(session: Session) -> None:
    """New, going and changing; those that stay have no remark."""
    diagram = drawn(
        session,
        "CREATE TABLE old (id int); CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int UNIQUE)",
        "DROP TABLE old; CREATE TABLE made (id int); ALTER TABLE t DROP a, ALTER b TYPE bigint, ADD d numeric(10,2)[]",
    )
    assert '["public.old (goes)"]' in diagram
    assert '["public.made (new)"]' in diagram
    assert "        integer id PK\n" in diagram
    assert '        integer a "goes"\n' in diagram
    assert '        bigint b "changes"\n' in diagram
    assert "        integer c UK\n" in diagram
    assert '        numeric(10_2)[] d "new"\n' in diagram


def test_a_neighbour_is_drawn_without_its_columns(session: Session) -> None:
    """Whoever refers to a changed table, or is referred to by it; not the neighbour's neighbours."""
    diagram = drawn(
        session,
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a);"
        "CREATE TABLE c (id int PRIMARY KEY REFERENCES b); CREATE TABLE d (id int REFERENCES c)",
        "ALTER TABLE b ADD x int",
    )
    assert '    public__a["public.a"]\n' in diagram
    assert '    public__c["public.c"]\n' in diagram
    assert "public__d" not in diagram
    assert 'public__a ||--o{ public__b : "b_id_fkey"' in diagram


def test_a_foreign_key_that_goes_is_drawn(session: Session) -> None:
    """And says so; a table that refers to itself is its own neighbour."""
    diagram = drawn(
        session,
        "CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a); CREATE TABLE b (a int CONSTRAINT k REFERENCES a)",
        "ALTER TABLE b DROP CONSTRAINT k; ALTER TABLE a ADD x int",
    )
    assert 'public__a ||--o{ public__b : "k (goes)"' in diagram
    assert 'public__a ||--o{ public__a : "a_up_fkey"' in diagram


def test_names_that_need_quotes_stay_readable(session: Session) -> None:
    """Mermaid takes no others; the title has the name as it is, less its quotes."""
    diagram = drawn(session, "", 'CREATE TABLE "Größe ""x""" ("1 st" timestamp(3) with time zone, "sel[ect" int)')
    assert "Größe 'x' (new)" in diagram
    assert " c_1_st" in diagram


def test_what_changes_no_table_has_no_diagram(session: Session) -> None:
    """A view alone, say."""
    assert drawn(session, "", "CREATE VIEW v AS SELECT 1") == ""


def test_a_large_table_is_cut(session: Session) -> None:
    """The number of columns left out is said."""
    columns = ", ".join(f"c{number} int" for number in range(40))
    assert "        more c_10_columns\n" in drawn(session, "", f"CREATE TABLE t ({columns})")
