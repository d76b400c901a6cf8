"""The pending migrations, run by the runner that `apply` uses on a database that is not production, and looked at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from neon_migrate.diagram import er_diagram
from neon_migrate.diff import Drop, diff
from neon_migrate.differences import Difference, differences
from neon_migrate.disclosure import Disclosure
from neon_migrate.errors import StatementError
from neon_migrate.events import MigrationApplied, MigrationReverted, Notice, Step
from neon_migrate.execute import file_name
from neon_migrate.findings import findings, timing
from neon_migrate.grading import computed_down, graded
from neon_migrate.plan import plan
from neon_migrate.postgres.observe import StatementObserver
from neon_migrate.postgres.session import connect
from neon_migrate.redaction import HOW_TO_SEE, without_values
from neon_migrate.report import Failure
from neon_migrate.runner import locked
from neon_migrate.settled import settled_live
from neon_migrate.sources.database import catalog_of
from neon_migrate.sources.migrations import replay
from neon_migrate.trail import follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.diff import Change
    from neon_migrate.events import Event, Observer
    from neon_migrate.ledger.migration import LedgerRow, Migration
    from neon_migrate.postgres.observe import StatementSeen
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target
    from neon_migrate.project import Project
    from neon_migrate.report import Finding, MigrationTiming, WayBack
    from neon_migrate.standin import Live, StandIn


T = TypeVar("T")

OF_ROWS = "Rows may have gone into the schema."
"""What is said where something of it is withheld."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and under what conditions migrations are rehearsed.

    target       the database to run them on: never production
    measured     whether it has production's rows
    live         production, as it was read
    applied      the migrations that production's ledger has
    server       a scratch server, and `made` its database with production's schema, for what is tried again
    again        apply the migrations once more in the end, so that the database can be looked at afterwards
    show_values  keep the values of rows in messages
    """

    target: Target
    measured: bool
    live: Live
    applied: tuple[Migration, ...]
    server: ScratchServer
    made: StandIn
    again: bool = False
    show_values: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal showed; the parts of a Report (see there) that need it.

    touched  the tables that the migrations touched, as `schema.name`
    """

    timings: tuple[MigrationTiming, ...]
    hazards: tuple[Finding, ...]
    way_back: tuple[WayBack, ...]
    differences: tuple[Difference, ...]
    diagram: str
    touched: frozenset[str]
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class _Ran:
    """One migration that ran, with the Catalogs before and after it."""

    migration: Migration
    before: Catalog
    after: Catalog
    statements: tuple[StatementSeen, ...]
    taken_ns: int


@dataclass
class _Progress:
    """What is known while the rehearsal goes on.

    backs  by version: in what the schema was not as before after its way back, or why that did not run
    """

    start: Catalog
    ran: list[_Ran] = field(default_factory=list)
    partly: tuple[Migration, tuple[StatementSeen, ...]] | None = None
    failure: Failure | None = None
    rows: tuple[LedgerRow, ...] = ()
    backs: dict[int, tuple[Difference, ...] | str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def rehearse(project: Project, pending: Sequence[Migration], setting: Setting) -> Rehearsal:
    """Run `pending` forward and back on the setting's database, and tell what was seen.

    A migration that fails ends the rehearsal and is part of what it shows. Raises UnreachableError, BusyError,
    ScratchError and the like where the rehearsal itself could not be held.
    """
    copy = replace(project, target=setting.target, observer=_rehearsed(project.observer, setting.show_values))
    # What a migration SETs holds for those after it in the run, so another session reads what they have made.
    with connect(setting.target.direct()) as reader:
        progress = _Progress(catalog_of(reader, project.settings))
        project.observer(Step(f"rehearsing {len(pending)} migrations"))
        _forward(copy, reader, pending, progress, setting)
        _back(copy, reader, progress, setting)
    if setting.again:
        _again(copy, progress)
    return _shown(project, pending, progress, setting)


def _forward(
    copy: Project, reader: Session, pending: Sequence[Migration], progress: _Progress, setting: Setting
) -> None:
    """Apply them as `apply` does, in one run, and look at each statement."""
    observers: list[StatementObserver] = []

    def probe(connect: Callable[[], Session], pid: int) -> StatementObserver:
        observers.append(StatementObserver(connect, pid))
        return observers[-1]

    before = progress.start
    try:
        with locked(copy, probe) as run:
            for migration in pending:
                observers[-1].begin()
                try:
                    (taken,) = run.up([migration], together=False)
                except StatementError as error:
                    progress.partly = (migration, observers[-1].seen())
                    progress.failure = _failure(migration, error, _names(before), setting)
                    break
                after = catalog_of(reader, copy.settings)
                progress.ran.append(_Ran(migration, before, after, observers[-1].seen(), taken))
                before = after
            progress.rows = run.settle()
    finally:
        for observer in observers:
            observer.close()


def _back(copy: Project, reader: Session, progress: _Progress, setting: Setting) -> None:
    """The ways back, newest first, as far as they run; what a newer one left behind is not held against an older."""
    known: set[Difference] = set()
    with locked(copy) as run:
        for ran in reversed(progress.ran):
            computed = computed_down(ran.migration, ran.before, ran.after)
            try:
                run.down([ran.migration], {} if computed is None else {ran.migration.version: computed})
            except StatementError as error:
                names = _names(ran.before) | _names(ran.after)
                text = "" if ran.migration.down is None else ran.migration.down.sql
                what = error.what if setting.show_values else without_values(error, names, text)[0]
                progress.backs[ran.migration.version] = what
                return
            left = differences(diff(catalog_of(reader, copy.settings), ran.before))
            progress.backs[ran.migration.version] = tuple(one for one in left if one not in known)
            known |= set(left)


def _again(copy: Project, progress: _Progress) -> None:
    """Leave the database as it is once the migrations are applied."""
    try:
        with locked(copy) as run:
            there = {row.version for row in run.ledger}
            run.up([ran.migration for ran in progress.ran if ran.migration.version not in there], together=False)
    except StatementError:
        progress.warnings.append("After the ways back the migrations could not be applied again to what is kept.")


def _shown(project: Project, pending: Sequence[Migration], progress: _Progress, setting: Setting) -> Rehearsal:
    after = progress.ran[-1].after if progress.ran else progress.start
    changes = diff(progress.start, after)
    timings = [timing(ran.migration, ran.statements, ran.taken_ns, project.settings) for ran in progress.ran]
    if progress.partly is not None:
        timings.append(timing(*progress.partly, 0, project.settings))
    done = [ran.migration for ran in progress.ran]
    unlike, expected, warnings = _compared(project, done, after, setting)
    telling = _Telling(_disclosure(pending, progress, expected, setting))
    hazards: list[Finding] = []
    ways: list[WayBack] = []
    with follow(setting.server, setting.made.database, pending, project.settings) as trail:
        for ran in progress.ran:
            hazards += findings(
                ran.migration, ran.before, ran.after, ran.statements, setting.live.sizes, trail, project.settings,
                measured=setting.measured,
            )  # fmt: skip
            back = progress.backs.get(ran.migration.version)
            left = back if back is None or isinstance(back, str) else tuple(map(str, telling.told(back)))
            ways.append(graded(ran.migration, ran.before, ran.after, trail, left))
    return telling.rehearsal(
        Rehearsal(
            tuple(timings),
            tuple(hazards),
            tuple(ways),
            differences(changes),
            er_diagram(progress.start, after, changes),
            frozenset(_touched(progress, changes)),
            (*_unrecorded(project, done, progress), *map(str, telling.told(unlike))),
            (*warnings, *progress.warnings),
            progress.failure,
        )
    )


@dataclass(frozen=True, slots=True)
class _Telling:
    """What is told of a rehearsal; without a Disclosure all of it."""

    disclosure: Disclosure | None

    def told(self, value: T) -> T:
        return value if self.disclosure is None else self.disclosure.told(value)

    def rehearsal(self, seen: Rehearsal) -> Rehearsal:
        """What may be told of it, with a warning where that is not all."""
        if self.disclosure is None:
            return seen
        told = replace(self.disclosure.told(seen), way_back=tuple(map(self._way_back, seen.way_back)))
        if not self.disclosure.withheld:
            return told
        return replace(told, warnings=(*told.warnings, f"{OF_ROWS} {HOW_TO_SEE}"))

    def _way_back(self, way: WayBack) -> WayBack:
        """Statements with a gap in them are none that anybody should run, so they go altogether."""
        told = self.told(way)
        if told.sql == way.sql:
            return told
        return replace(told, sql="", what=(*told.what, "Its SQL may have values of rows in it, and is withheld."))


def _disclosure(
    pending: Sequence[Migration], progress: _Progress, expected: Catalog | None, setting: Setting
) -> Disclosure | None:
    """What keeps production's rows in; None where they may be shown.

    A scratch has none itself, but production's schema, which rows may have gone into before.
    """
    if setting.show_values:
        return None
    text = "\n".join(one.text for one in (*setting.applied, *pending))
    public = (expected,) if expected is not None else ()
    disclosure = Disclosure.of_live(setting.live.catalog, setting.made.found, setting.made.expected, text, public)
    for ran in progress.ran:
        disclosure.learn(ran.before, ran.after)
    return disclosure


def _unrecorded(project: Project, done: Sequence[Migration], progress: _Progress) -> tuple[str, ...]:
    """The migrations that ran and of which the ledger does not say so."""
    recorded = {row.version: row.checksum for row in progress.rows if row.success}
    return tuple(
        f"the ledger has no row of {one.version} with the checksum of {file_name(one.up, project.settings)}"
        for one in done
        if recorded.get(one.version) != one.checksum
    )


def _compared(
    project: Project, done: Sequence[Migration], after: Catalog, setting: Setting
) -> tuple[tuple[Difference, ...], Catalog | None, tuple[str, ...]]:
    """In what the database was not, afterwards, what its ledger says; the Catalog that it should have had; and why
    neither is known.
    """
    settings, server = project.settings, setting.server
    try:
        database = replay(server, sorted((*setting.applied, *done), key=lambda one: one.version), settings).database
    except StatementError as error:
        return (), None, (f"What the migrations make on an empty database could not be compared: {error.what}",)
    found, expected = settled_live(after, server, database, settings)
    server.drop(database)
    known = set(setting.made.drift)
    unlike = tuple(one for one in differences(plan(found, expected).changes) if one not in known)
    return unlike, expected, ()


def _touched(progress: _Progress, changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        obj = change.old if isinstance(change, Drop) else change.new
        yield from (key.qualified_name for key in (obj.key, obj.owner) if key is not None and key.kind == "table")
    partly = progress.partly[1] if progress.partly else ()
    for statement in (*(one for ran in progress.ran for one in ran.statements), *partly):
        yield from (lock.table for lock in statement.locks)


def _failure(migration: Migration, error: StatementError, names: frozenset[str], setting: Setting) -> Failure:
    what, why = (error.what, error.why) if setting.show_values else without_values(error, names, migration.up.sql)
    where = error.where
    return Failure(
        migration.version,
        what,
        why,
        f"Production was not touched. {error.remedy}".strip(),
        error.sqlstate,
        where.file if where else "",
        where.line if where else None,
        where.column if where else None,
    )


def _names(catalog: Catalog) -> frozenset[str]:
    """All names that the Catalog has: they are no values of rows."""
    return frozenset(part for key in catalog.objects for part in (*key[1:], key.qualified_name))


def _rehearsed(observer: Observer, show_values: bool) -> Observer:
    """The observer without what would read as if it had happened to production, and without the server's notices."""
    kept_back = (MigrationApplied, MigrationReverted) if show_values else (MigrationApplied, MigrationReverted, Notice)

    def told(event: Event) -> None:
        if not isinstance(event, kept_back):
            observer(event)

    return told
