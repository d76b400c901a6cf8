"""A history step by step: what each migration changes, and whether its down file takes that back."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate import execute
from neon_migrate.diff import diff
from neon_migrate.differences import differences
from neon_migrate.errors import Location, StatementError
from neon_migrate.postgres.trial import trial
from neon_migrate.script import shape
from neon_migrate.settled import in_one_form
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.migrations import chain, open_scratch, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.ledger.migration import Migration, MigrationFile
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.settings import Settings


ACTIVE_TRANSACTION = "25001"
"""SQLSTATE active_sql_transaction: a statement that can't run inside a transaction."""


@dataclass(frozen=True, slots=True)
class DownProof:
    """What a down file did, run on exactly what its up file had made.

    error        why it could not be run; empty when it could
    sqlstate     the error's code
    where        the place of the error
    differences  how the Catalog afterwards differs from the one before the up file
    """

    error: str = ""
    sqlstate: str = ""
    where: Location | None = None
    differences: tuple[str, ...] = ()

    @property
    def restores(self) -> bool:
        """Whether it gave back exactly the schema before."""
        return not self.error and not self.differences


@dataclass(frozen=True, slots=True)
class Step:
    """One migration, observed. Both Catalogs are of one database, so their addresses tell renames.

    truncated   tables that stood before and were emptied by TRUNCATE, as `schema.name`
    down        None where there is no down file
    as_message  why a no-transaction file does not run as the one message that sqlx makes of it; empty when it does
    hides       the search_path it leaves behind, where the ledger's name means nothing; empty when it does
    """

    migration: Migration
    before: Catalog
    after: Catalog
    truncated: tuple[str, ...] = ()
    down: DownProof | None = None
    as_message: str = ""
    hides: str = ""


def walk(
    server: ScratchServer, migrations: Sequence[Migration], settings: Settings, wanted: Callable[[Migration], bool]
) -> Iterator[Step]:
    """Replay `migrations` and observe those that are wanted; the whole is kept for `replay` afterwards.

    Those before the first wanted one come from what is kept. Raises StatementError with file, line and column.
    """
    first = next((index for index, migration in enumerate(migrations) if wanted(migration)), None)
    if first is None:
        server.drop(replay(server, migrations, settings).database)
        return
    keys = chain(migrations, settings)
    walker = _Walker(server, replay(server, migrations[:first], settings).database, settings)
    try:
        for index in range(first, len(migrations)):
            if index == len(migrations) - 1 and index > first:
                walker.keep(keys[index - 1])
            if wanted(migrations[index]):
                yield walker.observed(migrations[index])
            else:
                walker.run(migrations[index])
        walker.keep(keys[-1])
    finally:
        walker.close()


class _Walker:
    """One database on its way through a history."""

    def __init__(self, server: ScratchServer, database: str, settings: Settings) -> None:
        self._server = server
        self._database = database
        self._settings = settings
        self._catalog: Catalog | None = None
        self._connect()

    def _connect(self) -> None:
        self._session = open_scratch(self._server, self._database)
        ledger = execute.ensure_ledger(self._session, self._settings)
        self._conditions = execute.Conditions(ledger)

    def close(self) -> None:
        self._session.close()
        self._server.drop(self._database)

    def keep(self, key: str) -> None:
        """Keep the present state; the connection has to be given up for that."""
        self._session.close()
        self._server.keep(key, self._database)
        self._connect()

    def run(self, migration: Migration) -> None:
        execute.run_up(self._session, migration, self._settings, self._conditions)
        self._catalog = None

    def observed(self, migration: Migration) -> Step:
        before = self._catalog or self._read(self._session)
        refused = ""
        if _stays_in_transaction(migration.up):
            truncated = self._truncated_in_trial(migration)
            self.run(migration)
        else:
            truncated, refused = self._truncated_in_copy(migration)
        hides = self._search_path_without_ledger()
        self._catalog = after = self._read(self._session)
        return Step(migration, before, after, truncated, self._down_proof(migration, before), refused, hides)

    def _search_path_without_ledger(self) -> str:
        ((found, path),) = self._session.query(
            "SELECT pg_catalog.to_regclass(%s) IS NOT NULL, pg_catalog.current_setting('search_path')",
            (self._settings.table_name,),
        )
        return "" if found else path or "''"

    def _read(self, session: Session) -> Catalog:
        return catalog_of(session, self._settings)

    def _down_proof(self, migration: Migration, before: Catalog) -> DownProof | None:
        if migration.down is None:
            return None
        try:
            if _stays_in_transaction(migration.down):
                with trial(self._session):
                    self._run_text(migration.down)
                    self._session.query(execute.deleting(self._conditions, migration.version))
                    self._session.query("SET CONSTRAINTS ALL IMMEDIATE")
                    found = self._read(self._session)
            else:
                with self._copy() as session:
                    execute.run_down(session, migration, self._settings, self._conditions)
                    found = self._read(session)
        except StatementError as error:
            return DownProof(_reason(error), error.sqlstate, error.where)
        return DownProof(differences=_differences(*in_one_form(self._server, before, found)))

    def _truncated_in_trial(self, migration: Migration) -> tuple[str, ...]:
        """The tables that the migration truncates, by running it once for that and taking it back."""
        try:
            with trial(self._session):
                self._session.script(_WATCH)
                self._run_text(migration.up)
                return _seen(self._session)
        except StatementError:
            return ()  # the run that counts comes next and says why

    def _truncated_in_copy(self, migration: Migration) -> tuple[tuple[str, ...], str]:
        """The same for one that ends its transaction, on a copy and as one message, like sqlx; and why that can't be.

        The run that counts comes first: what a migration makes outside the database, another database say, is there
        for good, and may stop the copy half-way.
        """
        self._session.close()
        database = self._server.create(template=self._database)
        self._connect()
        self.run(migration)
        with self._opened(database) as session:
            session.script(_WATCH)
            outcome = execute.send(session, migration.up.sql)
            if outcome.error is None or outcome.error.sqlstate != ACTIVE_TRANSACTION or not migration.up.no_transaction:
                return _seen(session), ""
            with suppress(StatementError):
                execute.run_up(session, migration, self._settings, self._conditions)
            return _seen(session), outcome.error.what

    def _run_text(self, file: MigrationFile) -> None:
        outcome = self._session.message(file.sql)
        if outcome.error is not None:
            raise execute.refused(file, self._settings, outcome)

    @contextmanager
    def _copy(self) -> Iterator[Session]:
        """A copy of the database as it is now; what is done to it stays there."""
        self._session.close()
        database = self._server.create(template=self._database)
        self._connect()
        with self._opened(database) as session:
            yield session

    @contextmanager
    def _opened(self, database: str) -> Iterator[Session]:
        try:
            with open_scratch(self._server, database) as session:
                yield session
        finally:
            self._server.drop(database)


def _stays_in_transaction(file: MigrationFile) -> bool:
    """Whether the file runs inside one transaction that it does not end itself, so that it can be tried and undone."""
    return not file.no_transaction and shape(file.sql).embeddable


def _reason(error: StatementError) -> str:
    return "\n".join(part for part in (error.what, error.why) if part)


def _differences(before: Catalog, found: Catalog) -> tuple[str, ...]:
    """What a down file left otherwise than it was before its up file; also objects of kinds that nothing else knows."""
    unmodelled = sorted(before.unmodelled_objects ^ found.unmodelled_objects, key=lambda one: (one.type, one.identity))
    return (
        *map(str, differences(diff(found, before))),
        *(f"{one.type} {one.identity} is {_MISSING[one in before.unmodelled]}" for one in unmodelled),
    )


_MISSING = {True: "missing", False: "unexpected"}

_SEEN = "neon_migrate.truncated"

_WATCH = f"""CREATE FUNCTION pg_temp.neon_migrate_truncated() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $watch$ BEGIN
  PERFORM set_config('{_SEEN}', concat_ws(E'\\n', nullif(current_setting('{_SEEN}', true), ''),
    TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME), false);
  RETURN NULL;
END $watch$;
DO $watch$ DECLARE found record; BEGIN
  FOR found IN SELECT c.oid::pg_catalog.regclass AS name FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^(pg_|information_schema$)'
  LOOP
    EXECUTE 'CREATE TRIGGER neon_migrate_truncated BEFORE TRUNCATE ON ' || found.name
      || ' EXECUTE FUNCTION pg_temp.neon_migrate_truncated()';
    EXECUTE 'ALTER TABLE ' || found.name || ' ENABLE ALWAYS TRIGGER neon_migrate_truncated';
  END LOOP;
END $watch$"""
"""Puts a trigger on every table that notes its TRUNCATE; a temporary function, so that it goes with the connection."""


def _seen(session: Session) -> tuple[str, ...]:
    ((names,),) = session.query(f"SELECT pg_catalog.current_setting('{_SEEN}', true)")
    return tuple(sorted(set((names or "").split("\n")) - {""}))
