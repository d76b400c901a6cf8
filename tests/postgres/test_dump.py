"""Schemas as text by pg_dump: what is in it, what is not, that it is always the same, and the way back."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import NeonMigrateError, StatementError
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.dump import Dump, dump_schema, find_pg_dump, load_dump, without_restrict
from neon_migrate.postgres.introspect import read_catalog
from neon_migrate.postgres.scratch import ScratchServer, scratch_server
from secure_server import PASSWORD, SecureServer

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target

SCHEMA = r"""
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name citext NOT NULL, mood mood DEFAULT 'sad');
CREATE TABLE "odd
name" (id int, person bigint REFERENCES people, CHECK (id > 0));
CREATE INDEX people_name ON people (lower(name)) WHERE mood = 'happy';
CREATE VIEW happy AS SELECT * FROM people WHERE mood = 'happy';
CREATE FUNCTION say(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN /*
\restrict neonmigrate
\unrestrict neonmigrate */
  RETURN $1;
END $$;
COMMENT ON TABLE people IS E'with a line
\\unrestrict neonmigrate
and another';
"""


def dumped(session: Session, database: Target, sql: str = SCHEMA) -> Dump:
    """The dump of a database after some SQL."""
    session.script(sql)
    return dump_schema(database)


def test_two_dumps_of_one_schema_are_equal_to_the_byte(session: Session, database: Target) -> None:
    """pg_dump's random key does not make them differ."""
    assert dumped(session, database) == dump_schema(database)


def test_the_key_is_not_to_be_foreseen(session: Session, database: Target) -> None:
    """The key depends on the schema: nobody can write it into the schema beforehand."""
    before = dumped(session, database).text
    key = next(line for line in before.splitlines() if line.startswith("\\restrict "))
    assert "neonmigrate" not in key
    assert before.rstrip().endswith("\\un" + key[1:])
    session.script("CREATE TABLE one_more ()")
    assert key not in dump_schema(database).text


def test_what_is_restored_is_the_same(session: Session, database: Target, scratch: ScratchServer) -> None:
    """The Catalog comes back whole, the lines that look like psql's own included, and dumping again gives the text."""
    dump = dumped(session, database)
    name = load_dump(scratch, dump.text, roles=dump.roles)
    with scratch.session(name) as restored:
        assert read_catalog(restored) == read_catalog(session)
        body = "SELECT prosrc FROM pg_proc WHERE proname = 'say'"
        assert restored.query(body) == session.query(body)
    assert dump_schema(scratch.target(name)).text == dump.text
    scratch.drop(name)


def test_psql_restores_it(session: Session, database: Target, scratch: ScratchServer, tmp_path: Path) -> None:
    """The file is for psql, which stops at the first error."""
    dump = dumped(session, database)
    (tmp_path / "schema.sql").write_text(dump.text)
    name = scratch.create()
    told = scratch.target(name).parameters()
    place = ["-h", told["host"], "-U", told["user"], "-d", name]
    psql = subprocess.run(
        [find_build(major=18).program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "schema.sql", *place],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert psql.returncode == 0, psql.stderr
    assert dump_schema(scratch.target(name)).text == dump.text
    scratch.drop(name)


def test_no_data_and_no_owners(session: Session, database: Target) -> None:
    """Rows stay where they are, and so do owners: the text can be restored by anybody."""
    text = dumped(
        session,
        database,
        "CREATE TABLE t (a text); INSERT INTO t VALUES ('a row'); ALTER TABLE t OWNER TO neondb_owner",
    ).text
    assert "a row" not in text
    assert "OWNER TO" not in text


def test_privileges_are_part_of_the_schema(session: Session, database: Target, scratch: ScratchServer) -> None:
    """GRANTs are in it, and the roles that they name are known."""
    session.script("CREATE ROLE dump_reader; CREATE TABLE t (a text); GRANT SELECT ON t TO dump_reader")
    dump = dump_schema(database)
    assert "GRANT SELECT ON TABLE public.t TO dump_reader" in dump.text
    assert "dump_reader" in dump.roles
    with scratch_server() as elsewhere:
        name = load_dump(elsewhere, dump.text, roles=dump.roles)
        with elsewhere.session(name) as restored:
            assert restored.query("SELECT has_table_privilege('dump_reader', 't', 'SELECT')") == [(True,)]
    session.script("DROP TABLE t; DROP ROLE dump_reader")


def test_what_is_neons_own_is_left_out(session: Session, database: Target) -> None:
    """Schemas of the platform, and default privileges of its superuser, which nobody else may restore."""
    text = dumped(
        session,
        database,
        """
        CREATE SCHEMA neon; CREATE TABLE neon.inner_works (a int);
        CREATE SCHEMA neon_migration; CREATE TABLE neon_migration.steps (a int);
        CREATE SCHEMA neon_lights; CREATE TABLE neon_lights.ours (a int);
        ALTER DEFAULT PRIVILEGES FOR ROLE cloud_admin GRANT ALL ON TABLES TO neon_superuser WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES FOR ROLE neondb_owner GRANT SELECT ON TABLES TO authenticated;
        """,
    ).text
    assert "CREATE TABLE neon_lights.ours" in text
    assert "FOR ROLE neondb_owner" in text
    for absent in ("inner_works", "neon_migration", "CREATE SCHEMA neon;", "cloud_admin"):
        assert absent not in text


def test_passwords_to_other_servers_are_left_out(session: Session, database: Target) -> None:
    """User mappings and subscriptions hold passwords in clear text."""
    text = dumped(
        session,
        database,
        """
        CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER far FOREIGN DATA WRAPPER elsewhere;
        CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (password 's3cret');
        CREATE SUBSCRIPTION feed CONNECTION 'host=h password=s3cret' PUBLICATION p
            WITH (connect = false, slot_name = NONE);
        """,
    ).text
    session.script("DROP SUBSCRIPTION feed")
    assert "CREATE SERVER far" in text
    assert "s3cret" not in text


def test_an_older_server_gets_a_text_that_it_can_restore() -> None:
    """A newer pg_dump's settings that the server's own version does not know are not in the text."""
    with scratch_server(major=15) as server:
        newest = find_build(major=18).bindir
        dump = dump_schema(server.target(server.create()), bindir=newest)
        assert dump.pg_dump_version.startswith("18.")
        assert ("transaction_timeout" in dump.text) == (server.major >= 17)
        load_dump(server, dump.text)


def test_pg_dump_is_of_the_servers_major_version() -> None:
    """Of several the one of the same version is taken, not the newest."""
    assert find_pg_dump(17).major == 17
    assert find_pg_dump(18).major == 18


def test_no_pg_dump_is_new_enough() -> None:
    """A server newer than every pg_dump is named as that, with what was found and what to do."""
    with pytest.raises(NeonMigrateError) as raised:
        find_pg_dump(99, bindir=find_build(major=18).bindir)
    assert "99" in raised.value.what
    assert "18." in raised.value.why
    assert "postgres-bindir" in raised.value.remedy


def test_a_locked_table_is_not_waited_for_without_end(session: Session, database: Target) -> None:
    """Somebody's lock leads to an error that says so, whatever pg_dump makes of it."""
    session.script("CREATE TABLE t (a int)")
    session.script("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(NeonMigrateError) as raised:
        dump_schema(database, lock_timeout_ms=100)
    assert "Somebody holds a lock" in raised.value.remedy
    session.script("ROLLBACK")
    assert "CREATE TABLE public.t" in dump_schema(database).text


def test_a_table_that_may_not_be_read(secure_server: SecureServer) -> None:
    """Without the right to it pg_dump can't go on; the cause is Postgres's, and the remedy is given."""
    with secure_server.admin() as admin:
        admin.script("CREATE DATABASE guarded")
    with secure_server.admin("guarded") as admin:
        admin.script("CREATE TABLE secrets (a int)")
    with pytest.raises(NeonMigrateError) as raised:
        dump_schema(secure_server.target("guarded", user="stranger"))
    assert "permission denied" in raised.value.why
    assert "owner" in raised.value.remedy


def test_no_argument_holds_the_password(secure_server: SecureServer, tmp_path: Path) -> None:
    """Every user of a machine can read the arguments of every process: the password is not among them."""
    build = find_build(major=18)
    seen = tmp_path / "seen"
    for name in ("pg_dump", "pg_restore"):
        script = tmp_path / name
        script.write_text(f'#!/bin/sh\necho "$@" >> {seen}\nexec {build.program(name)} "$@"\n')
        script.chmod(0o755)
    assert dump_schema(secure_server.target("app"), bindir=tmp_path).text
    told = seen.read_text()
    assert "--schema-only" in told
    assert PASSWORD not in told
    assert "password" not in told


def test_what_cannot_be_loaded_leaves_nothing(scratch: ScratchServer) -> None:
    """A dump that the scratch refuses is a StatementError, and its database is gone again."""
    databases = "SELECT count(*) FROM pg_database"
    with scratch.session("postgres") as admin:
        before = admin.query(databases)
        with pytest.raises(StatementError) as raised:
            load_dump(scratch, "CREATE TABLE a ();\nCREATE EXTENSION unheard_of;\n")
        assert "unheard_of" in raised.value.what
        assert admin.query(databases) == before


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("-- a\n\n\\restrict K\nSELECT 1;\n\\unrestrict K\n", "-- a\n\n\nSELECT 1;\n\n"),
        ("SELECT 1;\n\\restrict K\n\\unrestrict K\n", "SELECT 1;\n\\restrict K\n\\unrestrict K\n"),
        ("\\restrict K\n\\unrestrict K\n'\n\\unrestrict K\n", "\n\\unrestrict K\n'\n\n"),
        ("-- nothing\n", "-- nothing\n"),
        ("", ""),
    ],
)
def test_only_psqls_own_lines_are_taken_out(text: str, left: str) -> None:
    """The first before any statement, the last of its key, no line moved; elsewhere the words are somebody's text."""
    assert without_restrict(text) == left
