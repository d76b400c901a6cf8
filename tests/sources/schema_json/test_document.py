"""schema.json as a value: what is read, and what is refused before Postgres sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neon_migrate.errors import ExitCode, SchemaError
from neon_migrate.sources.schema_json import (
    Rename,
    insert_statements,
    parse_document,
    read_document,
    renames,
    seeds_of,
)
from neon_migrate.sources.schema_json.compile import compile_document
from neon_migrate.sources.schema_json.names import ObjectName

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = """{"version": "2.0.0",
 "tables": {"users": {"fields": {
    "id":    {"type": "UUID", "nullable": false, "primary": true, "unique": false, "foreign_key": false,
              "default": "gen_random_uuid()"},
    "email": {"type": "TEXT", "nullable": false, "primary": false, "unique": true, "foreign_key": false}},
    "rust_type": "Users", "ts_type": "Users"},
   "roles": {"fields": {
    "name": {"type": "TEXT", "nullable": false, "primary": true, "unique": false, "foreign_key": false},
    "description": {"type": "TEXT", "nullable": true, "primary": false, "unique": false, "foreign_key": false}},
    "rust_type": "Roles", "ts_type": "Roles"}},
 "type_mappings": {"UUID": {"postgres": "UUID", "rust": "Uuid", "typescript": "string"}},
 "seeds": {"roles": {"unique_key": "name", "records": [{"name": "admin", "description": "…"}]}}}"""


def table(**keys: Any) -> str:
    """A document with one table of two columns, and more keys for it; a key a line."""
    fields = {"id": {"type": "int", "primary": True}, "name": {"type": "text"}} | keys.pop("fields", {})
    top = keys.pop("top", {})
    return json.dumps({"tables": {"things": {"fields": fields, **keys}}, **top}, indent=0)


def fault(text: str) -> SchemaError:
    """The error that reading `text` ends with."""
    with pytest.raises(SchemaError) as caught:
        parse_document(text)
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.where is not None
    assert caught.value.where.source is not None
    return caught.value


def test_the_plain_form_is_read_without_a_warning() -> None:
    """What teams have had all along works unchanged."""
    document = parse_document(PLAIN)
    users = document.tables[ObjectName("public", "users")]
    assert (users.primary_key, users.unique_keys) == (("id",), (frozenset({"id"}), frozenset({"email"})))
    assert document.warnings == ()


@pytest.mark.parametrize("encoded", [PLAIN.encode("utf-8-sig"), PLAIN.replace("\n", "\r\n").encode()])
def test_byte_order_mark_and_crlf(tmp_path: Path, encoded: bytes) -> None:
    """A file from a Windows editor says the same as any other."""
    (tmp_path / "schema.json").write_bytes(encoded)
    assert read_document(tmp_path / "schema.json").model == parse_document(PLAIN).model


def test_windows_1252_is_named(tmp_path: Path) -> None:
    """A file in another encoding is an error at the first byte that UTF-8 has not, with its line."""
    path = tmp_path / "schema.json"
    path.write_bytes('{"tables": {},\n "description": "café"}'.encode("cp1252"))
    with pytest.raises(SchemaError, match="not UTF-8") as caught:
        read_document(path)
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (2, 21)
    assert caught.value.where.source == ' "description": "café"}'
    assert "'é'" in caught.value.why


def test_utf_16_is_named(tmp_path: Path) -> None:
    """UTF-16, as PowerShell writes it, is named as such."""
    (tmp_path / "schema.json").write_bytes(PLAIN.encode("utf-16"))
    with pytest.raises(SchemaError, match="UTF-16"):
        read_document(tmp_path / "schema.json")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """Without a schema.json, init and import are named."""
    with pytest.raises(SchemaError) as caught:
        read_document(tmp_path / "schema.json")
    assert "neon-migrate init" in caught.value.remedy


def test_a_missing_sql_file_is_shown_where_it_is_named(tmp_path: Path) -> None:
    """A file under `sql` that isn't there is an error at its name."""
    (tmp_path / "schema.json").write_text('{"tables": {},\n "sql": ["views.sql"]}')
    with pytest.raises(SchemaError, match=r"no file 'views\.sql'") as caught:
        read_document(tmp_path / "schema.json")
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (2, 10)


@pytest.mark.parametrize(
    ("text", "marked", "what", "answer"),
    [
        ("{}", "{", "the document has no 'tables'", "Add 'tables'"),
        ("[]", "[", "the document should be an object with 'tables'", "It is a list."),
        ('{"tabels": {}}', '"tabels"', "Unknown key 'tabels' in the document", "Did you mean 'tables'?"),
        ('{"tables": {}, "views": {}}', '"views"', "Unknown key 'views' in the document", 'name that under "sql"'),
        (table(fields={"x": {}}), '"x"', "tables.things.fields.x has no 'type'", "Add 'type': a text."),
        (
            table(fields={"x": {"type": "int", "nulable": False}}),
            '"nulable"',
            "Unknown key 'nulable' in tables.things.fields.x",
            "Did you mean 'nullable'?",
        ),
        (
            table(fields={"x": {"type": "int", "unique": "yes"}}),
            '"yes"',
            "tables.things.fields.x.unique should be true or false",
            "It is the text 'yes'.",
        ),
        (table(fields={"x": {"type": " "}}), '" "', "tables.things.fields.x.type is empty", "Write a value"),
        (
            table(fields={"x": {"type": "int", "default": [1]}}),
            "[\n1",
            "tables.things.fields.x.default should be a text, a number, true or false",
            "'[]'::jsonb",
        ),
        (
            table(fields={"x": {"type": "int", "default": 1, "generated": "2"}}),
            '"generated"',
            "tables.things.fields.x has both 'default' and 'generated'",
            "",
        ),
        (
            table(fields={"x": {"type": "int", "references": {"table": "thing"}}}),
            '"thing"',
            "There is no table thing",
            "Did you mean 'things'?",
        ),
        (
            table(fields={"x": {"type": "int", "references": {"table": "things", "column": "ID"}}}),
            '"ID"',
            "The table things has no column 'ID'",
            "Did you mean 'id'?",
        ),
        (
            table(fields={"x": {"type": "int", "references": {"table": "things", "on_delete": "casade"}}}),
            '"casade"',
            "tables.things.fields.x.references.on_delete is 'casade'",
            "Did you mean 'cascade'?",
        ),
        (
            table(foreign_keys=[{"columns": ["id", "name"], "references": {"table": "things", "column": "id"}}]),
            "{",
            "tables.things.foreign_keys[0].references names 1 columns for a foreign key of 2",
            "The columns of things it points to are id.",
        ),
        (
            table(primary_key=["name"]),
            '"primary_key"',
            "The table things has two primary keys",
            '"primary_key" names name',
        ),
        (table(unique=[["nam"]]), '"nam"', "The table things has no column 'nam'", "Did you mean 'name'?"),
        (table(unique=[["name", "name"]]), '"name"', "The column 'name' stands twice", ""),
        (
            table(indexes=[["lower(name)"]]),
            '"lower(name)"',
            "The table things has no column 'lower(name)'",
            'An expression is written {"expression": "lower(name)"}.',
        ),
        (
            table(description="x"),
            '"description"',
            "Unknown key 'description' in tables.things",
            "Did you mean 'comment'?",
        ),
        (
            table(checks=[{"expression": "true", "comment": "x"}]),
            '"comment"',
            "tables.things.checks[0] has a comment and no name",
            'Add "name".',
        ),
        (table(indexes=[{"columns": [{"order": "desc"}]}]), "{", "should have one of 'column' and 'expression'", ""),
        (table(indexes=[{"columns": []}]), "[]", "tables.things.indexes[0].columns is empty", "Name at least one."),
        (
            table(fields={"x" * 64: {"type": "int"}}),
            '"xxx',
            "The name 'xxx",
            "Postgres keeps 63 bytes of a name; this one has 64.",
        ),
        (
            table(fields={"x": {"type": "int", "renamed_from": "name"}}),
            '"name"',
            "The column 'x' of things is renamed from 'name', which is still there",
            'take out its "renamed_from"',
        ),
        (
            table(renamed_from="things"),
            '"things"',
            "is renamed from things, which is still there",
            'take out "renamed_from"',
        ),
        (table(top={"types": {"mood": ["a", "a"]}}), '"a"', "The value 'a' stands twice in the enum mood", ""),
        (
            table(top={"types": {"things": ["a"]}}),
            '"things"',
            "the name of a table and of a type",
            "A table is a type too.",
        ),
        (
            table(top={"types": {"a.b.c": ["a"]}}),
            '"a.b.c"',
            "'a.b.c' is not the name of an object in types",
            "schema.name",
        ),
        (
            table(top={"sequences": {"s": {"owned_by": "things.idd"}}}),
            '"things.idd"',
            "The table things has no column 'idd'",
            "Did you mean 'id'?",
        ),
        (
            '{"tables": {"a": {"fields": {}}, "public.a": {"fields": {}}}}',
            '"public.a"',
            "The table a stands twice",
            "'a'",
        ),
    ],
)
def test_a_fault_is_shown_at_its_place(text: str, marked: str, what: str, answer: str) -> None:
    """Each fault of a document has a place to look at, says what is wrong, and where it can what to write."""
    error = fault(text)
    assert what in error.what
    assert answer in f"{error.why}\n{error.remedy}"
    assert error.where is not None
    lines = text.split("\n")
    at_caret = "\n".join(lines[(error.where.line or 0) - 1 :])[(error.where.column or 0) - 1 :]
    assert at_caret.startswith(marked)


@pytest.mark.parametrize(
    ("seeds", "what", "answer"),
    [
        ({"thing": {"unique_key": "id", "records": []}}, "Seeds for thing, but there is no such table", "'things'"),
        ({"things": {"records": [{"id": 1}]}}, "The seeds of things have no 'unique_key'", '"unique_key": "id"'),
        ({"things": {"unique_key": "idd", "records": []}}, "The table things has no column 'idd'", "'id'"),
        ({"things": {"unique_key": "name", "records": []}}, "name is not unique in things", '"unique": true'),
        (
            {"things": {"unique_key": ["id", "name"], "records": []}},
            "is not unique in things",
            '"unique": [["id","name"]]',
        ),
        ({"things": {"unique_key": "id", "records": [{"nam": 1}]}}, "The table things has no column 'nam'", "'name'"),
        (
            {"things": {"unique_key": "id", "records": [{"name": "a"}]}},
            "records[0] has no value for its key 'id'",
            "name = a",
        ),
        (
            {"things": {"unique_key": "id", "records": [{"id": 1}, {"id": 2}, {"id": 1, "name": "b"}]}},
            "Two seeds of things have the same key: id = 1",
            "records[0]",
        ),
        (
            {"codes": {"unique_key": "code", "records": [{"code": "a"}]}},
            "no value for the primary key 'id'",
            "code = a",
        ),
        (
            {"things": {"unique_key": "id", "records": [{"id": {"$sql": 1}}]}},
            "is not an expression",
            '{"$sql": "now()"}',
        ),
    ],
)
def test_a_seed_that_cannot_be_told_apart_is_refused(seeds: dict[str, Any], what: str, answer: str) -> None:
    """Seeds are refused without a key, with one that is not unique, twice the same, or with no value for it."""
    codes = {"fields": {"id": {"type": "int", "primary": True}, "code": {"type": "text", "unique": True}}}
    things = {"fields": {"id": {"type": "int", "primary": True}, "name": {"type": "text"}}}
    error = fault(json.dumps({"tables": {"things": things, "codes": codes}, "seeds": seeds}))
    assert what in error.what
    assert answer in f"{error.why}\n{error.remedy}"


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield from _paths(item, (*path, step))


def _replaced(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    changed = value.copy()
    changed[path[0]] = _replaced(value[path[0]], path[1:], other)
    return changed


SHOP = json.loads((Path(__file__).parents[3] / "examples" / "shop" / "schema.changed.json").read_text(encoding="utf-8"))
ODD = st.sampled_from([None, [], {}, "", 1, True, "x.y.z", [1], {"a": 1}, 'a"b', -1.5, {"$sql": "x"}, {"name": "x"}])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(_paths(SHOP))), ODD)
def test_whatever_stands_anywhere_is_read_or_refused_at_its_place(path: tuple[str | int, ...], odd: Any) -> None:
    """Any value in any place either makes a document that compiles, or is an error that has a place."""
    try:
        parsed = parse_document(json.dumps(_replaced(SHOP, path, odd)))
    except SchemaError as error:
        assert error.where is not None
        return
    assert all(statement.sql for statement in compile_document(parsed))
    assert all(insert_statements(seed, seed.records) or not seed.records for seed in seeds_of(parsed))


def test_a_foreign_key_without_target_is_a_warning_that_says_what_to_write() -> None:
    """`foreign_key: true` alone makes no constraint; the likely target is named."""
    document = parse_document(
        '{"tables": {"users": {"fields": {"id": {"type": "UUID", "primary": true}}},\n'
        ' "posts": {"fields": {"user_id": {"type": "UUID", "foreign_key": true}}}}}'
    )
    (warning,) = document.warnings
    assert str(warning.where) == "schema.json:2:51"
    assert warning.remedy == 'Write "references": {"table": "users", "column": "id"}.'


def test_a_foreign_key_with_a_target_is_no_warning() -> None:
    """`foreign_key: true` beside `references`, or in a constraint of the table, has its effect."""
    text = table(
        fields={"a": {"type": "int", "foreign_key": True, "references": {"table": "things"}}}
        | {"b": {"type": "int", "foreign_key": True}},
        foreign_keys=[{"columns": ["b"], "references": {"table": "things", "column": "id"}}],
    )
    assert parse_document(text).warnings == ()


def test_a_nullable_primary_key_and_a_numbered_seed_are_warnings() -> None:
    """What Postgres overrules, or will trip over later, is said."""
    document = parse_document(
        '{"tables": {"t": {"fields": {"id": {"type": "serial", "primary": true, "nullable": true}}}},'
        ' "seeds": {"t": {"unique_key": "id", "records": [{"id": 7}]}}}'
    )
    assert [warning.what.split(" ")[0:4] for warning in document.warnings] == [
        ["tables.t.fields.id", "is", "nullable,", "which"],
        ["The", "seeds", "of", "t"],
    ]


def test_renames_are_told_types_first() -> None:
    """`renamed_from` of types, tables and columns; an old name is in the schema of the new one."""
    document = parse_document(
        '{"types": {"billing.state": {"enum": ["open"], "renamed_from": "status"}},'
        ' "tables": {"billing.invoices": {"renamed_from": "bills", "fields": {'
        '"total": {"type": "int", "renamed_from": "sum"}}}}}'
    )
    assert renames(document) == (
        Rename("type", "billing", "status", "status", "state"),
        Rename("table", "billing", "bills", "bills", "invoices"),
        Rename("column", "billing", "invoices", "sum", "total"),
    )
