"""`compare`: every difference between a database and its applied migrations, both ways, and SQL that closes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from generating import Desk
from neon_migrate.apply import apply
from neon_migrate.compare import compare
from neon_migrate.errors import StatementError
from neon_migrate.render.compare import compare_page, compare_sql
from neon_migrate.render.plain import text as plain
from neon_migrate.sources.roles import add_roles

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.target import Target

MIGRATIONS = {
    "0001_a.sql": "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE users (id integer PRIMARY KEY, mood mood);",
    "0002_b.sql": "CREATE INDEX users_mood ON users (mood); COMMENT ON TABLE users IS 'Who.';",
}


@pytest.fixture
def desk(tmp_path: Path, scratch: ScratchServer, database: Target) -> Desk:
    """A project with a database that has all its migrations."""
    desk = Desk(tmp_path, scratch, database)
    desk.applied(MIGRATIONS)
    return desk


def test_a_database_as_its_migrations_left_it_is_not_different(desk: Desk) -> None:
    """Nothing to say, no SQL, no warnings."""
    report = compare(desk.project())
    assert not report.different
    assert (report.sql, report.losses, report.coverage, report.warnings) == ("", (), (), ())
    assert report.applied == (1, 2)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DROP TABLE users", ["table public.users is missing"]),
        ("CREATE TABLE other ()", ["table public.other is unexpected"]),
        ("ALTER TABLE users ALTER mood SET NOT NULL", ["column public.users.mood is different"]),
        ("ALTER INDEX users_mood RENAME TO i", ["index public.users_mood is renamed"]),
        ("DROP INDEX users_mood", ["index public.users_mood is missing"]),
        ("ALTER TYPE mood ADD VALUE 'sad'", ["enum public.mood is different (labels: expected ok, found ok, sad)"]),
        ("COMMENT ON TABLE users IS 'x'", ["comment public.table users is different (text: expected Who., found x)"]),
        ("CREATE SEQUENCE s", ["sequence public.s is unexpected"]),
        ("CREATE SCHEMA x", ["schema x is unexpected"]),
    ],
)
def test_a_difference_is_told_and_the_sql_closes_it(desk: Desk, damage: str, told: list[str]) -> None:
    """Run on the database, the SQL leaves nothing to tell."""
    desk.execute(damage)
    report = compare(desk.project())
    assert report.different
    found = [str(difference) for difference in report.differences]
    assert any(one.startswith(told[0]) for one in found), found
    for batch in report.batches:
        desk.execute(batch.script())
    assert not compare(desk.project()).different


def test_the_sql_keeps_the_database_in_use(desk: Desk) -> None:
    """As that of `diff` does: an index is built beside the work of others, and the head says how to run it."""
    desk.execute("DROP INDEX users_mood; COMMENT ON TABLE users IS NULL")
    report = compare(desk.project())
    assert [batch.transactional for batch in report.batches] == [True, False]
    assert report.sql.startswith("-- Several transactions")
    assert "CREATE INDEX CONCURRENTLY users_mood" in report.sql
    assert len(report.fingerprint) == 64


def test_a_database_that_came_from_a_dump_is_in_line(desk: Desk) -> None:
    """Postgres writes `IN` on a varchar in another form once it has read its own text: that is no drift."""
    view = "CREATE VIEW v AS SELECT id FROM users WHERE {}"
    desk.project(files={"0003_c.sql": view.format("'a'::varchar IN ('a', 'b')")})
    apply(desk.project())
    written = "'a'::varchar::text = ANY (ARRAY['a'::varchar, 'b'::varchar]::text[])"
    desk.execute("DROP VIEW v; " + view.format(written))
    assert not compare(desk.project()).different


def test_tables_that_are_none_of_ours_are_left_out(desk: Desk) -> None:
    """As the settings say, with all that belongs to them."""
    desk.execute("CREATE TABLE cron_jobs (id serial PRIMARY KEY)")
    assert compare(desk.project()).different
    assert not compare(desk.project(settings='ignore = ["public.cron_*"]')).different


def test_owners_are_compared_where_the_settings_say_so(desk: Desk) -> None:
    """A migration that gave a table to a role is kept to; by default nobody looks."""
    add_roles(desk.server, {"keeper", "intruder"})
    given = {"0003_c.sql": "ALTER TABLE users OWNER TO keeper;"}
    compared = desk.project(files=given, settings="owners = true")
    usual = replace(compared, settings=replace(compared.settings, owners=False))
    apply(compared)
    assert not compare(compared).different
    desk.execute("ALTER TABLE users OWNER TO intruder")
    assert not compare(usual).different
    report = compare(compared)
    assert [str(one) for one in report.differences] == [
        "owner public.table users is different (role: expected keeper, found intruder)"
    ]
    assert report.sql == "ALTER TABLE public.users OWNER TO keeper;\n"
    desk.execute("ALTER TABLE users OWNER TO CURRENT_ROLE; ALTER TYPE mood OWNER TO intruder")
    report = compare(compared)
    assert [str(one) for one in report.differences] == [
        "owner public.enum mood is different (role: expected CURRENT_ROLE, found intruder)",
        "owner public.table users is different (role: expected keeper, found CURRENT_ROLE)",
    ]
    desk.execute(report.sql)
    assert not compare(compared).different


def test_what_is_of_no_known_kind_is_named(desk: Desk) -> None:
    """As a difference where the migrations make no such thing."""
    desk.execute("CREATE TYPE shell")
    report = compare(desk.project())
    assert [one.type for one in report.coverage] == ["type"]
    assert [(one.kind, one.state) for one in report.differences] == [("type", "unexpected")]


def test_what_bringing_it_in_line_would_lose_is_told(desk: Desk) -> None:
    """A table too many is dropped by the SQL: with its rows."""
    desk.execute("CREATE TABLE other (id integer)")
    assert compare(desk.project()).losses == ("table public.other with all its rows",)


def test_comparing_writes_nothing(desk: Desk) -> None:
    """A read-only transaction is enough."""
    desk.execute(
        "DO $$ BEGIN EXECUTE format("
        "'ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$"
    )
    assert not compare(desk.project()).different


class TestUnfinished:
    """A no-transaction migration that stopped half-way: the ledger does not have it, the database has a part of it."""

    UP = "-- no-transaction\nCREATE INDEX CONCURRENTLY users_id ON users (id);\nALTER TABLE users ADD {} integer;\n"

    @pytest.fixture
    def stopped(self, desk: Desk) -> Desk:
        """The index is there, and the second statement failed."""
        project = desk.project(files={"0003_c.sql": self.UP.format("mood")})
        with pytest.raises(StatementError, match="already exists"):
            apply(project)
        return desk

    def test_what_it_did_is_expected(self, stopped: Desk) -> None:
        """And it is said how far it came."""
        report = compare(stopped.project())
        assert [str(one) for one in report.differences] == []
        assert [one for one in report.warnings if "1 of its 2 statements are done" in one]

    def test_what_it_did_and_somebody_undid_is_missing(self, stopped: Desk) -> None:
        """As with any other part of the schema."""
        stopped.execute("DROP INDEX users_id")
        assert [str(one) for one in compare(stopped.project()).differences] == ["index public.users_id is missing"]

    def test_the_statements_to_come_may_be_edited(self, stopped: Desk) -> None:
        """That is how one goes on."""
        assert not compare(stopped.project(files={"0003_c.sql": self.UP.format("age")})).different

    def test_one_edited_where_it_was_run_is_not_guessed_at(self, stopped: Desk) -> None:
        """What the statements were that made it, nobody knows."""
        report = compare(stopped.project(files={"0003_c.sql": self.UP.format("age").replace("users_id", "other")}))
        assert [str(one) for one in report.differences] == ["index public.users_id is unexpected"]
        assert [one for one in report.warnings if "edited since" in one]


def test_what_postgres_has_no_way_to_bring_in_line_is_said(desk: Desk) -> None:
    """There is no SQL that takes a value from an enum that a table is partitioned by: none is printed."""
    apply(desk.project(files={"0003_c.sql": "CREATE TABLE by_mood (m mood) PARTITION BY LIST (m);"}))
    desk.execute("ALTER TYPE mood ADD VALUE 'sad'")
    report = compare(desk.project())
    assert [str(one) for one in report.differences] == [
        "enum public.mood is different (labels: expected ok, found ok, sad)"
    ]
    assert (report.batches, report.sql) == ((), "")
    assert ["enum public.mood can't be replaced" in one for one in report.impossible] == [True]
    assert report.losses == ()
    told = plain(compare_page(report))
    assert "no way: enum public.mood can't be replaced" in told
    assert "compare --sql" not in told
    assert plain(compare_sql(report)).startswith("-- Postgres has no way: enum public.mood")


def test_an_extension_that_was_not_updated_is_no_drift(desk: Desk) -> None:
    """Nobody has named its version: the server's files are newer, that is all. A version that somebody named counts."""
    named = "CREATE EXTENSION hstore VERSION '1.4'"
    desk.execute(named)
    (desk.root / "migrations" / "0003_c.sql").write_text("CREATE EXTENSION IF NOT EXISTS hstore;")
    apply(desk.project())
    assert not compare(desk.project()).different
    desk.project(files={"0004_d.sql": f"DROP EXTENSION hstore; {named};"})
    apply(desk.project())
    assert not compare(desk.project()).different
    desk.execute("ALTER EXTENSION hstore UPDATE")
    (told,) = map(str, compare(desk.project()).differences)
    assert told.startswith("extension hstore is different (version: expected 1.4, found 1.")
