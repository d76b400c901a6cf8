"""Reads a database's Catalog: first what there is at all, then every kind that has something, in one snapshot."""

from __future__ import annotations

import gc
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from neon_migrate.catalog import SETTING, Catalog, Unmodelled
from neon_migrate.errors import NeonMigrateError
from neon_migrate.kind import PG_CLASS, PG_EXTENSION, PG_NAMESPACE, PG_TYPE
from neon_migrate.postgres.progress import PROGRESS_TABLE
from neon_migrate.postgres.reading import Reading
from neon_migrate.postgres.system_catalogs import (
    DESCRIBE,
    LISTED,
    SETTINGS,
    SystemCatalog,
    facts_query,
    listed,
    objects_query,
)
from neon_migrate.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neon_migrate.postgres.session import Rows, Session

# Objects of initdb have OIDs below 16384 (FirstNormalObjectId) and are nobody's change; schema public is one of them.
# Internal relations and types (of toast, of rows, of arrays) depend on nothing but what they are part of.
_DEPENDENCIES = f"""SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype::text
FROM pg_depend WHERE objid >= 16384 AND (refobjid >= 16384 OR refclassid = {PG_NAMESPACE})
  AND NOT (deptype = 'i' AND classid IN ({PG_CLASS}, {PG_TYPE}))"""
# The members of extensions, our own bookkeeping, what partitions have of an index, and all that is a part of these.
_NOT_OURS = f"""WITH RECURSIVE not_ours (classid, objid) AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = {PG_EXTENSION}
  UNION SELECT {PG_CLASS}, c.oid FROM pg_class c WHERE c.oid = to_regclass({{}}) OR c.relname = {{}}
    OR (c.relispartition AND c.relkind IN ('i', 'I'))
  UNION SELECT d.classid, d.objid FROM not_ours n
  JOIN pg_depend d ON d.refclassid = n.classid AND d.refobjid = n.objid AND d.deptype IN ('a', 'i', 'P', 'S'))
SELECT classid, objid FROM not_ours"""
_ALONE = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT")
_IN_TRANSACTION = ("SAVEPOINT neon_migrate_catalog", "ROLLBACK TO SAVEPOINT neon_migrate_catalog")

_NOT_IN_SCHEMA = "it is set for the database, so that a copy of its schema has none"

_ONLY_SAID = "nothing here reads what is said of an object like it"

_system_catalogs: dict[int, tuple[SystemCatalog, ...]] = {}
"""Those of each server version that this process has met: they are the same in all its databases."""


def read_catalog(
    session: Session, *, ledger: str = "_sqlx_migrations", ignore: Sequence[str] = (), asked_for: Sequence[str] = ()
) -> Catalog:
    """The Catalog of the database that `session` is connected to.

    ledger     the migration ledger as the settings name it: left out, as is our own progress table
    ignore     shell patterns over `schema.name` of tables that are none of ours; with `schema.*` neither is the schema
               nor anything in it
    asked_for  names of the kinds, of those that are read on request, that are to be compared

    All queries see one snapshot and make two round trips, and a third where something is of no kind known here: to
    name it; and one more for the first database of a server version. Where a transaction is open, its own uncommitted
    changes are seen and it stays open. Expressions are deparsed under an empty search_path, so every name in them is
    qualified.
    """
    begin, end = _IN_TRANSACTION if session.in_transaction else _ALONE
    reading = Reading(tuple(ignore), frozenset(asked_for))
    with _no_collection(), _ended_on_failure(session):
        settings = _look_around(session, begin, ledger, reading)
        present = reading.kinds_present()
        beside = reading.kinds_unasked()
        queries = (*(kind.query(session.major) for kind in (*present, *beside)), _DEPENDENCIES, end)
        with closing(session.stream(queries)) as answers:
            for number, rows in answers:
                if number < len(present):
                    reading.read(present[number], rows())
                elif number < len(present) + len(beside):
                    reading.unasked.append((beside[number - len(present)], rows))
                elif number == len(present) + len(beside):
                    reading.edges.append(rows)
    found = (*_described(session, reading), *(Unmodelled(SETTING, name, _NOT_IN_SCHEMA) for (name,) in settings))
    return Catalog(reading.objects, reading.depends, reading.own, found, session.major, reading.beside)


def _look_around(session: Session, begin: str, ledger: str, reading: Reading) -> Rows:
    """Open the snapshot, and learn what is to be left out and what there is; gives the database's own settings."""
    first = (
        # Where the ledger is depends on the search_path of the session, so this one comes first.
        begin,
        _NOT_OURS.format(literal(ledger), literal(PROGRESS_TABLE)),
        # Compiling a query over many columns takes longer than running it.
        "SELECT set_config('search_path', '', true), set_config('jit', 'off', true)",
        SETTINGS,
    )
    known = _system_catalogs.get(session.server_version)
    answers = _all(session, (*first, *_walk(known)) if known else (*first, LISTED))
    if not known:
        known = _system_catalogs[session.server_version] = listed(answers.pop())
        answers += _all(session, _walk(known))
    _, not_ours, _, settings, objects, facts = answers
    reading.left_out.update((classid, oid, 0) for classid, oid in not_ours)
    reading.walked, reading.facts = objects, facts
    return settings


def _walk(catalogs: Sequence[SystemCatalog]) -> tuple[str, str]:
    return objects_query(catalogs), facts_query(catalogs)


def _all(session: Session, statements: Sequence[str]) -> list[Rows]:
    rows: list[Rows] = [[] for _ in statements]
    with closing(session.stream(statements)) as answers:
        for number, some in answers:
            rows[number] += some()
    return rows


@contextmanager
def _ended_on_failure(session: Session) -> Iterator[None]:
    """A transaction of ours does not stay open; what goes wrong in the caller's is the caller's to end."""
    own = not session.in_transaction
    try:
        yield
    except NeonMigrateError:
        if own:
            with suppress(NeonMigrateError):
                session.query("ROLLBACK")
        raise


@contextmanager
def _no_collection() -> Iterator[None]:
    """Python's cyclic garbage collector at rest: it would look through all that is being read, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _described(session: Session, reading: Reading) -> tuple[Unmodelled, ...]:
    """What no kind knows, in Postgres's own words."""
    unknown = reading.unknown()
    if not unknown:
        return ()
    facts, addresses = zip(*unknown, strict=True)
    rows = session.query(DESCRIBE, (list(facts), *map(list, zip(*addresses, strict=True))))
    return tuple(
        Unmodelled(type_, identity, _ONLY_SAID) if only_said else Unmodelled(type_, identity)
        for type_, identity, only_said in rows
    )
