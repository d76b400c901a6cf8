"""The TLS tunnel: a client without TLS logs in through it, under the rules that libpq would have applied."""

from __future__ import annotations

import ssl
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neon_migrate.errors import UnreachableError
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.connection import ConnectError
from neon_migrate.postgres.dump import Program, dump_schema
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from neon_migrate.postgres.tls import TlsError, client_context
from neon_migrate.postgres.tunnel import PORT, Endpoint, Login, Tunnel, open_tunnel
from secure_server import PASSWORD, Refusal, SecureServer, make_certificates, scripted_server

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.session import Session


def endpoint(server: SecureServer, host: str = "localhost") -> Endpoint:
    """The server's own place, under some name."""
    return Endpoint(host, "127.0.0.1", server.port)


def through(tunnel: Tunnel, password: str = PASSWORD) -> Session:
    """A connection by the tunnel's socket, which has no TLS."""
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    return connect(Target(f"host='{tunnel.folder}' port={PORT} user=app dbname=app password='{quoted}'"))


def test_a_client_without_tls_reaches_a_server_that_asks_for_it(secure_server: SecureServer) -> None:
    """The login is SCRAM, the client's side plain, the server's TLS; much comes and goes."""
    with open_tunnel(endpoint(secure_server), {"sslmode": "require"}) as tunnel:
        with through(tunnel) as session:
            assert not session.uses_tls
            assert session.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(True,)]
            assert session.query("SELECT length(%s), repeat('x', 3000000)", ("y" * 3_000_000,)) == [
                (3_000_000, "x" * 3_000_000)
            ]
        assert tunnel.error is None


def test_it_serves_one_connection_after_another(secure_server: SecureServer) -> None:
    """pg_dump and a second program may use one tunnel."""
    with open_tunnel(endpoint(secure_server), {"sslmode": "require"}) as tunnel:
        for _ in range(3):
            with through(tunnel) as session:
                assert session.query("SELECT 1") == [(1,)]


def test_the_tunnel_logs_nobody_in(secure_server: SecureServer) -> None:
    """Whoever finds the socket still needs the password."""
    with open_tunnel(endpoint(secure_server), {"sslmode": "require"}) as tunnel, pytest.raises(ConnectError) as raised:
        through(tunnel, "wrong")
    assert raised.value.fault.code == "wrong-password"


def test_its_socket_is_this_users_alone(secure_server: SecureServer) -> None:
    """The folder lets nobody else in, and is gone afterwards."""
    with open_tunnel(endpoint(secure_server), {"sslmode": "require"}) as tunnel:
        assert tunnel.folder.stat().st_mode & 0o077 == 0
    assert not tunnel.folder.exists()


@pytest.mark.parametrize(
    ("host", "parameters", "trusted"),
    [
        ("localhost", {"sslmode": "require"}, True),
        ("localhost", {"sslmode": "require", "sslrootcert": "{other}"}, False),
        ("localhost", {"sslmode": "verify-ca", "sslrootcert": "{authority}"}, True),
        ("localhost", {"sslmode": "verify-ca", "sslrootcert": "{other}"}, False),
        ("another.example", {"sslmode": "verify-ca", "sslrootcert": "{authority}"}, True),
        ("localhost", {"sslmode": "verify-full", "sslrootcert": "{authority}"}, True),
        ("another.example", {"sslmode": "verify-full", "sslrootcert": "{authority}"}, False),
        ("localhost", {"sslmode": "require", "sslrootcert": "system"}, False),
        ("localhost", {"sslmode": "require", "channel_binding": "require"}, False),
        ("localhost", {"sslmode": "require", "channel_binding": "require", "sslrootcert": "{authority}"}, True),
        ("another.example", {"channel_binding": "require", "sslrootcert": "{authority}"}, False),
    ],
)
def test_certificates_are_trusted_as_libpq_would(
    secure_server: SecureServer, tmp_path: Path, host: str, parameters: dict[str, str], trusted: bool
) -> None:
    """The modes of sslmode; and channel_binding=require, which becomes the full verification of the certificate."""
    files = {"{authority}": str(secure_server.authority), "{other}": str(make_certificates(tmp_path))}
    told = {name: files.get(value, value) for name, value in parameters.items()}
    with open_tunnel(endpoint(secure_server, host), told) as tunnel:
        if trusted:
            through(tunnel).close()
            assert tunnel.error is None
        else:
            with pytest.raises(UnreachableError):
                through(tunnel)
            assert isinstance(tunnel.error, TlsError)


def test_a_server_without_tls_is_not_talked_to() -> None:
    """The tunnel never falls back to an unencrypted connection."""
    with scripted_server(Refusal("no TLS here")) as server:
        place = Endpoint("127.0.0.1", "127.0.0.1", server.port)
        with open_tunnel(place, {"sslmode": "prefer"}) as tunnel, pytest.raises(UnreachableError):
            through(tunnel)
        assert isinstance(tunnel.error, TlsError)


def test_verify_without_an_authority_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """verify-ca needs a root certificate, named or in ~/.postgresql; a missing file is named."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(TlsError, match="root certificate"):
        client_context({"sslmode": "verify-ca"})
    with pytest.raises(TlsError):
        client_context({"sslmode": "require", "sslrootcert": str(tmp_path / "absent")})


def test_the_authority_in_the_home_folder_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secure_server: SecureServer
) -> None:
    """~/.postgresql/root.crt makes sslmode=require verify, as in libpq."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert client_context({"sslmode": "require"}).verify_mode is ssl.CERT_NONE
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql/root.crt").write_bytes(secure_server.authority.read_bytes())
    context = client_context({"sslmode": "require"})
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert not context.check_hostname


def _sasl(*mechanisms: bytes) -> bytes:
    body = struct.pack("!I", 10) + b"".join(name + b"\0" for name in mechanisms) + b"\0"
    return b"R" + struct.pack("!I", 4 + len(body)) + body


NEGOTIATION = b"v" + struct.pack("!III", 12, 3, 0)
OK = b"R" + struct.pack("!II", 8, 0)
LATER = b"D\0\0\0\x20SCRAM-SHA-256-PLUS is just data now"
FROM_SERVER = NEGOTIATION + _sasl(b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256") + OK + LATER


@given(st.lists(st.integers(0, len(FROM_SERVER)), max_size=8))
def test_the_offer_of_channel_binding_goes_however_it_arrives(cuts: list[int]) -> None:
    """Only the one mechanism is taken out, whatever pieces the network makes of the messages."""
    login, passed, start = Login(), b"", 0
    for cut in [*sorted(cuts), len(FROM_SERVER)]:
        passed += login.passed_on(FROM_SERVER[start:cut])
        start = cut
    assert passed == NEGOTIATION + _sasl(b"SCRAM-SHA-256") + OK + LATER


def without_tls() -> Program:
    """The pg_dump of the wheel of 18, which speaks no TLS."""
    build = find_build(major=18)
    return Program(build.program("pg_dump"), build.version)


def test_a_pg_dump_without_tls_dumps_through_the_tunnel(secure_server: SecureServer) -> None:
    """What comes through the tunnel is what the same pg_dump reads by the server's own socket."""
    with secure_server.admin("app") as admin:
        admin.script("CREATE TABLE IF NOT EXISTS tunneled (id int PRIMARY KEY, note text)")
    program = without_tls()
    assert not program.speaks_tls()
    local = Target(f"host='{secure_server.sockets}' port={secure_server.port} user=postgres dbname=app")
    with secure_server.admin("app") as admin:
        admin.script("ALTER TABLE tunneled OWNER TO app")
    directly = dump_schema(local, bindir=program.path.parent)
    for how in ({}, {"sslmode": "verify-full", "sslrootcert": str(secure_server.authority)}):
        tunneled = dump_schema(secure_server.target("app", **how), bindir=program.path.parent)
        assert tunneled.text == directly.text
        assert "CREATE TABLE public.tunneled" in tunneled.text
        assert tunneled.pg_dump_version == program.version


def test_channel_binding_that_was_asked_for_is_not_given_up(secure_server: SecureServer) -> None:
    """Where the tunnel can't bind the login to the channel and can't trust the certificate either, it does not go."""
    bindir = without_tls().path.parent
    bound = {"sslmode": "require", "channel_binding": "require"}
    connect(secure_server.target("app", **bound)).close()
    with pytest.raises(UnreachableError, match="TLS could not be agreed"):
        dump_schema(secure_server.target("app", **bound), bindir=bindir)
    trusted = bound | {"sslrootcert": str(secure_server.authority)}
    assert dump_schema(secure_server.target("app", **trusted), bindir=bindir).text


def test_the_password_of_the_environment_goes_through(
    secure_server: SecureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password that libpq found by itself is the one that pg_dump gets."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("PGSERVICE", "nowhere")
    target = Target(f"postgresql://app@localhost:{secure_server.port}/app?sslmode=require")
    assert dump_schema(target, bindir=without_tls().path.parent).text
