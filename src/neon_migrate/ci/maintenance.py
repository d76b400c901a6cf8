"""`ci maintenance`: what is done on a schedule. Drift becomes one issue, the schema a file, and old branches go."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from neon_migrate.ci.run import start
from neon_migrate.compare import CompareReport, compare
from neon_migrate.deployment import MaintenanceReport
from neon_migrate.errors import ExitCode, NeonMigrateError
from neon_migrate.export import ExportReport, export
from neon_migrate.github.issues import close_issue, upsert_issue
from neon_migrate.github.outputs import write_outputs
from neon_migrate.github.proposal import Proposal, propose
from neon_migrate.github.summary import write_summary
from neon_migrate.neon.branches import sweep
from neon_migrate.neon.client import access
from neon_migrate.notify import Link, Message
from neon_migrate.render.deployment import drift_markdown, maintenance_markdown
from neon_migrate.render.page import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from neon_migrate.ci.run import Run
    from neon_migrate.neon.model import Sweep
    from neon_migrate.project import Project
    from neon_migrate.report import Failure

Task = Literal["compare", "export", "sweep"]
TASKS: tuple[Task, ...] = ("compare", "export", "sweep")

_MOST_ISSUE = 60_000


def maintenance(
    project: Project,
    environment: Mapping[str, str],
    *,
    tasks: Sequence[Task] = TASKS,
    output: Path,
    propose_as: str = "",
) -> MaintenanceReport:
    """Do the parts that are asked for; one that fails does not keep the others from being done.

    compare  opens or updates the issue on drift, and closes it when there is none any more
    export   writes the schema into `output`
    sweep    removes Neon branches that we made and that have expired; without NEON_API_KEY there are none

    propose_as  a path in the repository: the exported schema is proposed there in one pull request; empty for none

    Raises UsageError (outside GitHub Actions).
    """
    run = start(project, environment, output)
    failures: list[Failure] = []
    codes: list[ExitCode] = []

    def part(task: Task, act: Callable[[], None]) -> None:
        if task not in tasks:
            return
        try:
            act()
        except NeonMigrateError as error:
            failures.append(run.failure(error))
            codes.append(error.exit_code)

    found = _Found(run, propose_as)
    part("compare", found.compare)
    part("export", found.export)
    part("sweep", found.sweep)
    if found.compared is not None and found.compared.different:
        codes.append(ExitCode.DIFFERENT)
    report = MaintenanceReport(
        compared=found.compared,
        exported=found.exported,
        swept=None if found.swept is None else tuple(branch.name for branch in found.swept.removed),
        remaining=() if found.swept is None else tuple(f"{one.name}: {why}" for one, why in found.swept.remaining),
        issue_url=found.issue_url,
        proposal_url=found.proposal_url,
        failures=tuple(failures),
        warnings=found.warnings,
        exit_code=codes[0] if codes else ExitCode.OK,
    )
    write_summary(maintenance_markdown(report), environment)
    write_outputs(
        {
            "drift": "" if found.compared is None else str(len(found.compared.differences)),
            "export": "" if found.exported is None else str(found.exported.path),
            "issue-url": found.issue_url,
            "proposal-url": found.proposal_url,
        },
        environment,
    )
    return report


class _Found:
    """What the parts came to so far."""

    def __init__(self, run: Run, propose_as: str) -> None:
        self._run = run
        self._propose_as = propose_as
        self.compared: CompareReport | None = None
        self.exported: ExportReport | None = None
        self.swept: Sweep | None = None
        self.issue_url = ""
        self.proposal_url = ""
        self.warnings: tuple[str, ...] = ()

    def compare(self) -> None:
        run = self._run
        self.compared = compared = compare(run.project)
        marker = run.marker("drift")
        with run.github() as client:
            if not compared.different:
                closed = close_issue(client, marker, f"Gone: [this run]({run.event.run_url}) found no difference.")
                self.issue_url = closed.url if closed else ""
                return
            title = f"The schema of {compared.database} is not what its migrations make"
            body = drift_markdown(compared, run.event.run_url, _MOST_ISSUE)
            self.issue_url = upsert_issue(client, marker, title, body).url
        lines = tuple(map(str, compared.differences[:10]))
        title = f"Drift: {plural(len(compared.differences), 'difference')} in {compared.database}"
        self.warnings += run.tell(Message("drift", title, lines, (Link("issue", self.issue_url),)))

    def export(self) -> None:
        run = self._run
        run.output.mkdir(parents=True, exist_ok=True)
        self.exported = export(run.project, output=run.output)
        if not self._propose_as:
            return
        with run.github() as client:
            self.proposal_url = propose(client, _proposal(run, self.exported, self._propose_as))

    def sweep(self) -> None:
        neon = access(self._run.environment, observer=self._run.project.observer)
        if neon is None:
            return
        with neon.client:
            self.swept = sweep(neon.client, neon.project_id, datetime.now(UTC))


def _proposal(run: Run, exported: ExportReport, path: str) -> Proposal:
    """The exported schema as a change to the file at `path`, on a branch of that file's own."""
    name = hashlib.sha256(path.encode()).hexdigest()[:8]
    return Proposal(
        branch=f"neon-migrate-export-{name}",
        path=path,
        content=exported.path.read_bytes(),
        title=f"The schema of {run.project.require_target().direct()}",
        body=f"Exported and proven by [this run]({run.event.run_url}); brought up to date by each run after it.",
    )
