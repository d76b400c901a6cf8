"""`diff`: what separates any two schemas, and the statements that make the first into the second."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.differences import Difference, differences, of_other_kinds
from neon_migrate.errors import RefusedError
from neon_migrate.events import Step, Warned
from neon_migrate.expected import other_major
from neon_migrate.online import offline as in_one_transaction
from neon_migrate.online import online, script_of
from neon_migrate.plan import plan
from neon_migrate.settled import ScratchDatabase, as_written_by_one, settled_apart, settled_beside
from neon_migrate.side import DatabaseSide, SchemaSide, TextSide, find_side
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.sources.schema_json.kept import left_as_they_are, with_kept
from neon_migrate.sources.schema_json.renaming import due
from neon_migrate.sql import comment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neon_migrate.catalog import Catalog, Unmodelled
    from neon_migrate.online import Batch
    from neon_migrate.plan import Statement
    from neon_migrate.project import Project
    from neon_migrate.side import Side


@dataclass(frozen=True, slots=True)
class PlannedStatement:
    """One SQL statement, without semicolon.

    serves  the objects it creates, changes or drops, such as `table public.users`
    loses   the data that may go with it, in words; empty when none can
    """

    sql: str
    serves: tuple[str, ...]
    loses: str


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """Statements that are committed together.

    transactional  False: a single statement that no transaction may contain
    why            sentences on why they are apart from the others
    """

    statements: tuple[PlannedStatement, ...]
    transactional: bool
    why: tuple[str, ...]

    def script(self) -> str:
        """The statements as SQL text for psql, and why they are apart as comments at its head."""
        return "".join((*map(comment, self.why), script_of([statement.sql for statement in self.statements])))


@dataclass(frozen=True, slots=True)
class DiffReport:
    """Two schemas, and the way from one to the other.

    before, after  the sides as they were named; a database by its name and host, without the password
    differences    seen from `before`: what `after` has more is `missing` in it
    batches        make `before` into `after`, in order; none where they are withheld
    fingerprint    of the Catalog that the statements start from
    losses         the data that running them could lose, in words
    withheld       whether there are statements and they are not told, since data loss was not allowed
    coverage       what was found on a side and is not compared, named
    warnings       what makes the comparison less than certain
    """

    before: str
    after: str
    differences: tuple[Difference, ...]
    batches: tuple[PlannedBatch, ...]
    fingerprint: str
    losses: tuple[str, ...]
    withheld: bool
    coverage: tuple[Unmodelled, ...]
    warnings: tuple[str, ...]

    @property
    def different(self) -> bool:
        """Whether there is any difference."""
        return bool(self.differences)

    @property
    def statements(self) -> tuple[PlannedStatement, ...]:
        """Those of all batches, in order."""
        return tuple(statement for batch in self.batches for statement in batch.statements)

    def script(self) -> str:
        """The statements as one SQL text for psql. Raises RefusedError where they are withheld."""
        if self.withheld:
            raise RefusedError(
                f"Making {self.before} into {self.after} would lose data, so its SQL is not printed",
                why="\n".join(self.losses),
                remedy="If that is meant, run it again with --allow-data-loss.",
            )
        return "\n".join(batch.script() for batch in self.batches)


def diff(
    project: Project,
    before: str,
    after: str,
    *,
    allow_data_loss: bool = False,
    offline: bool = False,
    base: Path | None = None,
) -> DiffReport:
    """Compare two schemas; neither is written to.

    before, after    each a database URL, `live` (the project's database), or the path of a schema.json, of a migrations
                     folder (`migrations@7`: up to version 7) or of a .sql file
    allow_data_loss  whether statements that lose data are told
    offline          one transaction for all statements, for a database that nobody uses meanwhile
    base             the folder that relative paths start from; else the project's

    What is text is run on a scratch server of the other side's major version, where that is a database. What a
    schema.json has no word for is left as the other side has it, and named.

    Raises UsageError, SchemaError and MigrationFileError (a side can't be understood), UnreachableError, ScratchError,
    StatementError (a side's SQL does not run, with file, line and column).
    """
    root = base or project.settings.root
    sides = (find_side(before, "FROM", project, root), find_side(after, "TO", project, root))
    with ExitStack() as scratches:
        reading = _Reading(project, scratches)
        read = reading.both(sides)
        old, new, kept = _comparable(sides, reading.settled(*read))
        about_renames = _renames(sides[1], read[0].catalog)
        told = (*_about_words(before, after), *read[0].warnings, *read[1].warnings, *about_renames)
        warnings = tuple(dict.fromkeys(told))
    for warning in warnings:
        project.observer(Warned(warning))
    forward = plan(old, new)
    withheld = bool(forward.losses) and not allow_data_loss
    completed = isinstance(sides[0], SchemaSide) != isinstance(sides[1], SchemaSide)
    return DiffReport(
        before=sides[0].label,
        after=sides[1].label,
        differences=(*differences(forward.changes), *(() if completed else of_other_kinds(old, new))),
        batches=() if withheld else _planned(in_one_transaction(forward) if offline else online(forward)),
        fingerprint=read[0].catalog.fingerprint,
        losses=forward.losses,
        withheld=withheld,
        coverage=tuple(dict.fromkeys((*old.unmodelled, *new.unmodelled, *kept))),
        warnings=warnings,
    )


def _about_words(before: str, after: str) -> tuple[str, ...]:
    return ("FROM and TO name one and the same.",) if before == after else ()


def _renames(after: Side, before: Catalog) -> tuple[str, ...]:
    if not isinstance(after, SchemaSide):
        return ()
    return tuple(
        f"{after.label} says that {rename.kind} {rename.old} is {rename.new} now. Here one goes and another is new; "
        "neon-migrate generate renames it."
        for rename in due(after.document, before)
    )


def _planned(batches: Sequence[Batch]) -> tuple[PlannedBatch, ...]:
    return tuple(PlannedBatch(tuple(map(_told, batch.statements)), batch.transactional, batch.why) for batch in batches)


def _told(statement: Statement) -> PlannedStatement:
    return PlannedStatement(statement.sql, tuple(map(str, statement.serves)), statement.loses)


@dataclass(frozen=True, slots=True)
class _Read:
    """A side that was read; `scratch` is where it can be changed, None for a database of somebody's."""

    catalog: Catalog
    major: int | None = None
    scratch: ScratchDatabase | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """The sides of one comparison; its scratch servers run until `scratches` is closed.

    Each text has a server of its own: roles belong to a server, and two texts may make the same ones.
    """

    project: Project
    scratches: ExitStack

    def both(self, sides: Sequence[Side]) -> tuple[_Read, _Read]:
        """Databases first: they say which major version a text is to be run on."""
        found: dict[int, _Read] = {}
        for index in sorted((0, 1), key=lambda index: not isinstance(sides[index], DatabaseSide)):
            side, other = sides[index], found.get(1 - index)
            if isinstance(side, DatabaseSide):
                found[index] = _Read(*side.read(self.project))
            else:
                found[index] = self._loaded(side, other.major if other else None)
        return found[0], found[1]

    def settled(self, first: _Read, second: _Read) -> tuple[Catalog, Catalog]:
        """Both Catalogs with their expressions in one form. Two databases of one major version have them so."""
        settings = self.project.settings
        if first.scratch and second.scratch:
            return settled_apart(first.scratch, second.scratch, settings)
        if second.scratch:
            return settled_beside(first.catalog, second.scratch, settings)
        if first.scratch:
            new, old = settled_beside(second.catalog, first.scratch, settings)
            return old, new
        if first.catalog.major == second.catalog.major:
            return first.catalog, second.catalog
        newer = max(first.catalog.major, second.catalog.major)
        server = self.scratches.enter_context(self.project.scratch(major=newer))
        return as_written_by_one(server, first.catalog, second.catalog)

    def _loaded(self, side: TextSide, major: int | None) -> _Read:
        self.project.observer(Step(f"running {side.label} on a scratch Postgres"))
        server = self.scratches.enter_context(self.project.scratch(major=major, wanted=side.wanted))
        database = side.load(server)
        catalog = scratch_catalog(server, database, self.project.settings)
        stood_in = tuple(
            f"{side.label}: extension {name} was only stood in for: {server.source} does not have it."
            for name in server.stand_ins(database)
        )
        warnings = (*side.warnings, *other_major(server), *stood_in)
        return _Read(catalog, scratch=ScratchDatabase(server, database, catalog), warnings=warnings)


def _comparable(
    sides: Sequence[Side], catalogs: tuple[Catalog, Catalog]
) -> tuple[Catalog, Catalog, tuple[Unmodelled, ...]]:
    """Both Catalogs, and what was added to a schema.json's side, named."""
    old, new = catalogs
    match sides:
        case SchemaSide(), SchemaSide():
            return old, new, ()
        case SchemaSide(), _:
            together = with_kept(old, new)
            return together, new, left_as_they_are(together, old)
        case _, SchemaSide():
            together = with_kept(new, old)
            return old, together, left_as_they_are(together, new)
    return old, new, ()
