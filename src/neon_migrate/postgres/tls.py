"""TLS to a Postgres server without libpq: for doctor, and for the tunnel that pg_dump goes through.

The modes are libpq's (https://www.postgresql.org/docs/current/libpq-ssl.html): a root certificate, named or in
~/.postgresql, makes every mode verify the certificate; only verify-full checks the host's name too.
"""

from __future__ import annotations

import ipaddress
import ssl
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.errors import UnreachableError

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""The message that asks a Postgres server for TLS (protocol-message-formats, SSLRequest)."""

_PROTOCOL = "postgresql"
"""The name by which Postgres's protocol goes in ALPN (17 and later; older servers ignore it)."""

_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


class TlsError(UnreachableError):
    """No TLS connection came to be. `offered` is False when the server is a Postgres that speaks none."""

    def __init__(self, what: str, *, why: str = "", remedy: str = "", offered: bool = True) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.offered = offered


def client_context(parameters: Mapping[str, str]) -> ssl.SSLContext:
    """What libpq would do with these parameters, for Python's ssl module. Raises TlsError for a file it can't use.

    channel_binding=require is taken as sslmode=verify-full: both say that nobody may stand in between, the one by tying
    the login to the certificate, which only the client that logs in can do, the other by the certificate itself.
    """
    mode = parameters.get("sslmode", "prefer")
    root = _file(parameters, "sslrootcert", "root.crt")
    bound = parameters.get("channel_binding") == "require"
    if bound and root is None:
        root = "system"
    full = bound or root == "system" or mode == "verify-full"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols([_PROTOCOL])
    context.minimum_version = _VERSIONS.get(parameters.get("ssl_min_protocol_version", ""), ssl.TLSVersion.TLSv1_2)
    if parameters.get("ssl_max_protocol_version") in _VERSIONS:
        context.maximum_version = _VERSIONS[parameters["ssl_max_protocol_version"]]
    try:
        if root is None and mode.startswith("verify"):
            raise FileNotFoundError(2, "There is no root certificate file", "~/.postgresql/root.crt")
        context.check_hostname = full
        context.verify_mode = ssl.CERT_REQUIRED if root else ssl.CERT_NONE
        if root == "system":
            context.load_default_certs()
        elif root:
            context.load_verify_locations(root)
        _load_revocations(context, parameters)
        certificate = _file(parameters, "sslcert", "postgresql.crt")
        if certificate and parameters.get("sslcertmode") != "disable":
            # Never None: OpenSSL would ask for it on the terminal.
            secret = parameters.get("sslpassword", "")
            context.load_cert_chain(certificate, _file(parameters, "sslkey", "postgresql.key"), lambda: secret)
    except (OSError, ValueError) as error:
        raise TlsError(
            "The certificates for TLS can't be used",
            why=str(error),
            remedy="Check sslrootcert, sslcert, sslkey and sslcrl; sslrootcert=system takes this machine's own.",
        ) from None
    return context


def start_tls(
    raw: socket.socket, context: ssl.SSLContext, host: str, parameters: Mapping[str, str] | None = None
) -> ssl.SSLSocket:
    """Turn a fresh connection to a Postgres server into a TLS one.

    host  as the URL has it: for the certificate's name and for SNI, without which Neon does not know the endpoint

    Raises TlsError: the server speaks no TLS, is no Postgres, or its certificate can't be trusted.
    """
    parameters = parameters or {}
    try:
        if parameters.get("sslnegotiation") != "direct":
            raw.sendall(_SSL_REQUEST)
            answer = raw.recv(1)
            if answer == b"N":
                raise TlsError(
                    "The server speaks no TLS",
                    remedy="Is it the right host and port? For a local server add sslmode=disable to the URL.",
                    offered=False,
                )
            if answer != b"S":
                raise TlsError(
                    "What listens there is not a Postgres server",
                    why="It does not answer a request for TLS as one does." if answer else "It closed the connection.",
                    remedy="Check host and port.",
                )
        named = context.check_hostname or (not _is_address(host) and parameters.get("sslsni") != "0")
        return context.wrap_socket(raw, server_hostname=host if named else None)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        raise TlsError(
            "TLS could not be agreed with the server",
            why=reason,
            remedy=(
                "Name the authority of the server's certificate with sslrootcert=FILE (sslrootcert=system for public "
                "ones), and check the host's name."
            ),
        ) from None
    except OSError as error:
        raise TlsError("The connection broke while TLS was being agreed", why=str(error), remedy="Try again.") from None


def _load_revocations(context: ssl.SSLContext, parameters: Mapping[str, str]) -> None:
    revocations = _file(parameters, "sslcrl", "root.crl")
    if revocations and context.verify_mode == ssl.CERT_REQUIRED:
        context.load_verify_locations(revocations)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN


def _file(parameters: Mapping[str, str], name: str, default: str) -> str | None:
    """The file that a parameter names, else the one in ~/.postgresql, if it is there."""
    if parameters.get(name):
        return parameters[name]
    try:
        place = Path("~/.postgresql").expanduser() / default
    except RuntimeError:  # no home folder
        return None
    return str(place) if place.is_file() else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
