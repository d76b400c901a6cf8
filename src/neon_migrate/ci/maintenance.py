"""`ci maintenance`: what is done on a schedule. Drift becomes one issue, the schema a file, and old branches go."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

from neon_migrate.ci.run import start
from neon_migrate.compare import CompareReport, compare
from neon_migrate.deployment import MaintenanceReport
from neon_migrate.errors import ExitCode, UsageError, as_ours
from neon_migrate.export import ExportReport, export
from neon_migrate.github.issues import close_issue, find_issues, upsert_issue
from neon_migrate.github.proposal import Proposal, commit, propose
from neon_migrate.neon.branches import sweep
from neon_migrate.neon.client import access
from neon_migrate.notify import Link, Message
from neon_migrate.render.deployment import drift_markdown, maintenance_markdown
from neon_migrate.render.page import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from neon_migrate.ci.run import Run, Unprepared
    from neon_migrate.github.issues import Issue
    from neon_migrate.neon.model import Sweep
    from neon_migrate.project import Project
    from neon_migrate.report import Failure

Task = Literal["compare", "export", "sweep"]
TASKS: tuple[Task, ...] = ("compare", "export", "sweep")

_MOST_ISSUE = 60_000


def maintenance(
    project: Project | Unprepared,
    environment: Mapping[str, str],
    *,
    tasks: Sequence[Task] = TASKS,
    output: Path,
    propose_as: str = "",
    commit_as: str = "",
) -> MaintenanceReport:
    """Do the parts that are asked for; one that fails does not keep the others from being done.

    compare  opens or updates the issue on drift, and closes it when there is none any more; the team is told of drift
             that is new, is another than the issue knew, or is gone
    export   writes the schema into `output`
    sweep    removes Neon branches that we made and that have expired; without NEON_API_KEY there are none

    propose_as  a path in the repository: the exported schema is proposed there in one pull request; empty for none
    commit_as   a path likewise: the exported schema is committed there to the default branch

    Whatever goes wrong in a part is in the report. The exit code is DIFFERENT where drift was found, whatever else
    failed, and otherwise that of the first part that did. Raises UsageError (outside GitHub Actions; both paths are
    given).
    """
    if propose_as and commit_as:
        raise UsageError(
            "The exported schema is to be proposed and to be committed",
            remedy="Give either --propose-as or --commit-as.",
        )
    run = start(project, environment, output)
    failures: list[Failure] = []
    codes: list[ExitCode] = []

    def part(task: Task, act: Callable[[], None]) -> None:
        if task not in tasks:
            return
        try:
            run.require_prepared()
            act()
        except Exception as error:
            fault = as_ours(error)
            codes.append(fault.exit_code)
            if (failure := run.failure(fault)) not in failures:  # what keeps every part from being done is told once
                failures.append(failure)

    found = _Found(run, propose_as, commit_as)
    part("compare", found.compare)
    part("export", found.export)
    part("sweep", found.sweep)
    if found.compared is not None and found.compared.different:
        codes.insert(0, ExitCode.DIFFERENT)  # what was asked about; the failures stand in the report
    return _tell(run, _report(found, failures, codes[0] if codes else ExitCode.OK))


def _report(found: _Found, failures: Sequence[Failure], code: ExitCode) -> MaintenanceReport:
    return MaintenanceReport(
        compared=found.compared,
        exported=found.exported,
        swept=None if found.swept is None else tuple(branch.name for branch in found.swept.removed),
        remaining=() if found.swept is None else tuple(f"{one.name}: {why}" for one, why in found.swept.remaining),
        issue_url=found.issue_url,
        proposal_url=found.proposal_url,
        commit_url=found.commit_url,
        failures=tuple(failures),
        warnings=found.warnings,
        exit_code=code,
    )


def _tell(run: Run, report: MaintenanceReport) -> MaintenanceReport:
    """Summary, outputs, and the team of what failed."""
    warnings = report.warnings
    if report.failures:
        target = run.project.target
        title = f"The maintenance of {target.direct() if target is not None else 'production'} failed"
        warnings += run.tell(Message("failure", title, tuple(failure.what for failure in report.failures)))
    warnings += run.summarise(partial(maintenance_markdown, replace(report, warnings=warnings)))
    outputs = {
        "drift": "" if report.compared is None else str(len(report.compared.differences)),
        "export": "" if report.exported is None else str(report.exported.path),
        "issue-url": report.issue_url,
        "proposal-url": report.proposal_url,
        "commit-url": report.commit_url,
    }
    return replace(report, warnings=warnings + run.outputs(outputs))


class _Found:
    """What the parts came to so far."""

    def __init__(self, run: Run, propose_as: str, commit_as: str) -> None:
        self._run = run
        self._propose_as, self._commit_as = propose_as, commit_as
        self.compared: CompareReport | None = None
        self.exported: ExportReport | None = None
        self.swept: Sweep | None = None
        self.issue_url = ""
        self.proposal_url = ""
        self.commit_url = ""
        self.warnings: tuple[str, ...] = ()

    def compare(self) -> None:
        self.compared = compared = compare(self._run.project)
        try:
            before = self._keep_issue(compared)
        except Exception:
            self._tell(compared)  # what the team knows is not known, and drift is not kept to oneself
            raise
        if compared.different and not (before and _known(compared) in before[0].body):
            self._tell(compared)
        elif before and not compared.different:
            self.warnings += self._run.tell(
                Message("success", f"No drift any more in {compared.database}", (), self._link)
            )

    def _keep_issue(self, compared: CompareReport) -> list[Issue]:
        """Open, update or close the issue; those that were open before. Raises GitHubError, UsageError."""
        run, marker = self._run, self._run.marker("drift")
        with run.github() as client:
            before = find_issues(client, marker)
            if compared.different:
                title = f"The schema of {compared.database} is not what its migrations make"
                body = _known(compared) + drift_markdown(compared, run.event.run_url, _MOST_ISSUE)
                self.issue_url = upsert_issue(client, marker, title, body).url
            elif before:
                close_issue(client, marker, f"Gone: [this run]({run.event.run_url}) found no difference.")
                self.issue_url = before[0].url
        return before

    @property
    def _link(self) -> tuple[Link, ...]:
        return (Link("issue", self.issue_url),) if self.issue_url else ()

    def _tell(self, compared: CompareReport) -> None:
        if compared.different:
            lines = tuple(map(str, compared.differences[:10]))
            title = f"Drift: {plural(len(compared.differences), 'difference')} in {compared.database}"
            self.warnings += self._run.tell(Message("drift", title, lines, self._link))

    def export(self) -> None:
        run = self._run
        run.output.mkdir(parents=True, exist_ok=True)
        self.exported = export(run.project, output=run.output)
        path = self._propose_as or self._commit_as
        if not path:
            return
        proposal = _proposal(run, self.exported, path)
        with run.github() as client:
            if self._propose_as:
                self.proposal_url = propose(client, proposal)
            else:
                self.commit_url = commit(client, proposal)

    def sweep(self) -> None:
        neon = access(self._run.environment, observer=self._run.project.observer)
        if neon is None:
            return
        with neon.client:
            self.swept = sweep(neon.client, neon.project_id, datetime.now(UTC))


def _known(compared: CompareReport) -> str:
    """A hidden line of the issue, by which the next run sees whether it is about the same differences."""
    found = "\n".join(sorted(map(str, compared.differences)))
    return f"<!-- neon-migrate:differences {hashlib.sha256(found.encode()).hexdigest()} -->\n"


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
