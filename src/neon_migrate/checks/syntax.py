"""Every statement, by the grammar of the very server that will run it; nothing is executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, counted, finding_of, verdict
from neon_migrate.errors import StatementError
from neon_migrate.postgres.cluster import MAINTENANCE_DATABASE
from neon_migrate.sql import location, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from neon_migrate.inspection import Inspection
    from neon_migrate.ledger.migration import MigrationFile
    from neon_migrate.postgres.session import Session

_STOP = "SELECT 1/0;"
"""Postgres reads a message as a whole before it runs its first statement, and this one ends what is to be run."""

_DIVISION_BY_ZERO = "22012"


def run(inspection: Inspection) -> Verdict:
    files = inspection.migration_files
    try:
        server = inspection.server
    except NotKnownError:
        return verdict(f"{counted(len(files), 'file')}, by libpg_query's grammar", _by_library(inspection, files))
    with server.session(MAINTENANCE_DATABASE) as session:
        return verdict(
            f"{counted(len(files), 'file')}, by PostgreSQL {server.version}'s grammar",
            _by_server(inspection, session, files),
        )


def _by_server(inspection: Inspection, session: Session, files: Sequence[MigrationFile]) -> Iterator[Finding]:
    for file in files:
        outcome = session.message(_STOP + file.sql)
        error = outcome.error
        if error is None or error.sqlstate == _DIVISION_BY_ZERO:
            continue
        offset = 0 if outcome.position is None else outcome.position - len(_STOP)
        yield Finding(
            "\n".join(filter(None, (error.what, error.why))),
            location(inspection.shown(file), file.sql, offset),
            "Correct the statement at the caret.",
        )


def _by_library(inspection: Inspection, files: Iterable[MigrationFile]) -> Iterator[Finding]:
    for file in files:
        try:
            split(file.sql, inspection.shown(file))
        except StatementError as error:
            yield finding_of(error)


CHECK = Check("syntax", 60, run)
