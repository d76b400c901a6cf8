"""One connection to one database, reduced to what the rest of the house needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from neon_migrate.errors import StatementError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from types import TracebackType

    import psycopg
    from psycopg.abc import Transformer as Loading
    from psycopg.pq.abc import PGresult

    from neon_migrate.postgres.message import Outcome, TextRows, Tick
    from neon_migrate.postgres.target import Target

Rows = list[tuple[Any, ...]]

_ROWS_AT_ONCE = 500
"""Rows of a large answer that are worked on while the server computes the next."""


class Session:
    """A connection in autocommit mode.

    Every error of the server comes out as StatementError (with SQLSTATE, hint and detail in `why`), every loss of
    the connection as UnreachableError; psycopg's own exceptions never leave this class.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._notice_handler: Callable[[str], None] | None = None
        # What is run here may DISCARD ALL, and a pooler may sit in between: no statement is prepared by name.
        connection.prepare_threshold = None
        connection.add_notice_handler(self._on_notice)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def backend_pid(self) -> int:
        """The server process of this connection (pg_backend_pid), without a round trip."""
        return self._connection.info.backend_pid

    @property
    def server_version(self) -> int:
        """As `server_version_num`: 180006 for 18.6."""
        return self._connection.info.server_version

    @property
    def major(self) -> int:
        """The major version: 14 to 18."""
        return self.server_version // 10000

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted by TLS."""
        return self._connection.pgconn.ssl_in_use

    @property
    def password(self) -> str:
        """The password of this connection, wherever libpq found it; empty when none was needed. Never to be shown."""
        return self._connection.info.password

    def connection_parameters(self) -> dict[str, str]:
        """libpq's parameters that are in force, less the password: the URL's, the environment's, the address taken."""
        return self._connection.info.get_parameters()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open on the server (also a failed one)."""
        from psycopg.pq import TransactionStatus

        return self._connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    def on_notice(self, handler: Callable[[str], None] | None) -> None:
        """Who hears of NOTICE and WARNING messages; None for nobody."""
        self._notice_handler = handler

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement, with `%s` for each parameter, and give its rows (none for a statement without a result).

        Without parameters the text is sent as it is: a percent sign needs no doubling.
        """
        with self._translated(sql):
            cursor = self._connection.execute(sql.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def queries(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[Rows]:
        """Run several statements in one pipeline, so in one round trip, and give the rows of each."""
        with self._translated("; ".join(sql for sql, _ in statements), several=True):
            return self._pipelined(statements)

    def _pipelined(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[Rows]:
        import psycopg

        failed: psycopg.Error | None = None
        cursors: list[psycopg.Cursor[Any]] = []
        try:
            with self._connection.pipeline():
                try:
                    cursors += [self._connection.execute(sql.encode(), given or None) for sql, given in statements]
                except psycopg.Error as error:
                    # Were it raised from inside, psycopg would log that the pipeline it leaves was aborted.
                    failed = error
        except psycopg.errors.PipelineAborted as error:
            failed = failed or error
        if failed is not None:
            raise failed
        # The end of the pipeline is its one sync; asking for the rows inside would be a second round trip.
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]

    def stream(self, statements: Sequence[str]) -> Generator[tuple[int, Callable[[], Rows]], None, None]:
        """Run statements without parameters in one round trip, and give the rows of each as soon as they are there.

        What comes is the number of a statement, from 0, with some of its rows: at least once for each statement, and
        in order. The rows become Python's when they are called for, also later. While the caller works on some, the
        server works on the next. Where a statement fails, those after it are not run. Nothing else may be asked of the
        session before the last was taken, or the iterator closed.
        """
        from psycopg import capabilities, generators
        from psycopg.adapt import Transformer
        from psycopg.errors import error_from_result
        from psycopg.pq import ExecStatus

        in_chunks = capabilities.has_stream_chunked()
        good = (ExecStatus.TUPLES_CHUNK, ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
        connection, pgconn = self._connection, self._connection.pgconn
        with self._translated("; ".join(statements), several=True):
            pgconn.enter_pipeline_mode()
            for sql in statements:
                pgconn.send_query_params(sql.encode(), None)
            pgconn.pipeline_sync()
            connection.wait(generators.send(pgconn))
            try:
                for number in range(len(statements)):
                    if in_chunks:
                        pgconn.set_chunked_rows_mode(_ROWS_AT_ONCE)
                    transformer = Transformer(connection)
                    result = connection.wait(generators.fetch(pgconn))
                    if result is None:
                        raise UnreachableError("The server gave no answer")
                    several = False
                    while result is not None:
                        if result.status not in good:
                            raise error_from_result(result)
                        if result.ntuples or not several:  # chunks end in one without rows
                            yield number, _rows_of(result, transformer)
                        several = True
                        result = connection.wait(generators.fetch(pgconn))
            finally:
                self._leave_pipeline()

    def _leave_pipeline(self) -> None:
        """Pass over what is still to come up to the sync, and go back to one statement at a time."""
        from psycopg import generators
        from psycopg.pq import ConnStatus, ExecStatus

        connection, pgconn = self._connection, self._connection.pgconn
        while pgconn.status == ConnStatus.OK:
            result = connection.wait(generators.fetch(pgconn))
            if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
                pgconn.exit_pipeline_mode()
                return

    def script(self, text: str) -> None:
        """Send a text of any number of statements as ONE simple-protocol message, as sqlx does with a migration."""
        with self._translated(text):
            self._connection.execute(text.encode(), None)

    def message(self, text: str, *, tick: Tick | None = None) -> Outcome:
        """Send `text` as ONE simple-protocol message, like `script`, and tell what each statement of it gave.

        An error of the server is part of the outcome; the rest of the message was not run. `tick` is called while
        waiting. Raises UnreachableError when the connection is lost, KeyboardInterrupt after having stopped the server.
        """
        from psycopg.errors import error_from_result
        from psycopg.pq import ExecStatus

        from neon_migrate.postgres.message import Outcome, exchange

        with self._translated(text):
            done: list[TextRows] = []
            tags: list[str] = []
            for result in exchange(self._connection, text, tick):
                if result.status == ExecStatus.FATAL_ERROR:
                    error = error_from_result(result)
                    if self._lost(error):
                        raise error
                    position = error.diag.statement_position
                    place = int(position) - 1 if position else None
                    return Outcome(tuple(done), statement_error(error, text), place, tuple(tags))
                done.append(_text_rows(result))
                tags.append((result.command_status or b"").decode())
            return Outcome(tuple(done), tags=tuple(tags))

    def reported(self, parameter: str) -> str | None:
        """A setting that the server reports on every change, such as `standard_conforming_strings`: no round trip."""
        return self._connection.info.parameter_status(parameter)

    def cancel(self) -> None:
        """Ask the server to stop what this connection is doing; safe from another thread."""
        self._connection.cancel_safe(timeout=5.0)

    def close(self) -> None:
        """End the connection; the server rolls back what is not committed."""
        self._connection.close()

    def _on_notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if self._notice_handler is not None and diagnostic.message_primary:
            self._notice_handler(f"{diagnostic.severity}: {diagnostic.message_primary}")

    def _lost(self, error: psycopg.Error) -> bool:
        return error.sqlstate is None or self._connection.closed or error.sqlstate.startswith("57P")

    @contextmanager
    def _translated(self, sql: str, *, several: bool = False) -> Iterator[None]:
        """Errors as our own; of `several` statements Postgres's position is within one of them, and not told which."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            if self._lost(error):
                raise UnreachableError(
                    "The connection to the database was lost",
                    why=str(error).strip(),
                    remedy="Run the same command again: it goes on from what the ledger says.",
                ) from None
            refused = statement_error(error, sql)
            if several:
                refused.where = None
            raise refused from None


def _rows_of(result: PGresult, transformer: Loading) -> Callable[[], Rows]:
    transformer.set_pgresult(result)

    def rows() -> Rows:
        transformer.set_pgresult(result, set_loaders=False)
        return transformer.load_rows(0, result.ntuples, tuple)

    return rows


def _text_rows(result: PGresult) -> TextRows:
    def text(value: bytes | None) -> str | None:
        return None if value is None else value.decode(errors="replace")

    columns = range(result.nfields)
    return tuple(tuple(text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples))


_NOT_A_MEMBER = ("must be able to SET ROLE", "must be member of role")
"""How Postgres begins to say, since 16 and before, that something can't be given to another role (acl.c)."""
_TO_BE_A_MEMBER = (
    "Only a member of a role can give something to it, also what was its own and is made again: GRANT that role to the "
    "one that is connected, or connect as one that has it."
)


def statement_error(error: psycopg.Error, sql: str) -> StatementError:
    """What Postgres said of a refused statement, as our own error; `where` is set when it names a position.

    The position counts characters in `sql`; whoever knows the file moves it there.
    """
    from neon_migrate.sql import location

    diagnostic = error.diag
    lines = [
        f"{name}: {text}"
        for name, text in (
            ("DETAIL", diagnostic.message_detail),
            ("HINT", diagnostic.message_hint),
            ("CONTEXT", diagnostic.context),
        )
        if text
    ]
    position = diagnostic.statement_position
    return StatementError(
        diagnostic.message_primary or str(error),
        sqlstate=error.sqlstate or "",
        statement=sql,
        where=location("<statement>", sql, int(position) - 1) if position else None,
        why="\n".join(lines),
        remedy=_TO_BE_A_MEMBER if (diagnostic.message_primary or "").startswith(_NOT_A_MEMBER) else "",
    )


def connect(target: Target, *, settings: Sequence[tuple[str, str]] = ()) -> Session:
    """Open a connection, then SET each of `settings` in one round trip (never as startup options: poolers refuse them).

    Raises UnreachableError with cause and remedy, the password left out (see `postgres.connection`).
    """
    from neon_migrate.postgres.connection import open_connection

    session = Session(open_connection(target))
    if settings:
        session.queries([("SELECT set_config(%s, %s, false)", pair) for pair in settings])
    return session
