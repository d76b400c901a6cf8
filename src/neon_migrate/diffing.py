"""`diff`: what separates any two schemas, and the statements that make the first into the second."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Key
from neon_migrate.differences import Difference, differences, of_other_kinds
from neon_migrate.errors import ImpossibleError, RefusedError, TrialError
from neon_migrate.events import Warned
from neon_migrate.kind import Run
from neon_migrate.online import Batch, online
from neon_migrate.online import offline as in_one_transaction
from neon_migrate.plan import Statement, plan
from neon_migrate.planned import PlannedBatch, PlannedStatement, planned, script
from neon_migrate.reading import Reading, Trial
from neon_migrate.rename_candidates import RenameCandidate, rename_candidates
from neon_migrate.side import SchemaSide, find_side
from neon_migrate.sources.schema_json.kept import left_as_they_are, with_kept
from neon_migrate.sources.schema_json.renaming import due, rename_statements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neon_migrate.catalog import Catalog, Unmodelled
    from neon_migrate.project import Project
    from neon_migrate.side import Side
    from neon_migrate.sources.schema_json.document import Rename


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
    warnings       what makes the comparison less than certain, and what running the statements has shown
    renames        what `renamed_from` in the schema.json of `after` says, and the statements do
    rename_candidates  what goes and comes and looks alike: perhaps one thing under two names
    impossible     what Postgres has no way to do; there are no statements then
    failure        why the statements don't lead to `after`, as running them on a scratch has shown
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
    renames: tuple[str, ...] = ()
    rename_candidates: tuple[RenameCandidate, ...] = ()
    impossible: tuple[str, ...] = ()
    failure: str = ""

    @property
    def different(self) -> bool:
        """Whether there is any difference."""
        return bool(self.differences or self.renames)

    @property
    def statements(self) -> tuple[PlannedStatement, ...]:
        """Those of all batches, in order."""
        return tuple(statement for batch in self.batches for statement in batch.statements)

    def script(self) -> str:
        """The statements as one SQL text for psql.

        Raises ImpossibleError where there is no way, TrialError where they are known to fail, RefusedError where they
        are withheld.
        """
        if self.impossible:
            raise ImpossibleError(
                f"Postgres has no way to make {self.before} into {self.after}, so there is no SQL",
                why="\n".join(self.impossible),
            )
        if self.withheld:
            raise RefusedError(
                f"Making {self.before} into {self.after} would lose data, so its SQL is not printed",
                why="\n".join(self.losses),
                remedy="If that is meant, run it again with --allow-data-loss.",
            )
        if self.failure:
            raise TrialError(
                f"The SQL from {self.before} to {self.after} fails, so it is not printed",
                why=self.failure,
                remedy="--format json has the statements; what they don't manage has to be written by hand.",
            )
        return script(self.batches)


def diff(
    project: Project,
    before: str,
    after: str,
    *,
    allow_data_loss: bool = False,
    offline: bool = False,
    tried: bool = True,
    base: Path | None = None,
) -> DiffReport:
    """Compare two schemas; neither is written to.

    before, after    each a database URL, `live` (the project's database), or the path of a schema.json, of a migrations
                     folder (`migrations@7`: up to version 7) or of a .sql file
    allow_data_loss  whether statements that lose data are told
    offline          one transaction for all statements, for a database that nobody uses meanwhile
    tried            whether the statements are run first, on a scratch like `before` that has rows in its tables
    base             the folder that relative paths start from; else the project's

    What is text is run on a scratch server of the other side's major version, where that is a database. What a
    schema.json has no word for is left as the other side has it, and named.

    Raises UsageError, SchemaError and MigrationFileError (a side can't be understood), UnreachableError, ScratchError,
    StatementError (a side's SQL does not run, with file, line and column).
    """
    root = base or project.settings.root
    sides = (find_side(before, "FROM", project, root), find_side(after, "TO", project, root))
    with ExitStack() as scratches:
        reading = Reading(project, scratches)
        first, second = reading.both(sides)
        fingerprint = first.catalog.fingerprint
        renames = due(sides[1].document, first.catalog) if isinstance(sides[1], SchemaSide) else ()
        renaming = tuple(rename_statements(renames, first.catalog))
        if renames:
            first = reading.renamed(first, renames)
        old, new, kept = _comparable(sides, reading.settled(first, second))
        forward = plan(old, new)
        batches = in_one_transaction(forward) if offline else online(forward)
        impossible = tuple(map(str, forward.refusals))
        withheld = bool(forward.losses) and not allow_data_loss
        runs = batches and not withheld and not impossible
        trial = reading.tried(first, old, forward, new, batches) if tried and runs else Trial()
        if offline and trial.values_first:
            batches = in_one_transaction(forward, values_first=True)
            trial = reading.tried(first, old, forward, new, batches)
    unforeseen = () if forward.losses or allow_data_loss else trial.losses
    seen = (*([trial.failure] if trial.failure else []), *trial.warnings)
    said = (*_about_words(before, after), *first.warnings, *second.warnings, *impossible, *seen)
    warnings = tuple(dict.fromkeys(said))
    for warning in warnings:
        project.observer(Warned(warning))
    completed = isinstance(sides[0], SchemaSide) != isinstance(sides[1], SchemaSide)
    return DiffReport(
        before=sides[0].label,
        after=sides[1].label,
        differences=(*differences(forward.changes), *(() if completed else of_other_kinds(old, new))),
        batches=() if withheld or unforeseen or impossible else planned(_with_renames(renaming, batches)),
        fingerprint=fingerprint,
        losses=(*forward.losses, *unforeseen),
        withheld=withheld or bool(unforeseen),
        impossible=impossible,
        failure=trial.failure,
        coverage=tuple(dict.fromkeys((*old.unmodelled, *new.unmodelled, *kept))),
        warnings=warnings,
        renames=tuple(map(str, renames)),
        rename_candidates=rename_candidates(old, new, forward.changes),
    )


def _about_words(before: str, after: str) -> tuple[str, ...]:
    return ("FROM and TO name one and the same.",) if before == after else ()


def _with_renames(renaming: Sequence[tuple[Rename, str, str]], batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """The renames first: with what locks only for a moment too, else in a transaction of their own."""
    if not renaming:
        return tuple(batches)
    statements = tuple(Statement(sql, (_renamed(rename),)) for rename, sql, _ in renaming)
    if batches and batches[0].run == Run.SHARED:
        first = replace(batches[0], statements=(*statements, *batches[0].statements))
        return first, *batches[1:]
    return Batch(statements), *batches


def _renamed(rename: Rename) -> Key:
    schema = rename.moved_from or rename.schema
    return Key(rename.kind, schema, rename.table, rename.old if rename.kind == "column" else "")


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
