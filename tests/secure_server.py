"""A Postgres that is reached as one on the internet is, by TCP, TLS and SCRAM; and one that only plays its part."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest

from neon_migrate.postgres.account import server_account
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.cache import scratch_base
from neon_migrate.postgres.cluster import Server, child_environment
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from neon_migrate.postgres.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neon_migrate.postgres.session import Session

PASSWORD = "p@ss/w%rd'1 ü"
"""With everything that has to be encoded or quoted somewhere."""

_HBA = """
local     all all                    trust
hostssl   all all       127.0.0.1/32 scram-sha-256
hostnossl all +unguarded 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class SecureServer:
    """A server that takes TLS and SCRAM by TCP; only members of `unguarded` may come without TLS.

    authority  the certificate that signed the server's, which is for `localhost`
    """

    port: int
    sockets: Path
    authority: Path
    major: int

    def url(self, database: str = "postgres", *, user: str = "app", password: str = PASSWORD, **parameters: str) -> str:
        """A URL as a user would have it."""
        login = f"{quote(user)}:{quote(password, safe='')}"
        query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
        return f"postgresql://{login}@localhost:{self.port}/{database}{query}"

    def target(self, database: str = "postgres", **how: str) -> Target:
        """The same as a Target."""
        return Target(self.url(database, **how), "--database-url")

    def admin(self, database: str = "postgres") -> Session:
        """A superuser's connection."""
        return connect(Target(f"host='{self.sockets}' port={self.port} user=postgres dbname={database}", own=True))


@pytest.fixture(scope="session")
def secure_server() -> Iterator[SecureServer]:
    """A server with TLS and passwords: roles `app` (owner of database `app`), `unguarded` and `stranger`."""
    account = server_account()
    build = find_build(major=17)
    folder = scratch_base(account) / f"secure-{free_port()}"
    folder.mkdir(mode=0o700)
    account.give(folder)
    watchdog = Watchdog(folder)
    server = None
    try:
        initdb = [str(build.program("initdb")), "-D", "data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"]
        owner, environment = account.process_owner(), child_environment()
        subprocess.run([*initdb, "--locale=C"], cwd=folder, env=environment, check=True, capture_output=True, **owner)
        authority = make_certificates(folder)
        for name in ("server.crt", "server.key"):
            account.give(folder / name)
        (folder / "hba").write_text(_HBA)
        account.give(folder / "hba")
        port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "ssl": "on",
            "ssl_cert_file": str(folder / "server.crt"),
            "ssl_key_file": str(folder / "server.key"),
            "hba_file": str(folder / "hba"),
            "fsync": "off",
        }
        server = Server(build, folder / "data", folder, settings=tuple(settings.items()))
        watchdog.guard(server.pid)
        server.wait_ready()
        found = SecureServer(port, folder, authority, build.major)
        with found.admin() as session:
            quoted = PASSWORD.replace("'", "''")
            for role in ("app", "unguarded", "stranger"):
                session.script(f"CREATE ROLE {role} LOGIN PASSWORD '{quoted}'")
            session.script("CREATE DATABASE app OWNER app")
        yield found
    finally:
        if server is not None:
            server.stop(signal.SIGQUIT)
            watchdog.guard(None)
        watchdog.dismiss()


def make_certificates(folder: Path) -> Path:
    """An authority, and a certificate for `localhost` that it signed; the authority's certificate."""
    import trustme

    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(folder / "authority.crt"))
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    (folder / "server.crt").write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    (folder / "server.key").chmod(0o600)
    return folder / "authority.crt"


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Refusal:
    """A scripted answer: ERROR XX000 with a message, as Neon's proxy gives."""

    message: str


@dataclass(frozen=True)
class Welcome:
    """A scripted answer: a login without a password, on a server of some version."""

    version: str = "18.6"


class ScriptedServer:
    """Speaks just enough of the protocol to answer each connection in turn; the last answer is given ever after."""

    def __init__(self, *answers: Refusal | Welcome) -> None:
        self.connections = 0
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def target(self) -> Target:
        """How to connect to it."""
        return Target(f"postgresql://me:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/app?sslmode=disable")

    def close(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.settimeout(30)
                if not client.recv(4096):
                    continue  # somebody who only looked whether the port is open
                answer = self._answers[min(self.connections, len(self._answers) - 1)]
                self.connections += 1
                if isinstance(answer, Refusal):
                    fields = b"SERROR\0VERROR\0CXX000\0M" + answer.message.encode() + b"\0\0"
                    client.sendall(b"E" + struct.pack("!I", 4 + len(fields)) + fields)
                    continue
                version = b"server_version\0" + answer.version.encode() + b"\0"
                encoding = b"client_encoding\0UTF8\0"
                client.sendall(
                    b"R" + struct.pack("!II", 8, 0)
                    + b"".join(b"S" + struct.pack("!I", 4 + len(text)) + text for text in (version, encoding))
                    + b"K" + struct.pack("!III", 12, 1, 1)
                    + b"Z" + struct.pack("!I", 5) + b"I"
                )  # fmt: skip
                while client.recv(4096):
                    pass


@contextmanager
def scripted_server(*answers: Refusal | Welcome) -> Iterator[ScriptedServer]:
    """A ScriptedServer for as long as it is needed."""
    server = ScriptedServer(*answers)
    try:
        yield server
    finally:
        server.close()
