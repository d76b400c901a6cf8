"""`doctor`: every step, and every way in which it can fail, with a real cause."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from neon_migrate.doctor import STEPS, DoctorReport, DoctorStep, doctor
from neon_migrate.errors import UsageError
from neon_migrate.ledger.rows import create_table, lock_id
from neon_migrate.postgres.target import Target
from neon_migrate.project import Project
from neon_migrate.settings import Settings
from secure_server import PASSWORD, Refusal, SecureServer, Welcome, free_port, scripted_server

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.session import Session


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project with one migration."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_start.sql").write_text("CREATE TABLE start (id int);\n")
    return Settings(root=tmp_path, migrations=folder, schema=tmp_path / "schema.json")


def states(report: DoctorReport) -> dict[str, str]:
    """The steps' states by name, every step there and in order."""
    assert tuple(step.name for step in report.steps) == STEPS
    return {step.name: step.state for step in report.steps}


def failed(settings: Settings, target: Target, name: str) -> DoctorStep:
    """The step that failed, which must be `name`: all before it are done, all after it skipped."""
    report = doctor(Project(settings, target))
    place = STEPS.index(name)
    assert not report.healthy
    found = states(report)
    assert all(found[each] in ("passed", "warned", "skipped") for each in STEPS[:place]), report.steps
    assert found[name] == "failed", report.steps
    assert all(found[each] == "skipped" for each in STEPS[place + 1 :])
    step = report.steps[place]
    assert step.detail and step.remedy
    assert not any(PASSWORD in text for each in report.steps for text in (each.detail, each.remedy))
    return step


def test_a_database_in_order_passes_every_step(secure_server: SecureServer, settings: Settings) -> None:
    """Through TLS and a password to an empty database, to which nothing was done afterwards."""
    target = secure_server.target("app", sslmode="verify-full", sslrootcert=str(secure_server.authority))
    objects = "SELECT count(*), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') FROM pg_class"
    with secure_server.admin("app") as admin:
        before = admin.query(objects)
        report = doctor(Project(settings, target))
        assert admin.query(objects) == before
    assert report.healthy
    assert set(states(report).values()) == {"passed"}
    details = {step.name: step.detail for step in report.steps}
    assert "127.0.0.1" in details["DNS"]
    assert str(secure_server.port) in details["TCP"]
    assert details["TLS"].startswith("TLSv1.3, certificate verified")
    assert details["login"] == "as app"
    assert details["version"].startswith("PostgreSQL 17.")
    assert all(step.duration_ms > 0 for step in report.steps)
    assert not any(PASSWORD in step.detail for step in report.steps)


def test_a_unix_socket_needs_no_tls(database: Target, settings: Settings) -> None:
    """A local server by its socket: no name to look up, nothing to encrypt."""
    report = doctor(Project(settings, database))
    assert report.healthy
    assert states(report)["TLS"] == "skipped"


def test_no_database_was_named(settings: Settings) -> None:
    """There is nothing to examine, and nothing else is examined instead."""
    with pytest.raises(UsageError, match="three ways"):
        doctor(Project(settings))


def test_a_url_that_cannot_be_read(settings: Settings) -> None:
    """libpq refuses the URL."""
    step = failed(settings, Target("postgresql://me:s3cret@h/d?unheard_of=1", "DATABASE_URL"), "parse")
    assert "unheard_of" in step.detail
    assert "s3cret" not in step.detail


def test_an_unknown_host(settings: Settings) -> None:
    """The name service knows no such host."""
    assert "nowhere.invalid" in failed(settings, Target("postgresql://me@nowhere.invalid/app"), "DNS").detail


def test_a_refused_port(settings: Settings) -> None:
    """Nobody listens."""
    port = free_port()
    step = failed(settings, Target(f"postgresql://me@127.0.0.1:{port}/app"), "TCP")
    assert str(port) in step.detail
    assert "running" in step.remedy


def test_a_socket_without_a_server(settings: Settings) -> None:
    """A folder in which no server listens."""
    assert "socket" in failed(settings, Target("postgresql://me@%2Fnonexistent/app"), "TCP").detail


def test_one_host_of_several_is_enough(secure_server: SecureServer, settings: Settings) -> None:
    """As for libpq, which takes the first that answers."""
    url = secure_server.url("app").replace("localhost", f"nowhere.invalid,127.0.0.1:{free_port()},localhost")
    url = url.replace("nowhere.invalid,", "nowhere.invalid:1,")
    assert doctor(Project(settings, Target(url))).healthy


def test_a_server_that_speaks_no_tls(settings: Settings) -> None:
    """sslmode=require, and what answers is no TLS."""
    with scripted_server(Welcome()) as server:
        target = Target(f"postgresql://me@127.0.0.1:{server.port}/app?sslmode=require")
        failed(settings, target, "TLS")


def test_a_certificate_that_is_not_trusted(secure_server: SecureServer, settings: Settings) -> None:
    """verify-full with the machine's own authorities."""
    step = failed(settings, secure_server.target("app", sslmode="verify-full", sslrootcert="system"), "TLS")
    assert "sslrootcert" in step.remedy


def test_the_environment_takes_part_as_in_libpq(
    secure_server: SecureServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGSSLMODE and PGSSLROOTCERT count for the TLS step as they do for the login after it."""
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(secure_server.authority))
    report = doctor(Project(settings, secure_server.target("app")))
    assert "certificate verified" in {step.name: step.detail for step in report.steps}["TLS"]


def test_a_server_that_wants_tls(secure_server: SecureServer, settings: Settings) -> None:
    """sslmode=disable is warned of as such, and refused at the login."""
    step = failed(settings, secure_server.target("app", sslmode="disable"), "login")
    assert "sslmode=require" in step.remedy


def test_the_wrong_password(secure_server: SecureServer, settings: Settings) -> None:
    """SCRAM refuses it."""
    step = failed(settings, secure_server.target("app", password="wr0ng-secret"), "login")
    assert "password is wrong" in step.detail
    assert "wr0ng-secret" not in step.detail


def test_no_password(secure_server: SecureServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server asks for one, and there is none anywhere."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    target = Target(f"postgresql://app@localhost:{secure_server.port}/app")
    assert "PGPASSWORD" in failed(settings, target, "login").remedy


def test_neons_proxy_refuses(settings: Settings) -> None:
    """What Neon's proxy says has its own cause and remedy."""
    with scripted_server(Refusal("The endpoint is disabled. Enable it using Neon API and retry.")) as server:
        assert "Enable" in failed(settings, server.target(), "login").remedy


def test_a_missing_database(secure_server: SecureServer, settings: Settings) -> None:
    """The login was accepted; the database is not there."""
    assert "nowhere" in failed(settings, secure_server.target("nowhere"), "database").detail


def test_a_server_that_is_too_old(settings: Settings) -> None:
    """A server that announces 13."""
    with scripted_server(Welcome("13.22")) as server:
        assert "13.22" in failed(settings, server.target(), "version").detail


def test_no_right_to_create_tables(secure_server: SecureServer, settings: Settings) -> None:
    """Schema public belongs to the database's owner."""
    step = failed(settings, secure_server.target("app", user="stranger"), "privileges")
    assert "schema public" in step.detail
    assert "GRANT CREATE ON SCHEMA public" in step.remedy


def test_no_schema_to_create_tables_in(secure_server: SecureServer, settings: Settings) -> None:
    """search_path names nothing that is there."""
    target = secure_server.target("app", options="-c search_path=nowhere")
    assert "search_path" in failed(settings, target, "privileges").detail


def test_a_database_that_takes_no_changes(secure_server: SecureServer, settings: Settings) -> None:
    """default_transaction_read_only, as on a read replica."""
    target = secure_server.target("app", options="-c default_transaction_read_only=on")
    assert "no changes" in failed(settings, target, "privileges").detail


def test_no_right_to_write_to_the_ledger(secure_server: SecureServer, settings: Settings) -> None:
    """The missing rights are named, and only those."""
    with secure_server.admin() as admin:
        admin.script("DROP DATABASE IF EXISTS others")
        admin.script("CREATE DATABASE others")
    with secure_server.admin("others") as admin:
        admin.script(create_table("_sqlx_migrations"))
        admin.script("GRANT CREATE ON SCHEMA public TO stranger; GRANT SELECT, INSERT ON _sqlx_migrations TO stranger")
    step = failed(settings, secure_server.target("others", user="stranger"), "privileges")
    assert "lacks UPDATE, DELETE on" in step.detail


def test_tables_of_other_owners_are_warned_of(secure_server: SecureServer, settings: Settings) -> None:
    """Whoever may create tables can still not alter those of others."""
    with secure_server.admin() as admin:
        admin.script("DROP DATABASE IF EXISTS shared")
        admin.script("CREATE DATABASE shared")
    with secure_server.admin("shared") as admin:
        admin.script("CREATE TABLE theirs (a int); GRANT CREATE ON SCHEMA public TO stranger")
    report = doctor(Project(settings, secure_server.target("shared", user="stranger")))
    assert report.healthy
    assert states(report)["privileges"] == "warned"
    assert "belong to postgres" in report.steps[STEPS.index("privileges")].detail


def test_somebody_holds_the_lock(session: Session, database: Target, settings: Settings) -> None:
    """Who it is, and how to end it; when it is given back, the step passes."""
    name = database.parameters()["dbname"]
    session.query("SELECT pg_advisory_lock(%s)", (lock_id(name),))
    step = failed(settings, database, "lock")
    assert str(session.backend_pid) in step.remedy
    session.query("SELECT pg_advisory_unlock(%s)", (lock_id(name),))
    assert states(doctor(Project(settings, database)))["lock"] == "passed"


def test_the_ledger_and_its_faults(session: Session, database: Target, settings: Settings) -> None:
    """A row without its file stops every run; a ledger in order says how far it is."""
    session.script(create_table(settings.table_name))
    step = doctor(Project(settings, database)).steps[-1]
    assert (step.state, step.detail) == ("passed", "0 applied, 1 pending")
    session.script(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)"
        " VALUES (7, 'gone', true, '', 1)"
    )
    assert "7" in failed(settings, database, "ledger").detail


def test_a_pooled_neon_host_is_gone_around(secure_server: SecureServer, settings: Settings) -> None:
    """The direct host is examined instead, and the warning says which."""
    pooled = secure_server.url("app", hostaddr="127.0.0.1").replace("localhost", "ep-cool-pooler.eu.aws.neon.tech")
    report = doctor(Project(settings, Target(pooled)))
    assert report.healthy
    step = report.steps[STEPS.index("pooled host")]
    assert step.state == "warned"
    assert "ep-cool.eu.aws.neon.tech" in step.detail
    assert "ep-cool-pooler" in report.database
