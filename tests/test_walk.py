"""A history observed step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from histories import migrations_of, write_project
from neon_migrate.catalog import Key
from neon_migrate.errors import StatementError
from neon_migrate.sources.migrations import replay
from neon_migrate.walk import Step, walk

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer


def observe(server: ScratchServer, root: Path, files: dict[str, str]) -> dict[int, Step]:
    settings = write_project(root, files).settings
    return {step.migration.version: step for step in walk(server, migrations_of(settings), settings, lambda one: True)}


def down_of(server: ScratchServer, root: Path, up: str, down: str, first: str = "SELECT 1;") -> Step:
    return observe(server, root, {"1_first.sql": first, "2_a.up.sql": up, "2_a.down.sql": down})[2]


def test_a_down_that_restores_the_schema_is_proven(scratch: ScratchServer, tmp_path: Path) -> None:
    """And the history goes on from what the up file made, as if nothing had been tried."""
    steps = observe(
        scratch,
        tmp_path,
        {
            "1_a.up.sql": "CREATE TABLE a (id serial PRIMARY KEY);",
            "1_a.down.sql": "DROP TABLE a;",
            "2_b.up.sql": "ALTER TABLE a ADD b text;",
            "2_b.down.sql": "ALTER TABLE a DROP b;",
        },
    )
    assert [step.down is not None and step.down.restores for step in steps.values()] == [True, True]
    assert Key("column", "public", "a", "b") in steps[2].after.objects
    assert steps[1].after == steps[2].before


def test_a_down_that_leaves_something_behind_is_named(scratch: ScratchServer, tmp_path: Path) -> None:
    """What differs is said from the view of the schema before."""
    step = down_of(
        scratch,
        tmp_path,
        up="CREATE TABLE b (id int); ALTER TABLE a ALTER n DROP DEFAULT; CREATE VIEW v AS SELECT 1;",
        down="ALTER TABLE a ADD extra int;",
        first="CREATE TABLE a (n int DEFAULT 5);",
    )
    assert step.down is not None
    assert not step.down.restores
    text = "\n".join(step.down.differences)
    assert "table public.b is unexpected" in text
    assert "column public.a.extra is unexpected" in text
    assert "column public.a.n is different (default: expected 5, found none)" in text
    assert "view public.v is unexpected" in text


def test_a_down_that_fails_is_named_with_its_place(scratch: ScratchServer, tmp_path: Path) -> None:
    """File, line and column of the statement."""
    step = down_of(scratch, tmp_path, up="CREATE TABLE a ();", down="SELECT 1;\nDROP TABLE b;\n")
    assert step.down is not None
    assert 'table "b" does not exist' in step.down.error
    assert str(step.down.where) == "migrations/2_a.down.sql:2:1"


def test_a_down_whose_fault_shows_only_at_commit_fails(scratch: ScratchServer, tmp_path: Path) -> None:
    """Deferred constraints are checked, as COMMIT would."""
    step = down_of(
        scratch,
        tmp_path,
        first="CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);",
        up="INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);",
        down="DELETE FROM p;",
    )
    assert step.down is not None
    assert "violates foreign key constraint" in step.down.error


@pytest.mark.parametrize(
    "down",
    ["-- no-transaction\nDROP INDEX CONCURRENTLY a_id;", "DROP INDEX a_id; COMMIT; BEGIN;"],
    ids=["no transaction", "transaction control"],
)
def test_a_down_that_ends_its_transaction_is_tried_on_a_copy(scratch: ScratchServer, tmp_path: Path, down: str) -> None:
    """The history itself keeps what the up file made."""
    files = {
        "1_a.sql": "CREATE TABLE a (id int);",
        "2_b.up.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);",
        "2_b.down.sql": down,
        "3_c.sql": "ALTER INDEX a_id RENAME TO a_id_2;",
    }
    steps = observe(scratch, tmp_path, files)
    assert steps[2].down is not None
    assert steps[2].down.restores
    assert Key("index", "public", "a_id_2") in steps[3].after.objects


def test_trying_out_does_not_use_up_numbers_of_sequences(scratch: ScratchServer, tmp_path: Path) -> None:
    """A later migration may count on them: here the second row has to get the number 2."""
    files = {
        "1_a.sql": "CREATE TABLE a (id serial PRIMARY KEY, n text); CREATE SEQUENCE untouched START 7;",
        "2_b.up.sql": "INSERT INTO a (n) VALUES ('one');",
        "2_b.down.sql": "DELETE FROM a; SELECT nextval('a_id_seq'), nextval('untouched');",
        "3_c.sql": "INSERT INTO a (n) VALUES ('two'); SELECT nextval('untouched');",
    }
    observe(scratch, tmp_path, files)
    settings = write_project(tmp_path, files).settings
    database = replay(scratch, migrations_of(settings), settings).database
    with scratch.session(database) as session:
        assert session.query("SELECT id, n FROM a ORDER BY id") == [(1, "one"), (2, "two")]
        assert session.query("SELECT last_value, is_called FROM untouched") == [(7, True)]
    scratch.drop(database)


class TestTruncated:
    """TRUNCATE is observed, whoever runs it."""

    @pytest.mark.parametrize(
        "up",
        [
            "TRUNCATE a;",
            "DO $$ BEGIN EXECUTE 'TRUN' || 'CATE a'; END $$;",
            "SELECT empty_it();",
            "TRUNCATE p CASCADE;",
            "BEGIN; TRUNCATE a; COMMIT;",
            "-- no-transaction\nTRUNCATE a;",
            "-- no-transaction\nTRUNCATE a;\nCREATE INDEX CONCURRENTLY a_p ON a (p);",
            "SET LOCAL session_replication_role = replica; TRUNCATE a;",
        ],
    )
    def test_it_is_seen(self, scratch: ScratchServer, tmp_path: Path, up: str) -> None:
        """Also in a DO block, in a function, by way of a foreign key, and outside a transaction."""
        first = (
            "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE a (p int REFERENCES p);"
            "CREATE FUNCTION empty_it() RETURNS void LANGUAGE sql AS 'TRUNCATE a';"
        )
        step = observe(scratch, tmp_path, {"1_first.sql": first, "2_a.sql": up})[2]
        assert "public.a" in step.truncated

    def test_a_table_of_its_own_is_none(self, scratch: ScratchServer, tmp_path: Path) -> None:
        """What the migration itself has made holds nobody's rows."""
        step = observe(scratch, tmp_path, {"1_a.sql": "CREATE TABLE a (); TRUNCATE a;"})[1]
        assert step.truncated == ()

    def test_observing_leaves_nothing_behind(self, scratch: ScratchServer, tmp_path: Path) -> None:
        """No trigger and no function."""
        files = {"1_a.sql": "CREATE TABLE a ();", "2_b.sql": f"TRUNCATE a; -- {uuid4()}"}
        observe(scratch, tmp_path, files)
        settings = write_project(tmp_path, files).settings
        database = replay(scratch, migrations_of(settings), settings).database
        with scratch.session(database) as session:
            assert session.query("SELECT count(*) FROM pg_trigger") == [(0,)]
            assert session.query("SELECT count(*) FROM pg_proc WHERE proname LIKE 'neon_migrate%'") == [(0,)]
        scratch.drop(database)


def test_a_no_transaction_file_that_sqlx_cannot_run_says_so(scratch: ScratchServer, tmp_path: Path) -> None:
    """sqlx sends it as one message, which Postgres treats as one transaction (sqlx issue 767)."""
    concurrently = "CREATE INDEX CONCURRENTLY a_id ON a (id);"
    files = {
        "1_a.sql": "CREATE TABLE a (id int);",
        "2_one.sql": f"-- no-transaction\n{concurrently}",
        "3_two.sql": f"-- no-transaction\n{concurrently.replace('a_id', 'a_id_2')}\nSELECT 1;",
    }
    steps = observe(scratch, tmp_path, files)
    assert steps[2].as_message == ""
    assert "cannot run inside a transaction block" in steps[3].as_message


def test_only_what_is_wanted_is_observed(scratch: ScratchServer, tmp_path: Path) -> None:
    """The others are replayed, and the whole is there for the next replay."""
    files = {f"{version}_m.sql": f"CREATE TABLE t{version} (); -- {uuid4()}" for version in (1, 2, 3, 4)}
    settings = write_project(tmp_path, files).settings
    migrations = migrations_of(settings)
    seen = [step.migration.version for step in walk(scratch, migrations, settings, lambda one: one.version in (2, 4))]
    assert seen == [2, 4]
    replayed = replay(scratch, migrations, settings)
    assert replayed.reused == 4
    scratch.drop(replayed.database)


def test_what_came_before_an_error_was_observed(scratch: ScratchServer, tmp_path: Path) -> None:
    """The error comes out when its migration's turn comes."""
    settings = write_project(tmp_path, {"1_a.sql": "SELECT 1;", "2_b.sql": "SELECT nothing;"}).settings
    steps = walk(scratch, migrations_of(settings), settings, lambda one: True)
    assert next(steps).migration.version == 1
    with pytest.raises(StatementError, match="nothing"):
        next(steps)
