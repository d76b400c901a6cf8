"""Making a document's schema in an empty database, with Postgres's objections shown in schema.json itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import SchemaError, StatementError
from neon_migrate.sources.schema_json.compile import compile_document
from neon_migrate.sources.schema_json.ddl import text_of
from neon_migrate.sources.schema_json.shape import nearest
from neon_migrate.sources.schema_json.trial import try_seeds

if TYPE_CHECKING:
    from neon_migrate.errors import Location
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.sources.schema_json.ddl import Ddl
    from neon_migrate.sources.schema_json.document import Document
    from neon_migrate.sources.schema_json.positions import Path

_OTHER_NAMES = {
    "datetime": "timestamptz",
    "string": "text",
    "str": "text",
    "number": "numeric",
    "double": "double precision",
    "blob": "bytea",
    "binary": "bytea",
    "object": "jsonb",
    "tinyint": "smallint",
    "mediumtext": "text",
    "longtext": "text",
}
"""What other databases and languages call a type, and Postgres's name for it."""
_OTHER_TYPES = (
    'Enums go under "types", what an extension brings under "extensions"; a domain or a composite type goes into '
    'an SQL file: "sql": [{"file": "types.sql", "run": "first"}].'
)

_UNDEFINED_OBJECT, _UNDEFINED_COLUMN, _UNDEFINED_FILE = "42704", "42703", "58P01"
_NOT_SUPPORTED, _INVALID_FOREIGN_KEY = "0A000", "42830"


def loaded(server: ScratchServer, document: Document) -> str:
    """A new database with everything in `document`; its name. Raises as `load` does."""
    database = server.create()
    with server.session(database) as session:
        load(session, document)
    return database


def load(session: Session, document: Document) -> None:
    """Make everything in `document` in the database of `session`, which is empty; one round trip, all or nothing.

    The seeds are tried too, and taken back. Raises SchemaError with the place in schema.json (or in an SQL file it
    names) that Postgres does not accept.
    """
    try:
        statements = compile_document(document)
    except StatementError as error:
        raise SchemaError(error.what, where=error.where, why=error.why, remedy=error.remedy) from None
    try:
        if statements:
            session.queries([(statement.sql, ()) for statement in statements])
    except StatementError as error:
        raise _first_fault(session, document, statements, error) from None
    try_seeds(session, document)


def _first_fault(
    session: Session, document: Document, statements: tuple[Ddl, ...], first: StatementError
) -> SchemaError:
    """Which statement it was: they are run again one by one, and taken back."""
    session.query("BEGIN")
    try:
        for statement in statements:
            session.query("SAVEPOINT before_statement")
            try:
                session.query(statement.sql)
            except StatementError as error:
                session.query("ROLLBACK TO before_statement")
                offset = _offset(error, statement.sql)
                place = statement.place(document, offset)
                path = said[0].path if offset is not None and (said := statement.said_at(offset)) else statement.path
                if path == statement.path and statement.lines:
                    path = _faulty_line(session, statement, error) or path
                    place = document.text.key_at(path)
                return _fault(session, document, error, path, place)
    finally:
        session.query("ROLLBACK")
    return SchemaError(first.what, where=document.text.at(()), why=first.why)


def _offset(error: StatementError, sql: str) -> int | None:
    """The character that Postgres points at."""
    if error.where is None or error.where.line is None or error.where.column is None:
        return None
    before = sql.split("\n")[: error.where.line - 1]
    return sum(len(line) + 1 for line in before) + error.where.column - 1


def _faulty_line(session: Session, statement: Ddl, error: StatementError) -> Path | None:
    """The first line of a CREATE TABLE without which its error doesn't come, where Postgres names no position."""
    for count in range(1, len(statement.lines) + 1):
        body = ", ".join(text_of(pieces) for _, pieces in statement.lines[:count])
        session.query("SAVEPOINT before_probe")
        try:
            session.query(f"{text_of(statement.pieces[:1])}{body})")
        except StatementError as found:
            if (found.sqlstate, found.what) == (error.sqlstate, error.what):
                return statement.lines[count - 1][0]
        finally:
            session.query("ROLLBACK TO before_probe")
    return None


def _fault(session: Session, document: Document, error: StatementError, path: Path, place: Location) -> SchemaError:
    return SchemaError(
        f"Postgres does not accept it: {error.what}",
        where=place,
        why=error.why,
        remedy=_remedy(session, document, error, path),
    )


def _remedy(session: Session, document: Document, error: StatementError, path: Path) -> str:
    last = path[-1] if path else ""
    if error.sqlstate == _UNDEFINED_OBJECT and last == "type":
        return _nearest_type(session, document, path)
    if path[:1] == ("extensions",) and error.sqlstate in (_NOT_SUPPORTED, _UNDEFINED_FILE):
        available = [str(name) for (name,) in session.query("SELECT name FROM pg_available_extensions")]
        return nearest(str(_value(document, path)), available) or "This Postgres does not have that extension."
    if last == "default" and error.sqlstate in (_UNDEFINED_COLUMN, _NOT_SUPPORTED):
        value = str(_value(document, path)).replace("'", "''")
        return f"A default is an expression: a text is written \"'{value}'\", with quotes inside."
    if error.sqlstate == _INVALID_FOREIGN_KEY:
        return (
            'A foreign key points to columns that are unique: write "unique": true there, or make them the primary key.'
        )
    return ""


def _value(document: Document, path: Path) -> object:
    value = document.text.value
    for step in path:
        value = value[step]
    return value


def _nearest_type(session: Session, document: Document, path: Path) -> str:
    written = str(_value(document, path)).strip()
    base = written.split("(")[0].split("[")[0].strip().lower()
    if base in _OTHER_NAMES:
        return f'Postgres calls it {_OTHER_NAMES[base]!r}; or map {written!r} under "type_mappings".'
    rows = session.query(
        "SELECT DISTINCT unnest(ARRAY[typname::text, format_type(oid, NULL)]) FROM pg_type"
        " WHERE typtype IN ('b', 'd', 'e', 'r') AND typname NOT LIKE '\\_%'"
    )
    known = {str(name) for (name,) in rows} | set(document.model.types) | set(document.model.type_mappings)
    return nearest(base, sorted(known, key=len)) or _OTHER_TYPES
