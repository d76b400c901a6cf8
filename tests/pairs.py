"""A pair of schemas that others wrote, each side on a server of its own, changed there and back.

Roles belong to a server: with one for each side, both may make the same ones, and what a pair made is gone after it.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.diff import diff
from neon_migrate.errors import StatementError
from neon_migrate.plan import plan
from neon_migrate.postgres.binaries import find_build
from neon_migrate.settings import Settings
from neon_migrate.settled import ScratchDatabase, settled_apart
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.sources.roles import add_roles, roles_in
from neon_migrate.sources.sql_file import load_sql_file, read_sql_file
from neon_migrate.sql import identifier
from peers import connection_options, difference, dumped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neon_migrate.online import Batch
    from neon_migrate.plan import Plan
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

SETTINGS = Settings(Path(), Path(), Path())
WITH_OWNERS = replace(SETTINGS, owners=True)
_SYNTAX_ERROR, _ROLE_MISSING = "42601", re.compile(r'role "(.+)" does not exist')


class NotLoadedError(Exception):
    """Plain Postgres does not take the schema."""


@dataclass(frozen=True)
class Sides:
    """The servers of the two sides, and the roles that both have from the beginning."""

    before: ScratchServer
    after: ScratchServer
    roles: frozenset[str]

    @contextmanager
    def loaded(self, first: Path, second: Path) -> Iterator[tuple[str, str]]:
        """A database with each file's schema, and all roles of either on both servers; all of it is gone afterwards.

        Raises NotLoadedError.
        """
        names: list[tuple[ScratchServer, str]] = []
        try:
            for server, file in ((self.before, first), (self.after, second)):
                names.append((server, load(server, file)))
            roles = _roles(self.before) | _roles(self.after)
            for server in (self.before, self.after):
                add_roles(server, roles)
            yield names[0][1], names[1][1]
        finally:
            for server, name in names:
                server.drop(name)
            for server in (self.before, self.after):
                self._forget_roles(server)

    def _forget_roles(self, server: ScratchServer) -> None:
        with _any_session(server) as session:
            for role in sorted(roles_in(session) - self.roles):
                session.query(f"DROP ROLE {identifier(role)}")
            assert roles_in(session) == self.roles


def sides(before: ScratchServer, after: ScratchServer) -> Sides:
    """Two servers as they are before any pair."""
    return Sides(before, after, _roles(before))


def _roles(server: ScratchServer) -> frozenset[str]:
    with _any_session(server) as session:
        return roles_in(session)


@contextmanager
def _any_session(server: ScratchServer) -> Iterator[Session]:
    with server.session("postgres") as session:
        yield session


def load(server: ScratchServer, file: Path) -> str:
    """A new database with the schema of a file: as `diff` runs it, and what only psql understands by psql.

    Raises NotLoadedError.
    """
    try:
        return load_sql_file(server, read_sql_file(file), SETTINGS)
    except StatementError as error:
        if error.sqlstate != _SYNTAX_ERROR:
            raise NotLoadedError(f"{file.name}: {error.what}") from None
    while True:
        name = server.create()
        complaint = by_psql(server, name, file)
        if not complaint:
            return name
        server.drop(name)
        role = _ROLE_MISSING.search(complaint)
        if role is None or not add_roles(server, {role[1]}):
            raise NotLoadedError(f"{file.name}: {complaint}")


def by_psql(server: ScratchServer, name: str, file: Path) -> str:
    """Run a file as its authors do; gives what psql complained of."""
    program = find_build(major=None).program("psql")
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={file}"]
    command = [program, *options, *connection_options(server.target(name)), f"--dbname={name}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def check(
    pair: Sides, first: Path, second: Path, batches: Callable[[Plan], Sequence[Batch]], settings: Settings
) -> None:
    """The plan between two schemas leads from either to the other, or it is an AssertionError or an error of ours.

    batches   how it is done: `online` or `offline`
    settings  whether owners count: SETTINGS or WITH_OWNERS

    pg_dump of what it gives is that of the goal; our own Catalog is too, and planning again finds nothing to do.
    Raises NotLoadedError.
    """
    with pair.loaded(first, second) as names:
        databases = (pair.before, names[0]), (pair.after, names[1])
        read = [ScratchDatabase(server, name, scratch_catalog(server, name, settings)) for server, name in databases]
        before, after = settled_apart(read[0], read[1], settings)
        dumps = [dumped(server.target(name), owners=settings.owners) for server, name in databases]
        for database, planned, goal, wanted in (
            (databases[0], plan(before, after), after, dumps[1]),
            (databases[1], plan(after, before), before, dumps[0]),
        ):
            server, name = database
            text = _run(*database, batches(planned))
            left = difference(dumped(server.target(name), owners=settings.owners), wanted)
            assert not left, f"{text}\n{left}"
            again = diff(scratch_catalog(server, name, settings), goal)
            assert not again, f"{text}\n{again}"


def _run(server: ScratchServer, name: str, batches: Sequence[Batch]) -> str:
    """Run it all, each batch in its own transaction; gives the SQL that was run."""
    scripts = [batch.script() for batch in batches]
    with server.session(name) as session:
        for script in scripts:
            session.script(script)
    return "\n".join(scripts)
