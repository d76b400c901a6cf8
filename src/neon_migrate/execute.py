"""One migration onto one session, recorded in the ledger as sqlx records it, in as few messages as that allows.

sqlx sends BEGIN, the file's text as one simple-protocol message, the INSERT of the row, COMMIT, and an UPDATE of the
duration (sqlx-postgres/src/migrate.rs). Here the same statements travel in one message, with the duration measured by
the server; a text that can't stand between others (its own transaction control, or unreadable) is sent as sqlx does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.errors import Location, StatementError
from neon_migrate.ledger import rows
from neon_migrate.script import Unit, group_steps, shape, steps, units
from neon_migrate.sql import literal, location, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neon_migrate.ledger.migration import LedgerRow, Migration, MigrationFile
    from neon_migrate.postgres.message import Outcome, TextRows, Tick
    from neon_migrate.postgres.session import Session
    from neon_migrate.probe import Probe
    from neon_migrate.script import Step
    from neon_migrate.settings import Settings
    from neon_migrate.sql import SourceStatement

SQLX_SESSION = (("DateStyle", "ISO, MDY"), ("TimeZone", "UTC"))
"""What sqlx sets on each connection and a migration's literals may depend on (sqlx-postgres/src/connection)."""

_CLOCK = "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())"
_NOW = "pg_catalog.clock_timestamp()"
START = f"SELECT pg_catalog.set_config('neon_migrate.started', ({_CLOCK})::pg_catalog.text, false)"
"""Notes on the server when a migration began; the message's own `now()` is the same for all of its migrations."""

_ELAPSED = (
    f"coalesce((1e9 * ({_CLOCK} - nullif(pg_catalog.current_setting('neon_migrate.started', true), '')"
    "::pg_catalog.float8))::pg_catalog.int8, -1)"
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions migrations are run.

    ledger           the ledger table, qualified, so that it is found whatever `search_path` a migration leaves behind
    guard            a statement that fails unless we may go on (the migration lock is still ours); empty for none
    lock_timeout_ms  for the statements of a transactional migration; None leaves it as it is
    tick             called while a migration runs
    probe            looks at every statement; then each travels by itself, in the same transaction as ever
    """

    ledger: str
    guard: str = ""
    lock_timeout_ms: int | None = None
    tick: Tick | None = None
    probe: Probe | None = None


def ensure_ledger(session: Session, settings: Settings) -> str:
    """Create the ledger and its schemas where they are missing, in one round trip; gives its qualified name."""
    return open_ledger(session, settings)[0]


def open_ledger(session: Session, settings: Settings) -> tuple[str, tuple[LedgerRow, ...]]:
    """`ensure_ledger`, and what is in it, in the same round trip."""
    table = settings.table_name
    statements = [
        "SET client_min_messages = warning",
        *map(rows.create_schema, settings.create_schemas),
        rows.create_table(table),
        "RESET client_min_messages",
        _QUALIFIED % literal(table),
        rows.select(table),
    ]
    *_, ((name,),), found = session.queries([(statement, ()) for statement in statements])
    return str(name), rows.read(found)


_QUALIFIED = (
    "SELECT pg_catalog.quote_ident(nspname) || '.' || pg_catalog.quote_ident(relname) FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass(%s)"
)


def run_up(session: Session, migration: Migration, settings: Settings, conditions: Conditions | None = None) -> int:
    """Apply one migration and insert its row; gives the nanoseconds it took on the server (-1: not known).

    Raises StatementError with file, line and column; what was in a transaction is rolled back then.
    """
    conditions = conditions or Conditions(settings.table_name)
    row = inserting(conditions, migration)
    if migration.up.no_transaction:
        return _run_pieces(session, migration.up, row, settings, conditions)
    return _run_in_transaction(session, migration.up, row, settings, conditions)


def run_down(session: Session, migration: Migration, settings: Settings, conditions: Conditions | None = None) -> int:
    """Run one migration's down file and delete its row; gives the nanoseconds it took on the server.

    Raises StatementError with file, line and column; what was in a transaction is rolled back then.
    """
    if migration.down is None:
        raise ValueError(f"{migration.version} has no down file")
    conditions = conditions or Conditions(settings.table_name)
    row = deleting(conditions, migration.version)
    if migration.down.no_transaction:
        return _run_pieces(session, migration.down, row, settings, conditions)
    return _run_in_transaction(session, migration.down, row, settings, conditions)


def run_statements(session: Session, statements: Sequence[str], row: str, conditions: Conditions) -> int:
    """Run statements of ours and the change of the ledger's `row` in one transaction; gives the nanoseconds it took."""
    outcome = send(session, _joined((*_opening(conditions), *statements, row, "COMMIT")), conditions.tick)
    if outcome.error is None:
        return duration(outcome.results[-2])
    index = len(outcome.results) - len(_opening(conditions))
    statement = statements[index] if 0 <= index < len(statements) else ""
    error = outcome.error
    raise StatementError(error.what, sqlstate=error.sqlstate, statement=statement, why=error.why)


def embeddable(session: Session, migration: Migration) -> bool:
    """Whether a migration can go in one message with BEGIN, its row and COMMIT and mean what it means to sqlx."""
    return not migration.up.no_transaction and _readable(session, migration.up) and shape(migration.up.sql).embeddable


def send(session: Session, text: str, tick: Tick | None = None) -> Outcome:
    """Send a message; whatever ends it early, no transaction stays open behind it."""
    try:
        outcome = session.message(text, tick=tick)
    except KeyboardInterrupt:
        roll_back(session)
        raise
    if outcome.error is not None:
        roll_back(session)
    return outcome


def roll_back(session: Session) -> None:
    """End a transaction that is open, if one is."""
    if session.in_transaction:
        session.script("ROLLBACK")


def file_name(file: MigrationFile, settings: Settings) -> str:
    """The file as messages name it: from the project's root where it is below."""
    path = file.path
    return str(path.relative_to(settings.root) if path.is_relative_to(settings.root) else path)


def refused(
    file: MigrationFile, settings: Settings, outcome: Outcome, *, start: int = 0, before: int = 0
) -> StatementError:
    """The error of an outcome, with its place in the file.

    start   where the file's text starts in the message, in characters
    before  how many statements of the message stand before it
    """
    error = outcome.error
    if error is None:
        raise ValueError("the outcome has no error")
    name, index = file_name(file, settings), len(outcome.results) - before
    why, statement, where = error.why, "", Location(name)
    statements = _statements(file.sql, name)
    if 0 <= index < len(statements):
        found = statements[index]
        statement, where = found.text, location(name, file.sql, found.offset)
    elif statements and index >= len(statements):
        why = "\n".join(filter(None, (why, "It came up after the last statement, when the transaction was committed.")))
    place = None if outcome.position is None else outcome.position - start
    if place is not None and 0 <= place <= len(file.sql):
        where = location(name, file.sql, place)
    return StatementError(error.what, sqlstate=error.sqlstate, statement=statement, where=where, why=why)


def _statements(text: str, name: str) -> tuple[SourceStatement, ...]:
    """The text's statements; none where this grammar can't read it (the server's message says why then)."""
    try:
        return split(text, name)
    except StatementError:
        return ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A migration's text between BEGIN and COMMIT, as a part of a message.

    head, tail  the statements before and after the text
    """

    file: MigrationFile
    head: tuple[str, ...]
    tail: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it, as it is sent."""
        return f"{_joined(self.head)}{self.file.sql}\n;\n{_joined(self.tail)}"

    @property
    def statements(self) -> int:
        """How many results its message gives when all goes well."""
        return len(self.head) + (shape(self.file.sql).statements or 0) + len(self.tail)


def envelope(file: MigrationFile, row: str, conditions: Conditions) -> Envelope:
    """A file's text with its transaction and its ledger row around it."""
    return Envelope(file, _opening(conditions), (row, "COMMIT"))


def _opening(conditions: Conditions) -> tuple[str, ...]:
    """What a transaction begins with."""
    return (*begin(conditions), START)


def begin(conditions: Conditions) -> tuple[str, ...]:
    """BEGIN, the guard and the lock timeout."""
    head = ["BEGIN"]
    if conditions.guard:
        head.append(conditions.guard)
    if conditions.lock_timeout_ms is not None:
        head.append(f"SET LOCAL lock_timeout = {conditions.lock_timeout_ms}")
    return tuple(head)


def inserting(conditions: Conditions, migration: Migration) -> str:
    """The INSERT of an applied migration's row, giving the duration it records."""
    row = rows.insert(conditions.ledger, migration, execution_time=_ELAPSED, installed_on=_NOW)
    return f"{row} RETURNING execution_time"


def deleting(conditions: Conditions, version: int) -> str:
    """The DELETE of a reverted migration's row, giving the time the revert took."""
    return f"{rows.delete(conditions.ledger, version)} RETURNING {_ELAPSED}"


def duration(result: TextRows) -> int:
    """The nanoseconds that `inserting` or `deleting` gave."""
    return int(result[0][0] or -1) if result else -1


def _run_in_transaction(
    session: Session, file: MigrationFile, row: str, settings: Settings, conditions: Conditions
) -> int:
    whole = envelope(file, row, conditions)
    if conditions.probe is not None:
        return _run_probed(session, whole, settings, conditions, conditions.probe)
    if _readable(session, file) and shape(file.sql).embeddable:
        outcome = send(session, whole.text, conditions.tick)
        if outcome.error is not None:
            raise checked(whole, settings, outcome)
        return duration(outcome.results[-2])
    _as_sqlx(session, _joined(whole.head))
    _send_text(session, file, settings, conditions.tick)
    return duration(_as_sqlx(session, _joined(whole.tail)).results[0])


def _run_probed(session: Session, whole: Envelope, settings: Settings, conditions: Conditions, probe: Probe) -> int:
    """The same, statement by statement with the probe's between them, where that does the same."""
    file = whole.file
    found = steps(file.sql, file_name(file, settings)) if _readable(session, file) else None
    if found is not None:
        probe.opened()
    _as_sqlx(session, _joined(whole.head))
    if found is not None:
        _run_steps(session, file, found, settings, conditions.tick, probe)
    else:
        probe.alone(0, lambda tick: _send_text(session, file, settings, tick))
    outcome = send(session, _joined(whole.tail))
    if outcome.error is not None:
        after_all = len(_statements(file.sql, file_name(file, settings)))
        raise refused(file, settings, outcome, before=-after_all)
    if found is not None:
        probe.committed()
    return duration(outcome.results[0])


def _readable(session: Session, file: MigrationFile) -> bool:
    """Whether the grammar reads the text, and as this session does."""
    return session.reported("standard_conforming_strings") != "off" and shape(file.sql).statements is not None


def _run_steps(
    session: Session, file: MigrationFile, found: Iterable[Step], settings: Settings, tick: Tick | None, probe: Probe
) -> None:
    """Run statements with the probe around each; around one that ends a transaction it would see the next one."""
    for step in found:
        unit = Unit((step.statement,), step.statement.text)
        run_unit(session, file, unit, settings, tick, probe=None if step.control else probe)
        if step.ends == "commit":
            probe.committed()
        if step.begins or step.ends == "rollback":
            probe.opened()


def _send_text(session: Session, file: MigrationFile, settings: Settings, tick: Tick | None) -> None:
    outcome = send(session, file.sql, tick)
    if outcome.error is not None:
        raise refused(file, settings, outcome)


def _as_sqlx(session: Session, text: str) -> Outcome:
    """Send a part of our own of a migration whose text has to travel by itself."""
    outcome = send(session, text)
    if outcome.error is not None:
        raise outcome.error
    return outcome


def checked(whole: Envelope, settings: Settings, outcome: Outcome) -> StatementError:
    """The error of one envelope's message: the file's, or our own from before its text."""
    if outcome.error is not None and 0 < len(outcome.results) < len(whole.head):
        return outcome.error
    return refused(whole.file, settings, outcome, start=len(_joined(whole.head)), before=len(whole.head))


def _run_pieces(session: Session, file: MigrationFile, row: str, settings: Settings, conditions: Conditions) -> int:
    _as_sqlx(session, f"{conditions.guard};{START}")
    for unit in units(file.sql, file_name(file, settings)):
        run_alone(session, file, unit, settings, conditions)
    return duration(_as_sqlx(session, row).results[0])


def run_alone(session: Session, file: MigrationFile, unit: Unit, settings: Settings, conditions: Conditions) -> None:
    """Run one piece of a no-transaction file and nothing else. Raises as `run_unit` does."""
    probe = conditions.probe
    if probe is None:
        run_unit(session, file, unit, settings, conditions.tick)
    elif unit.grouped and (found := group_steps(unit)) is not None:
        probe.opened()
        _run_steps(session, file, found, settings, conditions.tick, probe)
    else:
        probe.alone(unit.offset, lambda tick: run_unit(session, file, unit, settings, tick))


def run_unit(
    session: Session,
    file: MigrationFile,
    unit: Unit,
    settings: Settings,
    tick: Tick | None = None,
    *,
    head: Sequence[str] = (),
    tail: Sequence[str] = (),
    probe: Probe | None = None,
) -> None:
    """Run one piece of a file, with statements of ours before and after it in the same message.

    probe  looks at it; its own statements stand next to the piece

    Raises StatementError with file, line and column, or as it is where it came from one of `head`.
    """
    before, after = (probe.head, probe.tail) if probe else ((), ())
    head = (*head, *before)
    opening = _joined(head)
    text = f"{opening}{unit.text}\n;\n{_joined((*after, *tail))}" if head or tail else unit.text
    outcome = send(session, text, tick)
    error, index = outcome.error, len(outcome.results) - len(head)
    if error is None:
        if probe:
            results, last = outcome.results, len(outcome.results) - len(tail)
            probed = results[len(head) - len(before) : len(head)], results[last - len(after) : last]
            probe.note(unit.offset, probed[0], outcome.tags[len(head)], probed[1])
        return
    if outcome.results and index < 0:
        raise error
    statement = unit.statements[max(0, min(index, len(unit.statements) - 1))]
    offset = statement.offset
    if outcome.position is not None and not unit.grouped:
        offset += outcome.position - len(opening)
    where = location(file_name(file, settings), file.sql, offset)
    raise StatementError(error.what, sqlstate=error.sqlstate, statement=statement.text, where=where, why=error.why)


def _joined(statements: Iterable[str]) -> str:
    return "".join(f"{statement};\n" for statement in statements)
