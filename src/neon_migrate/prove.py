"""Runs what was generated, forward and back, on a scratch database with rows before anyone sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.diff import Change, Drop, diff
from neon_migrate.differences import differences
from neon_migrate.errors import NeonMigrateError, StatementError
from neon_migrate.ledger.migration import NO_TRANSACTION
from neon_migrate.rows import losses, read_contents
from neon_migrate.rows.filling import fill
from neon_migrate.settled import in_one_form
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.migrations import open_scratch
from neon_migrate.way_back import WayBack, way_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.plan import Statement
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.rows import Contents, Loss, TableNotFilled, Variety
    from neon_migrate.settings import Settings

UNSAFE_USE_OF_NEW_ENUM_VALUE = "55P04"

_DETAIL = "DETAIL: "

_PLACES: dict[Variety, str] = {
    "varied": "on generated rows, where a value is missing or repeated",
    "plain": "on generated rows",
}


class ProofError(NeonMigrateError):
    """What was generated does not do what it should; nothing was written."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was run and compared.

    after         the Catalog that the up text gave
    back          the Catalog that the down text gave; None where there is none
    way_back      what the down text is worth; None where there is none
    lost          data that the up text took and no planned statement names: seen in generated rows
    not_filled    tables that were empty all the while
    row_warnings  why the up text fails on some databases that have rows, though not on an empty one
    """

    after: Catalog
    back: Catalog | None
    way_back: WayBack | None = None
    lost: tuple[str, ...] = ()
    not_filled: tuple[TableNotFilled, ...] = ()
    row_warnings: tuple[str, ...] = ()


def run_text(server: ScratchServer, database: str, text: str) -> None:
    """Run a migration's text on a scratch database as sqlx would: one message, in one transaction if it may be."""
    with open_scratch(server, database) as session:
        if text.startswith(NO_TRANSACTION):
            session.script(text)
            return
        session.query("BEGIN")
        session.script(text)
        session.query("COMMIT")


def prove(
    server: ScratchServer,
    start: str,
    up: str,
    down: str | None,
    settings: Settings,
    *,
    goal: Catalog,
    origin: Catalog,
    forward: Iterable[Statement] = (),
    backward: Iterable[Statement] = (),
    rewritten: Iterable[Key] = (),
) -> Proof:
    """One migration on its own; see `Prover.prove`."""
    with Prover(server, start, settings) as prover:
        return prover.prove(up, down, goal=goal, origin=origin, forward=forward, backward=backward, rewritten=rewritten)


@dataclass(frozen=True, slots=True)
class _Look:
    """A database as it was seen: its Catalog, and its rows where they tell something."""

    catalog: Catalog
    contents: Contents | None


class Prover:
    """Runs migrations one after the other on copies of a scratch database, and each one back.

    The copy has rows in every table from the start, and they are carried from one migration to the next. Where a
    migration fails on them and not without them, the rows are to blame: that is told, and tamer ones are tried.
    """

    def __init__(self, server: ScratchServer, start: str, settings: Settings) -> None:
        """`start` must not be connected to; it is not changed."""
        self._server = server
        self._start = start
        self._settings = settings
        self._done: list[str] = []
        self._databases: list[str] = []
        self._varieties: list[Variety | None] = ["varied", "plain", None]
        self._current: tuple[str, _Look] | None = None
        self._not_filled: tuple[TableNotFilled, ...] = ()

    def __enter__(self) -> Prover:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self._databases:
            self._server.drop(name)

    def prove(
        self,
        up: str,
        down: str | None,
        *,
        goal: Catalog,
        origin: Catalog,
        forward: Iterable[Statement] = (),
        backward: Iterable[Statement] = (),
        rewritten: Iterable[Key] = (),
    ) -> Proof:
        """Run `up` where the one before has led to, then `down` on a copy of what that gave, and compare each time.

        goal, origin       the Catalogs that `up` and `down` have to give exactly
        forward, backward  the statements behind the two texts: what they lose is no surprise
        rewritten          tables whose rows `up` changes on purpose

        Raises ProofError naming what differs, or the statement that failed. A StatementError with SQLSTATE 55P04 (an
        enum value used in the transaction that added it) is let through: the answer to it is two migrations.
        """
        before, warnings = self._forward(up)
        database = self._current_database()
        after = self._look(database, with_rows=before.contents is not None)
        _same(self._server, after.catalog, goal, "applied")
        self._current = (database, after)
        gone = self._losses(database, before, after, rewritten)
        expected = tuple(statement for statement in forward if statement.loses)
        lost = tuple(loss.what for loss in gone if not _named(loss, expected))
        proof = Proof(after.catalog, None, None, lost, self._not_filled, warnings)
        if down is None:
            return proof
        back, not_brought_back, fails = self._back(database, down, before, origin)
        unnamed = [loss.what for loss in not_brought_back if not _named(loss, expected)]
        worth = way_back(
            dict.fromkeys([*(statement.loses for statement in expected), *unnamed]),
            dict.fromkeys(statement.loses for statement in backward if statement.loses),
            fails=fails,
        )
        return Proof(after.catalog, back, worth, lost, self._not_filled, warnings)

    def _current_database(self) -> str:
        assert self._current is not None
        return self._current[0]

    def _forward(self, up: str) -> tuple[_Look, tuple[str, ...]]:
        """Run `up` on the wildest rows that it bears: how the database was before, and what failed on wilder ones."""
        failures: list[tuple[Variety, StatementError]] = []
        while True:
            variety = self._varieties[0]
            try:
                database, before = self._current or self._prepared(variety)
                self._current = (database, before)
                run_text(self._server, database, up)
            except StatementError as error:
                if error.sqlstate == UNSAFE_USE_OF_NEW_ENUM_VALUE:
                    raise
                if variety is None:
                    raise does_not_run("up", error) from None
                failures.append((variety, error))
                self._varieties.pop(0)
                self._discard(self._databases[-1])
                self._current = None
            else:
                self._done.append(up)
                return before, _row_warnings(failures)

    def _prepared(self, variety: Variety | None) -> tuple[str, _Look]:
        """A copy of the start with such rows, and the migrations so far."""
        database = self._copy(self._start)
        self._not_filled = ()
        with self._server.session(database) as session:
            look = _Look(catalog_of(session, self._settings), None)
            if variety is not None:
                self._not_filled = fill(session, look.catalog, variety)
                look = _Look(look.catalog, read_contents(session, look.catalog))
        if not self._done:
            return database, look
        for up in self._done:
            run_text(self._server, database, up)
        return database, self._look(database, with_rows=variety is not None)

    def _copy(self, database: str) -> str:
        name = self._server.create(template=database)
        self._databases.append(name)
        return name

    def _look(self, database: str, *, with_rows: bool) -> _Look:
        with self._server.session(database) as session:
            catalog = catalog_of(session, self._settings)
            return _Look(catalog, read_contents(session, catalog) if with_rows else None)

    def _losses(self, database: str, before: _Look, after: _Look, rewritten: Iterable[Key] = ()) -> tuple[Loss, ...]:
        if before.contents is None or after.contents is None:
            return ()
        with self._server.session(database) as session:
            return losses(session, before.contents, after.contents, rewritten=rewritten)

    def _back(self, database: str, down: str, before: _Look, origin: Catalog) -> tuple[Catalog, tuple[Loss, ...], str]:
        """Run `down` on a copy: its Catalog, what it does not bring back, and why it fails where tables have rows."""
        fails = ""
        copy = self._copy(database)
        try:
            run_text(self._server, copy, down)
        except StatementError as error:
            if before.contents is None:
                raise does_not_run("down", error) from None
            fails = _reason(error)
            self._discard(copy)
            copy = self._without_rows(down)
        found = self._look(copy, with_rows=before.contents is not None and not fails)
        _same(self._server, found.catalog, origin, "taken back")
        gone = self._losses(copy, before, found)
        self._discard(copy)
        return found.catalog, gone, fails

    def _discard(self, database: str) -> None:
        self._server.drop(database)
        self._databases.remove(database)

    def _without_rows(self, down: str) -> str:
        """A copy of the start with all migrations and then `down`, but without generated rows."""
        copy = self._copy(self._start)
        try:
            for text in (*self._done, down):
                run_text(self._server, copy, text)
        except StatementError as error:
            raise does_not_run("down", error) from None
        return copy


def _named(loss: Loss, expected: Sequence[Statement]) -> bool:
    """Whether a planned statement says that it loses this, or all of its table."""
    table = loss.key._replace(kind="table", part="")
    return any(key in (loss.key, table) for statement in expected for key in statement.serves)


def _row_warnings(failures: Sequence[tuple[Variety, StatementError]]) -> tuple[str, ...]:
    """The failures in words; what fails on plain rows need not be said of varied ones too."""
    said = {_reason(error): f"applying fails {_PLACES[variety]}: {_reason(error)}" for variety, error in failures}
    return tuple(said.values())


def _reason(error: StatementError) -> str:
    """The error in one line, with its detail: which value it was."""
    details = (line.removeprefix(_DETAIL) for line in error.why.splitlines() if line.startswith(_DETAIL))
    detail = next(details, "").rstrip(".")
    return f"{error.what} ({detail})" if detail else error.what


def does_not_run(direction: str, error: StatementError) -> ProofError:
    """The error for a text that does not run on a scratch database; `direction` is up or down."""
    return ProofError(
        f"The generated {direction} migration does not run: {error.what}",
        where=error.where,
        why=error.why,
        remedy="Nothing was written. Write this change by hand, and please report it with both schemas.",
    )


def _same(server: ScratchServer, found: Catalog, wanted: Catalog, when: str) -> None:
    changes = diff(*in_one_form(server, found, wanted))
    remaining = differences([change for change in changes if not _by_default(change, found)])
    if remaining:
        raise ProofError(
            f"The generated migration, {when}, does not give the schema it should",
            why="\n".join(map(str, remaining[:20])),
            remedy="Nothing was written. Write this change by hand, and please report it with both schemas.",
        )


def _by_default(change: Change, found: Catalog) -> bool:
    """Whether this is a grant too many that default privileges gave on something new, as they are there to do."""
    return isinstance(change, Drop) and change.key.kind == "grant" and bool(found.of_kind("default_privileges"))
