"""Generated rows, judged by Postgres: which tables get some, what they are like, and what is named instead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.rows import fill, read_contents
from neon_migrate.rows.base_values import KNOWN, extreme, value
from neon_migrate.rows.patterns import texts_like
from neon_migrate.settings import Settings
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.schema_json.document import read_document
from neon_migrate.sources.schema_json.load import loaded
from neon_migrate.sources.sql_file import load_sql_file, read_sql_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.rows import Contents, TableNotFilled, Variety

SETTINGS = Settings(Path(), Path(), Path())
SHOP = Path(__file__).parents[1] / "examples" / "shop" / "schema.json"
SCHEMAS = ("basejump", "employee_dump", "pagila_2022", "sakila_dump", "example project")

HARD = {
    "types": """CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE address AS (street text, zip varchar(5), mood mood);
        CREATE TYPE floats AS RANGE (subtype = float8); CREATE DOMAIN small AS int CHECK (VALUE BETWEEN 100 AND 102);
        CREATE TABLE t (a smallint NOT NULL, b numeric(5,2) NOT NULL, c numeric(3,3) NOT NULL, d char(7) NOT NULL,
            e varchar(1) NOT NULL, f bit(5) NOT NULL, g varbit(9) NOT NULL, h timestamptz(3) NOT NULL, i mood NOT NULL,
            j address NOT NULL, k address[] NOT NULL, l mood[] NOT NULL, m floats NOT NULL, n int4range NOT NULL,
            o nummultirange NOT NULL, p small NOT NULL, q small[] NOT NULL, r text[][] NOT NULL, s jsonb NOT NULL,
            t interval day to second(2) NOT NULL, u "char" NOT NULL, v bytea NOT NULL, w char NOT NULL)""",
    "composite keys that share a column": """CREATE TABLE tenants (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
        CREATE TABLE users (tenant bigint REFERENCES tenants, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE posts (tenant bigint NOT NULL REFERENCES tenants, id int, author int NOT NULL, parent int,
            PRIMARY KEY (tenant, id), FOREIGN KEY (tenant, author) REFERENCES users,
            FOREIGN KEY (tenant, parent) REFERENCES posts);
        CREATE TABLE likes (tenant bigint NOT NULL, author int NOT NULL, post int NOT NULL,
            FOREIGN KEY (tenant, author) REFERENCES users, FOREIGN KEY (tenant, post) REFERENCES posts)""",
    "a table that references itself": """CREATE TABLE staff (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            boss int NOT NULL REFERENCES staff);
        CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree)""",
    "a circle of foreign keys": """CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL);
        CREATE TABLE b (id serial PRIMARY KEY, c int NOT NULL);
        CREATE TABLE c (id int PRIMARY KEY, a int NOT NULL REFERENCES a DEFERRABLE INITIALLY DEFERRED);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; ALTER TABLE b ADD FOREIGN KEY (c) REFERENCES c""",
    "a circle that can be cut": """CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL);
        CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b""",
    "checks": """CREATE TABLE t (a int CHECK (a > 17), b int, c text CHECK (length(c) BETWEEN 40 AND 45),
            d text CHECK (d IN ('x', 'y')), e date CHECK (e > '2030-01-01'), f jsonb CHECK (jsonb_typeof(f) = 'array'),
            g numeric CHECK (g BETWEEN 0 AND 1), h timestamptz, i timestamptz, j jsonb CHECK (j ->> 'kind' = 'cat'),
            k text[] CHECK (array_length(k, 1) > 0), CHECK (a < b), CHECK (h < i), CHECK (num_nonnulls(c, d) = 1))""",
    "a check that fails on some values": "CREATE TABLE t (ratio int NOT NULL CHECK (100 / ratio > 3))",
    "domains with checks": r"""CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]{2}\d{3,5}$') NOT NULL;
        CREATE DOMAIN address AS text CHECK (VALUE ~ '^[^@]+@[^@]+\.[a-z]{2,}$');
        CREATE TABLE t (a code, b address NOT NULL, c int)""",
    "exclusion": """CREATE EXTENSION btree_gist; CREATE TABLE t (room int, during tstzrange NOT NULL,
            EXCLUDE USING gist (room WITH =, during WITH &&))""",
    "generated and numbered columns": """CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, w int NOT NULL, h int,
            area int GENERATED ALWAYS AS (w * h) STORED); CREATE TABLE only_id (id bigserial);
        CREATE TABLE nothing (); CREATE TABLE checked (a int NOT NULL, b int NOT NULL,
            c int GENERATED ALWAYS AS (a * b) STORED CHECK (c > 90), CHECK (c < a * 50))""",
    "partitions": """CREATE TABLE p (at date, kind text) PARTITION BY RANGE (at);
        CREATE TABLE p_2020 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
        CREATE TABLE p_2021 PARTITION OF p FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY LIST (kind);
        CREATE TABLE p_2021_x PARTITION OF p_2021 FOR VALUES IN ('x', 'y');
        CREATE TABLE p_2021_rest PARTITION OF p_2021 DEFAULT; CREATE TABLE p_rest PARTITION OF p DEFAULT;
        CREATE TABLE h (id uuid PRIMARY KEY) PARTITION BY HASH (id);
        CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 0);
        CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 1);
        CREATE TABLE h2 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 2);
        CREATE TABLE of_h (id uuid NOT NULL REFERENCES h)""",
    "unique constraints of all sorts": """CREATE TABLE t (a int UNIQUE DEFERRABLE, b bool UNIQUE NOT NULL, c text);
        CREATE UNIQUE INDEX ON t (lower(c)); CREATE UNIQUE INDEX ON t ((1)) WHERE a > 5""",
    "names": """CREATE SCHEMA "Of ""mine"; CREATE TABLE "Of ""mine"."We%ird"
            ("a b" int PRIMARY KEY, "#" text, "Sel'ect" text CHECK ("Sel'ect" LIKE 'ab%c_'),
            value int CHECK (value > 3))""",
    "triggers, rules and event triggers": """
        CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
        CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (t int NOT NULL REFERENCES t);
        CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION never();
        CREATE TRIGGER two BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION never();
        ALTER TABLE t ENABLE ALWAYS TRIGGER two;
        CREATE CONSTRAINT TRIGGER three AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION never();
        CREATE RULE nowhere AS ON INSERT TO u DO INSTEAD NOTHING;
        CREATE FUNCTION no_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
        CREATE EVENT TRIGGER no_ddl ON ddl_command_end EXECUTE FUNCTION no_ddl()""",
    "of PostgreSQL 18": """CREATE EXTENSION btree_gist;
        CREATE TABLE rooms (id int, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS));
        CREATE TABLE stays (room int NOT NULL, during daterange NOT NULL,
            FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD valid));
        CREATE TABLE v (a int CONSTRAINT required NOT NULL, b int GENERATED ALWAYS AS (a * 2) VIRTUAL,
            c int CHECK (c > 5) NOT ENFORCED, CHECK (b > 10))""",
    "row-level security": "CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
}


def filled(session: Session, variety: Variety = "varied") -> tuple[Contents, tuple[TableNotFilled, ...]]:
    """What is in the tables after filling them; its Catalog is as it was."""
    catalog = catalog_of(session, SETTINGS)
    missing = fill(session, catalog, variety)
    assert not session.in_transaction
    assert catalog_of(session, SETTINGS) == catalog
    return read_contents(session, catalog), missing


@pytest.mark.parametrize("name", SCHEMAS)
def test_tables_of_real_schemas_are_filled(
    scratch: ScratchServer, inputs: Path, name: str, record_property: Callable[[str, object], None]
) -> None:
    """Nearly all of them; the rest is named."""
    if name == "example project":
        database = loaded(scratch, read_document(SHOP))
    else:
        database = load_sql_file(scratch, read_sql_file(inputs / "schemas" / f"dump_{name}.sql"), SETTINGS)
    try:
        with scratch.session(database) as session:
            contents, missing = filled(session)
    finally:
        scratch.drop(database)
    empty = {key.qualified_name for key, table in contents.tables.items() if not table.rows}
    assert empty == {one.table for one in missing}
    record_property("inputs: rows", {"tables filled": len(contents.tables) - len(empty), "named": len(empty)})
    assert len(contents.tables) > 0
    assert len(empty) < 0.05 * len(contents.tables), missing


@pytest.mark.parametrize("variety", ["varied", "plain"])
@pytest.mark.parametrize("name", HARD)
def test_rows_satisfy(session: Session, name: str, variety: Variety) -> None:
    """Every table has some, whatever its constraints ask for."""
    session.script(HARD[name])
    contents, missing = filled(session, variety)
    assert missing == ()
    assert [key for key, table in contents.tables.items() if not table.rows] == []


def test_rows_are_the_same_each_time(scratch: ScratchServer, session: Session) -> None:
    """Nothing is left to chance, not even which of several solutions is taken."""
    other = scratch.create()
    found = []
    with scratch.session(other) as second:
        for one in (session, second):
            one.script(HARD["checks"])
            one.script(HARD["composite keys that share a column"])
            found.append({key: table.rows for key, table in filled(one)[0].tables.items()})
    scratch.drop(other)
    assert found[0] == found[1]


def test_varied_rows_are_what_breaks_migrations(session: Session) -> None:
    """A value at the limit of its type, one that is missing, and one that is there twice; plain rows have none such."""
    table = "CREATE TABLE t (id int PRIMARY KEY, name varchar(30), amount numeric(6,2))"
    session.script(table)
    varied, _ = filled(session)
    (contents,) = varied.tables.values()
    names = [row[1] for row in contents.rows]
    assert None in names
    assert any(name is not None and len(name) == 30 for name in names)
    assert len(set(names)) < len(names)
    assert "9999.99" in [row[2] for row in contents.rows]
    session.script(f"DROP TABLE t; {table}")
    plain, _ = filled(session, "plain")
    (contents,) = plain.tables.values()
    assert all(value is not None for row in contents.rows for value in row)
    assert all(len(set(column)) == len(contents.rows) for column in zip(*contents.rows, strict=True))


def test_tables_with_rows_are_left_alone(session: Session) -> None:
    """What a migration or a seed put there is the better example."""
    session.script("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u (t int REFERENCES t)")
    contents, missing = filled(session)
    rows = {key.name: table.rows for key, table in contents.tables.items()}
    assert missing == ()
    assert rows["t"] == (("1",),)
    assert ("1",) in rows["u"]


def test_sequences_stay_in_step(session: Session) -> None:
    """A row that a migration inserts afterwards gets a number that is free, one after that of a row that is gone."""
    session.script("CREATE TABLE t (id serial PRIMARY KEY, name text UNIQUE)")
    filled(session)
    assert session.query("SELECT max(id) FROM t") == [(4,)]
    assert session.query("INSERT INTO t (name) VALUES ('seed') RETURNING id") == [(6,)]


def test_what_no_row_fits_is_named(session: Session) -> None:
    """With what Postgres said, or what is missing; so is what depends on it."""
    session.script(
        "CREATE TABLE never (id int PRIMARY KEY CHECK (false));"
        "CREATE TABLE after (never int NOT NULL REFERENCES never);"
        "CREATE TABLE divided (a int) PARTITION BY RANGE (a)"
    )
    contents, missing = filled(session)
    assert [(one.table, one.why) for one in missing] == [
        ("public.after", "it references public.never, where no row is left to reference"),
        ("public.divided", "it has no partitions"),
        ("public.never", 'new row for relation "never" violates check constraint "never_check"'),
    ]
    assert not any(table.rows for table in contents.tables.values())


def test_the_users_functions_can_do_no_harm(session: Session) -> None:
    """A check whose function fails leaves its table empty, and nothing else."""
    session.script(
        "CREATE FUNCTION bad(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN ASSERT false, 'bad'; END $$;"
        "CREATE TABLE t (a int CHECK (bad(a))); CREATE TABLE u (a int)"
    )
    contents, missing = filled(session)
    assert [(one.table, one.why) for one in missing] == [("public.t", "bad")]
    assert [len(table.rows) for table in contents.tables.values()] == [0, 4]


def test_a_database_that_is_another_by_now_is_no_error(session: Session) -> None:
    """All of its tables are named."""
    session.script("CREATE TABLE t (a int)")
    catalog = catalog_of(session, SETTINGS)
    session.script("DROP TABLE t")
    ((name, why),) = [(one.table, one.why) for one in fill(session, catalog)]
    assert (name, why) == ("public.t", 'relation "public.t" does not exist')
    assert not session.in_transaction


def test_values_are_read_by_their_types(session: Session) -> None:
    """Of every base type of Postgres that has values, and of the extensions that are there."""
    for extension in ("citext", "hstore", "ltree", "cube", "seg", "isn"):
        session.query(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    there = {name for (name,) in session.query("SELECT typname FROM pg_type WHERE typtype = 'b'")}
    assert {"int4", "text", "jsonb", "citext", "hstore"} < there & KNOWN
    for name in sorted(there & KNOWN - {"xml"}):  # which needs a build with libxml
        texts = [value(name, number, -1) for number in (0, 1, 2, 3, 7000, 7001)]
        limit = extreme(name, -1)
        for text in (*texts, *([limit] if limit else ())):
            session.query(f'SELECT %s::"{name}"', (text,))


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\+[1-9]\d{1,14}$",
        r"^[a-z0-9]+(-[a-z0-9]+)*$",
        r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$",
        r"^(foo|bar)\.(?:a|b){2,}$",
        r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
        r"^[[:alpha:]_][[:alnum:]_]*$",
        r"^https?://.+",
        r"\mword\M",
        r"^#[0-9a-f]{6}$",
        r"^(?=.{3,8}$)a*?b+$",
    ],
)
def test_texts_like_a_pattern_match_it(session: Session, pattern: str) -> None:
    """As Postgres matches; at least one of them."""
    assert any(session.query("SELECT %s::text ~ %s::text", (text, pattern))[0][0] for text in texts_like(pattern))


@pytest.mark.parametrize(
    "pattern", ["(", "[", "{", "a{", "a{1", "\\", "[[:", "*", "(((", "a{999999999}", "(a{200}){200}"]
)
def test_texts_like_what_is_no_pattern_are_short(pattern: str) -> None:
    """A check may hold any text; none is too strange."""
    assert all(len(text) <= 2_000 for text in texts_like(pattern))
