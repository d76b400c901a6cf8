"""A scratch on the way of the pending migrations: its state before and after each, with rows in every table.

The rehearsal itself runs once and on its own database. What has to be tried again and again is tried here, on copies:
which statement of a file is behind a hazard, and what the way back loses.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate import execute
from neon_migrate.diff import diff
from neon_migrate.differences import differences
from neon_migrate.errors import StatementError
from neon_migrate.hazards.rule import Observation
from neon_migrate.hazards.rules import hazards
from neon_migrate.rows import fill, losses, read_contents
from neon_migrate.script import shape, units
from neon_migrate.settled import settled
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.migrations import open_scratch
from neon_migrate.sql import split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.hazards.rule import Hazard
    from neon_migrate.ledger.migration import Migration, MigrationFile
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.rows import Contents, Loss, Variety
    from neon_migrate.settings import Settings

_VARIETIES: tuple[Variety | None, ...] = ("varied", "plain", None)
"""The rows to try, wildest first; None for none at all."""

_MOST_STATEMENTS = 200
"""Up to where in a file the statement behind a hazard is looked for: after each the whole Catalog is read."""


@dataclass(frozen=True, slots=True)
class _State:
    """A copy of the scratch; nobody is connected to it."""

    database: str
    catalog: Catalog
    contents: Contents | None


@dataclass(frozen=True, slots=True)
class TriedBack:
    """What a way back did, tried with generated rows.

    fails             why it does not run; empty where it does
    left              in what the schema is not as it was before the migration
    not_brought_back  data that was there before
    """

    fails: str = ""
    left: tuple[str, ...] = ()
    not_brought_back: tuple[Loss, ...] = ()


class Trail:
    """The states of one run of migrations; made by `follow`."""

    def __init__(self, server: ScratchServer, settings: Settings, migrations: Sequence[Migration]) -> None:
        self._server = server
        self._settings = settings
        self._migrations = migrations
        self._states: list[_State] = []

    def begin(self, start: str, variety: Variety | None) -> None:
        """Run the migrations on a copy of `start` with such rows. Raises StatementError at the first that fails."""
        database = self._server.create(template=start)
        with open_scratch(self._server, database) as session:
            catalog = catalog_of(session, self._settings)
            if variety is not None:
                fill(session, catalog, variety)
        self._states.append(self._look(database, with_rows=variety is not None))
        for migration in self._migrations:
            database = self._server.create(template=database)
            with open_scratch(self._server, database) as session:
                conditions = execute.Conditions(execute.ensure_ledger(session, self._settings))
                execute.run_up(session, migration, self._settings, conditions)
            self._states.append(self._look(database, with_rows=variety is not None))

    def ran(self, migration: Migration) -> bool:
        """Whether the trail came past this migration."""
        place = self._place(migration)
        return place is not None and place + 1 < len(self._states)

    def around(self, migration: Migration) -> tuple[Catalog, Catalog]:
        """The Catalogs before and after a migration that ran."""
        place = self._place(migration)
        if place is None:
            raise ValueError(f"{migration.version} is not of this trail")
        return self._states[place].catalog, self._states[place + 1].catalog

    def forget(self) -> None:
        """Remove all states."""
        for state in self._states:
            self._server.drop(state.database)
        self._states.clear()

    def back(self, migration: Migration, computed: Sequence[str] | None) -> TriedBack | None:
        """Run the way back from where the migration has led; None where the migration did not run here.

        computed  the statements of a migration that has no down file
        """
        place = self._place(migration)
        if place is None or not self.ran(migration):
            return None
        before, after = self._states[place], self._states[place + 1]
        with self._copy(after.database) as (name, session):
            conditions = execute.Conditions(execute.ensure_ledger(session, self._settings))
            try:
                if computed is None:
                    execute.run_down(session, migration, self._settings, conditions)
                else:
                    row = execute.deleting(conditions, migration.version)
                    execute.run_statements(session, computed, row, conditions)
            except StatementError as error:
                return TriedBack(fails=error.what)
            found = self._look(name, with_rows=before.contents is not None)
            gone: tuple[Loss, ...] = ()
            if before.contents is not None and found.contents is not None:
                with self._server.session(name) as plain:
                    gone = losses(plain, before.contents, found.contents)
            return TriedBack(left=self._left(name, found.catalog, before), not_brought_back=gone)

    def _left(self, database: str, found: Catalog, before: _State) -> tuple[str, ...]:
        """In what `found` is not as it was before; how an expression is written down is no difference."""
        if not diff(found, before.catalog):
            return ()
        origin = self._server.create(template=before.database)
        try:
            sides = (database, found), (origin, before.catalog)
            return tuple(map(str, differences(diff(*settled(self._server, *sides, self._settings)))))
        finally:
            self._server.drop(origin)

    def places(self, migration: Migration, wanted: Sequence[Hazard]) -> dict[Hazard, int]:
        """Where the statement starts, in characters of the up file, after which each hazard is first seen.

        Hazards that are not seen here, since the migration does something else without production's rows, are left out.
        """
        place = self._place(migration)
        if not wanted or place is None or place >= len(self._states):
            return {}
        found: dict[Hazard, int] = {}
        before = self._states[place]
        with self._copy(before.database) as (_, session):
            try:
                for offset in self._steps(session, migration.up):
                    after = catalog_of(session, self._settings)
                    seen = hazards(Observation(before.catalog, after, diff(before.catalog, after)))
                    for hazard in seen:
                        if hazard in wanted:
                            found.setdefault(hazard, offset)
                    if len(found) == len(wanted):
                        break
            except StatementError:
                return found
        return found

    def _steps(self, session: Session, file: MigrationFile) -> Iterator[int]:
        """Run the file's statements one by one; gives the offset of each once it has run. None where that can't be."""
        name = execute.file_name(file, self._settings)
        if file.no_transaction:
            for unit in units(file.sql, name):
                execute.run_unit(session, file, unit, self._settings)
                yield unit.offset
        elif shape(file.sql).embeddable:
            session.script("BEGIN")
            for statement in split(file.sql, name)[:_MOST_STATEMENTS]:
                session.script(statement.text)
                yield statement.offset

    def _place(self, migration: Migration) -> int | None:
        return next((n for n, one in enumerate(self._migrations) if one.version == migration.version), None)

    def _look(self, database: str, *, with_rows: bool) -> _State:
        with self._server.session(database) as session:
            catalog = catalog_of(session, self._settings)
            return _State(database, catalog, read_contents(session, catalog) if with_rows else None)

    @contextmanager
    def _copy(self, database: str) -> Iterator[tuple[str, Session]]:
        name = self._server.create(template=database)
        try:
            with open_scratch(self._server, name) as session:
                yield name, session
        finally:
            self._server.drop(name)


@contextmanager
def follow(server: ScratchServer, start: str, migrations: Sequence[Migration], settings: Settings) -> Iterator[Trail]:
    """Run `migrations` on copies of the scratch database `start`, with the wildest rows that they bear.

    Where one fails even without rows, the trail ends before it.
    """
    trail = Trail(server, settings, migrations)
    try:
        for variety in _VARIETIES:
            trail.forget()
            try:
                trail.begin(start, variety)
            except StatementError:
                continue
            break
        yield trail
    finally:
        trail.forget()
