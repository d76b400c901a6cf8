"""Two schemas with rows, and the plans between them, run on a real Postgres: there and back."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.diff import diff
from neon_migrate.online import offline, online
from neon_migrate.plan import plan
from neon_migrate.settings import Settings
from neon_migrate.sources.database import catalog_of, scratch_catalog
from neon_migrate.sql import qualified
from peers import difference, dumped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

SETTINGS = Settings(Path(), Path(), Path())


@contextmanager
def both_sides(server: ScratchServer, old: str, new: str) -> Iterator[tuple[str, str]]:
    """A database with each of two schemas, by name; both are gone afterwards."""
    databases = server.create(), server.create()
    try:
        for name, ddl in zip(databases, (old, new), strict=True):
            with server.session(name) as session:
                session.script(ddl)
        yield databases
    finally:
        for name in databases:
            server.drop(name)


def assert_both_ways(server: ScratchServer, old: str, new: str, *, in_use: bool) -> None:
    """The schema is exactly what it should be, pg_dump says so too, and all rows of what stays are there."""
    with both_sides(server, old, new) as databases:
        catalogs = [scratch_catalog(server, name, SETTINGS) for name in databases]
        dumps = [dumped(server.target(name)) for name in databases]
        for start, goal in ((0, 1), (1, 0)):
            planned = plan(catalogs[start], catalogs[goal])
            with server.session(databases[start]) as session:
                rows = _rows(session)
                for batch in online(planned) if in_use else offline(planned):
                    session.script(batch.script())
                assert diff(catalog_of(session, SETTINGS), catalogs[goal]) == ()
                there = _rows(session)
            assert {table: rows[table] for table in rows.keys() & there.keys()} == {
                table: there[table] for table in rows.keys() & there.keys()
            }
            assert not difference(dumped(server.target(databases[start])), dumps[goal])


def _rows(session: Session) -> dict[str, int]:
    """How many each table has, by name."""
    tables = catalog_of(session, SETTINGS).of_kind("table")
    names = [qualified(*table.key[1:3]) for table in tables]
    return {name: int(session.query(f"SELECT count(*) FROM {name}")[0][0]) for name in names}
