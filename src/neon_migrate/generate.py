"""`generate`: the next migration, from what schema.json asks for and what the migrations give so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Key
from neon_migrate.diff import Alter, Create, diff
from neon_migrate.differences import Difference, differences
from neon_migrate.drafting import GeneratedMigration, Work, descriptions, drafts, written
from neon_migrate.errors import RefusedError, StatementError
from neon_migrate.events import Step
from neon_migrate.ledger import folder as migrations_folder
from neon_migrate.migration_text import slug, slug_of
from neon_migrate.online import offline, online
from neon_migrate.plan import Plan, plan
from neon_migrate.prove import UNSAFE_USE_OF_NEW_ENUM_VALUE, run_text
from neon_migrate.rename_candidates import rename_candidates
from neon_migrate.settled import settled
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.sources.migrations import replay, snapshot_keys
from neon_migrate.sources.schema_json.document import Document, Rename, read_document
from neon_migrate.sources.schema_json.kept import left_as_they_are, with_kept
from neon_migrate.sources.schema_json.renaming import due, rename_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neon_migrate.catalog import Catalog, Unmodelled
    from neon_migrate.drafting import Draft
    from neon_migrate.ledger.folder import Folder
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.project import Project
    from neon_migrate.prove import Proof
    from neon_migrate.rename_candidates import RenameCandidate
    from neon_migrate.rows import TableNotFilled
    from neon_migrate.settings import Settings


@dataclass(frozen=True, slots=True)
class GenerateReport:
    """What separates schema.json from the migrations, and what was written to close it.

    in_step      whether there was nothing to do
    migrations   what was written, in order; none with `check`
    differences  seen from the migrations: what schema.json has more is `missing` in them
    seeds        for each table with new or changed seed rows how many
    losses       data that applying would lose, in words
    warnings     what a person should look at before applying
    not_filled   tables that were empty when the migrations were tried: what happens to rows in them was not seen
    coverage     objects the migrations make that schema.json has no word for: they are left as they are
    rename_candidates  what goes and comes and looks alike, and was not said to be one
    """

    in_step: bool
    migrations: tuple[GeneratedMigration, ...] = ()
    differences: tuple[Difference, ...] = ()
    renames: tuple[str, ...] = ()
    seeds: tuple[tuple[str, int], ...] = ()
    losses: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    coverage: tuple[Unmodelled, ...] = ()
    not_filled: tuple[TableNotFilled, ...] = ()
    rename_candidates: tuple[RenameCandidate, ...] = ()


def generate(
    project: Project,
    *,
    name: str | None = None,
    allow_data_loss: bool = False,
    check: bool = False,
    offline: bool = False,
    confirm_rename: Callable[[RenameCandidate], bool] | None = None,
) -> GenerateReport:
    """Write the migrations that bring the migrations folder in step with schema.json, after running them both ways.

    There are as many as it takes for the application to go on meanwhile: what takes as long as there are rows is done
    without holding others up, in a transaction of its own or, where no transaction may contain it, without one.

    name     the new migration's description; made from the changes where it is left out
    check    only tell, write nothing
    offline  one transaction for everything, for a database that nobody uses meanwhile; two where an enum value is new
             and used
    confirm_rename  asked of each pair that looks alike whether it is a rename; without it none is, and all are reported

    Raises SchemaError, MigrationFileError, StatementError (an existing migration does not run), RefusedError (data
    would be lost), ImpossibleError (Postgres has no way to what is asked for), ProofError, ScratchError.
    """
    settings = project.settings
    document = read_document(settings.schema)
    folder = migrations_folder.read(settings)
    project.observer(Step(f"replaying {len(folder.migrations)} migrations"))
    with project.scratch(wanted=snapshot_keys(folder.migrations, settings)) as server:
        history = replay(server, folder.migrations, settings).database
        generation = _Generation(settings, document, folder, server, history, offline, confirm_rename)
        report = generation.report()
        if report.in_step or check:
            return report
        generation.work.forward.require_way()
        if report.losses and not allow_data_loss:
            raise _refused(report.losses, report.rename_candidates)
        migrations = generation.migrations(name, allow_data_loss=allow_data_loss)
    return generation.proven_report(report, migrations)


def out_of_step(project: Project, server: ScratchServer) -> GenerateReport:
    """What `generate` with `check` tells, on a scratch server of the caller's. Raises as `generate` does."""
    settings = project.settings
    folder = migrations_folder.read(settings)
    database = replay(server, folder.migrations, settings).database
    return _Generation(settings, read_document(settings.schema), folder, server, database).report()


def _refused(losses: Sequence[str], candidates: Sequence[RenameCandidate] = ()) -> RefusedError:
    renames = ", ".join(candidate.advice for candidate in candidates) or "renamed_from in schema.json"
    return RefusedError(
        "Applying this change would lose data, so nothing was written",
        why="\n".join((*losses, *map(str, candidates))),
        remedy=f"If that is meant: --allow-data-loss. If it is a rename: {renames}.",
    )


@dataclass
class _Generation:
    """One run of `generate`: databases on one scratch server and the Catalogs read from them."""

    settings: Settings
    document: Document
    folder: Folder
    server: ScratchServer
    history: str
    offline: bool = False
    confirm_rename: Callable[[RenameCandidate], bool] | None = None

    def __post_init__(self) -> None:
        before, desired = self._settled()
        self.renames = due(self.document, before)
        self._compare(before, desired)
        if self.confirm_rename is not None:
            self._ask_about_renames(before, desired, self.confirm_rename)
        self.coverage = (*before.unmodelled, *left_as_they_are(self.work.after, desired))
        self.proofs: list[Proof] = []

    def _compare(self, before: Catalog, desired: Catalog) -> None:
        """Find what there is to do once the renames are done."""
        start, renaming = self._renamed(before)
        renamed = scratch_catalog(self.server, start, self.settings) if renaming else before
        after = with_kept(desired, renamed)
        self.seeds = self._seeds(start)
        texts = tuple((table, text) for table, _, texts in self.seeds for text in texts)
        forward = plan(renamed, after)
        self.work = Work(self.history, before, renamed, after, renaming, forward, texts)
        self.candidates = rename_candidates(renamed, after, forward.changes)

    def _ask_about_renames(self, before: Catalog, desired: Catalog, confirm: Callable[[RenameCandidate], bool]) -> None:
        """Do the renames that are agreed to; a table that has its new name may have columns to be asked about."""
        asked: set[RenameCandidate] = set()
        while candidate := next((one for one in self.candidates if one not in asked), None):
            asked.add(candidate)
            if confirm(candidate):
                where = (candidate.kind, candidate.schema, candidate.table)
                agreed = Rename(*where, candidate.old, candidate.new, candidate.moved_from)
                self.renames = (*self.renames, agreed)
                self._compare(before, desired)

    def report(self) -> GenerateReport:
        """What there is to do; nothing is proven or written yet."""
        work = self.work
        warnings = (*map(str, self.document.warnings), *map(str, _may_fail_on_rows(work.forward)))
        return GenerateReport(
            in_step=not (work.forward.statements or work.renaming or work.seeds),
            differences=differences(work.forward.changes),
            renames=tuple(map(str, self.renames)),
            seeds=tuple((table.name, count) for table, count, _ in self.seeds),
            losses=work.forward.losses,
            warnings=warnings,
            coverage=self.coverage,
            rename_candidates=self.candidates,
        )

    def proven_report(self, report: GenerateReport, migrations: tuple[GeneratedMigration, ...]) -> GenerateReport:
        """The report with what was seen when the migrations were tried."""
        return replace(
            report,
            migrations=migrations,
            losses=(*report.losses, *(loss for proof in self.proofs for loss in proof.lost)),
            warnings=(*map(str, self.document.warnings), *self._about_rows()),
            not_filled=tuple(dict.fromkeys(table for proof in self.proofs for table in proof.not_filled)),
        )

    def _about_rows(self) -> Iterator[str]:
        """Why applying fails on rows: as it was seen, else, where something else had failed before, as it is feared."""
        seen = dict.fromkeys(warning for proof in self.proofs for warning in proof.row_warnings)
        advice: dict[str, str] = {}
        for fear in _may_fail_on_rows(self.work.forward):
            same = next((warning for warning in seen if fear.is_said_in(warning)), None)
            if same is None:
                yield str(fear)
            elif fear.advice:
                advice[same] = f". {fear.advice}"
        yield from (warning + advice.get(warning, "") for warning in seen)

    def migrations(self, name: str | None, *, allow_data_loss: bool) -> tuple[GeneratedMigration, ...]:
        """The new migrations, proven and written. Raises RefusedError where a loss was seen that is not allowed."""
        description = slug(name) if name else ""
        found = self._drafts()
        self.proofs = [draft.proof for draft in found]
        lost = [loss for proof in self.proofs for loss in proof.lost]
        if lost and not allow_data_loss:
            raise _refused(lost)
        if len(found) == 1:
            return written(self.folder, self.settings, [(description or self._description(), found[0])])
        return written(self.folder, self.settings, list(zip(descriptions(found, description), found, strict=True)))

    def _description(self) -> str:
        """What a single migration is called after."""
        work = self.work
        changes = diff(work.before, work.after) if work.renaming else work.forward.changes
        tables = [table.name for table, _, _ in self.seeds]
        return slug_of(changes, tables, first=not self.folder.migrations)

    def _settled(self) -> tuple[Catalog, Catalog]:
        """The Catalogs of the history and of schema.json."""
        from neon_migrate.sources.schema_json.load import loaded

        desired = loaded(self.server, self.document)
        sides = tuple((name, scratch_catalog(self.server, name, self.settings)) for name in (self.history, desired))
        return settled(self.server, sides[0], sides[1], self.settings)

    def _renamed(self, before: Catalog) -> tuple[str, tuple[tuple[str, str], ...]]:
        """A database in which the renames are done, and their statements: there, and back."""
        renaming = tuple((forward, back) for _, forward, back in rename_statements(self.renames, before))
        if not renaming:
            return self.history, ()
        database = self.server.create(template=self.history)
        run_text(self.server, database, ";\n".join(forward for forward, _ in renaming))
        return database, renaming

    def _seeds(self, start: str) -> list[tuple[Key, int, tuple[str, ...]]]:
        """For each table the number of records that are new or other, and the statements for them."""
        from neon_migrate.sources.schema_json.seeds import changed, insert_statements, seeds_of, upsert_statements

        found = []
        with self.server.session(start) as session:
            for seed in seeds_of(self.document):
                due = changed(session, seed)
                if due:
                    texts = (*insert_statements(seed, due.new), *upsert_statements(seed, due.changed))
                    found.append((Key("table", seed.schema, seed.table), len(due.new) + len(due.changed), texts))
        return found

    def _drafts(self) -> tuple[Draft, ...]:
        reversible = migrations_folder.is_reversible(self.folder, self.settings)
        forward = self.work.forward
        if not self.offline:
            return drafts(self.server, self.work, online(forward), self.settings, reversible=reversible)
        try:
            return drafts(self.server, self.work, offline(forward), self.settings, reversible=reversible)
        except StatementError as error:
            if error.sqlstate != UNSAFE_USE_OF_NEW_ENUM_VALUE:
                raise
        apart = offline(forward, values_first=True)
        return drafts(self.server, self.work, apart, self.settings, reversible=reversible)


@dataclass(frozen=True, slots=True)
class _Fear:
    """That making a column NOT NULL fails, which it does where a table has rows (with nulls)."""

    column: Key
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (f"column {self.column.qualified_name} {self.what}", self.advice)))

    def is_said_in(self, seen: str) -> bool:
        """Whether what Postgres said is this: it names column and table in double quotes."""
        return all(f'"{name}"' in seen for name in (self.column.name, self.column.part))


def _may_fail_on_rows(forward: Plan) -> Iterator[_Fear]:
    created = {change.key for change in forward.changes if isinstance(change, Create)}
    for change in forward.changes:
        if change.key.kind != "column" or not isinstance(change, Create | Alter):
            continue
        column = change.new
        required = getattr(column, "not_null", False) and not getattr(column, "identity", "")
        if isinstance(change, Create):
            if required and column.owner not in created and getattr(column, "default", None) is None:
                what = "is NOT NULL without a default: applying fails where the table has rows."
                yield _Fear(column.key, what, "Give it a default, or add it as nullable first.")
        elif required and not getattr(change.old, "not_null", False):
            yield _Fear(column.key, "becomes NOT NULL: applying fails where a row has no value in it.")
