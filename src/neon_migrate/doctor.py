"""`doctor`: from the URL to an applied migration step by step, each failure with its cause and remedy.

It changes nothing: it takes the migration lock for the length of one statement, and creates nothing.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neon_migrate.errors import NeonMigrateError
from neon_migrate.ledger.rows import lock_id, table_exists
from neon_migrate.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neon_migrate.postgres.connection import ConnectError, TooOldError
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target
    from neon_migrate.project import Project

State = Literal["passed", "warned", "failed", "skipped"]

STEPS = (
    "parse",
    "DNS",
    "TCP",
    "TLS",
    "login",
    "database",
    "version",
    "pooled host",
    "privileges",
    "lock",
    "ledger",
)
"""In the order in which they are taken; each needs those before it."""

_TIMEOUT_S = 10.0

_PRIVILEGES = """
SELECT current_schema()::text,
       has_schema_privilege(current_schema(), 'CREATE'),
       has_database_privilege(current_database(), 'CREATE'),
       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean,
       min(pg_get_userbyid(c.relowner)::text), count(c.oid)
FROM (VALUES (1)) AS always
LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^(pg_|information_schema$|neon)')
  ON c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')
"""


@dataclass(frozen=True, slots=True)
class DoctorStep:
    """One step.

    detail       what was found: the address, the version, …; for a failure its cause
    remedy       what to do, for a failure or a warning
    duration_ms  milliseconds
    """

    name: str
    state: State
    detail: str = ""
    remedy: str = ""
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """Every step of STEPS, in order; those after a failure are skipped."""

    database: str
    source: str
    steps: tuple[DoctorStep, ...]

    @property
    def healthy(self) -> bool:
        """Whether no step failed."""
        return all(step.state != "failed" for step in self.steps)


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a step found when it did not fail."""

    detail: str
    remedy: str = ""
    state: State = "passed"


class _StepError(NeonMigrateError):
    """A step that failed: `what` is the cause."""


def doctor(project: Project) -> DoctorReport:
    """Take every step from the URL to the ledger; nothing is written, and no failure is raised but told in the report.

    Raises UsageError when no database is named.
    """
    target = project.require_target()
    examination = _Examination(project, target)
    try:
        steps = tuple(_taken(examination.checks()))
    finally:
        examination.close()
    return DoctorReport(str(target), target.source, steps)


def _taken(checks: Iterator[tuple[str, Callable[[], _Finding]]]) -> Iterator[DoctorStep]:
    failed = False
    for name, check in checks:
        if failed:
            yield DoctorStep(name, "skipped", "A step before it failed.")
            continue
        start = time.perf_counter()
        try:
            found = check()
        except NeonMigrateError as error:
            failed = True
            found = _Finding("\n".join(part for part in (error.what, error.why) if part), error.remedy, "failed")
        yield DoctorStep(name, found.state, found.detail, found.remedy, (time.perf_counter() - start) * 1000)


class _Examination:
    """The steps and what they hand on to each other."""

    def __init__(self, project: Project, target: Target) -> None:
        self._project = project
        self._named = target
        self._target = target
        self._parameters: dict[str, str] = {}
        self._places: list[tuple[str, int, str]] = []
        """Of each host and port the addresses: host, port, address."""
        self._connected: socket.socket | None = None
        self._host = ""
        self._session: Session | None = None
        self._no_database: ConnectError | None = None
        self._too_old: TooOldError | None = None

    def checks(self) -> Iterator[tuple[str, Callable[[], _Finding]]]:
        """The steps with their names, in order."""
        checks = (
            self._parse,
            self._resolve,
            self._reach,
            self._encrypt,
            self._log_in,
            self._open_database,
            self._version,
            self._pooling,
            self._privileges,
            self._lock,
            self._ledger,
        )
        yield from zip(STEPS, checks, strict=True)

    def close(self) -> None:
        """End what is open."""
        if self._connected is not None:
            self._connected.close()
        if self._session is not None:
            self._session.close()

    def _parse(self) -> _Finding:
        from neon_migrate.postgres.connection import parameters_in_force

        self._target = self._named.direct()
        self._parameters = parameters_in_force(self._target)
        user = self._parameters.get("user")
        origin = f", from {self._named.source}" if self._named.source else ""
        return _Finding(f"{self._named}{f' as {user}' if user else ''}{origin}")

    def _resolve(self) -> _Finding:
        """Every host's addresses. One that resolves is enough, as it is for libpq."""
        hosts = self._parameters.get("host", "localhost").split(",")
        addresses = self._parameters.get("hostaddr", "").split(",")
        ports = self._parameters.get("port", "").split(",")
        problems = []
        for number, host in enumerate(hosts):
            port = int((ports[number] if len(ports) == len(hosts) else ports[0]) or 5432)
            address = addresses[number] if len(addresses) == len(hosts) else ""
            if host.startswith("/"):
                self._places.append((host, port, ""))
                continue
            try:
                found = socket.getaddrinfo(address or host, port, type=socket.SOCK_STREAM)
            except OSError as error:
                problems.append(f"{host}: {error.strerror or error}")
                continue
            self._places.extend((host, port, str(entry[4][0])) for entry in found)
        if not self._places:
            raise _StepError(
                "No address is known for the host",
                why="\n".join(problems),
                remedy="Check the host's name for a slip, and this machine's network.",
            )
        known = dict.fromkeys(address for _, _, address in self._places if address)
        return _Finding(", ".join(known) or "a Unix socket needs no name service")

    def _reach(self) -> _Finding:
        from neon_migrate.postgres.connection_errors import classify

        problems = []
        for host, port, address in self._places:
            try:
                if address:
                    self._connected = socket.create_connection((address, port), timeout=_TIMEOUT_S)
                else:
                    self._connected = socket.socket(socket.AF_UNIX)
                    self._connected.settimeout(_TIMEOUT_S)
                    self._connected.connect(f"{host}/.s.PGSQL.{port}")
            except OSError as error:
                problems.append((f"{address or host}, port {port}: {error.strerror or error}", str(error)))
                continue
            self._host = host
            return _Finding(f"{address or host}, port {port}")
        fault = classify(problems[0][1])
        raise _StepError(
            fault.cause or "The server can't be reached",
            why="\n".join(text for text, _ in problems),
            remedy=fault.remedy,
        )

    def _encrypt(self) -> _Finding:
        from neon_migrate.postgres.tls import TlsError, client_context, start_tls

        mode = self._parameters.get("sslmode", "prefer")
        if self._host.startswith("/"):
            return _Finding("A Unix socket has none.", state="skipped")
        if mode == "disable":
            return _Finding("sslmode=disable: passwords and data travel unencrypted.", state="skipped")
        assert self._connected is not None
        try:
            # What libpq itself will do in the next step, which can bind the login to the channel.
            own = {name: value for name, value in self._parameters.items() if name != "channel_binding"}
            context = client_context(own)
            self._connected = secured = start_tls(self._connected, context, self._host, self._parameters)
        except TlsError as error:
            if mode in ("allow", "prefer") and not error.offered:
                return _Finding(
                    "The server offers none: passwords and data travel unencrypted.",
                    "Fine for a server on this machine.",
                    "warned" if not self._is_local() else "passed",
                )
            raise
        verified = "certificate not verified" if not context.verify_mode else "certificate verified"
        return _Finding(f"{secured.version()}, {verified}")

    def _is_local(self) -> bool:
        return any(address in ("127.0.0.1", "::1") for _, _, address in self._places)

    def _log_in(self) -> _Finding:
        from neon_migrate.postgres.connection import ConnectError, TooOldError
        from neon_migrate.postgres.connection_errors import Stage
        from neon_migrate.postgres.session import connect

        # The login is libpq's, on a connection of its own; a server may count connections that only wait.
        if self._connected is not None:
            self._connected.close()
        try:
            self._session = connect(self._target)
        except TooOldError as error:
            self._too_old = error
            return _Finding("accepted")
        except ConnectError as error:
            if error.fault.stage is not Stage.DATABASE:
                raise
            # Postgres looks for the database only after it has let the user in.
            self._no_database = error
            return _Finding("accepted")
        ((user,),) = self._session.query("SELECT current_user::text")
        return _Finding(f"as {user}")

    def _open_database(self) -> _Finding:
        if self._no_database is not None:
            raise self._no_database
        return _Finding(self._parameters.get("dbname", ""))

    def _version(self) -> _Finding:
        from neon_migrate.postgres.connection import display_version

        if self._too_old is not None:
            raise self._too_old
        return _Finding(f"PostgreSQL {display_version(self._open.server_version)}")

    @property
    def _open(self) -> Session:
        """The session, in the steps after those that open it."""
        assert self._session is not None
        return self._session

    def _pooling(self) -> _Finding:
        from neon_migrate.postgres.pooling import require_unpooled
        from neon_migrate.postgres.session import connect

        ((pid,),) = self._open.query("SELECT pg_catalog.pg_backend_pid()")
        require_unpooled(self._open, pid, lambda: connect(self._target))
        if not self._named.pooled:
            return _Finding("The connection is not pooled.")
        return _Finding(
            f"The URL names Neon's pooler; every command uses the direct host instead: {self._target}",
            "Nothing has to be done; without -pooler in the URL this warning goes away.",
            "warned",
        )

    def _privileges(self) -> _Finding:
        ((schema, may_create, may_add_schemas, read_only, owner, others),) = self._open.query(_PRIVILEGES)
        if read_only:
            raise _StepError(
                "The database takes no changes",
                why="It is a read replica, or default_transaction_read_only is on.",
                remedy="Name the primary: Neon's read-write endpoint.",
            )
        if schema is None:
            raise _StepError(
                "search_path names no schema that is there",
                remedy="CREATE SCHEMA public, or set search_path for the role.",
            )
        if not may_create:
            raise _StepError(
                f"The user may not create tables in schema {schema}",
                why="PostgreSQL 15 and later give CREATE in schema public to the database's owner alone.",
                remedy=f"GRANT CREATE ON SCHEMA {identifier(schema)} TO the user, or connect as the owner.",
            )
        self._may_write_ledger()
        problems = []
        if others:
            problems.append(f"{others} of the tables belong to {owner} or others: only an owner may alter a table.")
        if self._project.settings.create_schemas and not may_add_schemas:
            problems.append("The user may not create schemas, and create-schemas in the settings names some.")
        if problems:
            remedy = "Connect as the owner, or GRANT its role to the user."
            return _Finding(" ".join(problems), remedy, "warned")
        return _Finding(f"may create tables in schema {schema}")

    def _may_write_ledger(self) -> None:
        table = self._project.settings.table_name
        ((exists,),) = self._open.query(table_exists(table))
        if not exists:
            return
        wanted = ("SELECT", "INSERT", "UPDATE", "DELETE")
        rights = ", ".join(f"has_table_privilege({literal(table)}, {literal(right)})" for right in wanted)
        ((*granted,),) = self._open.query(f"SELECT {rights}")
        missing = [right for right, has in zip(wanted, granted, strict=True) if not has]
        if missing:
            raise _StepError(
                f"The user lacks {', '.join(missing)} on the ledger {table}",
                remedy=f"GRANT {', '.join(missing)} ON {table} TO the user, or connect as its owner.",
            )

    def _lock(self) -> _Finding:
        from neon_migrate.postgres.lock import held_by

        ((database,),) = self._open.query("SELECT current_database()::text")
        # Of the transaction, so that it is given back when the statement ends, whatever is in between.
        ((had,),) = self._open.query("SELECT pg_catalog.pg_try_advisory_xact_lock(%s)", (lock_id(database),))
        if had:
            return _Finding("The migration lock is free.")
        holders = held_by(self._open, database)
        pids = ", ".join(str(holder.pid) for holder in holders)
        raise _StepError(
            "Another session holds the migration lock",
            why="\n".join(str(holder) for holder in holders),
            remedy="Wait until that run has ended."
            + (f" Should it hang, end it: SELECT pg_terminate_backend(pid), with pid {pids}." if pids else ""),
        )

    def _ledger(self) -> _Finding:
        from neon_migrate.ledger import folder
        from neon_migrate.status import read_ledger, report

        settings = self._project.settings
        rows = read_ledger(self._open, settings)
        status = report(str(self._target), folder.read(settings), rows)
        if status.faults:
            worst: State = "failed" if any(fault.blocks for fault in status.faults) else "warned"
            what = "\n".join(fault.what for fault in status.faults)
            return _Finding(what, "\n".join(dict.fromkeys(fault.remedy for fault in status.faults)), worst)
        if rows is None:
            return _Finding("There is none yet: nothing was applied here.")
        return _Finding(f"{len(rows)} applied, {len(status.pending)} pending")
