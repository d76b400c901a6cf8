"""Opening a connection: the environment, a time limit, retries of what passes, and an error with cause and remedy."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any

from neon_migrate.errors import UnreachableError
from neon_migrate.postgres.connection_errors import ConnectionFault, Retry, classify
from neon_migrate.postgres.environment import hidden

if TYPE_CHECKING:
    import psycopg

    from neon_migrate.postgres.target import Target

CONNECT_TIMEOUT_S = 10
"""For one attempt, where neither the URL nor PGCONNECT_TIMEOUT says another; a cold Neon compute needs under one."""

OLDEST_SUPPORTED = 14
"""The oldest major version that Neon offers, and whose catalogs are read here."""

_DELAYS_S = {Retry.NO: (), Retry.SOON: (0.25, 0.5, 1.0), Retry.SLOWLY: (2.0, 4.0)}


class ConnectError(UnreachableError):
    """No connection came to be; `fault` is the row of the table that says why."""

    def __init__(self, what: str, fault: ConnectionFault, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.fault = fault


class TooOldError(UnreachableError):
    """The server is older than OLDEST_SUPPORTED."""


def parameters_in_force(target: Target) -> dict[str, str]:
    """libpq's parameters for `target`, with those from the environment that may take part (see `environment`)."""
    from psycopg.pq import Conninfo

    with hidden(own=target.own):
        defaults = Conninfo.get_defaults()
    told = {
        option.keyword.decode(): option.val.decode()
        for option in defaults
        if option.val is not None and option.envvar and option.envvar.decode() in os.environ
    }
    return told | target.parameters()


def open_connection(target: Target) -> psycopg.Connection[Any]:
    """A connection in autocommit mode, its texts in UTF-8.

    What passes by itself (see `connection_errors`) is tried again a few times, for at most some seconds.

    Raises ConnectError, and TooOldError.
    """
    import psycopg

    parameters: dict[str, Any] = {**target.parameters(), "client_encoding": "UTF8"}
    parameters.setdefault("application_name", "neon-migrate")
    if "PGCONNECT_TIMEOUT" not in os.environ or target.own:
        parameters.setdefault("connect_timeout", CONNECT_TIMEOUT_S)
    attempt = 0
    while True:
        try:
            with hidden(own=target.own):
                connection = psycopg.connect("", autocommit=True, **parameters)
            break
        except psycopg.Error as error:
            message = str(error).strip()
        fault = classify(message)
        delays = _DELAYS_S[fault.retry]
        if attempt >= len(delays):
            raise _failure(target, fault, message, attempt + 1)
        # Jitter, so that many clients that were refused together do not come back together.
        time.sleep(delays[attempt] * random.uniform(0.75, 1.25))
        attempt += 1
    try:
        require_supported(connection.info.server_version, target)
    except TooOldError:
        connection.close()
        raise
    return connection


def require_supported(server_version: int, target: Target) -> None:
    """Raises TooOldError for a server older than OLDEST_SUPPORTED; `server_version` as server_version_num."""
    if server_version < OLDEST_SUPPORTED * 10000:
        raise TooOldError(
            f"The server of {target} is too old",
            why=f"It is PostgreSQL {display_version(server_version)}; the oldest supported one is {OLDEST_SUPPORTED}.",
            remedy="Upgrade the server, or name another database.",
        )


def display_version(server_version: int) -> str:
    """server_version_num as people write it: 180006 is 18.6, 90624 is 9.6.24."""
    major, rest = divmod(server_version, 10000)
    return f"{major}.{rest}" if major >= 10 else f"{major}.{rest // 100}.{rest % 100}"


def _failure(target: Target, fault: ConnectionFault, message: str, attempts: int) -> ConnectError:
    tried = f" (tried {attempts} times)" if attempts > 1 else ""
    cause = f"{fault.cause}\n" if fault.cause else ""
    origin = f" (from {target.source})" if target.source else ""
    what = f"Cannot connect to {target}{origin}{tried}"
    return ConnectError(
        what, fault, why=f"{cause}PostgreSQL's client says: {target.redact(message)}", remedy=fault.remedy
    )
