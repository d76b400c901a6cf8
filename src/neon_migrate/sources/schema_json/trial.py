"""Whether the seeds fit the tables they are for: tried in the desired schema, and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import SchemaError, StatementError
from neon_migrate.sources.schema_json.literals import Expression
from neon_migrate.sources.schema_json.seeds import insert_statements, seeds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.postgres.session import Session
    from neon_migrate.sources.schema_json.document import Document
    from neon_migrate.sources.schema_json.seeds import Record, Seed

_FOREIGN_KEY_VIOLATION, _NOT_NULL_VIOLATION = "23503", "23502"


def try_seeds(session: Session, document: Document) -> None:
    """Insert every seed into the empty tables that `session` has, and take all of it back.

    Raises SchemaError at the record that Postgres does not accept. What a record references may come from a migration
    instead of a seed, so a reference that leads nowhere here is no fault.
    """
    found = seeds_of(document)
    if not found:
        return
    session.query("BEGIN")
    try:
        for seed in found:
            if not _try(session, seed, seed.records):
                for record in seed.records:
                    _try(session, seed, (record,))
    finally:
        session.query("ROLLBACK")


def _try(session: Session, seed: Seed, records: Sequence[Record]) -> bool:
    """Whether the records could be inserted. Raises SchemaError for a single one that is at fault itself."""
    session.query("SAVEPOINT before_seeds")
    try:
        for statement in insert_statements(seed, records):
            session.query(statement)
    except StatementError as error:
        session.query("ROLLBACK TO before_seeds")
        if len(records) == 1 and not _may_come_right(error, records[0]):
            raise SchemaError(
                f"Postgres does not accept the seed {seed.label(records[0])}: {error.what}",
                where=records[0].where,
                why=error.why,
            ) from None
        return False
    return True


def _may_come_right(error: StatementError, record: Record) -> bool:
    looks_up = any(isinstance(value, Expression) for value in record.values.values())
    return error.sqlstate == _FOREIGN_KEY_VIOLATION or (error.sqlstate == _NOT_NULL_VIOLATION and looks_up)
