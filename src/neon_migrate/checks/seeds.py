"""The seeds of schema.json, run twice: the second time must change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, counted, finding_of, verdict
from neon_migrate.errors import SchemaError, StatementError
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.inspection import Inspection
    from neon_migrate.postgres.session import Session
    from neon_migrate.sources.schema_json import Document, Seed


def run(inspection: Inspection) -> Verdict:
    from neon_migrate.sources.schema_json import loaded, read_document, seeds_of

    if not inspection.settings.schema.is_file():
        raise NotKnownError(f"there is no {inspection.settings.schema.name}")
    try:
        document = read_document(inspection.settings.schema)
        seeds = seeds_of(document)
        if not seeds:
            return Verdict("skipped", f"{inspection.settings.schema.name} has no seeds")
        server = inspection.server
        database = loaded(server, document)
        try:
            with server.session(database) as session:
                findings = [finding for seed in seeds for finding in _run_twice(session, document, seed)]
        finally:
            server.drop(database)
    except SchemaError as error:
        return verdict("", [finding_of(error)])
    rows = sum(len(seed.records) for seed in seeds)
    return verdict(
        f"{counted(rows, 'row')} in {counted(len(seeds), 'table')}: written again, nothing changes", findings
    )


def _run_twice(session: Session, document: Document, seed: Seed) -> Iterator[Finding]:
    from neon_migrate.sources.schema_json import changed, insert_statements, upsert_statements

    where = seed.records[0].where if seed.records else None
    table = qualified(seed.schema, seed.table)
    count = f"SELECT count(*) FROM {table}"
    try:
        for statement in insert_statements(seed, seed.records):
            session.query(statement)
        once = session.query(count)[0][0]
        unstable = changed(session, seed)
        for statement in (*insert_statements(seed, seed.records), *upsert_statements(seed, seed.records)):
            session.query(statement)
        twice = session.query(count)[0][0]
    except StatementError as error:
        yield Finding(f"the seeds of {table} can't be written: {error.what}", where, error.why)
        return
    if once != len(seed.records):
        yield Finding(
            f"{counted(len(seed.records), 'seed')} of {table} give {counted(once, 'row')}",
            where,
            "Give each its own key.",
        )
    if twice != once:
        yield Finding(f"{table} has {counted(once, 'row')} after its seeds, {twice} after the second time", where)
    for record in (*unstable.new, *unstable.changed):
        yield Finding(
            f"{seed.label(record)} reads back otherwise than it was written",
            record.where,
            "Write the value as Postgres stores it, or leave it to a default.",
            "warned",
        )


CHECK = Check("seeds", 110, run)
