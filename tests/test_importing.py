"""`import`: schema.json from a live database and from migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import RefusedError, UsageError
from neon_migrate.importing import import_schema
from neon_migrate.project import Project
from neon_migrate.settings import load as load_settings
from neon_migrate.sources.schema_json import read_document
from neon_migrate.sources.schema_json.names import ObjectName

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target

TABLES = (
    "CREATE TABLE roles (name text PRIMARY KEY); CREATE TABLE users (id int PRIMARY KEY, role text REFERENCES roles);"
)


def project(root: Path, target: Target | None = None) -> Project:
    """A project in an empty folder."""
    (root / "migrations").mkdir(exist_ok=True)
    return Project(load_settings(root), target)


def test_from_a_live_database(tmp_path: Path, database: Target, session: Session) -> None:
    """A live database is only read; what is written is compared with it, and what has no word is named."""
    session.script(TABLES + "CREATE TABLE _sqlx_migrations (version bigint); CREATE VIEW v AS SELECT 1 AS one")
    report = import_schema(project(tmp_path, database))
    assert (report.tables, report.differences, report.problem, report.complete) == (2, (), "", False)
    assert [name.split() for name in report.not_expressible] == [["view", "public.v"]]
    assert set(read_document(report.file).tables) == {ObjectName("public", "roles"), ObjectName("public", "users")}


def test_a_name_of_not_null_is_said_and_kept(tmp_path: Path, database: Target, session: Session) -> None:
    """schema.json has no word for it; the column loads without, which is no difference, as `generate` leaves it."""
    session.script("CREATE TABLE t (a int CONSTRAINT filled NOT NULL, b int NOT NULL)")
    report = import_schema(project(tmp_path, database))
    assert report.not_expressible == ("name filled of NOT NULL of column public.t.a",)
    assert (report.differences, report.problem) == ((), "")


def test_from_migrations_without_any_database(tmp_path: Path) -> None:
    """The migrations are replayed; the file is the project's schema.json."""
    known = project(tmp_path)
    (tmp_path / "migrations" / "0001_tables.sql").write_text(TABLES)
    (tmp_path / "migrations" / "0002_more.sql").write_text("ALTER TABLE users ADD email text UNIQUE;")
    report = import_schema(known, source="migrations")
    assert (report.file, report.complete) == (tmp_path / "schema.json", True)
    users = read_document(report.file).tables[ObjectName("public", "users")].table
    assert users.fields["email"].unique


def test_a_type_without_a_word_is_said(tmp_path: Path, database: Target, session: Session) -> None:
    """Where a column needs what has no word, the file is written all the same, and says why it does not load yet."""
    session.script("CREATE DOMAIN year AS int; CREATE TABLE films (made year)")
    report = import_schema(project(tmp_path, database))
    assert 'type "public.year" does not exist' in report.problem
    assert report.not_expressible
    assert read_document(report.file).tables


def test_a_file_that_is_there_is_kept(tmp_path: Path, database: Target, session: Session) -> None:
    """A schema.json that is there already is not written over, unless that is asked for."""
    (tmp_path / "schema.json").write_text('{"tables": {}}')
    session.script(TABLES)
    with pytest.raises(RefusedError, match="is there already"):
        import_schema(project(tmp_path, database))
    assert (tmp_path / "schema.json").read_text() == '{"tables": {}}'
    other = import_schema(project(tmp_path, database), output=tmp_path / "new-schema.json")
    assert other.file.is_file()
    assert import_schema(project(tmp_path, database), replace=True).tables == 2
    with pytest.raises(UsageError, match="There is no folder"):
        import_schema(project(tmp_path, database), output=tmp_path / "absent" / "schema.json")


def test_without_a_database_the_three_ways_are_named(tmp_path: Path) -> None:
    """Importing from a live database needs one."""
    with pytest.raises(UsageError) as caught:
        import_schema(project(tmp_path))
    assert "--local" in caught.value.remedy
