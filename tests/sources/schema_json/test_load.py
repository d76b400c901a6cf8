"""A document made in an empty database, and Postgres's objections shown in schema.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.errors import SchemaError
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.sources.schema_json import load, parse_document, read_document
from neon_migrate.sources.schema_json.compile import compile_document
from neon_migrate.sources.schema_json.type_names import postgres_type

from .test_document import PLAIN, table

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

SHOP = Path(__file__).parents[3] / "examples" / "shop"


def names(session: Session, *kinds: str) -> set[str]:
    """The names of the constraints or indexes of all tables."""
    catalog = read_catalog(session)
    return {key.part or key.name for key in catalog.objects if key.kind in kinds}


def test_the_plain_form(session: Session) -> None:
    """The plain form makes its tables, with the names that Postgres gives."""
    load(session, parse_document(PLAIN))
    assert names(session, "primary_key", "unique") == {"users_pkey", "users_email_key", "roles_pkey"}
    rows = session.query(
        "SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'roles'::regclass AND attnum > 0"
    )
    assert rows == [("name", True), ("description", False)]


@pytest.mark.parametrize("file", ["schema.json", "schema.changed.json"])
def test_the_example(session: Session, file: str) -> None:
    """The shop has tables, enums, indexes, foreign keys, checks, comments and seeds, and nothing to warn of."""
    document = read_document(SHOP / file)
    load(session, document)
    catalog = read_catalog(session)
    kinds = {key.kind for key in catalog.objects}
    assert {"table", "enum", "index", "foreign_key", "check", "comment", "sequence", "schema"} <= kinds
    assert len(catalog.of_kind("table")) >= 10
    assert (document.warnings, catalog.unmodelled) == ((), ())


def test_cyclic_foreign_keys(session: Session) -> None:
    """Tables that reference each other, and themselves, are fine."""
    number, key = {"type": "int"}, {"type": "int", "primary": True}
    to_a, to_b = {"references": {"table": "a", "column": "id", "on_delete": "SET NULL"}}, {"references": {"table": "b"}}
    tables = {
        "a": {"fields": {"id": key, "b": number | to_b, "a": number | to_a}},
        "b": {"fields": {"id": key, "a": number | to_a}},
    }
    load(session, parse_document(json.dumps({"tables": tables})))
    assert names(session, "foreign_key") == {"a_b_fkey", "a_a_fkey", "b_a_fkey"}


def test_everything_there_is_a_word_for(session: Session) -> None:
    """Each word of the format has its effect, as Postgres writes it back."""
    text = {
        "schemas": ["app"],
        "extensions": [{"name": "plpgsql", "comment": "c"}],
        "types": {"app.Mood": ["sad", "it's"]},
        "sequences": {"app.counter": {"type": "integer", "start": 5, "increment": 2, "max": 99, "cycle": True}},
        "type_mappings": {"Money": {"postgres": "NUMERIC(12,2)"}, "Id": {"postgres": "bigint"}},
        "tables": {
            "app.Odd Name": {
                "fields": {
                    "id": {"type": "Id", "primary": True, "identity": {"generation": "always", "start": 100}},
                    "mood": {"type": "app.Mood", "default": "'it''s'"},
                    "moods": {"type": "app.Mood[]"},
                    "price": {"type": "money", "nullable": False, "default": 1.10},
                    "doubled": {"type": "numeric", "generated": "price * 2"},
                    "select": {"type": "text", "collation": "C"},
                    "flag": {"type": "boolean", "default": True},
                },
                "unique": [{"columns": ["price"], "include": ["mood"], "nulls_not_distinct": True}],
                "checks": [{"name": "fine", "expression": "price > 0", "no_inherit": True, "comment": "because"}],
                "indexes": [
                    {
                        "columns": [{"expression": 'lower("select")', "order": "desc", "nulls": "last"}, "price"],
                        "where": "price > 1",
                        "include": ["flag"],
                        "name": "i",
                        "parameters": {"fillfactor": 70},
                    }
                ],
                "parameters": {"fillfactor": 80},
            }
        },
    }
    load(session, parse_document(json.dumps(text)))
    definitions = session.query(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = 'app.i'::regclass"
        " UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname IN ('fine', 'Odd Name_price_mood_key')"
        " UNION ALL SELECT DISTINCT format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attname IN ('moods', 'price')"
    )
    assert {row[0] for row in definitions} == {
        'CREATE INDEX i ON app."Odd Name" USING btree (lower("select") DESC NULLS LAST, price) INCLUDE (flag)'
        " WITH (fillfactor='70') WHERE (price > (1)::numeric)",
        "CHECK ((price > (0)::numeric)) NO INHERIT",
        "UNIQUE NULLS NOT DISTINCT (price) INCLUDE (mood)",
        'app."Mood"[]',
        "numeric(12,2)",
    }
    assert session.query('INSERT INTO app."Odd Name" DEFAULT VALUES RETURNING id, mood::text, doubled::text, flag') == [
        (100, "it's", "2.20", True)
    ]


def test_sql_files_run_last_or_first(session: Session, tmp_path: Path) -> None:
    """What has no word is an SQL file: after the tables, or before them where they use what it makes."""
    (tmp_path / "domain.sql").write_text("CREATE DOMAIN positive AS int CHECK (VALUE > 0);")
    (tmp_path / "view.sql").write_text("-- who\nCREATE VIEW v AS SELECT n FROM t;\nCREATE VIEW w AS SELECT n FROM v;")
    (tmp_path / "schema.json").write_text(
        '{"tables": {"t": {"fields": {"n": {"type": "positive"}}}},'
        ' "sql": ["view.sql", {"file": "domain.sql", "run": "first"}]}'
    )
    load(session, read_document(tmp_path / "schema.json"))
    assert session.query("SELECT * FROM w") == []


@pytest.mark.parametrize(
    ("view", "place", "what"),
    [
        ("SELECT 1;\n  CREATE VIEW v AS SELECT m FROM t;", "view.sql:2:27", 'column "m" does not exist'),
        ("SELECT 1;\nSELEC 2;", "view.sql:2:1", 'syntax error at or near "SELEC"'),
    ],
)
def test_a_fault_in_an_sql_file_is_shown_there(
    session: Session, tmp_path: Path, view: str, place: str, what: str
) -> None:
    """An error of an SQL file has the file's own line and column."""
    (tmp_path / "view.sql").write_text(view)
    (tmp_path / "schema.json").write_text('{"tables": {"t": {"fields": {"n": {"type": "int"}}}}, "sql": ["view.sql"]}')
    with pytest.raises(SchemaError) as caught:
        load(session, read_document(tmp_path / "schema.json"))
    assert str(caught.value.where).endswith(place)
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("keys", "marked", "what", "answer"),
    [
        ({"type": "TXET"}, "TXET", 'type "txet" does not exist', "Did you mean 'text'?"),
        ({"type": "TMESTAMPTZ[]"}, "TMESTAMPTZ", 'type "tmestamptz[]" does not exist', "Did you mean 'timestamptz'?"),
        ({"type": "DATETIME"}, "DATETIME", 'type "datetime" does not exist', "Postgres calls it 'timestamptz'"),
        ({"type": "mooood"}, "mooood", 'type "mooood" does not exist', "Did you mean 'mood'?"),
        (
            {"type": "text", "default": "active"},
            "active",
            "column reference in DEFAULT",
            "\"'active'\", with quotes inside",
        ),
        (
            {"type": "int", "default": "1 ||| 2"},
            "||| 2",
            "operator does not exist: integer ||| integer",
            "explicit type casts",
        ),
        ({"type": "int", "default": "now()"}, '"c"', "default expression is of type timestamp", "rewrite or cast"),
        ({"type": "text", "identity": "always"}, '"c"', "identity column type must be smallint", ""),
        ({"type": "text", "generated": "now()::text"}, '"c"', "generation expression is not immutable", ""),
        ({"type": "text", "collation": "xx_YY"}, '"c"', 'collation "xx_YY"', ""),
        (
            {"type": "int", "references": {"table": "t", "column": "d"}},
            '"references"',
            "no unique constraint",
            '"unique": true',
        ),
        ({"type": "uuid", "references": {"table": "t"}}, '"references"', "cannot be implemented", "uuid and integer"),
    ],
)
def test_what_postgres_refuses_is_shown_in_schema_json(
    session: Session, keys: dict[str, Any], marked: str, what: str, answer: str
) -> None:
    """Postgres's errors have the place of what they are about, and nothing is left in the database."""
    fields = {"id": {"type": "int", "primary": True}, "d": {"type": "int"}, "c": keys}
    text = json.dumps({"types": {"mood": ["x"]}, "tables": {"t": {"fields": fields}}}, indent=1)
    with pytest.raises(SchemaError) as caught:
        load(session, parse_document(text))
    error = caught.value
    assert what in error.what
    assert answer in f"{error.why}\n{error.remedy}"
    assert error.where is not None
    assert (error.where.source or "")[(error.where.column or 0) - 1 :].startswith(marked)
    assert not read_catalog(session).of_kind("table")


def test_an_unknown_extension_has_the_nearest_one(session: Session) -> None:
    """An extension that this server has not is an error at its name."""
    with pytest.raises(SchemaError, match="is not available") as caught:
        load(session, parse_document('{"tables": {},\n "extensions": ["plpgsqll"]}'))
    assert (str(caught.value.where), caught.value.remedy) == ("schema.json:2:17", "Did you mean 'plpgsql'?")


@pytest.mark.parametrize(
    ("record", "what"),
    [
        ({"id": "x"}, "the seed things id = 'x': invalid input syntax for type integer: \"x\""),
        ({"id": 2, "size": 5}, "violates check constraint"),
        ({"id": 2, "size": None}, "violates not-null constraint"),
        ({"id": 2, "size": {"$sql": "nothing()"}}, "function nothing() does not exist"),
    ],
)
def test_a_seed_that_does_not_fit_is_shown_at_its_record(session: Session, record: dict[str, Any], what: str) -> None:
    """Seeds are tried in the desired tables: what does not fit is an error at the record, and nothing stays."""
    text = table(
        fields={"size": {"type": "int", "nullable": False, "default": 0}},
        checks=["size < 5"],
        top={"seeds": {"things": {"unique_key": "id", "records": [{"id": 1}, record]}}},
    )
    document = parse_document(text)
    with pytest.raises(SchemaError) as caught:
        load(session, document)
    assert what in caught.value.what
    assert caught.value.where == document.text.at(("seeds", "things", "records", 1))
    assert session.query("SELECT count(*) FROM things") == [(0,)]


def test_a_seed_may_reference_what_a_migration_brings(session: Session) -> None:
    """A reference that leads nowhere in an empty database may lead somewhere in the real one."""
    load(
        session,
        parse_document(
            table(
                fields={"other": {"type": "int", "references": {"table": "things"}}},
                top={"seeds": {"things": {"unique_key": "id", "records": [{"id": 1, "other": 2}]}}},
            )
        ),
    )
    assert session.query("SELECT count(*) FROM things") == [(0,)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("UUID", "UUID"),
        ("Email", "citext"),
        ("email[]", "citext[]"),
        ("Short(3)", "varchar(3)"),
        ("Fixed(3)", "varchar(10)"),
        ("Fixed(3)[]", "varchar(10)[]"),
        ("numeric(10, 2)", "numeric(10, 2)"),
        ("Mood", 'public."Mood"'),
        ("Mood[]", 'public."Mood"[]'),
        ("Feeling", 'public."Mood"'),
        ("double precision", "double precision"),
    ],
)
def test_type_mappings(written: str, expected: str) -> None:
    """`type_mappings.postgres` maps a type, its arrays and its modifiers; types of the document are quoted."""
    mappings = {"Email": "citext", "Short": "varchar", "Fixed": "varchar(10)", "Feeling": "Mood"}
    text = {
        "tables": {},
        "types": {"Mood": ["a"]},
        "type_mappings": {name: {"postgres": type_} for name, type_ in mappings.items()},
    }
    assert postgres_type(parse_document(json.dumps(text)), written) == expected


def test_each_statement_knows_where_it_comes_from() -> None:
    """The path of a compiled statement leads to the part of the document that it is made from."""
    document = read_document(SHOP / "schema.json")
    for statement in compile_document(document):
        assert statement.place(document, None).line is not None
        value = document.text.value
        for step in statement.path[:-1]:
            value = value[step]
        assert statement.path[-1] in value if isinstance(value, dict) else len(value) > statement.path[-1]
