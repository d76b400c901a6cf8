"""A way for a pg_dump without TLS to a server that asks for it: a Unix socket of ours, TLS from there on.

pg_dump talks plain to a socket in a folder that only this user may enter; this process speaks TLS to the server, under
the same rules as libpq (see `postgres.tls`). pg_dump logs in itself, through the tunnel.

One thing is not possible through it, SCRAM with channel binding: it ties the login to the TLS connection, and the two
have different owners here. A libpq without TLS even refuses to log in when it is offered, since that looks like TLS
stripped by an attacker; so the offer is taken out of the server's list, and plain SCRAM-SHA-256 is left. Where the user
asks for channel binding, the certificate is verified in full instead.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.errors import UnreachableError
from neon_migrate.postgres.tls import client_context, start_tls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PORT = 5432
"""The port under which the tunnel's socket goes; libpq makes the socket's file name of it."""

_CHUNK = 65536
_CONNECT_TIMEOUT_S = 10.0
_AUTHENTICATION = ord("R")
_ERROR = ord("E")
_OK, _SASL = 0, 10
_BOUND = b"SCRAM-SHA-256-PLUS"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that a session is connected to.

    host     the name, for the certificate and SNI
    address  the address behind it, so that both connections reach the same server
    """

    host: str
    address: str
    port: int


class Tunnel:
    """An open tunnel; `folder` is what libpq takes as the host."""

    def __init__(self, folder: Path, endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
        self.folder = folder
        self.error: UnreachableError | None = None
        """Why the last connection through the tunnel ended early, when the fault was on the server's side."""
        self._endpoint = endpoint
        self._parameters = parameters
        self._context = client_context(parameters)
        self._stopping, self._stop = socket.socketpair()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{PORT}"))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, name="TLS tunnel", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cut what is open and wait for the tunnel's thread."""
        self._stop.close()
        self._thread.join()
        self._stopping.close()
        self._listener.close()

    def _serve(self) -> None:
        """Take one connection after another: pg_dump and pg_restore open one each."""
        while self._wait(self._listener):
            client, _ = self._listener.accept()
            with client:
                try:
                    with self._connect() as server:
                        self._carry(client, server)
                except UnreachableError as error:
                    self.error = error
                except OSError as error:
                    self.error = UnreachableError("The connection to the database was lost", why=str(error))

    def _connect(self) -> ssl.SSLSocket:
        place = (self._endpoint.address, self._endpoint.port)
        raw = socket.create_connection(place, timeout=_CONNECT_TIMEOUT_S)
        try:
            server = start_tls(raw, self._context, self._endpoint.host, self._parameters)
        except BaseException:
            raw.close()
            raise
        server.setblocking(False)
        return server

    def _carry(self, client: socket.socket, server: ssl.SSLSocket) -> None:
        """Pass on what comes, until one end closes.

        One thread does both directions, since an SSLSocket is not made for two. Sending may block: that is safe here,
        because pg_dump does not send a new query while it is still being sent the answer to the last. Receiving must
        not: what makes the socket readable may be TLS's own (a session ticket), with nothing to pass on.
        """
        login = Login()
        while self._wait(client, server):
            if select.select([client], [], [], 0)[0]:
                sent = client.recv(_CHUNK)
                if not sent:
                    return
                server.setblocking(True)
                server.sendall(sent)
                server.setblocking(False)
            with suppress(ssl.SSLWantReadError):
                received = server.recv(_CHUNK)
                if not received:
                    return
                client.sendall(login.passed_on(received))

    def _wait(self, *sources: socket.socket) -> bool:
        """Wait until one of `sources` can be read (True), or the tunnel is to end (False)."""
        if any(source.pending() for source in sources if hasattr(source, "pending")):
            return True
        readable, _, _ = select.select([*sources, self._stopping], [], [])
        return self._stopping not in readable


class Login:
    """What the server says until the login is done, less its offer of channel binding."""

    def __init__(self) -> None:
        self._held = b""
        self._done = False

    def passed_on(self, received: bytes) -> bytes:
        """What the client is to get of `received`; an incomplete message is held back until the rest is there."""
        if self._done:
            return received
        self._held += received
        passed = b""
        while not self._done and len(self._held) >= 5:
            kind, length = struct.unpack_from("!BI", self._held)
            if len(self._held) < 1 + length:
                return passed
            message, self._held = self._held[: 1 + length], self._held[1 + length :]
            code = struct.unpack_from("!I", message, 5)[0] if kind == _AUTHENTICATION else None
            self._done = kind == _ERROR or code == _OK
            passed += _unbound(message) if code == _SASL else message
        if self._done:
            passed, self._held = passed + self._held, b""
        return passed


def _unbound(message: bytes) -> bytes:
    """AuthenticationSASL without SCRAM-SHA-256-PLUS among its mechanisms."""
    mechanisms = [name for name in message[9:].split(b"\0") if name and name != _BOUND]
    body = struct.pack("!I", _SASL) + b"".join(name + b"\0" for name in mechanisms) + b"\0"
    return struct.pack("!BI", _AUTHENTICATION, 4 + len(body)) + body


@contextmanager
def open_tunnel(endpoint: Endpoint, parameters: Mapping[str, str]) -> Iterator[Tunnel]:
    """A tunnel to `endpoint`, with libpq's TLS `parameters` of the session that is connected to it.

    Raises TlsError for certificates that can't be used; what goes wrong later is in `Tunnel.error`.
    """
    with tempfile.TemporaryDirectory(prefix="nm-", dir=_short_folder()) as name:
        tunnel = Tunnel(Path(name), endpoint, parameters)
        try:
            yield tunnel
        finally:
            tunnel.close()


def _short_folder() -> str | None:
    """Where the socket's folder goes: a Unix socket's path has room for about 100 characters."""
    return None if len(tempfile.gettempdir()) < 60 else "/tmp"
