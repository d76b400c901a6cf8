"""`generate`: the text of what it writes, and what that does on a real Postgres, judged by pg_dump."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from generating import ID, ORDERS, USERS, Desk, schema
from neon_migrate.errors import ExitCode, RefusedError, SchemaError, StatementError, UsageError
from neon_migrate.generate import generate
from neon_migrate.sources.roles import add_roles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.generate import GenerateReport
    from neon_migrate.postgres.scratch import ScratchServer

    Golden = Callable[[str, str], None]

SHOP = schema(
    {
        "users": {
            "comment": "Who buys.",
            "fields": {
                "id": ID,
                "email": {"type": "text", "nullable": False, "unique": True},
                "mood": {"type": "mood", "nullable": False, "default": "'ok'"},
                "joined_at": {"type": "timestamptz", "nullable": False, "default": "now()"},
            },
            "indexes": [["joined_at"], {"name": "users_email_lower", "columns": [{"expression": "lower(email)"}]}],
        },
        "orders": {
            "fields": {
                "id": {"type": "bigserial", "primary": True},
                "user_id": {
                    "type": "integer",
                    "nullable": False,
                    "references": {"table": "users", "column": "id", "on_delete": "cascade"},
                },
                "total": {"type": "numeric(10,2)", "nullable": False, "default": "0"},
            },
            "checks": ["total >= 0"],
        },
        "roles": {"fields": {"name": {"type": "text", "primary": True}, "level": {"type": "integer"}}},
    },
    types={"mood": ["sad", "ok", "happy"]},
    seeds={"roles": {"unique_key": "name", "records": [{"name": "admin", "level": 9}, {"name": "guest", "level": 0}]}},
)


@pytest.fixture
def desk(tmp_path: Path, scratch: ScratchServer) -> Desk:
    """An empty project."""
    return Desk(tmp_path, scratch)


def texts(report: GenerateReport) -> str:
    """All files of a report, as one text."""
    return "\n".join(f"==> {path.name}\n{path.read_text()}" for one in report.migrations for path in one.paths)


def changed(desk: Desk, before: dict[str, Any], after: dict[str, Any], **options: Any) -> GenerateReport:
    """Two schema.json one after the other; the second report, once it is known to be in step and to go back."""
    generate(desk.project(before), name="before")
    report = generate(desk.project(after), **options)
    assert generate(desk.project()).in_step
    backwards = [one.down for one in reversed(report.migrations)]
    assert desk.dump(run=[text for text in backwards if text]) == desk.dump(count=1)
    return report


def test_the_first_migration_makes_everything(desk: Desk, golden: Golden) -> None:
    """Reversible, of version 1, and its down leaves the database as it was before."""
    report = generate(desk.project(SHOP))
    golden("initial.txt", texts(report))
    assert [path.name for path in report.migrations[0].paths] == [
        "0001_initial_schema.up.sql",
        "0001_initial_schema.down.sql",
    ]
    assert report.losses == ()
    assert desk.dump(run=[report.migrations[0].down or ""]) == desk.dump(count=0)
    assert desk.rows("SELECT * FROM roles ORDER BY 1") == [("admin", 9), ("guest", 0)]


def test_in_step_there_is_nothing_to_do(desk: Desk) -> None:
    """And nothing is written, with or without `check`."""
    generate(desk.project(SHOP))
    before = {path.name for path in (desk.root / "migrations").iterdir()}
    for check in (False, True):
        report = generate(desk.project(), check=check)
        assert (report.in_step, report.migrations, report.differences) == (True, (), ())
    assert {path.name for path in (desk.root / "migrations").iterdir()} == before


def test_check_tells_and_writes_nothing(desk: Desk) -> None:
    """What separates the two is in the report; losses are told, not refused."""
    generate(desk.project(SHOP))
    report = generate(desk.project(schema({"roles": SHOP["tables"]["roles"]}, seeds=SHOP["seeds"])), check=True)
    assert not report.in_step
    assert report.migrations == ()
    assert "table public.users is unexpected" in map(str, report.differences)
    assert "table public.users with all its rows" in report.losses
    assert len(list((desk.root / "migrations").iterdir())) == 2


def test_a_column_is_added(desk: Desk, golden: Golden) -> None:
    """The migration is named after what it does."""
    users = {"fields": {**USERS["fields"], "nickname": {"type": "varchar(20)", "comment": "As shown."}}}
    report = changed(desk, schema({"users": USERS}), schema({"users": users}))
    golden("add_column.txt", texts(report))


def test_renames_of_table_and_columns_keep_the_rows(desk: Desk, golden: Golden) -> None:
    """Both at once, with another change; what has the old names in its own is renamed too."""
    members = {
        "renamed_from": "users",
        "fields": {
            "id": ID,
            "mail": {"type": "text", "nullable": False, "unique": True, "renamed_from": "email"},
            "age": {"type": "integer"},
        },
    }
    orders = {"fields": {"id": ID, "user_id": {"type": "integer", "references": {"table": "members", "column": "id"}}}}
    report = changed(
        desk,
        schema({"users": USERS, "orders": ORDERS}),
        schema({"members": members, "orders": orders}),
        name="users become members",
    )
    golden("rename.txt", texts(report))
    assert report.renames == ("table users to members", "column email to mail")
    assert report.losses == ()
    filled = ["INSERT INTO users (email) VALUES ('a@example.org')", report.migrations[0].up]
    name = desk.replayed(count=1, run=filled)
    with desk.server.session(name) as session:
        assert session.query("SELECT id, mail FROM members") == [(1, "a@example.org")]
    desk.server.drop(name)


def test_a_rename_that_is_done_is_no_news(desk: Desk) -> None:
    """`renamed_from` may stay in schema.json."""
    generate(desk.project(schema({"users": USERS})))
    renamed = schema({"members": {**USERS, "renamed_from": "users"}})
    assert generate(desk.project(renamed)).renames
    assert generate(desk.project()).in_step


def test_data_loss_is_refused_and_named(desk: Desk) -> None:
    """Exit code 4, nothing written, each thing that would go by its name, and the way to say that it is meant."""
    generate(desk.project(schema({"users": USERS, "orders": ORDERS})))
    narrower = {"fields": {"id": ID, "email": {"type": "varchar(10)", "nullable": False, "unique": True}}}
    with pytest.raises(RefusedError) as caught:
        generate(desk.project(schema({"users": narrower})))
    assert caught.value.exit_code == ExitCode.REFUSED
    assert "table public.orders with all its rows" in caught.value.why
    assert "values of column public.users.email that do not fit" in caught.value.why
    assert "--allow-data-loss" in caught.value.remedy
    assert len(list((desk.root / "migrations").iterdir())) == 2


def test_data_loss_that_is_meant_is_written_with_what_it_takes(desk: Desk, golden: Golden) -> None:
    """The down file says at its head what it does not bring back."""
    users = {"fields": {"id": ID}}
    report = changed(desk, schema({"users": USERS, "orders": ORDERS}), schema({"users": users}), allow_data_loss=True)
    golden("data_loss.txt", texts(report))


def test_seeds_are_inserted_and_changed_and_never_deleted(desk: Desk, golden: Golden) -> None:
    """New records DO NOTHING on conflict, changed ones DO UPDATE; a record that went stays in the table."""
    roles = {"roles": SHOP["tables"]["roles"]}

    def seeded(*records: dict[str, Any]) -> dict[str, Any]:
        return schema(roles, seeds={"roles": {"unique_key": "name", "records": records}})

    before = seeded({"name": "admin", "level": 9}, {"name": "guest", "level": 0})
    report = changed(desk, before, seeded({"name": "admin", "level": 10}, {"name": "it's", "level": None}))
    golden("seeds.txt", texts(report))
    assert report.seeds == (("roles", 2),)
    expected = [("admin", 10), ("guest", 0), ("it's", None)]
    assert desk.rows("SELECT * FROM roles ORDER BY 1") == expected
    assert desk.rows("SELECT * FROM roles ORDER BY 1", run=[report.migrations[0].up]) == expected


def test_a_new_enum_value_in_use_takes_two_migrations(desk: Desk, golden: Golden) -> None:
    """Postgres lets nobody use one in the transaction that added it: 55P04."""

    def moods(default: str, *labels: str) -> dict[str, Any]:
        fields = {"id": ID, "mood": {"type": "mood", "default": f"'{default}'"}}
        return schema({"users": {"fields": fields}}, types={"mood": labels})

    report = changed(desk, moods("ok", "ok"), moods("sad", "ok", "sad"), allow_data_loss=True)
    golden("enum_value.txt", texts(report))
    assert [one.version for one in report.migrations] == [2, 3]
    assert desk.rows("SELECT mood::text FROM users", run=["INSERT INTO users DEFAULT VALUES"]) == [("sad",)]


def test_tables_that_need_each_other(desk: Desk, golden: Golden) -> None:
    """Cyclic foreign keys come after both tables, and go before them."""

    def pointing(other: str) -> dict[str, Any]:
        return {"fields": {"id": ID, "other": {"type": "integer", "references": {"table": other, "column": "id"}}}}

    report = generate(desk.project(schema({"a": pointing("b"), "b": pointing("a")})))
    golden("cycle.txt", texts(report))
    assert desk.dump(run=[report.migrations[0].down or ""]) == desk.dump(count=0)


def test_serial_becomes_identity_and_goes_on_counting(desk: Desk, golden: Golden) -> None:
    """Rows that are there keep their numbers, and the next one gets the next; the way back too."""

    def numbered(**column: Any) -> dict[str, Any]:
        return schema({"users": {"fields": {"id": {"primary": True, **column}, "name": {"type": "text"}}}})

    report = changed(desk, numbered(type="serial"), numbered(type="integer", identity="by default"))
    golden("identity.txt", texts(report))
    one_more = "INSERT INTO users (name) VALUES ('x')"
    migration = report.migrations[0]
    name = desk.replayed(count=1, run=[one_more, one_more, migration.up, one_more, migration.down or "", one_more])
    with desk.server.session(name) as session:
        assert session.query("SELECT id FROM users ORDER BY 1") == [(1,), (2,), (3,), (4,)]
    desk.server.drop(name)


def test_migrations_that_are_there_are_never_touched(desk: Desk) -> None:
    """Not a byte and not the time of change, whatever they look like."""
    odd = "CREATE  TABLE users(id int GENERATED ALWAYS AS IDENTITY primary key, email text not null unique)\r\n"
    project = desk.project(schema({"users": USERS, "orders": ORDERS}), {"0001_old.sql": odd})
    file = desk.root / "migrations" / "0001_old.sql"
    before = file.stat()
    report = generate(project)
    assert [path.name for path in report.migrations[0].paths] == ["0002_create_orders.sql"]
    assert file.read_bytes() == odd.encode()
    assert file.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize(
    ("existing", "settings", "pattern"),
    [
        ("20240101120000_a.sql", "", "20????????????_create_orders.sql"),
        ("20240101120000_a.up.sql", "", "20????????????_create_orders.up.sql"),
        ("7_a.sql", "", "????*_create_orders.sql"),
        ("0001_a.sql", 'migration-type = "reversible"', "0002_create_orders.up.sql"),
        ("0001_a.up.sql", 'migration-type = "simple"', "0002_create_orders.sql"),
        ("0001_a.sql", 'migration-versioning = "timestamp"', "20????????????_create_orders.sql"),
        ("20240101120000_a.sql", 'migration-versioning = "sequential"', "20240101120001_create_orders.sql"),
    ],
)
def test_version_and_kind_follow_what_is_there(desk: Desk, existing: str, settings: str, pattern: str) -> None:
    """As sqlx infers them, or as the settings say."""
    make = "CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE);"
    files = {existing: make}
    if ".up." in existing:
        files[existing.replace(".up.", ".down.")] = "DROP TABLE users;"
    report = generate(desk.project(schema({"users": USERS, "orders": ORDERS}), files, settings))
    assert report.migrations[0].paths[0].match(pattern), report.migrations[0].paths
    assert generate(desk.project()).in_step


def test_what_fails_on_rows_is_said_before(desk: Desk) -> None:
    """A column that becomes NOT NULL, and a new one without a default."""
    nullable = {"fields": {"id": ID, "a": {"type": "text"}}}
    strict = {"fields": {"id": ID, "a": {"type": "text", "nullable": False}, "b": {"type": "int", "nullable": False}}}
    warnings = changed(desk, schema({"t": nullable}), schema({"t": strict})).warnings
    assert any("public.t.a becomes NOT NULL" in warning for warning in warnings)
    (seen,) = [warning for warning in warnings if "Give it a default" in warning]
    assert '"b" of relation "t" contains null values. Give it' in seen


def test_what_would_fail_on_rows_is_feared_where_nothing_is_run(desk: Desk) -> None:
    """`check` runs no migration: what is said there is what NOT NULL means."""
    generate(desk.project(schema({"t": {"fields": {"id": ID}}})))
    strict = {"fields": {"id": ID, "b": {"type": "int", "nullable": False}}}
    (warning,) = generate(desk.project(schema({"t": strict})), check=True).warnings
    assert warning.startswith("column public.t.b is NOT NULL without a default: applying fails")


def test_an_existing_migration_that_does_not_run_is_named(desk: Desk) -> None:
    """With its file, line and column."""
    project = desk.project(schema({"users": USERS}), {"0001_a.sql": "SELECT 1;\nSELEC 2;"})
    with pytest.raises(StatementError) as caught:
        generate(project)
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (2, 1)
    assert caught.value.where.file.endswith("0001_a.sql")


def test_what_postgres_does_not_take_has_its_place_in_schema_json(desk: Desk) -> None:
    """Exit code 2: schema.json has to be corrected."""
    with pytest.raises(SchemaError) as caught:
        generate(desk.project(schema({"t": {"fields": {"a": {"type": "text", "default": "no_such_function()"}}}})))
    assert "no_such_function" in str(caught.value)
    assert caught.value.where is not None
    assert not list((desk.root / "migrations").iterdir())


def test_a_name_is_made_fit_for_a_file(desk: Desk) -> None:
    """And refused where nothing is left of it, before anything is written."""
    project = desk.project(schema({"users": USERS}))
    with pytest.raises(UsageError):
        generate(project, name="???")
    report = generate(project, name="Add Users (new!)")
    assert report.migrations[0].paths[0].name == "0001_add_users_new.up.sql"


def test_a_conditional_migration_counts_like_any_other(desk: Desk) -> None:
    """What a DO block did is in the history's Catalog."""
    make = "CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
    conditional = """DO $$ BEGIN
IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'email') THEN
    ALTER TABLE users ADD COLUMN email text NOT NULL UNIQUE;
END IF; END $$;"""
    files = {"0001_a.sql": make, "0002_b.sql": conditional}
    assert generate(desk.project(schema({"users": USERS}), files)).in_step


def test_reports_are_plain_data(desk: Desk) -> None:
    """msgspec makes JSON of them."""
    import msgspec

    report = generate(desk.project(schema({"users": USERS})))
    assert json.loads(msgspec.json.encode(report, enc_hook=str))["migrations"][0]["version"] == 1


def test_default_privileges_give_what_they_are_there_to_give(desk: Desk) -> None:
    """A new table gets grants that schema.json has no word for; they are no difference then, and stay later on."""
    granted = "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO anonymous;\n"
    generate(desk.project(schema({"users": USERS}), files={"migrations/0001_rights.sql": granted}))
    assert generate(desk.project()).in_step
    report = generate(desk.project(schema({"users": USERS, "orders": ORDERS})))
    assert "orders" in texts(report)
    assert "GRANT" not in texts(report)


def test_owners_stay_as_migrations_have_set_them(desk: Desk) -> None:
    """schema.json has no word for them; what is made again gets its owner again, both ways."""
    add_roles(desk.server, {"keeper"})
    given = "CREATE TYPE mood AS ENUM ('calm', 'glad');\nALTER TYPE mood OWNER TO keeper;\n"
    files = {"migrations/0001_mood.up.sql": given, "migrations/0001_mood.down.sql": "DROP TYPE mood;\n"}
    moods = {"mood": ["calm", "glad"]}
    report = generate(desk.project(schema({"users": USERS}, types=moods), files, "owners = true"))
    assert "OWNER" not in texts(report)
    report = generate(desk.project(schema({"users": USERS}, types={"mood": ["glad", "calm"]})))
    assert [one.paths[0].name for one in report.migrations] == ["0003_change_enum_mood.up.sql"]
    assert texts(report).count("ALTER TYPE public.mood OWNER TO keeper;") == 2
    assert generate(desk.project()).in_step


def test_what_is_partitioned_stays_as_it_is(desk: Desk) -> None:
    """schema.json has no words for partitions: a table that it does not name stays with them, and is named."""
    parted = (
        "CREATE TABLE hits (id bigserial, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);\n"
        "CREATE TABLE hits_old PARTITION OF hits FOR VALUES FROM (MINVALUE) TO ('2020-01-01');\n"
        "CREATE INDEX ON hits (at); COMMENT ON COLUMN hits.at IS 'when';\n"
    )
    report = generate(desk.project(schema({"users": USERS}), files={"migrations/0001_hits.sql": parted}))
    assert "hits" not in texts(report)
    assert {"table public.hits", "table public.hits_old"} <= {f"{one.type} {one.identity}" for one in report.coverage}
    assert generate(desk.project()).in_step
