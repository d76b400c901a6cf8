"""Seeds as SQL, and against the rows of a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neon_migrate.sources.schema_json import (
    Seed,
    changed,
    existing,
    insert_statements,
    load,
    missing,
    parse_document,
    read_document,
    seeds_of,
    upsert_statements,
)
from neon_migrate.sources.schema_json.literals import value_sql

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

SHOP = Path(__file__).parents[3] / "examples" / "shop"
FIELDS = {
    "id": {"type": "int", "primary": True},
    "name": {"type": "text", "default": "'?'"},
    "at": {"type": "timestamptz"},
    "price": {"type": "numeric(10,2)"},
    "on": {"type": "boolean"},
    "data": {"type": "jsonb"},
    "tags": {"type": "text[]"},
    "key": {"type": "uuid", "unique": True},
    "code": {"type": "char(4)"},
}

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
"""What neither JSON text nor Postgres can hold is refused with its place (test_positions)."""


def document(*records: dict[str, Any], key: str | list[str] = "id", **fields: Any) -> str:
    """A document with the table `things` and these seeds."""
    tables = {"things": {"fields": FIELDS | fields}}
    return json.dumps({"tables": tables, "seeds": {"things": {"unique_key": key, "records": records}}})


def seed_of(*records: dict[str, Any], key: str | list[str] = "id", **fields: Any) -> Seed:
    """The seed of `things`."""
    return seeds_of(parse_document(document(*records, key=key, **fields)))[0]


def write(session: Session, *statements: str) -> None:
    """Run statements."""
    for statement in statements:
        session.query(statement)


def test_new_records_are_inserted_in_lines_that_line_up() -> None:
    """Records with the same columns share one INSERT; values line up, and conflicts do nothing."""
    seed = seed_of({"id": 1, "name": "one"}, {"id": 20, "name": "it's"}, {"id": 3, "on": True})
    assert insert_statements(seed, seed.records) == (
        """INSERT INTO public.things (id, name)
VALUES
    (1,  'one'),
    (20, 'it''s')
ON CONFLICT (id) DO NOTHING""",
        """INSERT INTO public.things (id, "on")
VALUES (3, true)
ON CONFLICT (id) DO NOTHING""",
    )


def test_changed_records_are_updated_but_for_key_and_expressions() -> None:
    """DO UPDATE sets what the record gives; neither the key nor what an expression gave when the row was made."""
    seed = seed_of({"id": 1, "name": "one", "at": {"$sql": "now()"}, "price": 1.50})
    assert upsert_statements(seed, seed.records) == (
        """INSERT INTO public.things (id, name, at, price)
VALUES (1, 'one', (now()), 1.5)
ON CONFLICT (id) DO UPDATE
SET name = EXCLUDED.name,
    price = EXCLUDED.price""",
    )


def test_a_record_of_nothing_but_its_key_has_nothing_to_update() -> None:
    """Without other columns there is nothing to set."""
    seed = seed_of({"id": 1})
    assert upsert_statements(seed, seed.records)[0].endswith("ON CONFLICT (id) DO NOTHING")


@pytest.mark.parametrize(
    ("value", "type_", "sql"),
    [
        (None, "text", "NULL"),
        ("it's", "text", "'it''s'"),
        ("a\\b", "text", "E'a\\\\b'"),
        (True, "boolean", "true"),
        (-3, "int", "-3"),
        ({"a": [1, None]}, "jsonb", "'{\"a\":[1,null]}'"),
        ([1, 2], "jsonb", "'[1,2]'"),
        (5, "jsonb", "'5'"),
        (True, "JSON", "'true'"),
        (["a,b", None, 'q"', "\\"], "text[]", 'E\'{"a,b",NULL,"q\\\\"","\\\\\\\\"}\''),
        ([[1, 2], [3, 4]], "int[][]", "'{{1,2},{3,4}}'"),
        ([True], "boolean ARRAY", "'{true}'"),
    ],
)
def test_values_as_sql(value: Any, type_: str, sql: str) -> None:
    """Each JSON value is the constant of its column: a list is an array where the column is one, else JSON."""
    assert value_sql(value, type_) == sql


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(TEXTS, st.none() | st.integers(-(2**31), 2**31) | TEXTS | st.booleans(), max_size=3),
    st.lists(st.none() | TEXTS, max_size=4),
    TEXTS,
)
def test_values_come_back_as_they_were(session: Session, data: Any, tags: list[str | None], name: str) -> None:
    """What Postgres makes of the constants is the value: texts, arrays and JSON, with quotes, backslashes and all."""
    (seed,) = seeds_of(parse_document(document({"id": 1, "data": data, "tags": tags, "name": name})))
    cells = [seed.sql(seed.records[0], column) for column in ("data", "tags", "name")]
    (row,) = session.query("SELECT CAST({} AS jsonb), CAST({} AS text[]), CAST({} AS text)".format(*cells))
    assert row == (data, tags, name)


def test_a_record_that_is_written_is_found_unchanged(session: Session) -> None:
    """Two ways to write one value are no difference: times, numbers, texts for numbers, padding, the order in JSON."""
    load(session, parse_document(document()))
    written = seed_of(
        {
            "id": 1,
            "name": "one",
            "at": "2026-01-01T01:00:00+01:00",
            "price": 2,
            "on": "yes",
            "data": {"b": 1, "a": 2.0},
            "tags": ["x"],
            "key": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "code": "ab",
        }
    )
    write(session, *insert_statements(written, written.records))
    same = seed_of(
        {
            "id": "1",
            "name": "one",
            "at": "2026-01-01 00:00:00Z",
            "price": "2.00",
            "on": True,
            "data": {"a": 2, "b": 1},
            "tags": ["x"],
            "key": "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "code": "ab  ",
        }
    )
    assert not changed(session, written)
    assert not changed(session, same)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "two"},
        {"name": None},
        {"at": "2026-01-02"},
        {"price": 1.01},
        {"on": None},
        {"data": {"a": 1}},
        {"tags": []},
    ],
)
def test_another_value_is_a_change_until_it_is_written(session: Session, other: dict[str, Any]) -> None:
    """A record with one other value is changed; once its upsert ran it is not, and no row is added."""
    load(session, parse_document(document()))
    before = {"id": 1, "name": "one", "at": "2026-01-01", "price": 1, "on": True, "data": {}, "tags": ["x"]}
    seed = seed_of(before, {"id": 2, "name": "two"})
    write(session, *insert_statements(seed, seed.records))
    after = seed_of(before | other, {"id": 2, "name": "two"}, {"id": 3})
    found = changed(session, after)
    assert (found.changed, found.new) == ((after.records[0],), (after.records[2],))
    write(session, *insert_statements(after, found.new), *upsert_statements(after, found.changed))
    assert not changed(session, after)
    assert session.query("SELECT count(*) FROM things") == [(3,)]


def test_without_the_table_all_records_are_new(session: Session) -> None:
    """A history that does not have the table yet has none of its rows."""
    seed = seed_of({"id": 1}, {"id": 2})
    assert changed(session, seed).new == seed.records
    assert missing(session, seed) == seed.records


def test_before_the_plan_ran_a_value_that_does_not_fit_yet_is_a_change(session: Session) -> None:
    """A column that is still to come, or a value its type does not take yet, counts as changed where it has a value."""
    load(session, parse_document(document()))
    write(session, "INSERT INTO things (id, price) VALUES (1, 2), (2, 2), (3, 2)")
    seed = seed_of(
        {"id": 1, "price": "many"},
        {"id": 2, "price": 2, "colour": None},
        {"id": 3, "price": 2, "colour": "red"},
        {"id": "four"},
        colour={"type": "text"},
    )
    found = changed(session, seed)
    assert (found.changed, found.new) == ((seed.records[0], seed.records[2]), (seed.records[3],))


def test_an_expression_counts_when_the_row_is_made(session: Session) -> None:
    """A value that is an SQL expression is never a difference, so now() does not change a seed every time."""
    text = document({"id": 1, "at": {"$sql": "clock_timestamp()"}})
    load(session, parse_document(text))
    (seed,) = seeds_of(parse_document(text))
    write(session, *insert_statements(seed, seed.records))
    assert not changed(session, seed)


def test_an_expression_may_be_part_of_the_key(session: Session) -> None:
    """A junction table's rows are told apart by what their look-ups find."""
    tables = {
        "roles": {"fields": {"id": {"type": "serial", "primary": True}, "name": {"type": "text", "unique": True}}},
        "rights": {
            "fields": {"role": {"type": "int", "references": {"table": "roles"}}, "what": {"type": "text"}},
            "primary_key": ["role", "what"],
        },
    }
    look_up = {"$sql": "SELECT id FROM roles WHERE name = 'admin'"}
    seeds = {
        "rights": {"unique_key": ["role", "what"], "records": [{"role": look_up, "what": "all"}]},
        "roles": {"unique_key": "name", "records": [{"name": "admin"}]},
    }
    parsed = parse_document(json.dumps({"tables": tables, "seeds": seeds}))
    load(session, parsed)
    roles, rights = seeds_of(parsed)
    assert (roles.table, rights.table) == ("roles", "rights")
    for _ in range(2):
        write(session, *insert_statements(roles, roles.records), *insert_statements(rights, rights.records))
    assert session.query("SELECT count(*) FROM rights") == [(1,)]
    assert not changed(session, rights)


def test_a_record_may_look_up_the_one_before_it(session: Session) -> None:
    """In a tree, a record that looks for its parent stands in a later statement than the parent."""
    parsed = read_document(SHOP / "schema.json")
    load(session, parsed)
    for seed in seeds_of(parsed):
        write(session, *insert_statements(seed, seed.records))
    assert session.query(
        "SELECT p.slug FROM categories c JOIN categories p ON p.id = c.parent_id WHERE c.slug = 'seeds'"
    ) == [("garden",)]


def test_numbers_that_postgres_always_gives_are_overridden_and_never_updated(session: Session) -> None:
    """GENERATED ALWAYS takes a number only with OVERRIDING SYSTEM VALUE, and no UPDATE of it."""
    fields = {
        "id": {"type": "int", "identity": "always"},
        "name": {"type": "text", "primary": True},
        "n": {"type": "int"},
    }
    text = {"tables": {"t": {"fields": fields}}}
    seeds = {"t": {"unique_key": "name", "records": [{"id": 7, "name": "a", "n": 1}]}}
    parsed = parse_document(json.dumps(text | {"seeds": seeds}))
    load(session, parsed)
    (seed,) = seeds_of(parsed)
    write(session, *insert_statements(seed, seed.records), *upsert_statements(seed, seed.records))
    assert session.query("SELECT id, name, n FROM t") == [(7, "a", 1)]


def test_missing_rows_are_named_by_their_key(session: Session) -> None:
    """A row counts as there whatever became of its other values; the database is only read."""
    load(session, parse_document(document()))
    write(session, "INSERT INTO things (id, name) VALUES (1, 'edited')", "SET default_transaction_read_only = on")
    seed = seed_of({"id": 1, "name": "one"}, {"id": 2, "name": "two"})
    assert existing(session, seed) == seed.records[:1]
    assert missing(session, seed) == seed.records[1:]
    assert seed.label(seed.records[1]) == "things id = 2"


def test_rows_that_stand_twice_are_found_once(session: Session) -> None:
    """Where somebody dropped the unique constraint, a key with several rows is still one record that is there."""
    write(session, "CREATE TABLE things (id int, name text)", "INSERT INTO things VALUES (1, 'a'), (1, 'b')")
    seed = seed_of({"id": 1, "name": "a"}, {"id": 2, "name": "c"})
    assert missing(session, seed) == seed.records[1:]


def test_referenced_tables_come_first_and_cycles_are_no_obstacle() -> None:
    """Seeds are ordered by what they reference; in a cycle, as they are written."""
    fields = {"id": {"type": "int", "primary": True}}

    def table(target: str) -> dict[str, Any]:
        return {"fields": fields | {"other": {"type": "int", "references": {"table": target}}}}

    tables = {"a": table("b"), "b": table("c"), "c": {"fields": fields}, "x": table("y"), "y": table("x")}
    seeds = {name: {"unique_key": "id", "records": []} for name in ("x", "a", "y", "b", "c")}
    ordered = [seed.table for seed in seeds_of(parse_document(json.dumps({"tables": tables, "seeds": seeds})))]
    assert ordered.index("c") < ordered.index("b") < ordered.index("a")
    assert sorted(ordered) == ["a", "b", "c", "x", "y"]
