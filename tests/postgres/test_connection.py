"""Connecting: real failures with their causes, what is tried again, and the environment that may not take part."""

from __future__ import annotations

import os

import pytest

from neon_migrate.errors import ExitCode, UnreachableError
from neon_migrate.postgres import connection
from neon_migrate.postgres.connection import ConnectError, TooOldError, display_version, require_supported
from neon_migrate.postgres.connection_errors import FAULTS, UNKNOWN, Retry, Stage, classify
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from secure_server import PASSWORD, Refusal, SecureServer, Welcome, free_port, scripted_server

NEON_SAYS = [
    ("Couldn't connect to compute node", "compute-unreachable", Retry.SOON),
    ("Control plane request failed", "control-plane", Retry.SOON),
    ("endpoint is temporarily unavailable. Check your quotas.", "endpoint-quota", Retry.SOON),
    ("The endpoint is disabled. Enable it using Neon API and retry.", "endpoint-disabled", Retry.NO),
    ("The requested endpoint cannot be found", "endpoint-missing", Retry.NO),
    ("Failed to acquire permit to connect to the database.",
     "too-many-connections", Retry.SLOWLY),
    ("Too many connections to this endpoint", "too-many-connections", Retry.SLOWLY),
    ("Your project has exceeded the compute time quota.", "compute-time-used-up", Retry.NO),
    ("You have reached the limit of concurrently active endpoints", "active-endpoints-used-up", Retry.NO),
    ("password authentication failed for user 'me'", "wrong-password", Retry.NO),
    ("Endpoint ID is not specified. Either please upgrade the postgres client library (libpq) for SNI support.",
     "endpoint-not-named", Retry.NO),
    ("This IP address 203.0.113.7 is not allowed to connect to this endpoint.", "address-not-allowed", Retry.NO),
    ("connection from a blocked network", "address-not-allowed", Retry.NO),
    ("unsupported startup parameter: options", "startup-parameter", Retry.NO),
    ("connection is insecure (try using `sslmode=require`)", "tls-required", Retry.NO),
    ("sorry, too many clients already", "too-many-connections", Retry.SLOWLY),
    ("terminating connection due to administrator command", "cut-by-administrator", Retry.SOON),
]  # fmt: skip
"""The table of the reference sheet, row by row, and the texts of Postgres that go with it."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without waiting."""
    monkeypatch.setattr(connection, "_DELAYS_S", {Retry.NO: (), Retry.SOON: (0, 0, 0), Retry.SLOWLY: (0, 0)})


@pytest.mark.parametrize(("message", "code", "retry"), NEON_SAYS)
def test_each_message_of_neons_proxy_has_its_cause_remedy_and_retries(
    message: str, code: str, retry: Retry, impatient: None
) -> None:
    """What the proxy says over the wire comes out with its row's cause and remedy, tried as often as the row allows."""
    with scripted_server(Refusal(message)) as server:
        with pytest.raises(ConnectError) as raised:
            connect(server.target())
        assert raised.value.fault.code == code
        assert raised.value.fault.cause in raised.value.why
        assert message in raised.value.why
        assert raised.value.remedy
        assert server.connections == {Retry.NO: 1, Retry.SOON: 4, Retry.SLOWLY: 3}[retry]


def test_what_passes_is_tried_again_until_it_has_passed() -> None:
    """Two failures of Neon's compute to start, and a third attempt that is let in, make one connection."""
    refusal = Refusal("Couldn't connect to compute node")
    with scripted_server(refusal, refusal, Welcome()) as server:
        connect(server.target()).close()
        assert server.connections == 3


@pytest.mark.parametrize(("version", "shown"), [("13.22", "13.22"), ("9.6.24", "9.6.24")])
def test_an_older_server_is_refused_with_its_version(version: str, shown: str) -> None:
    """A server older than 14 is told apart by the version it announces."""
    with scripted_server(Welcome(version)) as server, pytest.raises(TooOldError) as raised:
        connect(server.target())
    assert shown in raised.value.why
    assert "14" in raised.value.why


def test_14_is_not_too_old() -> None:
    """The oldest supported version is 14.0."""
    require_supported(140000, Target("postgresql://h/d"))
    with pytest.raises(UnreachableError):
        require_supported(139999, Target("postgresql://h/d"))


def test_versions_are_shown_as_people_write_them() -> None:
    """The number of server_version_num counts differently before and after 10."""
    assert [display_version(number) for number in (180006, 140023, 90624)] == ["18.6", "14.23", "9.6.24"]


def test_the_wrong_password(secure_server: SecureServer) -> None:
    """A wrong password is named as the cause, and not shown."""
    fault, text = _failure(secure_server.target("app", password="wr0ng-secret"))
    assert fault == ("wrong-password", Stage.LOGIN)
    assert "wr0ng-secret" not in text


def test_no_password(secure_server: SecureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any password the remedy names the three places for one."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    fault, text = _failure(Target(f"postgresql://app@localhost:{secure_server.port}/app"))
    assert fault == ("no-password", Stage.LOGIN)
    assert "PGPASSWORD" in text


def test_a_missing_database(secure_server: SecureServer) -> None:
    """A database that is not there is told apart from a user who is not let in."""
    assert _failure(secure_server.target("nowhere"))[0] == ("database-missing", Stage.DATABASE)


def test_a_database_that_the_user_may_not_enter(secure_server: SecureServer) -> None:
    """Without CONNECT it is the database that refuses."""
    with secure_server.admin() as admin:
        admin.script("CREATE DATABASE closed")
        admin.script("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
    assert _failure(secure_server.target("closed"))[0] == ("database-not-allowed", Stage.DATABASE)


def test_a_server_that_wants_tls(secure_server: SecureServer) -> None:
    """sslmode=disable towards a server that takes only TLS is named as that."""
    fault, text = _failure(secure_server.target("app", sslmode="disable"))
    assert fault == ("tls-required", Stage.TLS)
    assert "sslmode=require" in text


def test_the_wrong_password_with_and_without_tls(secure_server: SecureServer) -> None:
    """sslmode=prefer tries again without TLS and is refused for that: the password stays the cause."""
    assert _failure(secure_server.target("app", password="wrong", sslmode="prefer"))[0][0] == "wrong-password"


def test_a_server_without_tls() -> None:
    """sslmode=require towards a server that has none is named as that."""
    with scripted_server(Welcome()) as server:
        target = Target(server.target().conninfo.replace("disable", "require"))
        assert _failure(target)[0][1] is Stage.TLS


def test_an_untrusted_certificate(secure_server: SecureServer) -> None:
    """verify-full with public authorities does not trust a certificate of our own."""
    assert _failure(secure_server.target("app", sslmode="verify-full", sslrootcert="system"))[0][1] is Stage.TLS


def test_a_certificate_for_another_host(secure_server: SecureServer) -> None:
    """verify-full compares the host's name with the certificate's."""
    url = secure_server.url("app", sslmode="verify-full", sslrootcert=str(secure_server.authority))
    assert _failure(Target(url.replace("localhost", "127.0.0.1")))[0] == ("certificate", Stage.TLS)


def test_an_unknown_host() -> None:
    """A host without an address."""
    assert _failure(Target("postgresql://me:secret@nowhere.invalid/app"))[0] == ("unknown-host", Stage.DNS)


def test_a_refused_port() -> None:
    """A port that nobody listens on."""
    assert _failure(Target(f"postgresql://me@127.0.0.1:{free_port()}/app"))[0] == ("refused", Stage.TCP)


def test_a_socket_that_is_not_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder without a server's socket."""
    assert _failure(Target("postgresql://me@%2Fnonexistent/app"))[0] == ("no-socket", Stage.TCP)


def test_errors_are_told_once_and_exit_as_unreachable() -> None:
    """The error has what, why and remedy, and the documented exit code."""
    with pytest.raises(ConnectError) as raised:
        connect(Target(f"postgresql://me@127.0.0.1:{free_port()}/app", "DATABASE_URL"))
    error = raised.value
    assert error.exit_code is ExitCode.UNREACHABLE
    assert "DATABASE_URL" in error.what
    assert error.why and error.remedy


def test_a_message_that_no_row_knows_is_shown_as_it_is() -> None:
    """What nobody has seen before is still shown, with the way to look further."""
    assert classify("the moon is full") is UNKNOWN
    with scripted_server(Refusal("the moon is full")) as server, pytest.raises(ConnectError) as raised:
        connect(server.target())
    assert "the moon is full" in raised.value.why
    assert "doctor" in raised.value.remedy


def test_every_row_is_reached_by_its_own_texts() -> None:
    """No row of the table hides behind an earlier one."""
    for fault in FAULTS:
        for text in fault.texts:
            assert classify(f"FATAL:  {text}").code in (fault.code, fault.code.removesuffix("-with-tls")), text


HOSTILE = {
    "PGHOST": "nowhere.invalid",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGDATABASE": "nowhere",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nonexistent",
    "PGTARGETSESSIONATTRS": "standby",
    "PGLOADBALANCEHOSTS": "random",
    "PGCLIENTENCODING": "latin1",
}
"""Variables that would lead elsewhere or change how text is read."""


def test_no_variable_leads_to_another_server(secure_server: SecureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL alone says which database: variables that name another are not looked at, and are left as they are."""
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    with connect(secure_server.target("app")) as session:
        assert session.query("SELECT current_database()::text, 'ü'") == [("app", "ü")]
    assert all(os.environ[name] == value for name, value in HOSTILE.items())


def test_no_variable_takes_part_with_a_server_of_our_own(database: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one PG* variable has a say in connecting to a scratch."""
    more = {"PGUSER": "nobody", "PGOPTIONS": "-c search_path=evil", "PGSSLMODE": "verify-full", "PGPASSWORD": "x"}
    more |= {"PGCHANNELBINDING": "require", "PGREQUIREAUTH": "scram-sha-256", "PGGSSENCMODE": "require"}
    more |= {"PGCONNECT_TIMEOUT": "nonsense", "PGAPPNAME": "evil"}
    for name, value in {**HOSTILE, **more}.items():
        monkeypatch.setenv(name, value)
    with connect(database) as session:
        assert session.query("SHOW search_path") == [('"$user", public',)]


def test_the_password_may_come_from_the_environment(
    secure_server: SecureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGPASSWORD works for a URL without a password, as in psql; one in the URL goes before it."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    connect(Target(f"postgresql://app@localhost:{secure_server.port}/app")).close()
    monkeypatch.setenv("PGPASSWORD", "wrong")
    connect(secure_server.target("app")).close()


def test_the_password_of_the_environment_is_not_shown_either(
    secure_server: SecureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong PGPASSWORD is in no message."""
    monkeypatch.setenv("PGPASSWORD", "wr0ng-secret")
    fault, text = _failure(Target(f"postgresql://app@localhost:{secure_server.port}/app"))
    assert fault[0] == "wrong-password"
    assert "wr0ng-secret" not in text


def _failure(target: Target) -> tuple[tuple[str, Stage], str]:
    with pytest.raises(ConnectError) as raised:
        connect(target)
    assert raised.value.__cause__ is None
    return (raised.value.fault.code, raised.value.fault.stage), str(raised.value)
