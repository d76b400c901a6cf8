"""Why a connection could not be had: what libpq, Postgres, a pooler and Neon's proxy say, with its cause and remedy.

Neon's proxy reports everything as ERROR XX000, and libpq gives no SQLSTATE for a connection that never came to be: the
message is all there is, so one table reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Retry(Enum):
    """Whether trying again may help."""

    NO = "no"
    SOON = "soon"
    """With backoff from a quarter of a second."""
    SLOWLY = "slowly"
    """With backoff from two seconds: something is used up, and trying often makes it worse."""


class Stage(Enum):
    """How far the connection came; doctor's steps have the same names."""

    PARSE = "parse"
    DNS = "DNS"
    TCP = "TCP"
    TLS = "TLS"
    LOGIN = "login"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class ConnectionFault:
    """One row of the table.

    code    a short stable name, such as `wrong-password`
    texts   the message contains one of these, in any case of letters
    stage   the step at which it happens
    cause   what it means, as a sentence
    remedy  what to do, as a sentence
    """

    code: str
    texts: tuple[str, ...]
    stage: Stage
    cause: str
    remedy: str
    retry: Retry = Retry.NO


_ASK_NEON = "Look at the project in Neon's console: its limits, and whether the endpoint is there and enabled."

FAULTS = (
    # Before what follows: with sslmode=prefer, libpq tries again without TLS and its message holds both answers; the
    # second may only say that TLS is asked for.
    ConnectionFault(
        "wrong-password",
        ("password authentication failed", "authentication failed for user"),
        Stage.LOGIN,
        "The user or the password is wrong.",
        "Check both, with special characters percent-encoded. Children of a protected Neon branch have passwords of "
        "their own: copy the URL of this very branch.",
    ),
    ConnectionFault(
        "not-in-pg-hba-with-tls",
        ("SSL encryption",),
        Stage.LOGIN,
        "The server's pg_hba.conf does not let this user in from here.",
        "Add a line to pg_hba.conf, or connect as another user or from another machine.",
    ),
    # Neon's proxy (control plane and compute)
    ConnectionFault(
        "compute-unreachable",
        ("Couldn't connect to compute node",),
        Stage.LOGIN,
        "Neon's compute did not start in time.",
        "Try again in a minute; Neon's status page tells of incidents.",
        Retry.SOON,
    ),
    ConnectionFault(
        "endpoint-quota",
        ("endpoint is temporarily unavailable",),
        Stage.LOGIN,
        "Neon's endpoint is not available for now; a quota may be used up.",
        _ASK_NEON,
        Retry.SOON,
    ),
    ConnectionFault(
        "endpoint-disabled",
        ("endpoint is disabled",),
        Stage.LOGIN,
        "Neon's endpoint is disabled.",
        "Enable the endpoint in Neon's console, or use another branch.",
    ),
    ConnectionFault(
        "endpoint-missing",
        ("endpoint cannot be found", "endpoint could not be found", "endpoint not found"),
        Stage.LOGIN,
        "Neon knows no endpoint of this name; its branch may have been deleted.",
        "Copy the URL again from Neon's console.",
    ),
    ConnectionFault(
        "too-many-connections",
        (
            "Failed to acquire permit to connect",
            "Too many connections",
            "too many clients already",
            "remaining connection slots are reserved",
            "no more connections allowed",
        ),
        Stage.LOGIN,
        "All of the server's connections are taken.",
        "Close some; applications should go through the pooled host, and only migrations through the direct one.",
        Retry.SLOWLY,
    ),
    ConnectionFault(
        "compute-time-used-up",
        ("exceeded the compute time quota",),
        Stage.LOGIN,
        "The Neon project has used up its compute time.",
        "Raise the quota or change the plan in Neon's console.",
    ),
    ConnectionFault(
        "active-endpoints-used-up",
        ("limit of concurrently active endpoints",),
        Stage.LOGIN,
        "Too many of the Neon project's endpoints are active at once.",
        "Suspend or delete some in Neon's console.",
    ),
    ConnectionFault(
        "endpoint-not-named",
        ("Endpoint ID is not specified",),
        Stage.TLS,
        "Neon's proxy was not told which endpoint: the TLS handshake named no host (SNI).",
        "Use the host name and not an address, without sslsni=0; or add options=endpoint%3D<endpoint id> to the URL.",
    ),
    ConnectionFault(
        "address-not-allowed",
        ("is not allowed to connect", "blocked network"),
        Stage.LOGIN,
        "Neon's list of allowed addresses does not have the one this machine connects from.",
        "Add this machine's public address under IP Allow in Neon's console.",
    ),
    ConnectionFault(
        "startup-parameter",
        ("unsupported startup parameter",),
        Stage.LOGIN,
        "The host is a pooler (PgBouncer), which takes no options at the start of a connection.",
        "Use the direct host: Neon's without -pooler; or leave options out of the URL and PGOPTIONS.",
    ),
    ConnectionFault(
        "tls-required",
        ("connection is insecure", "no encryption", "SSL off", "requires SSL", "SSL connection is required"),
        Stage.TLS,
        "The server takes no connection without TLS.",
        "Add sslmode=require (better: sslmode=verify-full&sslrootcert=system) to the URL.",
    ),
    ConnectionFault(
        "control-plane",
        ("Control plane request failed",),
        Stage.LOGIN,
        "Neon's control plane did not answer.",
        "Try again in a minute; Neon's status page tells of incidents.",
        Retry.SOON,
    ),
    # Postgres
    ConnectionFault(
        "no-password",
        ("no password supplied", "empty password"),
        Stage.LOGIN,
        "The server asks for a password and none was given.",
        "Put it in the URL, in PGPASSWORD or in the password file (~/.pgpass).",
    ),
    ConnectionFault(
        "channel-binding",
        ("channel binding", "SCRAM-SHA-256-PLUS"),
        Stage.LOGIN,
        "The login can't be bound to the TLS connection: the server does not offer it, or something stands in between.",
        "If you trust the network, leave channel_binding=require out of the URL.",
    ),
    ConnectionFault(
        "not-in-pg-hba",
        ("no pg_hba.conf entry", "pg_hba.conf rejects"),
        Stage.LOGIN,
        "The server's pg_hba.conf does not let this user in from here.",
        "Add a line to pg_hba.conf, or connect as another user or from another machine.",
    ),
    ConnectionFault(
        "no-login",
        ("is not permitted to log in",),
        Stage.LOGIN,
        "The role has no LOGIN attribute.",
        "Connect as another role, or ALTER ROLE … LOGIN.",
    ),
    ConnectionFault(
        "database-not-allowed",
        ("permission denied for database", "is not currently accepting connections"),
        Stage.DATABASE,
        "The user may not connect to this database.",
        "GRANT CONNECT ON DATABASE … TO the user.",
    ),
    ConnectionFault(
        "starting-up",
        ("the database system is", "server is starting up"),
        Stage.LOGIN,
        "The server is starting, stopping or recovering.",
        "Try again in a minute.",
        Retry.SOON,
    ),
    ConnectionFault(
        "cut-by-administrator",
        ("terminating connection due to",),
        Stage.LOGIN,
        "The server ended the connection while it was being made.",
        "Try again.",
        Retry.SOON,
    ),
    # libpq: TLS
    ConnectionFault(
        "tls-not-offered",
        ("does not support SSL", "SSL was required"),
        Stage.TLS,
        "The server speaks no TLS, and sslmode asks for it.",
        "Is it the right host and port? For a local server add sslmode=disable to the URL.",
    ),
    ConnectionFault(
        "certificate",
        (
            "certificate verify failed",
            "certificate has expired",
            "does not match host name",
            "tlsv1 alert unknown ca",
            "Hostname mismatch",
        ),
        Stage.TLS,
        "The server's certificate can't be trusted for this host.",
        "Name its authority with sslrootcert=FILE (sslrootcert=system for public ones); check the host's name.",
    ),
    ConnectionFault(
        "root-certificate-file",
        ("root certificate file", "could not read root certificate", "weak sslmode"),
        Stage.TLS,
        "sslmode asks for the certificate to be verified, and there are no authorities to verify it with.",
        "Add sslrootcert=system&sslmode=verify-full, or sslrootcert=FILE, to the URL.",
    ),
    ConnectionFault(
        "client-certificate",
        ("certificate file", "private key file", "client certificate", "alert certificate required"),
        Stage.TLS,
        "The client certificate or its key is missing or can't be used.",
        "Check sslcert and sslkey; the key file must be readable by its owner only.",
    ),
    # libpq: reaching the server
    ConnectionFault(
        "unknown-host",
        (
            "could not translate host name",
            "failed to resolve host",
            "Name or service not known",
            "nodename nor servname",
            "Temporary failure in name resolution",
            "No address associated with hostname",
        ),
        Stage.DNS,
        "No address is known for this host.",
        "Check the host's name for a slip, and this machine's network.",
    ),
    ConnectionFault(
        "refused",
        ("Connection refused",),
        Stage.TCP,
        "Nothing listens at this host and port.",
        "Is the server running, and is the port right (5432 mostly)?",
    ),
    ConnectionFault(
        "no-socket",
        ("No such file or directory",),
        Stage.TCP,
        "There is no server's socket in this folder.",
        "Is the server running, and is the folder right?",
    ),
    ConnectionFault(
        "no-route",
        ("No route to host", "Network is unreachable", "Network unreachable"),
        Stage.TCP,
        "This machine's network has no way to the host.",
        "Check the network, a VPN that should be on, and whether only IPv6 is offered.",
    ),
    ConnectionFault(
        "timeout",
        ("timeout expired", "timed out"),
        Stage.TCP,
        "The server did not answer in time; a firewall may swallow what is sent.",
        "Check host, port and firewall, or give it longer with connect_timeout=SECONDS in the URL.",
    ),
    ConnectionFault(
        "not-postgres",
        (
            "invalid response to SSL negotiation",
            "invalid response to GSSAPI negotiation",
            "expected authentication request",
        ),
        Stage.TLS,
        "What listens there is not a Postgres server.",
        "Check host and port.",
    ),
    ConnectionFault(
        "closed",
        ("server closed the connection unexpectedly", "Connection reset by peer", "SSL SYSCALL error", "EOF detected"),
        Stage.LOGIN,
        "The other end closed the connection before the login was done: a proxy, a restart, or not a Postgres server.",
        "Try again; if it stays so, check host and port.",
        Retry.SOON,
    ),
    ConnectionFault(
        "role-missing",
        ('role "',),
        Stage.LOGIN,
        "The server knows no user of this name.",
        "Check the user in the URL; without one, PGUSER or the name of the operating system's user is taken.",
    ),
    ConnectionFault(
        "database-missing",
        ("does not exist",),
        Stage.DATABASE,
        "The server has no database of this name.",
        "Check the name; `createdb` or Neon's console makes one.",
    ),
)

UNKNOWN = ConnectionFault("unknown", (), Stage.LOGIN, "", "neon-migrate doctor shows step by step where it fails.")
"""For a message that no row knows; the message itself is the cause."""


def classify(message: str) -> ConnectionFault:
    """The first row whose text the message contains, else UNKNOWN."""
    lowered = message.lower()
    for fault in FAULTS:
        if any(text.lower() in lowered for text in fault.texts):
            return fault
    return UNKNOWN
