"""A Postgres of its own for a branch whose roles have other passwords than its parent's."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from neon_migrate.postgres.account import server_account
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.cluster import child_environment, run_folder, template
from neon_migrate.postgres.dump import find_pg_dump, without_restrict
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from neon_migrate.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

_ROLES = "SELECT rolname, rolsuper, rolcanlogin FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"
_ONLY_WITH_PASSWORD = "local all all scram-sha-256\n"


class OwnCluster:
    """Copies of databases in another cluster, where every role logs in by SCRAM with the branch's password.

    sockets  the folder of its socket, and `port` the number in the socket's name
    """

    port = "5432"

    def __init__(self, source: ScratchServer, databases: Mapping[str, str], password: str) -> None:
        build = find_build(major=source.major)
        self._run = run_folder()
        self._run.start(build, template(build))
        with source.session("postgres") as session:
            roles = session.query(_ROLES)
        with self._admin("postgres") as session:
            there = {name for name, _, _ in session.query(_ROLES)}
            for name, superuser, login in roles:
                options = " SUPERUSER" * superuser + " LOGIN" * login
                verb = "ALTER" if name in there else "CREATE"
                session.script(f"{verb} ROLE {identifier(name)} {options} PASSWORD {literal(password)}")
            for real in databases.values():
                session.script(f"CREATE DATABASE {identifier(real)}")
        for real in databases.values():
            with self._admin(real) as session:
                session.script(_dumped(source, real))
        with self._admin("postgres") as session:
            hba = self._run.data / "pg_hba.conf"
            hba.write_text(_ONLY_WITH_PASSWORD)
            server_account().give(hba)
            session.query("SELECT pg_reload_conf()")

    @property
    def sockets(self) -> Path:
        return self._run.path

    def close(self) -> None:
        """End it."""
        self._run.__exit__(None, None, None)

    def _admin(self, database: str) -> Session:
        return connect(Target(f"host='{self.sockets}' port={self.port} user=postgres dbname={database}", own=True))


def _dumped(source: ScratchServer, database: str) -> str:
    """The database as SQL, rows included."""
    program = find_pg_dump(source.major).path
    command = [str(program), "--inserts", f"--dbname={source.target(database).conninfo}"]
    done = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=True)
    return without_restrict(done.stdout)
