"""`undo`: a new forward migration that takes an earlier one back; what is applied is never deleted or edited."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.diff import diff
from neon_migrate.differences import Difference, differences
from neon_migrate.drafting import Draft, GeneratedMigration, Work, descriptions, drafts, written
from neon_migrate.errors import HistoryError, Location, RefusedError, StatementError
from neon_migrate.events import Step
from neon_migrate.ledger import folder as migrations_folder
from neon_migrate.ledger.migration import NO_TRANSACTION
from neon_migrate.migration_text import in_one_file, slug, under, waits
from neon_migrate.online import online
from neon_migrate.plan import plan
from neon_migrate.prove import Proof, ProofError, prove, run_text
from neon_migrate.script import shape
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.sources.migrations import replay, snapshot_keys
from neon_migrate.way_back import with_way_back, without_grade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.catalog import Catalog
    from neon_migrate.ledger.folder import Folder
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.plan import Plan, Statement
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.project import Project
    from neon_migrate.settings import Settings


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What takes a migration back.

    undone       the version that is taken back
    migrations   what was written, in order: several where one would hold up the application
    computed     whether its SQL comes from the Catalogs, because the undone one has no down file that can be taken over
    differences  what applying it changes: `missing` is created, `unexpected` dropped
    losses       data that applying it loses, in words
    warnings     what a person should look at before applying
    """

    undone: int
    migrations: tuple[GeneratedMigration, ...]
    computed: bool
    differences: tuple[Difference, ...]
    losses: tuple[str, ...]
    warnings: tuple[str, ...]


def undo(project: Project, version: int, *, allow_data_loss: bool = False) -> UndoReport:
    """Write a new migration that takes `version` back, after running it both ways on top of the whole history.

    It is the down file's text where there is one, else computed from the Catalogs before and after `version`: as many
    migrations then as it takes for the application to go on meanwhile.

    Raises HistoryError (no such version; later migrations stand in the way; it leaves nothing to undo), RefusedError
    (data would be lost), ImpossibleError (Postgres has no way back), StatementError, ProofError, ScratchError.
    """
    settings = project.settings
    folder = migrations_folder.read(settings).require()
    migration = _find(folder, version)
    project.observer(Step(f"replaying {len(folder.migrations)} migrations"))
    with project.scratch(wanted=snapshot_keys(folder.migrations, settings)) as server:
        work = _Undo(settings, folder, migration, server)
        report, found = work.report(allow_data_loss)
    name = slug(f"undo {migration.description}")
    names = [name] if len(found) == 1 else list(descriptions(found, name))
    return replace(report, migrations=written(folder, settings, list(zip(names, found, strict=True))))


def _find(folder: Folder, version: int) -> Migration:
    for migration in folder.migrations:
        if migration.version == version:
            return migration
    raise HistoryError(
        f"There is no migration {version} to undo",
        where=Location(str(folder.path)),
        remedy="neon-migrate status lists the versions.",
    )


@dataclass(frozen=True)
class _Undo:
    settings: Settings
    folder: Folder
    migration: Migration
    server: ScratchServer

    def report(self, allow_data_loss: bool) -> tuple[UndoReport, tuple[Draft, ...]]:
        """What is to be written, and what is to be said of it."""
        start = replay(self.server, self.folder.migrations, self.settings).database
        now = scratch_catalog(self.server, start, self.settings)
        text, computed = self._text()
        goal = self._run(start, text)
        changes = plan(now, goal)
        if not changes.statements:
            raise HistoryError(
                f"Taking {self.migration.version} back changes nothing",
                why="Its objects are gone already, or it changed rows only.",
                remedy="Rows are changed back by a migration written by hand.",
            )
        losses = changes.losses_beside(now.renamed_in(goal))
        if losses and not allow_data_loss:
            raise self._refused(losses)
        if computed and len(online(changes)) > 1:
            changes.require_way()
            found = self._in_steps(start, changes, now, goal)
        else:
            found = (self._at_once(start, text, changes, now, goal, losses),)
        lost = tuple(loss for draft in found for loss in draft.proof.lost)
        if lost and not allow_data_loss:
            raise self._refused(lost)
        seen = (warning for draft in found for warning in draft.proof.row_warnings)
        said = () if computed else self._about_locks(changes)
        warnings = (*said, *self._warnings(goal), *seen)
        told = differences(changes.changes)
        return UndoReport(self.migration.version, (), computed, told, (*losses, *lost), warnings), found

    def _in_steps(self, start: str, changes: Plan, now: Catalog, goal: Catalog) -> tuple[Draft, ...]:
        """A migration for each step of what was computed, so that none holds others up."""
        work = Work(start, now, now, goal, (), changes, ())
        reversible = migrations_folder.is_reversible(self.folder, self.settings)
        found = drafts(self.server, work, online(changes), self.settings, reversible=reversible)
        return tuple(replace(draft, up=under(self._title, draft.up)) for draft in found)

    def _at_once(
        self, start: str, text: str, changes: Plan, now: Catalog, goal: Catalog, losses: tuple[str, ...]
    ) -> Draft:
        up = under(self._title, text)
        down, proof = self._down(start, up, changes, goal, now, losses)
        return Draft("", "", (), not up.startswith(NO_TRANSACTION), up, down, proof)

    @property
    def _title(self) -> str:
        return f"Takes {self.migration.version} ({self.migration.description}) back."

    def _about_locks(self, changes: Plan) -> tuple[str, ...]:
        """What is to be said of a down file that was written as one transaction."""
        if not waits(changes) or (self.migration.down is not None and self.migration.down.no_transaction):
            return ()
        return (
            "It is the down file's text, one transaction, and locks what it changes for as long as there are rows. "
            "Without that file it is computed, as migrations that don't.",
        )

    def _refused(self, losses: tuple[str, ...]) -> RefusedError:
        return RefusedError(
            f"Taking {self.migration.version} back would lose data, so nothing was written",
            why="\n".join(losses),
            remedy="If that is meant, run it again with --allow-data-loss.",
        )

    def _text(self) -> tuple[str, bool]:
        """What takes the migration back, and whether it had to be computed."""
        down = self.migration.down
        if down is not None and (not down.no_transaction or shape(down.sql).statements == 1):
            return without_grade(down.sql), False
        before, after = self._around()
        computed = plan(after, before)
        computed.require_way()
        return in_one_file(computed), True

    def _around(self) -> tuple[Catalog, Catalog]:
        """The Catalogs before and after the migration."""
        position = self.folder.migrations.index(self.migration)
        before, after = (
            scratch_catalog(
                self.server, replay(self.server, self.folder.migrations[:count], self.settings).database, self.settings
            )
            for count in (position, position + 1)
        )
        return before, after

    def _run(self, start: str, text: str) -> Catalog:
        """The Catalog after running `text` on top of the whole history."""
        database = self.server.create(template=start)
        try:
            run_text(self.server, database, text)
        except StatementError as error:
            raise HistoryError(
                f"Migration {self.migration.version} can't be taken back on top of the later ones: {error.what}",
                where=error.where,
                why=error.why,
                remedy="Undo the later migrations that build on it first, or write the migration by hand.",
            ) from None
        return scratch_catalog(self.server, database, self.settings)

    def _down(
        self, start: str, up: str, changes: Plan, goal: Catalog, now: Catalog, losses: tuple[str, ...]
    ) -> tuple[str | None, Proof]:
        """What takes the undoing back: the migration's own text where that still does, else computed; and the proof."""
        forward = [one for one in changes.statements if one.loses in losses]

        def proven(down: str | None, backward: Iterable[Statement] = ()) -> Proof:
            return prove(
                self.server,
                start,
                up,
                down,
                self.settings,
                goal=goal,
                origin=now,
                forward=forward,
                backward=backward,
            )

        if not migrations_folder.is_reversible(self.folder, self.settings):
            return None, proven(None)
        back = plan(goal, now)
        proof: Proof | None = None
        if not losses:
            down = under(f"Does {self.migration.version} ({self.migration.description}) again.", self.migration.up.sql)
            with suppress(ProofError):
                proof = proven(down, back.statements)
        if proof is None:
            down = in_one_file(back)
            proof = proven(down, back.statements)
        return with_way_back(down, proof.way_back) if proof.way_back else down, proof

    def _warnings(self, goal: Catalog) -> tuple[str, ...]:
        if not self.settings.schema.is_file():
            return ()
        from neon_migrate.sources.schema_json.document import read_document
        from neon_migrate.sources.schema_json.kept import with_kept
        from neon_migrate.sources.schema_json.load import loaded

        database = loaded(self.server, read_document(self.settings.schema))
        desired = scratch_catalog(self.server, database, self.settings)
        if not diff(goal, with_kept(desired, goal)):
            return ()
        return (
            f"{self.settings.schema.name} is not in step with this: edit it too, or generate will bring "
            f"{self.migration.version} back.",
        )
