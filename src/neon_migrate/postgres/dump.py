"""A database's schema as SQL text, by pg_dump, and such a text back into a scratch database.

pg_dump writes its custom format, and pg_restore of the same build makes the text of it: the list of contents in between
is where single objects can be left out, which no option of pg_dump can do (and which nobody should do in the text).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.errors import NeonMigrateError, StatementError, UnreachableError
from neon_migrate.postgres.binaries import SUPPORTED, find_build, system_folders
from neon_migrate.postgres.connection import display_version
from neon_migrate.postgres.environment import for_programs
from neon_migrate.postgres.tunnel import PORT, Endpoint, open_tunnel
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target

PLATFORM_SCHEMAS = ("neon", "neon_migration")
"""Schemas that belong to Neon's platform."""

_PLATFORM_ROLE = "cloud_admin"
"""Neon's own superuser: its default privileges are in every database, and nobody else may set them."""

_LEFT_OUT = ("USER MAPPING", "SUBSCRIPTION")
"""Kinds of entries that hold passwords to other servers; a restored subscription would moreover begin to replicate."""

_RESTRICT = "neonmigrate"
"""The key under which pg_restore writes `\\restrict`, until the final one is put there (see _fix_key)."""

_ROLES = """
SELECT DISTINCT r.rolname::text FROM pg_catalog.pg_shdepend s
JOIN pg_catalog.pg_database d ON d.oid = s.dbid AND d.datname = pg_catalog.current_database()
JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass ORDER BY 1
"""

_TLS_PARAMETERS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslsni", "channel_binding")
"""What a pg_dump that speaks TLS is told; libpq has known them all since 14."""


@dataclass(frozen=True, slots=True)
class Dump:
    """The schema of a database as SQL.

    text             for psql; equal for equal schemas read by one pg_dump
    entries          how many entries pg_dump found, less those left out
    roles            the roles that the text names, or that own something: it does not create them
    server_version   "18.6"
    pg_dump_version  "18.6"
    """

    text: str
    entries: int
    roles: tuple[str, ...]
    server_version: str
    pg_dump_version: str


@dataclass(frozen=True, slots=True)
class Program:
    """A pg_dump, with the pg_restore beside it."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        """14 and up."""
        return int(self.version.split(".")[0])

    @property
    def pg_restore(self) -> Path:
        """The program that makes text of what this one wrote."""
        return self.path.with_name("pg_restore")

    def speaks_tls(self) -> bool:
        """Whether its libpq was built with TLS; it says so before it looks for a server."""
        done = _run([str(self.path), "--dbname=host=/nonexistent sslmode=require"])
        return "not compiled in" not in done.stderr


def find_pg_dump(server_major: int, *, bindir: Path | None = None) -> Program:
    """A pg_dump at least as new as the server: of the same major version if there is one, else the next newer.

    bindir  a folder to look at first, whatever else there is

    pg_dump refuses servers newer than itself. Of one version, the system's own comes before an embedded one.
    Raises NeonMigrateError when there is none.
    """
    found: list[str] = []
    for path in _places(server_major, bindir):
        version = _version(path)
        if version:
            program = Program(path, version)
            if program.major >= server_major:
                return program
            found.append(version)
    raise NeonMigrateError(
        f"There is no pg_dump for a server of version {server_major}",
        why=f"pg_dump can't read servers newer than itself; found: {', '.join(found) or 'none'}.",
        remedy=f"Install the client programs of PostgreSQL {server_major} or newer, or name their folder in the "
        "setting postgres-bindir.",
    )


def _places(server_major: int, bindir: Path | None) -> Iterator[Path]:
    if bindir is not None:
        yield bindir / "pg_dump"
    on_path = Path(shutil.which("pg_dump") or "pg_dump")
    on_path_major = _version(on_path).split(".")[0]
    for major in range(server_major, max(SUPPORTED[-1], server_major) + 3):
        yield from (folder / "pg_dump" for folder in system_folders(major))
        if on_path_major == str(major):
            yield on_path
        if major in SUPPORTED:
            build = find_build(major=major)
            if build.major == major:
                yield build.program("pg_dump")
    yield on_path


def _version(path: Path) -> str:
    """The version of a pg_dump that has its pg_restore beside it; empty where there is none."""
    if not path.is_file() or not path.with_name("pg_restore").is_file():
        return ""
    found = re.search(r"PostgreSQL\) (\d+(?:\.\d+)?)", _run([str(path), "--version"]).stdout)
    return found[1] if found else ""


def dump_schema(target: Target, *, bindir: Path | None = None, lock_timeout_ms: int = 5_000) -> Dump:
    """The schema of a database: everything in it but data, Neon's own schemas, and what holds passwords.

    Owners are left out: they are roles of one server, and who restores becomes the owner. Privileges are kept: they
    belong to the schema as much as a constraint does. Left out with Neon's schemas are its extension and the default
    privileges of its superuser, which nobody else may restore. User mappings and subscriptions hold passwords.

    bindir           a folder whose pg_dump is to be used if it is new enough
    lock_timeout_ms  how long to wait for a table that somebody else has locked

    Raises UnreachableError, NeonMigrateError (no pg_dump new enough, no right to read a table, a lock).
    """
    from neon_migrate.postgres.session import connect

    with connect(target.direct()) as session, tempfile.TemporaryDirectory(prefix="neon-migrate-") as folder:
        roles = tuple(name for (name,) in session.query(_ROLES))
        program = find_pg_dump(session.major, bindir=bindir)
        archive = Path(folder) / "schema.dump"
        _pg_dump(program, session, target, archive, lock_timeout_ms)
        text, entries = _restored_text(program, archive)
        return Dump(
            text=_fix_key(_loadable(text, session.major)),
            entries=entries,
            roles=roles,
            server_version=display_version(session.server_version),
            pg_dump_version=program.version,
        )


def _pg_dump(program: Program, session: Session, target: Target, archive: Path, lock_timeout_ms: int) -> None:
    options = ["--schema-only", "--format=custom", "--compress=0", "--no-subscriptions", f"--file={archive}"]
    options += [f"--exclude-schema={schema}" for schema in PLATFORM_SCHEMAS]
    options.append(f"--lock-wait-timeout={lock_timeout_ms}")
    with _route(program, session) as (conninfo, tunnel_error):
        environment = for_programs(os.environ) | {"PGCLIENTENCODING": "UTF8"}
        # Never as an argument: those are in everybody's process list. The environment of a process is its user's alone.
        if session.password:
            environment["PGPASSWORD"] = session.password
        done = _run([str(program.path), *options, f"--dbname={conninfo}"], environment)
    if done.returncode == 0:
        return
    why = target.redact(done.stderr.strip())
    fault = tunnel_error()
    if fault is not None:
        raise UnreachableError(fault.what, why=f"{fault.why}\n{why}".strip(), remedy=fault.remedy)
    raise NeonMigrateError("pg_dump could not read the schema", why=why, remedy=_remedy(why))


def _remedy(message: str) -> str:
    if "permission denied" in message:
        return "pg_dump locks every table to read it: connect as the owner, or leave to it what it may not see."
    if "canceling statement due to" in message and "LOCK TABLE" in message:
        return "Somebody holds a lock on a table: a migration that is running, as a rule. Try again when it is done."
    if "No space left" in message:
        return "Free some space, or set TMPDIR to a folder that has room."
    return ""


@contextmanager
def _route(program: Program, session: Session) -> Iterator[tuple[str, Callable[[], NeonMigrateError | None]]]:
    """How pg_dump gets to where `session` is: a connection string without secrets, and what went wrong on the way."""
    from psycopg.conninfo import make_conninfo

    told = session.connection_parameters()
    common = _some(told, "user", "dbname", "options") | {"gssencmode": "disable", "connect_timeout": "10"}
    if not session.uses_tls:
        place = _some(told, "host", "hostaddr", "port") | {"sslmode": "disable", "channel_binding": "disable"}
        yield make_conninfo("", **common, **place), lambda: None
    elif _can_follow(program, told):
        place = _some(told, "host", "hostaddr", "port", *_TLS_PARAMETERS)
        yield make_conninfo("", **common, **place), lambda: None
    else:
        endpoint = Endpoint(told["host"], told.get("hostaddr") or told["host"], int(told.get("port", "5432")))
        with open_tunnel(endpoint, told) as tunnel:
            place = {"host": str(tunnel.folder), "port": str(PORT), "channel_binding": "disable"}
            yield make_conninfo("", **common, **place), lambda: tunnel.error


def _some(parameters: dict[str, str], *names: str) -> dict[str, str]:
    return {name: parameters[name] for name in names if name in parameters}


def _can_follow(program: Program, told: dict[str, str]) -> bool:
    """Whether a pg_dump can make the session's TLS connection itself."""
    newer = told.get("sslrootcert") == "system" or told.get("sslnegotiation") == "direct"
    # The key's password could only be an argument.
    return program.speaks_tls() and "sslpassword" not in told and not (newer and program.major < 17)


def _restored_text(program: Program, archive: Path) -> tuple[str, int]:
    """The SQL of an archive, less what is left out, and the number of its entries."""
    listing = _checked([str(program.pg_restore), "--list", str(archive)])
    kept = [line for line in listing.splitlines() if not _left_out(line)]
    contents = archive.with_suffix(".list")
    contents.write_text("\n".join(kept) + "\n", encoding="utf-8")
    command = [str(program.pg_restore), "--no-owner", f"--use-list={contents}", "--file=-", str(archive)]
    if "--restrict-key" in _run([str(program.pg_restore), "--help"]).stdout:
        command.insert(1, f"--restrict-key={_RESTRICT}")
    return _checked(command), sum(1 for line in kept if line and not line.startswith(";"))


def _left_out(line: str) -> bool:
    """Whether an entry of the list of contents goes.

    An entry is `4321; 826 16500 DEFAULT ACL public DEFAULT PRIVILEGES FOR TABLES owner`: kind, schema, name, owner.
    """
    if line.startswith(";"):
        return False
    entry = " ".join(line.split()[3:])
    return (
        entry.startswith(_LEFT_OUT)
        or (entry.startswith("DEFAULT ACL ") and entry.endswith(f" {_PLATFORM_ROLE}"))
        or entry in {"EXTENSION - neon", "COMMENT - EXTENSION neon"}
    )


def _loadable(text: str, server_major: int) -> str:
    """A newer pg_dump's text without the setting that a server older than 17 does not know."""
    return text if server_major >= 17 else text.replace("SET transaction_timeout = 0;\n", "", 1)


def _fix_key(text: str) -> str:
    """The text under a `\\restrict` key that is its own: the same for the same schema, and not to be foreseen.

    psql runs no command of its own (`\\!` and such) until it reads `\\unrestrict` with the same key. A key that is
    known beforehand would let a hostile name in the schema end the restriction (CVE-2025-8714); a random one makes
    every export differ. The hash of the whole text can't be written into that text by anyone.
    """
    opening, closing = f"\\restrict {_RESTRICT}\n", f"\\unrestrict {_RESTRICT}\n"
    if opening not in text:
        return text
    key = hashlib.sha256(text.encode()).hexdigest()[:32]
    before, _, rest = text.partition(opening)
    body, _, after = rest.rpartition(closing)
    return f"{before}\\restrict {key}\n{body}\\unrestrict {key}\n{after}"


def load_dump(server: ScratchServer, dump_text: str, *, roles: Sequence[str] = ()) -> str:
    """A new database of `server` with the schema in `dump_text`; its name. The caller owns it.

    roles  created first where the server has none of that name, since a dump names roles and never creates them

    Raises StatementError when something of the schema can't be had here, such as an extension; nothing is left then.
    """
    name = server.create()
    try:
        with server.session(name) as session:
            known = {role for (role,) in session.query("SELECT rolname::text FROM pg_catalog.pg_roles")}
            for role in roles:
                if role not in known:
                    session.query(f"CREATE ROLE {identifier(role)}")
            session.script(without_restrict(dump_text))
    except StatementError:
        server.drop(name)
        raise
    return name


def without_restrict(text: str) -> str:
    """The text with empty lines for psql's own `\\restrict` and `\\unrestrict`, which no server understands.

    The first is only looked for among the comments before any statement, the second only at the end.
    """
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if line and not line.startswith("--")), len(lines))
    if start == len(lines) or not lines[start].startswith("\\restrict "):
        return text
    closing = "\\un" + lines[start][1:]
    if closing not in lines:
        return text
    end = len(lines) - 1 - lines[::-1].index(closing)
    return "\n".join("" if n in (start, end) else line for n, line in enumerate(lines))


def _checked(command: list[str]) -> str:
    done = _run(command)
    if done.returncode != 0:
        raise NeonMigrateError("pg_restore could not write the schema as SQL", why=done.stderr.strip())
    return done.stdout


def _run(command: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            env=environment if environment is not None else for_programs(os.environ),
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
