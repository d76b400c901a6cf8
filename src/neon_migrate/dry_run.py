"""`dry-run`: the pending migrations rehearsed on a copy of production, and all that was seen as one Report.

With a key to Neon's API the copy is a branch, which has production's rows; else, and where nothing is pending, it is a
scratch with production's schema. Production itself is only read.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from neon_migrate.disclosure import Disclosure
from neon_migrate.errors import RefusedError, UsageError
from neon_migrate.events import DriftFound, Notice, Step, Warned
from neon_migrate.execute import file_name
from neon_migrate.ledger import folder
from neon_migrate.redaction import HOW_TO_SEE
from neon_migrate.rehearse import OF_ROWS, Rehearsal, Setting, rehearse
from neon_migrate.report import EditedMigration, PendingMigration, Production, Report, digest
from neon_migrate.runner import require_in_order
from neon_migrate.sources.migrations import snapshot_keys
from neon_migrate.standin import read_live, repeat_progress, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from neon_migrate.ledger.history import Fault, History
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.neon.client import Access
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.target import Target
    from neon_migrate.project import Project
    from neon_migrate.report import RehearsedOn, TableSize
    from neon_migrate.standin import Live, StandIn

KEEP_FOR = timedelta(days=7)
"""How long a branch that is kept stays before Neon removes it; one that is not kept goes at once, or after a day."""

_REMOVE_AFTER = timedelta(days=1)

_NOTHING = "No migration is pending; production was only read."

_EDITED = {"checksum-mismatch": "edited", "applied-without-file": "deleted"}


@dataclass(frozen=True, slots=True)
class _Copy:
    """What the migrations are rehearsed on."""

    target: Target
    rehearsed_on: RehearsedOn
    branch: str = ""


def dry_run(
    project: Project,
    *,
    branch_name: str | None = None,
    keep: bool = False,
    show_values: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Report:
    """Rehearse what is pending on a copy of the project's database.

    branch_name  of the Neon branch; else `pr-<number>` in a pull request's run, else `neon-migrate-dry-run`. While
                 another rehearsal needs the branch of that name, this one's gets a few letters more
    keep         leave the branch there, with the migrations applied
    show_values  keep the values of rows in messages and definitions; refused in a workflow, where others read them
    environment  NEON_API_KEY and the like; os.environ

    Raises UsageError (no database; a key without a project; `keep` without a key), RefusedError, UnreachableError,
    HistoryError (a dirty row, say; edited migrations are part of the Report), NeonApiError, ScratchError, and
    StatementError where an applied migration can't be replayed.
    """
    from neon_migrate.neon.client import access

    variables = os.environ if environment is None else environment
    if show_values and variables.get("GITHUB_ACTIONS") == "true":
        raise RefusedError(
            "--show-values is refused in a workflow",
            why="Logs and artifacts are read by everybody who can see the repository.",
            remedy="Run it on your own machine.",
        )
    found = folder.read(project.settings).require()
    neon = access(variables, observer=project.observer)
    if keep and neon is None:
        raise UsageError("--keep keeps a Neon branch, and there is none without a key", remedy="Set NEON_API_KEY.")
    project.observer(Step("reading production"))
    live = read_live(project)
    history = live.history(found)
    edited = tuple(_edited(fault, history, project) for fault in history.faults if fault.code in _EDITED)
    if not edited:
        require_in_order(history)
    name = branch_name or _branch_name(variables)
    rehearsing = _Rehearsing(project, live, history, name, variables, keep, show_values)
    try:
        return rehearsing.unrehearsed(edited, neon) if edited else rehearsing.report(neon)
    finally:
        if neon is not None:
            neon.client.close()


@dataclass(frozen=True, slots=True)
class _Rehearsing:
    """One dry run."""

    project: Project
    live: Live
    history: History
    branch_name: str
    environment: Mapping[str, str]
    keep: bool
    show_values: bool

    def report(self, neon: Access | None) -> Report:
        """Rehearse, and put the Report together."""
        applied, settings = self.history.applied, self.project.settings
        wanted = snapshot_keys(applied, settings)
        with self.project.scratch(major=self.live.major, wanted=wanted) as server:
            made = stand_in(server, self.live, applied, settings)
            repeat_progress(server, made.database, self.live, self.history.pending, settings.table_name)
            told = self._told(made)
            self._tell(told)
            with self._copy(server, made, neon) as copy:
                setting = Setting(
                    copy.target,
                    copy.rehearsed_on == "neon_branch",
                    self.live,
                    applied,
                    server,
                    made,
                    again=self.keep,
                    show_values=self.show_values,
                )
                rehearsal = rehearse(self.project, self.history.pending, setting)
        self.project.observer(Notice(_where(copy) if self.history.pending else _NOTHING))
        return self._report(neon, copy, told, rehearsal)

    def unrehearsed(self, edited: tuple[EditedMigration, ...], neon: Access | None) -> Report:
        """Applied migrations are other ones than were applied, so nothing that follows can be trusted."""
        nothing = Rehearsal((), (), (), (), "", frozenset(), (), (), None)
        return self._report(neon, _Copy(self.live.target, "scratch"), None, nothing, edited)

    def _report(
        self,
        neon: Access | None,
        copy: _Copy,
        made: StandIn | None,
        rehearsal: Rehearsal,
        edited: tuple[EditedMigration, ...] = (),
    ) -> Report:
        live, pending, settings = self.live, self.history.pending, self.project.settings
        database, fingerprint = str(live.target), live.catalog.fingerprint
        return Report(
            database,
            neon.project_id if neon else "",
            copy.rehearsed_on,
            copy.branch,
            Production(fingerprint, live.lsn, live.major, live.taken_at),
            tuple(self._pending(one) for one in pending),
            edited,
            rehearsal.differences,
            "".join(f"-- {file_name(one.up, settings)}\n{one.up.sql.rstrip()}\n\n" for one in pending),
            rehearsal.diagram,
            rehearsal.hazards,
            rehearsal.timings,
            rehearsal.way_back,
            _touched(live.sizes, rehearsal.touched),
            rehearsal.faults,
            digest(
                ((one.version, one.checksum) for one in pending),
                ((row.version, row.checksum, row.success) for row in live.rows or ()),
                fingerprint,
                database,
            ),
            rehearsal.failure,
            made.drift if made else (),
            tuple(dict.fromkeys((*(made.warnings if made else ()), *_out_of_order(self.history), *rehearsal.warnings))),
            settings.stops_at,
        )

    def _pending(self, migration: Migration) -> PendingMigration:
        path = file_name(migration.up, self.project.settings)
        return PendingMigration(migration.version, migration.description, migration.checksum.hex(), path)

    def _told(self, made: StandIn) -> StandIn:
        """What may be told of production's drift: rows may have gone into that too."""
        if self.show_values:
            return made
        text = "\n".join(one.text for one in self.history.migrations)
        disclosure = Disclosure.of_live(self.live.catalog, made.found, made.expected, text)
        told = replace(made, drift=disclosure.told(made.drift), warnings=disclosure.told(made.warnings))
        return replace(told, warnings=(*told.warnings, f"{OF_ROWS} {HOW_TO_SEE}")) if disclosure.withheld else told

    def _tell(self, made: StandIn) -> None:
        for warning in made.warnings:
            self.project.observer(Warned(warning))
        if made.drift:
            self.project.observer(DriftFound(tuple(map(str, made.drift))))

    @contextmanager
    def _copy(self, server: ScratchServer, made: StandIn, neon: Access | None) -> Iterator[_Copy]:
        if neon is None or not (self.history.pending or self.keep):  # nothing to see on a branch
            database = server.create(template=made.database)
            yield _Copy(server.target(database), "scratch")
            return
        with self._branch(neon) as copy:
            yield copy

    @contextmanager
    def _branch(self, neon: Access) -> Iterator[_Copy]:
        """A Neon branch of production's state as it was read."""
        from neon_migrate.neon.branches import production_branch, rehearsal_branch
        from neon_migrate.neon.holder import holder
        from neon_migrate.neon.model import RestorePoint
        from neon_migrate.postgres.target import read_target

        parameters = self.live.target.parameters()
        production = production_branch(neon.client, neon.project_id, self.live.target.hosts[0])
        self.project.observer(Step(f"making the Neon branch {self.branch_name} of {production.name}"))
        with rehearsal_branch(
            neon.client,
            neon.project_id,
            production,
            self.branch_name,
            expires_at=self.live.taken_at + (KEEP_FOR if self.keep else _REMOVE_AFTER),
            annotation={"purpose": "dry-run"},
            holder=holder(self.environment, self.project.settings.root, str(self.live.target), kept=self.keep),
            database=parameters["dbname"],
            role=parameters.get("user", ""),
            at=RestorePoint(lsn=self.live.lsn) if self.live.lsn else None,
            observer=self.project.observer,
        ) as branch:
            yield _Copy(read_target(branch.url, "Neon's API"), "neon_branch", branch.name)


def _edited(fault: Fault, history: History, project: Project) -> EditedMigration:
    version = fault.version or 0
    row = next(row for row in history.rows if row.version == version)
    file = next((one.up for one in history.migrations if one.version == version), None)
    return EditedMigration(
        version,
        row.description,
        "edited" if fault.code == "checksum-mismatch" else "deleted",
        file_name(file, project.settings) if file else "",
        fault.what,
        fault.remedy,
    )


def _out_of_order(history: History) -> tuple[str, ...]:
    return tuple(fault.what for fault in history.faults if not fault.blocks)


def _touched(sizes: Sequence[TableSize], touched: frozenset[str]) -> tuple[TableSize, ...]:
    return tuple(size for size in sizes if size.name in touched)


def _branch_name(environment: Mapping[str, str]) -> str:
    """`pr-7` in the run of pull request 7: GITHUB_REF is `refs/pull/7/merge` there."""
    kind, _, rest = environment.get("GITHUB_REF", "").removeprefix("refs/").partition("/")
    number = rest.partition("/")[0]
    return f"pr-{number}" if kind == "pull" and number.isdecimal() else "neon-migrate-dry-run"


def _where(copy: _Copy) -> str:
    if copy.rehearsed_on == "neon_branch":
        return f"Rehearsed on the Neon branch {copy.branch}, a copy of production; production itself was only read."
    return "Rehearsed on a scratch with production's schema and no rows; production itself was only read."
