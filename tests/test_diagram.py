"""The diagram of what changes, read from real databases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neon_migrate.diagram import er_diagram
from neon_migrate.diff import diff
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.sql import identifier
from tests.mermaid_reader import read_by_mermaid

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

_LINE = re.compile(
    r'erDiagram|    [A-Za-z][\w]*\["[^"]*"\](?: \{)?|    \}|    \w+ \|\|--o\{ \w+ : "[^"]*"'
    r'|        [A-Za-z][\w()\[\]]* [A-Za-z]\w*(?: (?:PK|FK|UK)(?:, (?:PK|FK|UK))*)?(?: "[^"]*")?'
)
"""What Mermaid's grammar of entity relationship diagrams takes, as far as it is used here."""


NAMES = (
    *("erDiagram", "end", "class", "style", "title", "direction", "select", "one", "only", "many", "to", "number"),
    *("PK", "pk", "Fk", "uk", "pk1", "fk_user", "accTitle", "classDef", "a b", "a-b", "größe", "日本", "🐘", "1 st"),
    *("-x", "_x", "*", "**x**", '"q"', "'", "x;y", "a\nb", "%%c", "\\", "o{", "||", "{", "}", "[", "]", "`x`"),
    *("#35;", "#quot;", "<b>x</b>", "&amp;", "${x}", "-->", "```"),
)
"""Names that Postgres takes, and that might mean something else to Mermaid."""

_MORE_TYPES = """
CREATE SCHEMA s; CREATE TYPE s."my type" AS (a int); CREATE TYPE "Größe" AS ENUM ('a'); CREATE TYPE "FK" AS ENUM ('a')
"""

TYPES = {
    "timestamp(3) with time zone": "timestamp(3)_with_time_zone",
    "numeric(10,2)[]": "numeric(10_2)[]",
    "int[][]": "integer[]",
    "bit varying(5)": "bit_varying(5)",
    "interval day to second(3)": "interval_day_to_second(3)",
    '"char"': "char",
    's."my type"[]': "s_my_type[]",
    '"Größe"': "public_Gr__e",
    '"FK"': "public_FK",
}
"""Types, and how they are written in a diagram."""


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
    """Mermaid takes no others as names of columns; what they are really called stands beside them."""
    diagram = drawn(session, "", 'CREATE TABLE "Größe" ("1 st" timestamp(3) with time zone, "sel[ect" int, pk int)')
    assert '["public.Größe (new)"]' in diagram
    assert '        timestamp(3)_with_time_zone c_1_st "1 st"\n' in diagram
    assert '        integer c_pk "pk"\n' in diagram


def test_tables_whose_names_mermaid_can_not_tell_apart_stay_two(session: Session) -> None:
    """Each has its own name in the diagram, and what refers to it leads there."""
    diagram = drawn(session, "", 'CREATE TABLE "a b" (id int PRIMARY KEY); CREATE TABLE a_b (id int REFERENCES "a b")')
    assert '    public__a_b["public.a b (new)"] {\n' in diagram
    assert '    public__a_b_2["public.a_b (new)"] {\n' in diagram
    assert 'public__a_b ||--o{ public__a_b_2 : "a_b_id_fkey (new)"' in diagram


def test_mermaid_itself_reads_what_is_drawn(session: Session) -> None:
    """Whatever names and types there are: tables, columns, keys and references are those of the database."""
    session.script(_MORE_TYPES)
    empty = read_catalog(session)
    diagrams = []
    for name in NAMES:
        table = identifier(name)
        session.script(f"CREATE TABLE {table} ({table} int PRIMARY KEY, up int REFERENCES {table})")
        now = read_catalog(session)
        diagrams.append(er_diagram(empty, now, diff(empty, now)))
        session.script(f"DROP TABLE {table}")
    columns = ", ".join(f"c{number} {type_}" for number, type_ in enumerate(TYPES))
    session.script(f"CREATE TABLE t ({columns})")
    diagrams.append(er_diagram(empty, now := read_catalog(session), diff(empty, now)))
    *named, typed = read_by_mermaid(diagrams)
    for name, found in zip(NAMES, named, strict=True):
        title = f"public.{name} (new)".replace("\n", " ")
        assert "error" not in found, found
        (entity,) = found["entities"]
        assert _shown(entity["title"]) == title
        own, up = entity["attributes"]
        assert _shown(own["comment"]) or own["name"] == name
        assert _shown(own["comment"]) in ("", name.replace("\n", " "))
        assert (own["type"], own["keys"], up["name"], up["keys"]) == ("integer", ["PK", "FK"], "up", ["FK"])
        ((one, other, label),) = found["relationships"]
        assert (_shown(one), _shown(other)) == (title, title)
        assert _shown(label).endswith("_up_fkey (new)")
    assert [each["type"] for each in typed["entities"][0]["attributes"]] == list(TYPES.values())


def test_mermaid_refuses_what_is_no_diagram() -> None:
    """The test above can fail: to Mermaid `pk` is no name."""
    (found,) = read_by_mermaid(['erDiagram\n    t["t"] {\n        integer pk\n    }\n'])
    assert "Parse error" in found["error"]


def _shown(text: str) -> str:
    """What Mermaid draws of a text that it read: while it works, it has codes in another form."""
    return re.sub(r"ﬂ°°(\d+)¶ß", lambda code: chr(int(code[1])), text)


def test_what_changes_no_table_has_no_diagram(session: Session) -> None:
    """A view alone, say."""
    assert drawn(session, "", "CREATE VIEW v AS SELECT 1") == ""


def test_a_large_table_is_cut(session: Session) -> None:
    """The number of columns left out is said."""
    columns = ", ".join(f"c{number} int" for number in range(40))
    assert "        more c_10_columns\n" in drawn(session, "", f"CREATE TABLE t ({columns})")
