"""`rollback`: applied migrations taken back, newest first, after it was seen on a scratch what that does and loses.

A way back and the removal of its ledger row are one transaction, also where the way back is computed: it is run when
something has gone wrong, and all or nothing is worth more then than short locks. Where it takes as long as there are
rows, that is said before, and `undo`, which writes migrations that don't, is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neon_migrate import execute
from neon_migrate.diff import diff
from neon_migrate.differences import differences
from neon_migrate.drift import compare_after, look
from neon_migrate.errors import HistoryError, RefusedError, ScratchError, StatementError
from neon_migrate.events import Step
from neon_migrate.expected import other_major, replayed_catalog
from neon_migrate.ledger import folder
from neon_migrate.ledger.history import History
from neon_migrate.migration_text import waits
from neon_migrate.plan import plan
from neon_migrate.postgres.session import connect
from neon_migrate.run_plan import require_start
from neon_migrate.runner import locked, require_in_order
from neon_migrate.settled import settled_live
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.migrations import open_scratch, replay, snapshot_keys
from neon_migrate.sql import identifier, qualified
from neon_migrate.status import StatusReport, read_ledger, report
from neon_migrate.unfinished import find_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.diff import Change
    from neon_migrate.differences import Difference
    from neon_migrate.ledger.migration import LedgerRow, Migration
    from neon_migrate.plan import Plan, Statement
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.project import Project

Way = Literal["down file", "computed", "ledger only"]

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class RollbackStep:
    """One migration that goes.

    way         its own down file, statements computed from the Catalogs, or (`tracking_only`) its ledger row alone
    statements  the computed ones
    """

    version: int
    description: str
    way: Way
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataLoss:
    """Data that goes with a rollback.

    what  in words
    rows  of the table now, or values of the column that are not null; None where there is nothing to count
    """

    what: str
    rows: int | None = None

    def __str__(self) -> str:
        return self.what if self.rows is None else f"{self.what} ({self.rows:,})"


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """What a rollback is going to do, as it was seen on a scratch; nothing is done yet.

    version      the oldest one that goes: what a person types to confirm
    steps        newest first
    losses       the data that goes
    by_hand      with `tracking_only`: the SQL that would take the schema back, which nobody runs
    warnings     what makes this less than certain, such as a down file that does not restore the schema before
    fingerprint  of the Catalog that the computed statements start from: on another they are not run; empty where there
                 are none
    """

    database: str
    version: int
    steps: tuple[RollbackStep, ...]
    losses: tuple[DataLoss, ...] = ()
    by_hand: str = ""
    warnings: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def computed(self) -> tuple[RollbackStep, ...]:
        """The steps that have no down file."""
        return tuple(step for step in self.steps if step.way == "computed")


@dataclass(frozen=True, slots=True)
class RevertedMigration:
    """A migration that this run took back; its duration in nanoseconds on the server, -1 where it is not known."""

    version: int
    description: str
    execution_time_ns: int


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """What a rollback did.

    reverted  newest first; none when it was not confirmed
    status    of the database afterwards
    drift     how the database differs from what is still applied
    """

    plan: RollbackPlan
    confirmed: bool
    reverted: tuple[RevertedMigration, ...]
    status: StatusReport
    drift: tuple[Difference, ...] = ()
    warnings: tuple[str, ...] = ()


def rollback(
    project: Project,
    version: int,
    *,
    confirm: Callable[[RollbackPlan], bool],
    tracking_only: bool = False,
    allow_data_loss: bool = False,
    computed_downs: bool = False,
) -> RollbackReport:
    """Take back `version` and every later one that is applied, newest first.

    confirm          is shown the plan, after the refusals below and before anything is done
    tracking_only    delete the ledger rows alone; `RollbackPlan.by_hand` says what is left to do
    allow_data_loss  go on where tables, columns or values would go
    computed_downs   go on where a migration has no down file and its way back is computed

    Raises RefusedError (data loss or computed downs that were not allowed; computed downs on a database that is not
    what its migrations make; pooled connection), HistoryError (`version` is not applied; a fault of the history),
    ImpossibleError (Postgres has no way back), StatementError (a down file fails, on the scratch already), BusyError,
    UnreachableError, InterruptedRunError, ScratchError.
    """
    found = folder.read(project.settings).require()
    with connect(project.require_target().direct()) as session:
        rows = read_ledger(session, project.settings) or ()
        history = History(found.migrations, tuple(rows), found.strays)
        going, staying = _parted(history, version)
        begun = tuple(map(str, find_unfinished(session, history, project.settings)))
        planned = _Planning(project, session, going, staying, begun).plan(tracking_only=tracking_only)
    if not tracking_only:
        _require_allowed(planned, allow_data_loss=allow_data_loss, computed_downs=computed_downs)
    if not confirm(planned):
        return RollbackReport(planned, False, (), report(planned.database, found, rows))
    with locked(project) as run:
        _require_unchanged(rows, run.ledger)
        if planned.fingerprint:
            require_start(planned.fingerprint, catalog_of(run.session, project.settings))
        if tracking_only:
            taken = run.forget(going)
        else:
            taken = run.down(going, {step.version: step.statements for step in planned.computed})
        ledger = run.settle()
        live = look(run.session, project.settings)
    reverted = tuple(
        RevertedMigration(migration.version, migration.description, time)
        for migration, time in zip(going, taken, strict=True)
    )
    status = report(planned.database, found, ledger)
    after = compare_after(project, staying, live)
    return RollbackReport(planned, True, reverted, status, after.differences, after.warnings)


def _parted(history: History, version: int) -> tuple[tuple[Migration, ...], tuple[Migration, ...]]:
    """The migrations that go, newest first, and those that stay."""
    require_in_order(history)
    applied = history.applied
    if all(migration.version != version for migration in applied):
        raise HistoryError(
            f"Version {version} is not applied",
            why="Applied: " + (", ".join(str(migration.version) for migration in applied[-8:]) or "nothing"),
            remedy="Name the oldest version that is to go; neon-migrate status lists them.",
        )
    going = tuple(migration for migration in reversed(applied) if migration.version >= version)
    return going, tuple(migration for migration in applied if migration.version < version)


@dataclass(frozen=True, slots=True)
class _Planning:
    """Runs the rollback on a scratch to see what it does; counts rows in the live database.

    begun  the files that were begun and not finished, in words
    """

    project: Project
    live: Session
    going: tuple[Migration, ...]
    staying: tuple[Migration, ...]
    begun: tuple[str, ...]

    def plan(self, *, tracking_only: bool) -> RollbackPlan:
        self.project.observer(Step(f"running {len(self.going)} migrations back on a scratch"))
        applied = (*self.staying, *reversed(self.going))
        database, version = str(self.project.require_target().direct()), self.going[-1].version
        if tracking_only:
            steps = tuple(RollbackStep(one.version, one.description, "ledger only") for one in self.going)
            by_hand, warnings = self._by_hand(applied)
            return RollbackPlan(database, version, steps, by_hand=by_hand, warnings=warnings)
        keys = snapshot_keys(self.staying, self.project.settings)
        with self.project.scratch(major=self.live.major, wanted=keys) as server:
            doubts = list(other_major(server))
            fingerprint = self._start(server, applied)
            observed = list(self._observed(server, doubts))
        losses = dict.fromkeys(loss for _, statements in observed for loss in self._losses(statements))
        steps = tuple(step for step, _ in observed)
        return RollbackPlan(database, version, steps, tuple(losses), "", tuple(doubts), fingerprint)

    def _start(self, server: ScratchServer, applied: Sequence[Migration]) -> str:
        """The fingerprint of the live Catalog where a way back is computed; empty where none is.

        What is computed starts from the replay of what is applied. Raises RefusedError where the database is another.
        """
        without = [one.version for one in self.going if one.down is None]
        if not without:
            return ""
        settings = self.project.settings
        live = catalog_of(self.live, settings)
        database = replay(server, applied, settings).database
        unlike = differences(diff(*settled_live(live, server, database, settings)))
        server.drop(database)
        if unlike:
            raise _drifted(without, unlike, self.begun)
        return live.fingerprint

    def _by_hand(self, applied: Sequence[Migration]) -> tuple[str, tuple[str, ...]]:
        keys = snapshot_keys(applied, self.project.settings)
        try:
            with self.project.scratch(major=self.live.major, wanted=keys) as server:
                after, before = (replayed_catalog(self.project, one, server) for one in (applied, self.staying))
                return plan(after, before).script(), other_major(server)
        except (ScratchError, StatementError) as error:
            return "", (f"What is left to do by hand could not be computed: {error}",)

    def _observed(
        self, server: ScratchServer, warnings: list[str]
    ) -> Iterator[tuple[RollbackStep, Sequence[Statement]]]:
        """Each step with what it changed: the migrations are run on the replay of what stays, and back again."""
        settings = self.project.settings
        with open_scratch(server, replay(server, self.staying, settings).database) as session:
            conditions = execute.Conditions(execute.ensure_ledger(session, settings))
            history = [catalog_of(session, settings)]
            for migration in reversed(self.going):
                try:
                    execute.run_up(session, migration, settings, conditions)
                except StatementError as error:
                    error.remedy = (
                        "It does not run on a scratch, so its way back could not be tried; the database was not "
                        "touched. --tracking-only takes its row alone; the schema is then taken back by hand."
                    )
                    raise
                history.append(catalog_of(session, settings))
            now = history.pop()
            start = now
            for place, migration in enumerate(self.going, 1):
                wanted = history.pop()
                computed = plan(start, wanted)
                if migration.down is None:
                    computed.require_way()
                step = _step(migration, computed)
                self._try(session, migration, step, conditions)
                before, now = now, catalog_of(session, settings)
                left = self._left(server, now, wanted, self.going[place:])
                # Where only the writing of an expression is another one, the next step need not make it again.
                start = now if left else wanted
                warnings += _doubts(step, computed, left)
                # What only has another name now, as one database's addresses tell, is no loss.
                renamed = before.renamed_in(now).keys()
                changes = plan(before, now).statements
                yield step, [one for one in changes if renamed.isdisjoint(one.serves)]

    def _left(
        self, server: ScratchServer, now: Catalog, wanted: Catalog, still_going: Sequence[Migration]
    ) -> Sequence[Change]:
        """In what the scratch is not as it was before the migration, with those applied that are to go after it."""
        if not diff(now, wanted):
            return ()
        staying = (*self.staying, *reversed(still_going))
        database = replay(server, staying, self.project.settings).database
        try:
            return diff(*settled_live(now, server, database, self.project.settings))
        finally:
            server.drop(database)

    def _try(self, session: Session, migration: Migration, step: RollbackStep, conditions: execute.Conditions) -> None:
        try:
            if step.way == "computed":
                row = execute.deleting(conditions, migration.version)
                execute.run_statements(session, step.statements, row, conditions)
            else:
                execute.run_down(session, migration, self.project.settings, conditions)
        except StatementError as error:
            error.remedy = (
                "It failed on a scratch; the database was not touched. Correct the down file, or use --tracking-only "
                "and take the schema back by hand."
            )
            raise

    def _losses(self, statements: Sequence[Statement]) -> Iterator[DataLoss]:
        for statement in statements:
            if statement.loses:
                yield DataLoss(statement.loses, self._count(statement.serves))

    def _count(self, keys: Sequence[Key]) -> int | None:
        """The rows of a table, or the values of a column, as they are live."""
        for key in keys:
            if key.kind not in {"table", "column"}:
                continue
            what = identifier(key.part) if key.kind == "column" else "*"
            try:
                ((count,),) = self.live.query(f"SELECT count({what}) FROM {qualified(key.schema, key.name)}")
            except StatementError:
                return None  # not in the live database under this name
            return int(count)
        return None


def _step(migration: Migration, computed: Plan) -> RollbackStep:
    if migration.down is not None:
        return RollbackStep(migration.version, migration.description, "down file")
    statements = tuple(statement.sql for statement in computed.statements)
    return RollbackStep(migration.version, migration.description, "computed", statements)


def _doubts(step: RollbackStep, computed: Plan, left: Sequence[Change]) -> Iterator[str]:
    if left:
        names = ", ".join(str(change.key) for change in left[:5])
        yield f"The way back of {step.version} does not restore the schema before: {names}"
    if step.way == "computed" and waits(computed):
        yield (
            f"The way back of {step.version} is one transaction, so that it is done wholly or not at all: it locks "
            f"what it changes for as long as there are rows. neon-migrate undo {step.version} writes it as migrations "
            "that don't."
        )


def _drifted(versions: Sequence[int], unlike: Sequence[Difference], begun: Sequence[str]) -> RefusedError:
    more = (f"and {len(unlike) - _SHOWN} more",) if len(unlike) > _SHOWN else ()
    first = (
        "Finish what was begun (neon-migrate apply), or take back by hand what it did"
        if begun
        else "Bring it in line (neon-migrate compare --sql)"
    )
    return RefusedError(
        f"The way back of {', '.join(map(str, versions))} would be computed, and the database is not what its "
        "migrations make",
        why="\n".join((*begun, *map(str, unlike[:_SHOWN]), *more)),
        remedy=f"{first}. Or write the way back yourself, as a .down.sql beside a .up.sql: what is written is run as "
        "it is, and no checksum covers it.",
    )


def _require_allowed(planned: RollbackPlan, *, allow_data_loss: bool, computed_downs: bool) -> None:
    """Raises RefusedError with the plan and every option that is missing for it."""
    why = ["Goes: " + ", ".join(f"{step.version} {step.description} ({step.way})" for step in planned.steps)]
    options = []
    if planned.losses and not allow_data_loss:
        options.append("--allow-data-loss")
        why += [f"Loses {loss}" for loss in planned.losses]
    if planned.computed and not computed_downs:
        options.append("--computed")
        for step in planned.computed:
            why += [f"{step.version} has no down file; computed:", *(f"  {sql};" for sql in step.statements)]
    if options:
        reasons = {"--allow-data-loss": "loses data", "--computed": "needs computed downs"}
        raise RefusedError(
            f"Taking back {planned.version} and later " + " and ".join(reasons[option] for option in options),
            why="\n".join(why),
            remedy=f"Read it, keep a copy of what you need; {' '.join(options)} allows it.",
        )


def _require_unchanged(planned: Sequence[LedgerRow], now: Sequence[LedgerRow]) -> None:
    if [row.version for row in planned] != [row.version for row in now]:
        raise HistoryError(
            "The ledger was changed while the rollback was being planned; nothing was done",
            remedy="Run it again.",
        )
