"""A schema.json written from a Catalog, loaded again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import SchemaError, StatementError
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.sources.schema_json import load, read_document, schema_document
from neon_migrate.sources.schema_json.kept import with_kept
from neon_migrate.sources.schema_json.write import document_from_catalog

from .test_json_schema import accepts

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.sources.schema_json import Document

SHOP = Path(__file__).parents[3] / "examples" / "shop"
SUITES = ("apgdiff", "migra", "pgschema", "sqldef")
ORDINARY = """
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'ours';
CREATE TYPE app.mood AS ENUM ('sad', 'it''s', '', 'happy');
CREATE SEQUENCE app.counter AS integer INCREMENT BY 5 MINVALUE -10 START 0 CYCLE;
CREATE TABLE app."Odd.Name" (
  id serial PRIMARY KEY, mood app.mood DEFAULT 'sad', moods app.mood[] DEFAULT '{}', "select" varchar(10) COLLATE "C",
  at timestamptz(3) DEFAULT now(), n numeric(10,2) DEFAULT 1.50, b boolean DEFAULT true, c char(3), i int DEFAULT -1,
  doubled numeric GENERATED ALWAYS AS (n * 2) STORED, CHECK (n > 0),
  CHECK (n > i), CONSTRAINT named CHECK (b) NO INHERIT
);
ALTER TABLE app."Odd.Name" ADD CONSTRAINT again UNIQUE (id);
CREATE TABLE app.child (
  a bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME app."its.own" START 7 INCREMENT 3), b int, c int NOT NULL,
  PRIMARY KEY (b, a) INCLUDE (c), UNIQUE NULLS NOT DISTINCT (c),
  CONSTRAINT late UNIQUE (a, c) DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 70);
CREATE UNLOGGED TABLE other (id uuid PRIMARY KEY, b int, a bigint, up uuid UNIQUE,
  FOREIGN KEY (b, a) REFERENCES app.child MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE);
ALTER TABLE other ADD FOREIGN KEY (up) REFERENCES other ON DELETE CASCADE;
ALTER TABLE other ADD CONSTRAINT unchecked FOREIGN KEY (b) REFERENCES app."Odd.Name" (id) NOT VALID;
ALTER TABLE other ADD CHECK (b > 0) NOT VALID;
ALTER SEQUENCE app.counter OWNED BY app.child.b;
CREATE INDEX ON other (b);
CREATE INDEX odd ON other USING btree (b DESC NULLS LAST, (a + 1)) INCLUDE (up)
  WITH (fillfactor = 80) WHERE a > 0 OR b IS NULL;
CREATE UNIQUE INDEX ON app."Odd.Name" (lower("select") text_pattern_ops) NULLS NOT DISTINCT;
CREATE INDEX ON app."Odd.Name" USING hash (mood);
COMMENT ON TABLE other IS 'unlogged';
COMMENT ON COLUMN app.child.a IS 'a';
COMMENT ON CONSTRAINT named ON app."Odd.Name" IS 'named';
COMMENT ON CONSTRAINT other_up_fkey ON other IS 'up';
COMMENT ON INDEX odd IS E'two\\nlines';
COMMENT ON TYPE app.mood IS 'how';
"""


def loaded_again(scratch: ScratchServer, document: Document) -> Catalog:
    """The Catalog of a database made from the document."""
    name = scratch.create()
    try:
        with scratch.session(name) as session:
            load(session, document)
            return read_catalog(session)
    finally:
        scratch.drop(name)


def test_what_an_ordinary_database_has_comes_back(scratch: ScratchServer, session: Session) -> None:
    """Tables with all that belongs to them load into an equal Catalog, and nothing is without a word."""
    session.script(ORDINARY)
    catalog = read_catalog(session)
    document, not_expressible = document_from_catalog(catalog)
    assert not_expressible == ()
    assert loaded_again(scratch, document).objects == catalog.objects


def test_the_shortest_words_are_found(session: Session) -> None:
    """What a field can say is said by the field, and names that Postgres gives are left out."""
    session.script(
        "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, age int CHECK (age > 0),"
        " boss bigint REFERENCES users ON DELETE SET NULL, at timestamptz NOT NULL DEFAULT now(), n int DEFAULT 5);"
        "CREATE INDEX ON users (boss, at)"
    )
    document, _ = document_from_catalog(read_catalog(session))
    assert json.loads(document.text.text)["tables"]["users"] == {
        "fields": {
            "id": {"type": "bigserial", "primary": True},
            "email": {"type": "text", "nullable": False, "unique": True},
            "age": {"type": "integer"},
            "boss": {"type": "bigint", "references": {"table": "users", "column": "id", "on_delete": "set null"}},
            "at": {"type": "timestamptz", "nullable": False, "default": "now()"},
            "n": {"type": "integer", "default": 5},
        },
        "checks": ["age > 0"],
        "indexes": [["boss", "at"]],
    }


def test_what_has_no_word_is_named(session: Session) -> None:
    """Views, functions, domains, exclusions and clauses without a word are named one by one."""
    session.script(
        "CREATE DOMAIN year AS int; CREATE VIEW v AS SELECT 1 AS one; CREATE TABLE t (a int PRIMARY KEY, r int4range,"
        " EXCLUDE USING gist (r WITH &&)); CREATE TABLE u (a int, b int, UNIQUE (a, b)); CREATE TABLE w (a int, b int,"
        " CONSTRAINT part FOREIGN KEY (a, b) REFERENCES u (a, b) ON DELETE SET NULL (a));"
        " CREATE TABLE hits (id serial, at date) PARTITION BY RANGE (at); COMMENT ON TABLE hits IS 'x';"
        " CREATE TABLE rest PARTITION OF hits DEFAULT; GRANT SELECT ON u TO anonymous"
    )
    _, not_expressible = document_from_catalog(read_catalog(session))
    assert {" ".join(name.split()) for name in not_expressible} == {
        "domain public.year",
        "view public.v",
        "table public.hits",
        "table public.rest",
        "grant public.table u.anonymous",
        "exclusion public.t.t_r_excl",
        "foreign key public.w.part: ON DELETE that sets only some of the columns",
    }


@pytest.mark.parametrize("file", ["schema.json", "schema.changed.json"])
def test_the_example_comes_back(scratch: ScratchServer, session: Session, file: str) -> None:
    """The shop, loaded, written and loaded again, is the shop; what is written is valid for an editor."""
    load(session, read_document(SHOP / file))
    catalog = read_catalog(session)
    document, not_expressible = document_from_catalog(catalog)
    schema = schema_document()
    assert not_expressible == ()
    assert loaded_again(scratch, document) == catalog
    assert accepts(schema, json.loads(document.text.text), schema)


@pytest.mark.parametrize("suite", SUITES)
def test_schemas_that_others_wrote_come_back_or_are_named(scratch: ScratchServer, inputs: Path, suite: str) -> None:
    """Every 12th schema of each suite of pairs comes back as it was, or what could not be said is named."""
    verified = json.loads((inputs / "pairs" / f"{suite}.verify.json").read_text())
    cases = sorted(case for case in _cases(verified) if (inputs / "pairs" / suite / case / "after.sql").is_file())[::12]
    assert cases
    unnamed = []
    for case in cases:
        text = (inputs / "pairs" / suite / case / "after.sql").read_text(encoding="utf-8", errors="replace")
        unnamed.extend(f"{suite}/{case}: {key}" for key in _not_come_back(scratch, text))
    assert unnamed == []


def _cases(verified: object) -> list[str]:
    """The cases whose `after` loads on plain PostgreSQL."""
    rows = verified if isinstance(verified, dict) else {}
    return [case for case, result in rows.items() if isinstance(result, dict) and result.get("after") == "ok"]


def _not_come_back(scratch: ScratchServer, text: str) -> list[str]:
    name = scratch.create()
    try:
        with scratch.session(name) as session:
            try:
                session.script(text)
            except StatementError:
                return []
            catalog = read_catalog(session)
    finally:
        scratch.drop(name)
    document, not_expressible = document_from_catalog(catalog)
    try:
        again = loaded_again(scratch, document)
    except SchemaError as error:
        return [] if not_expressible else [error.what]
    return [
        str(key) for key in _unlike(with_kept(again, catalog), catalog) if str(key) not in " ".join(not_expressible)
    ]


def _unlike(one: Catalog, other: Catalog) -> list[Key]:
    return [key for key in {**one.objects, **other.objects} if one.objects.get(key) != other.objects.get(key)]
