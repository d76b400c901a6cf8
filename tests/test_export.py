"""`export`: the file, its proof, and that nothing half-written is ever left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import NeonMigrateError, UsageError
from neon_migrate.export import export
from neon_migrate.postgres import dump
from neon_migrate.postgres.dump import Program, find_pg_dump, load_dump
from neon_migrate.project import Project
from neon_migrate.settings import Settings

if TYPE_CHECKING:
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target
    from secure_server import SecureServer

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, mood mood);
CREATE TABLE posts (id bigint PRIMARY KEY, person bigint REFERENCES people ON DELETE CASCADE, CHECK (id > 0));
CREATE INDEX posts_person ON posts (person);
CREATE VIEW happy AS SELECT * FROM people WHERE mood = 'happy';
CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY);
"""
NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def project(database: Target, session: Session, tmp_path: Path) -> Project:
    """A project whose database has a schema."""
    session.script(SCHEMA)
    root = tmp_path / "project"
    root.mkdir()
    return Project(Settings(root=root, migrations=root / "migrations", schema=root / "schema.json"), database)


def test_the_file_is_named_by_the_time_in_utc_and_goes_to_the_current_folder(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """neon_schema_export_YYYYMMDD_HHMMSS.sql, wherever on earth it is made."""
    monkeypatch.chdir(tmp_path)
    report = export(project, now=NOON.astimezone(timezone(timedelta(hours=9))))
    assert report.path == tmp_path / "neon_schema_export_20261122_120000.sql"
    assert report.path.stat().st_size == report.bytes
    assert sorted(each.name for each in tmp_path.iterdir()) == [report.path.name, "project"]


def test_the_export_is_proven(project: Project, tmp_path: Path) -> None:
    """It was restored and gave the same Catalog; the report says with what."""
    report = export(project, output=tmp_path)
    assert report.proven
    assert report.differences == ()
    assert report.unproven == ""
    assert report.objects > 8
    assert report.server_version.split(".")[0] == report.pg_dump_version.split(".")[0]
    text = report.path.read_text()
    for part in ("CREATE TABLE public.people", "CREATE VIEW public.happy", "_sqlx_migrations", "FOREIGN KEY"):
        assert part in text


def test_two_exports_are_equal_to_the_byte(project: Project, tmp_path: Path) -> None:
    """An unchanged schema gives an unchanged file, so it can be kept under version control."""
    first, second = (export(project, output=tmp_path / name).path.read_bytes() for name in ("one.sql", "two.sql"))
    assert first == second


def test_an_export_can_be_exported_again(project: Project, tmp_path: Path, scratch: ScratchServer) -> None:
    """What is restored from the file exports to the very file."""
    text = export(project, output=tmp_path / "one.sql").path.read_text()
    name = load_dump(scratch, text)
    again = export(Project(project.settings, scratch.target(name)), output=tmp_path / "two.sql")
    assert again.path.read_text() == text
    scratch.drop(name)


def test_a_file_that_is_there_is_replaced_with_its_mode(project: Project, tmp_path: Path) -> None:
    """-o FILE writes over an earlier export and keeps who may read it; a link keeps being one."""
    file, link = tmp_path / "schema.sql", tmp_path / "link.sql"
    file.write_text("an earlier export")
    file.chmod(0o640)
    link.symlink_to(file)
    report = export(project, output=link)
    assert report.path == file
    assert link.is_symlink()
    assert "CREATE TABLE" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there(project: Project, tmp_path: Path) -> None:
    """The folder is named, before anything is done."""
    with pytest.raises(UsageError, match="absent"):
        export(project, output=tmp_path / "absent" / "schema.sql")


def test_what_does_not_come_back_is_named(project: Project, session: Session, tmp_path: Path) -> None:
    """pg_dump leaves invalid indexes out: the proof finds that one is missing."""
    session.script("INSERT INTO posts (id) VALUES (1), (2)")
    with pytest.raises(NeonMigrateError):
        session.query("CREATE UNIQUE INDEX CONCURRENTLY broken ON posts ((1))")
    report = export(project, output=tmp_path)
    assert not report.proven
    assert [(each.kind, each.state) for each in report.differences] == [("index", "missing")]
    assert "broken" in report.differences[0].name


def test_a_kind_that_is_not_compared_has_to_come_back_at_least(
    project: Project, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pg_restore that loses a type without a definition is found out."""
    session.script("CREATE TYPE kept")
    real = find_pg_dump(session.major)
    (tmp_path / "pg_dump").symlink_to(real.path)
    (tmp_path / "pg_restore").write_text(f"#!/bin/sh\n{real.pg_restore} \"$@\" | grep -v 'CREATE TYPE public.kept'\n")
    (tmp_path / "pg_restore").chmod(0o755)
    assert export(project, output=tmp_path).proven
    monkeypatch.setattr(dump, "find_pg_dump", lambda *_, **__: Program(tmp_path / "pg_dump", real.version))
    report = export(project, output=tmp_path)
    assert not report.proven
    assert [str(each) for each in report.differences] == ["type public.kept is missing"]


def test_what_is_left_out_on_purpose_is_no_difference(project: Project, session: Session, tmp_path: Path) -> None:
    """A user mapping holds a password: it is not in the file, and the export is proven all the same; so with owners."""
    session.script(
        "CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER far FOREIGN DATA WRAPPER elsewhere;"
        "CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (password 's3cret')"
    )
    report = export(project, output=tmp_path)
    assert report.proven
    session.script("CREATE ROLE export_keeper; ALTER TABLE posts OWNER TO export_keeper")
    try:
        owners = replace(project, settings=replace(project.settings, owners=True))
        assert export(owners, output=tmp_path).proven
    finally:
        session.script("ALTER TABLE posts OWNER TO CURRENT_ROLE; DROP ROLE export_keeper")
    assert "s3cret" not in report.path.read_text()


def test_what_cannot_be_restored_here_is_said(project: Project, session: Session, tmp_path: Path) -> None:
    """An extension that this machine does not have: the file is there, and called unproven with the reason."""
    session.script("CREATE EXTENSION citext; UPDATE pg_extension SET extname = 'unheard_of' WHERE extname = 'citext'")
    report = export(project, output=tmp_path)
    assert report.path.is_file()
    assert not report.proven
    assert "unheard_of" in report.unproven


@pytest.mark.parametrize("history", ["docsrs", "svix"])
def test_schemas_of_real_applications_are_proven(
    inputs: Path, history: str, session: Session, database: Target, tmp_path: Path
) -> None:
    """Functions, triggers, partitions, extensions: everything that others have comes back."""
    for file in sorted((inputs / "histories" / history).rglob("*.sql")):
        if not file.name.endswith(".down.sql"):
            session.script(file.read_text())
    settings = Settings(root=tmp_path, migrations=tmp_path / "migrations", schema=tmp_path / "schema.json")
    report = export(Project(settings, database), output=tmp_path)
    assert report.proven, (report.differences, report.unproven)
    assert report.objects > 10


def test_without_a_database_there_is_no_export(project: Project, tmp_path: Path) -> None:
    """Nothing else is exported instead."""
    with pytest.raises(UsageError, match="No database"):
        export(Project(project.settings), output=tmp_path)


def test_through_tls_and_a_password(project: Project, secure_server: SecureServer, tmp_path: Path) -> None:
    """From a server like Neon's, as a user with a password; nothing tells of the password."""
    with secure_server.admin("app") as admin:
        admin.script("CREATE TABLE IF NOT EXISTS exported (id int PRIMARY KEY); ALTER TABLE exported OWNER TO app")
    report = export(Project(project.settings, secure_server.target("app", sslmode="require")), output=tmp_path)
    assert report.proven
    assert "CREATE TABLE public.exported" in report.path.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_the_disk_is_full(project: Project) -> None:
    """The error says so; what is no regular file is not replaced by one."""
    with pytest.raises(NeonMigrateError) as raised:
        export(project, output=Path("/dev/full"))
    assert "No space left" in raised.value.why
    assert Path("/dev/full").is_char_device()
