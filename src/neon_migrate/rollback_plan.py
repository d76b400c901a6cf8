"""The ways on from a deployment that failed half-way: inverse SQL, going forward, or Neon's history.

They come in this order: what takes the deployment back and nothing else; what can wait for the morning where that which
was applied harms nobody; and last what loses every write since.

It is made when something has gone wrong already, so it fails over nothing: what can't be found out is said instead.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING

from neon_migrate.begun import BegunMigration, begun_migrations
from neon_migrate.errors import NeonMigrateError
from neon_migrate.events import Step
from neon_migrate.execute import file_name
from neon_migrate.grading import graded
from neon_migrate.ledger import folder
from neon_migrate.report import PendingMigration, WayBack
from neon_migrate.sources.migrations import snapshot_keys
from neon_migrate.standin import drift_of, read_live
from neon_migrate.status import status
from neon_migrate.trail import follow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neon_migrate.ledger.folder import Folder
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.neon.client import Access
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.project import Project
    from neon_migrate.status import StatusReport
    from neon_migrate.way_back import Grade


@dataclass(frozen=True, slots=True)
class DoneMigration:
    """A migration that was applied.

    way_back  None where it could not be tried
    computed  whether it has no down file
    """

    version: int
    description: str
    way_back: WayBack | None = None
    computed: bool = False


@dataclass(frozen=True, slots=True)
class RestoreWay:
    """Taking production's Neon branch back to where it was before the deployment.

    possible   whether Neon lets it be done now; `why_not` says why it does not
    branch     the branch that goes back, with all its `databases`
    until      when the point leaves the branch's history window; None where that is not known
    commands   to paste
    """

    possible: bool
    why_not: str = ""
    lsn: str = ""
    at: datetime | None = None
    branch: str = ""
    databases: tuple[str, ...] = ()
    window_s: int | None = None
    until: datetime | None = None
    preserve_under_name: str = ""
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """What was done and what was not, and the three ways on.

    done       in the order in which they were applied
    partly     how far no-transaction migrations came that did not come to their end, and what goes on, in words
    begun      these migrations, with what each left and what takes that back, as far as it was found out
    inverse    commands that lead to the ways back; none where nothing was done
    grade      the worst of the ways back; None where one could not be tried
    restore    the way by Neon's history
    forward    commands for going on by the road that the deployment came: a pull request, or `apply` by hand
    by_pull_request  which of the two it was
    backup     the name of the backup branch or snapshot that was made before; empty for none
    warnings   what could not be found out
    above      versions above its oldest that another run applied: `rollback` would take them back too, so it is no way
               then; None where the ledger could not be read
    """

    database: str
    done: tuple[DoneMigration, ...]
    not_done: tuple[PendingMigration, ...]
    partly: tuple[str, ...]
    inverse: tuple[str, ...]
    grade: Grade | None
    restore: RestoreWay
    forward: tuple[str, ...]
    backup: str = ""
    warnings: tuple[str, ...] = ()
    above: tuple[int, ...] | None = ()
    begun: tuple[BegunMigration, ...] = ()
    by_pull_request: bool = False


_WORST: tuple[Grade, ...] = ("impossible", "lossy", "exact")


def rollback_plan(
    project: Project,
    applied: Sequence[int],
    *,
    lsn: str = "",
    at: datetime | None = None,
    backup: str = "",
    environment: Mapping[str, str] | None = None,
) -> RollbackPlan:
    """The plan after a run that applied these versions and then failed.

    applied      the versions that the run committed
    lsn, at      production's write-ahead log position and the time before the run, as they were recorded
    backup       the backup branch or snapshot that was made before it
    environment  NEON_API_KEY and the like, and whether this is a run on GitHub; os.environ

    Raises UsageError where no database is named, and nothing else on purpose.
    """
    target = project.require_target().direct()
    variables = os.environ if environment is None else environment
    project.observer(Step("working out the ways back"))
    making = _Making(project, tuple(applied), [])
    found = making.folder()
    done, begun = making.done(found)
    there = making.status()
    not_done, partly = making.left(found, there, begun)
    above = _above(done, there)
    by_pull_request = variables.get("GITHUB_ACTIONS") == "true"
    return RollbackPlan(
        str(target),
        done,
        not_done,
        partly,
        _inverse(done, begun, above),
        _worst([*(one.way_back for one in done), *(one.way_back for one in begun)]),
        making.restore(lsn, at, variables),
        _forward(done, not_done, _to_be_proposed(project) if by_pull_request else ()),
        backup,
        tuple(making.warnings),
        above,
        begun,
        by_pull_request,
    )


@dataclass(frozen=True, slots=True)
class _Making:
    """Finds out one thing after the other; what can't be had becomes a warning."""

    project: Project
    applied: tuple[int, ...]
    warnings: list[str]

    def folder(self) -> Folder | None:
        try:
            return folder.read(self.project.settings).require()
        except NeonMigrateError as error:
            self.warnings.append(f"The migrations folder can't be read: {error.what}")
            return None

    def done(self, found: Folder | None) -> tuple[tuple[DoneMigration, ...], tuple[BegunMigration, ...]]:
        """What this run applied, and what was begun."""
        files = {one.version: one for one in found.migrations} if found else {}
        going = [files[version] for version in sorted(self.applied) if version in files]
        ways, begun = self._ways(found, going) if found else ({}, ())
        done = tuple(
            DoneMigration(
                version, file.description if file else "", ways.get(version), bool(file and file.down is None)
            )
            for version, file in ((version, files.get(version)) for version in sorted(self.applied))
        )
        return done, begun

    def status(self) -> StatusReport | None:
        try:
            return status(self.project)
        except NeonMigrateError as error:
            self.warnings.append(
                f"The ledger can't be read, so what else is pending or applied is not known: {error.what}"
            )
            return None

    def left(
        self, found: Folder | None, there: StatusReport | None, begun: Sequence[BegunMigration]
    ) -> tuple[tuple[PendingMigration, ...], tuple[str, ...]]:
        """What the ledger does not have, and what of it was begun all the same."""
        waiting = [entry for entry in there.pending if entry.version not in self.applied] if there else []
        versions = {entry.version for entry in waiting}
        pending = tuple(
            PendingMigration(one.version, one.description, one.checksum.hex(), file_name(one.up, self.project.settings))
            for one in (found.migrations if found else ())
            if one.version in versions
        )
        told = {one.version: _how_far(one) for one in begun}
        return pending, tuple(
            told.get(entry.version)
            or f"{entry.version} ({entry.description}) runs outside a transaction and stopped: "
            f"{entry.statements_done} of its statements are committed. What else it left was not found out."
            for entry in waiting
            if entry.statements_done is not None
        )

    def _ways(self, found: Folder, going: Sequence[Migration]) -> tuple[dict[int, WayBack], tuple[BegunMigration, ...]]:
        """Each way back, tried on a scratch; and what was begun with its own."""
        settings, ways = self.project.settings, dict[int, WayBack]()
        try:
            live = read_live(self.project)
            history = live.history(found)
            staying = tuple(one for one in history.applied if one.version not in self.applied)
            with self.project.scratch(major=live.major, wanted=snapshot_keys(staying, settings)) as server:
                if going:
                    start = drift_of(server, live, staying, settings).database
                    ways = self._tried(server, start, going)
                return ways, begun_migrations(self.project, server, live, history.applied, history.pending)
        except NeonMigrateError as error:
            self.warnings.append(f"The ways back could not be tried: {error.what}")
            return ways, ()

    def _tried(self, server: ScratchServer, start: str, going: Sequence[Migration]) -> dict[int, WayBack]:
        """Each way back, run on a scratch that is as production was before this run, with rows in every table."""
        with follow(server, start, going, self.project.settings) as trail:
            for one in going:
                if not trail.ran(one):
                    self.warnings.append(f"{one.version} does not run on a scratch: its way back was not tried")
            return {one.version: graded(one, *trail.around(one), trail) for one in going if trail.ran(one)}

    def restore(self, lsn: str, at: datetime | None, environment: Mapping[str, str]) -> RestoreWay:
        if not lsn and at is None:
            return RestoreWay(False, "It was not recorded where production stood before.")
        from neon_migrate.neon.client import access

        try:
            neon = access(environment, observer=self.project.observer)
            if neon is None:
                return RestoreWay(False, "There is no NEON_API_KEY, so Neon could not be asked.", lsn, at)
            with neon.client:
                return self._restore(neon, lsn, at)
        except NeonMigrateError as error:
            return RestoreWay(False, "\n".join(filter(None, (error.what, error.why))), lsn, at)

    def _restore(self, neon: Access, lsn: str, at: datetime | None) -> RestoreWay:
        from neon_migrate.neon.branches import production_branch
        from neon_migrate.neon.errors import NotRestorableError
        from neon_migrate.neon.model import RestorePoint
        from neon_migrate.neon.restore import history_window, require_restorable

        client, project_id = neon.client, neon.project_id
        branch = production_branch(client, project_id, self.project.require_target().direct().hosts[0])
        databases = tuple(one.name for one in client.databases(project_id, branch.id))
        window = history_window(client, project_id, branch).seconds
        until = datetime.fromtimestamp(at.timestamp() + window, UTC) if at is not None else None
        name = f"before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        try:
            require_restorable(client, project_id, branch, RestorePoint(lsn or None, at))
        except NotRestorableError as error:
            why = "\n".join(filter(None, (error.what, error.why)))
            return RestoreWay(False, why, lsn, at, branch.name, databases, window, until)
        time = at.astimezone(UTC).strftime("--time %Y-%m-%dT%H:%M:%SZ") if at is not None else ""
        point = " ".join(filter(None, (f"--lsn {lsn}" if lsn else "", time)))
        command = f"neon-migrate restore {point} --preserve-under-name {name}"
        return RestoreWay(True, "", lsn, at, branch.name, databases, window, until, name, (command,))


def _above(done: Sequence[DoneMigration], there: StatusReport | None) -> tuple[int, ...] | None:
    if there is None:
        return None
    ours = {one.version for one in done}
    recorded = (entry.version for entry in there.entries if entry.state != "pending")
    return tuple(version for version in recorded if version not in ours and version > min(ours, default=version))


def _worst(ways: Sequence[WayBack | None]) -> Grade | None:
    grades = {way.grade for way in ways if way is not None}
    return None if None in ways else next((grade for grade in _WORST if grade in grades), None)


def _how_far(begun: BegunMigration) -> str:
    """Where a no-transaction migration stands, and how it goes on (`stepwise` and `postgres.indexes` do so)."""
    whose = "It left" if begun.certain else "What it left can't be told from drift; both together"
    left = f" {whose}: {', '.join(begun.left)}." if begun.left else ""
    goes_on = (
        "Once what stopped it is corrected, in the rows or in the statements that are not done, the next run goes on "
        "after those that are" + (", and builds the index anew." if begun.invalid else ".")
        if begun.same
        else "Those are not in its file any more, so the next run refuses to go on: bring them back, or take it back."
    )
    return (
        f"{begun.version} ({begun.description}) runs outside a transaction and stopped: {begun.done} of its "
        f"{begun.total} statements are committed.{left} {goes_on}"
    )


def _inverse(
    done: Sequence[DoneMigration], begun: Sequence[BegunMigration], above: tuple[int, ...] | None
) -> tuple[str, ...]:
    """The commands that take back what was begun, and then what was applied; those that do no harm where that much is
    not known.
    """
    if above is None:
        return ("neon-migrate status",) if done else ()
    return (*(command for one in reversed(begun) for command in _taken_back(one)), *_rolled_back(done, above))


def _taken_back(begun: BegunMigration) -> tuple[str, ...]:
    """The ledger does not know of it, so `rollback` does not either; `resolve` looks whether all of it is gone, and
    forgets then how far it came.
    """
    if begun.way_back is None:
        return ()
    if not begun.certain:  # what takes it back might take back more: a person has to look
        return ("neon-migrate compare --sql",)
    if not begun.can_be_taken_back:
        return ()
    run = ("neon-migrate compare --sql",) if begun.withheld else _by_psql(begun.way_back.sql)
    return (*run, f"neon-migrate resolve {begun.version} --reverted")


def _by_psql(sql: str) -> tuple[str, ...]:
    """The command that runs a script: a here-document, which ends at a line that the script does not have."""
    if not sql.strip():
        return ()
    end, lines = "END_OF_SQL", frozenset(sql.splitlines())
    while end in lines:
        end += "_"
    return (f"psql -v ON_ERROR_STOP=1 \"$NEON_DATABASE_URL\" <<'{end}'\n{sql.rstrip()}\n{end}",)


def _rolled_back(done: Sequence[DoneMigration], above: tuple[int, ...]) -> tuple[str, ...]:
    """`neon-migrate rollback` with what the ways back ask for, as far as they were tried.

    It takes back every later version too, so it is named only where all of those are this run's.
    """
    if not done:
        return ()
    if above:
        return tuple(f"neon-migrate undo {one.version}" for one in reversed(done))
    ways = [one.way_back for one in done if one.way_back is not None]
    tried = len(ways) == len(done)
    loses = " --allow-data-loss" if tried and any(way.grade != "exact" for way in ways) else ""
    computed = " --computed" if tried and any(one.computed for one in done) else ""
    return (f"neon-migrate rollback {done[0].version}{loses}{computed}",)


def _to_be_proposed(project: Project) -> tuple[str, ...]:
    """What a correction may change, as commands in the project's folder name it."""
    settings = project.settings
    schema = (settings.schema,) if settings.schema.is_file() else ()
    return tuple(os.path.relpath(path, settings.root) for path in (settings.migrations, *schema))


def _forward(
    done: Sequence[DoneMigration], not_done: Sequence[PendingMigration], proposed: Sequence[str]
) -> tuple[str, ...]:
    """What failed may be corrected in its file, which is not applied; what was applied takes a new migration.

    proposed  the folder and file that a pull request is to have; none where it goes on by hand
    """
    correct = (f"$EDITOR {quote(not_done[0].path)}",) if not_done else ()
    undo = tuple(f"neon-migrate undo {one.version}" for one in reversed(done)) if not not_done else ()
    if not proposed:
        return (*correct, *undo, "neon-migrate validate", "neon-migrate dry-run", "neon-migrate apply")
    number = not_done[0].version if not_done else done[0].version if done else 0
    # A migration may have to be corrected more than once.
    branch = f"correct-migration-{number}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    return (
        f"git fetch origin HEAD && git switch --create {branch} FETCH_HEAD",
        *correct,
        *undo,
        "neon-migrate validate",
        f"git add {' '.join(map(quote, proposed))} && git commit --message 'Correct migration {number}'",
        f"git push --set-upstream origin {branch}",
    )
