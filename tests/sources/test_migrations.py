"""Replaying a migrations folder on a scratch server."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from histories import migrations_of, write_project
from neon_migrate.errors import StatementError
from neon_migrate.ledger import rows
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.sources.migrations import chain, replay, snapshot_keys

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.target import Target

THREE = {
    "0001_a.sql": "CREATE TABLE a (id int);",
    "0002_b.up.sql": "CREATE TABLE b (id int); INSERT INTO b VALUES (1);",
    "0002_b.down.sql": "DROP TABLE b;",
    "0003_c.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY b_id ON b (id);",
}


def test_a_replay_gives_what_sqlx_gives(scratch: ScratchServer, database: Target, tmp_path: Path) -> None:
    """The same Catalog and the same ledger, but for times and durations."""
    project = write_project(tmp_path, THREE)
    replayed = replay(scratch, migrations_of(project.settings), project.settings).database
    parameters = database.parameters()
    url = f"postgresql:///{parameters['dbname']}?host={parameters['host']}&port={parameters.get('port', 5432)}"
    if "user" in parameters:
        url += f"&user={parameters['user']}"
    subprocess.run(["sqlx", "migrate", "run", "--database-url", url], cwd=tmp_path, check=True, capture_output=True)
    ledger = "SELECT version, description, success, checksum FROM _sqlx_migrations ORDER BY version"
    with scratch.session(replayed) as ours, scratch.session(parameters["dbname"]) as theirs:
        assert ours.query(ledger) == theirs.query(ledger)
        assert read_catalog(ours) == read_catalog(theirs)
    scratch.drop(replayed)


def test_a_migration_may_read_the_ledger(scratch: ScratchServer, tmp_path: Path) -> None:
    """Rows of those before it are there when it runs, its own is not."""
    project = write_project(
        tmp_path,
        {
            "1_a.sql": "CREATE TABLE seen AS SELECT version FROM _sqlx_migrations;",
            "2_b.sql": "INSERT INTO seen SELECT version FROM _sqlx_migrations;",
        },
    )
    replayed = replay(scratch, migrations_of(project.settings), project.settings).database
    with scratch.session(replayed) as session:
        assert session.query("SELECT version FROM seen") == [(1,)]
    scratch.drop(replayed)


def test_the_ledger_is_where_the_settings_put_it(scratch: ScratchServer, tmp_path: Path) -> None:
    """A qualified name, in a schema that is made first."""
    settings_file = '[migrate]\ntable-name = \'ledger."My Migrations"\'\ncreate-schemas = ["ledger"]\n'
    project = write_project(tmp_path, {"1_a.sql": "SELECT 1;", "sqlx.toml": settings_file})
    replayed = replay(scratch, migrations_of(project.settings), project.settings).database
    with scratch.session(replayed) as session:
        assert session.query('SELECT version FROM ledger."My Migrations"') == [(1,)]
        assert session.query(rows.table_exists('ledger."My Migrations"')) == [(True,)]
        assert session.query(rows.table_exists("_sqlx_migrations")) == [(False,)]
    scratch.drop(replayed)


def test_an_error_names_file_line_and_column(scratch: ScratchServer, tmp_path: Path) -> None:
    """And the statement, as it stands in the file."""
    text = "CREATE TABLE a (id int);\n\n-- a comment\nALTER TABLE b ADD x int;\n"
    project = write_project(tmp_path, {"1_a.sql": "SELECT 1;", "2_b.sql": text})
    with pytest.raises(StatementError) as caught:
        replay(scratch, migrations_of(project.settings), project.settings)
    assert str(caught.value.where) == "migrations/2_b.sql:4:1"
    assert caught.value.sqlstate == "42P01"
    assert "neon-migrate validate" in caught.value.remedy


def test_replaying_known_migrations_and_a_new_one_runs_the_new_one_alone(tmp_path: Path) -> None:
    """Across servers, and after the last migration was edited too."""
    mark = f"-- {uuid4()}\n"
    files = {f"{version}_m.sql": f"{mark}CREATE TABLE t{version} ();" for version in (1, 2, 3)}
    reused = []
    for change in ({}, {}, {"4_m.sql": "CREATE TABLE t4 ();"}, {"4_m.sql": "CREATE TABLE other ();"}):
        files |= change
        project = write_project(tmp_path, files)
        migrations = migrations_of(project.settings)
        with scratch_server(wanted=snapshot_keys(migrations, project.settings)) as server:
            replayed = replay(server, migrations, project.settings)
            reused.append(replayed.reused)
            with server.session(replayed.database) as session:
                tables = session.query("SELECT relname FROM pg_class WHERE relname ~ '^(t[0-9]|other)$' ORDER BY 1")
    assert reused == [0, 3, 3, 3]
    assert tables == [("other",), ("t1",), ("t2",), ("t3",)]


def test_what_a_caller_does_to_its_replay_is_not_kept(scratch: ScratchServer, tmp_path: Path) -> None:
    """The database is the caller's own."""
    project = write_project(tmp_path, {"1_a.sql": f"CREATE TABLE a (); -- {uuid4()}"})
    migrations = migrations_of(project.settings)
    for _ in range(2):
        database = replay(scratch, migrations, project.settings).database
        with scratch.session(database) as session:
            session.query("DROP TABLE a")
        scratch.drop(database)


class TestKeys:
    """A key stands for everything a replay depends on."""

    def test_each_migration_has_the_key_of_the_history_up_to_it(self, tmp_path: Path) -> None:
        """The best comes first in what a server is asked for."""
        project = write_project(tmp_path, THREE)
        migrations = migrations_of(project.settings)
        keys = chain(migrations, project.settings)
        assert keys[:2] == chain(migrations[:2], project.settings)
        assert snapshot_keys(migrations, project.settings) == keys[::-1]

    @pytest.mark.parametrize(
        "change",
        [
            {"0001_a.sql": "CREATE TABLE a (id int );"},
            {"sqlx.toml": '[migrate]\ntable-name = "other"'},
            {"sqlx.toml": '[migrate]\ncreate-schemas = ["other"]'},
        ],
    )
    def test_what_changes_the_outcome_changes_the_key(self, tmp_path: Path, change: dict[str, str]) -> None:
        """The text, and the settings of the ledger."""
        before = write_project(tmp_path / "before", THREE)
        after = write_project(tmp_path / "after", THREE | change)
        keys = [chain(migrations_of(project.settings), project.settings) for project in (before, after)]
        assert not set(keys[0]) & set(keys[1])

    def test_ignored_characters_count_in_the_key(self, tmp_path: Path) -> None:
        """They are left out of the checksum, and still run."""
        ignored = {"sqlx.toml": '[migrate]\nignored-chars = ["x"]'}
        projects = [
            write_project(tmp_path / text, {"1_a.sql": f"CREATE TABLE {text} ();"} | ignored) for text in ("ax", "axx")
        ]
        one, two = (migrations_of(project.settings) for project in projects)
        assert one[0].checksum == two[0].checksum
        assert chain(one, projects[0].settings) != chain(two, projects[1].settings)

    def test_down_files_do_not_count(self, tmp_path: Path) -> None:
        """No replay runs them."""
        before = write_project(tmp_path / "before", THREE)
        after = write_project(tmp_path / "after", THREE | {"0002_b.down.sql": "SELECT 1;"})
        keys = [chain(migrations_of(project.settings), project.settings) for project in (before, after)]
        assert keys[0] == keys[1]
