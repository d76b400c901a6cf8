"""`ci deploy`: what was approved, and nothing else, onto production; and what to do where that fails."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from neon_migrate.apply import AppliedMigration, apply
from neon_migrate.ci.outcome import tell_pull_requests
from neon_migrate.ci.production import planned, state_before
from neon_migrate.ci.run import start
from neon_migrate.compare import compare
from neon_migrate.deployment import DeployReport, changes_since, decode_plan
from neon_migrate.errors import (
    ExitCode,
    InterruptedRunError,
    NeonMigrateError,
    RefusedError,
    UsageError,
    as_ours,
)
from neon_migrate.events import MigrationApplied, Notice
from neon_migrate.github.environments import approvers, reviewers
from neon_migrate.notify import Link, Message
from neon_migrate.render.deployment import outcome_markdown
from neon_migrate.render.json_text import as_json
from neon_migrate.render.page import plural
from neon_migrate.render.rollback_plan import rollback_plan_markdown
from neon_migrate.rollback_plan import rollback_plan
from neon_migrate.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from neon_migrate.ci.run import Run, Unprepared
    from neon_migrate.deployment import DeploymentPlan, StateBefore
    from neon_migrate.differences import Difference
    from neon_migrate.events import Event
    from neon_migrate.ledger.folder import Folder
    from neon_migrate.project import Project
    from neon_migrate.report import Failure
    from neon_migrate.rollback_plan import RollbackPlan

DEPLOYMENT_FILE, WAYS_BACK_FILE = "neon-migrate-deployment.json", "neon-migrate-rollback-plan.md"


class PlanChangedError(NeonMigrateError):
    """What would be deployed is not what was approved; nothing was done."""

    exit_code = ExitCode.DIFFERENT


@dataclass
class _Progress:
    """How far a deployment came."""

    plan: DeploymentPlan | None = None
    before: StateBefore | None = None
    applied: list[AppliedMigration] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    drift: tuple[Difference, ...] = ()
    approved_by: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def deploy(
    project: Project | Unprepared,
    environment: Mapping[str, str],
    *,
    approved: str | None,
    deploy_to: str,
    output: Path,
) -> DeployReport:
    """Apply what was approved, verify, compare, and tell the pull requests and the team.

    approved   the output `plan` of `ci plan`; may be left out only where the settings say `approval = "none"`
    deploy_to  the GitHub environment that this job runs in

    Whatever goes wrong after the run is known is in the report, with its exit code: RefusedError (an environment that
    nobody has to approve, or a run that nobody approved), PlanChangedError, and what `apply`, `verify` and Neon's API
    raise. Raises UsageError (outside GitHub Actions).
    """
    run = start(project, environment, output)
    progress, failure, code = _Progress(), None, ExitCode.OK
    try:
        _carry_out(run, progress, approved, deploy_to)
    except Exception as error:  # production may be changed by now, so whatever went wrong, all that is known is told
        fault = as_ours(error)
        failure, code = run.failure(fault), fault.exit_code
    except KeyboardInterrupt:  # the run is cancelled; `apply` says of itself how far it came
        interrupted = InterruptedRunError("Interrupted", remedy="neon-migrate status shows how far the database came.")
        failure, code = run.failure(interrupted), interrupted.exit_code
    if progress.missing and failure is None:
        code = ExitCode.FAILED
    return _tell(run, _report(progress, deploy_to, failure, code))


def _report(progress: _Progress, deploy_to: str, failure: Failure | None, code: ExitCode) -> DeployReport:
    done = {one.version for one in progress.applied}
    pending = progress.plan.pending if progress.plan else ()
    return DeployReport(
        plan=progress.plan,
        environment=deploy_to,
        before=progress.before,
        applied=tuple(progress.applied),
        not_applied=tuple(one for one in pending if one.version not in done),
        missing=progress.missing,
        drift=progress.drift,
        failure=failure,
        exit_code=code,
        approved_by=progress.approved_by,
        warnings=progress.warnings,
    )


def _carry_out(run: Run, progress: _Progress, approved: str | None, deploy_to: str) -> None:
    run.require_prepared()
    progress.approved_by = _require_approval(run, approved, deploy_to)
    progress.plan = planned(run.project)
    if approved is not None:
        _require_same(run, decode_plan(approved), progress.plan)
    if not progress.plan.pending:
        return
    progress.before, progress.warnings = state_before(run)

    def ready(found: Folder) -> None:
        """Once more, now that no other run can come in between: much can have happened while a backup was made."""
        progress.plan = planned(run.project, found)
        if approved is not None:
            _require_same(run, decode_plan(approved), progress.plan)

    try:
        applied = apply(_watched(run.project, progress), ready=ready)
    except PlanChangedError:
        if progress.before.backup:
            progress.warnings += (f"The backup {progress.before.backup} had been made; it goes when it expires.",)
        progress.before = None  # nothing was begun, so there is nothing to go back from
        raise
    progress.applied = list(applied.applied)
    progress.drift = applied.drift
    progress.warnings += applied.warnings
    progress.missing = tuple(fault for group in verify(run.project).groups for fault in group.missing)


def _require_approval(run: Run, approved: str | None, deploy_to: str) -> tuple[str, ...]:
    """Who approved this run, where somebody had to. Raises RefusedError, UsageError, GitHubError."""
    if run.project.settings.approval == "none":
        return ()
    with run.github() as client:
        if not reviewers(client, deploy_to):
            raise RefusedError(
                f"The GitHub environment {deploy_to} has no required reviewers",
                why="Whoever can push to the main branch could change production without anybody's approval.",
                remedy=(
                    f"Name them under Settings, Environments, {deploy_to}, Required reviewers (private repositories "
                    'need a paid plan for it), or write approval = "none" into neon-migrate.toml.'
                ),
            )
        if approved is None:
            raise UsageError(
                "It is not said what was approved", remedy="Give --plan the output `plan` of `neon-migrate ci plan`."
            )
        approved_by = approvers(client, run.event.run_id, deploy_to)
    if not approved_by:
        raise RefusedError(
            f"Nobody approved this run for the GitHub environment {deploy_to}",
            why="The environment has required reviewers, but this job does not wait for them.",
            remedy=f"Give the job that deploys `environment: {deploy_to}`.",
        )
    return approved_by


def _require_same(run: Run, approved: DeploymentPlan, now: DeploymentPlan) -> None:
    changes = changes_since(approved, now)
    if not changes:
        return
    if approved.fingerprint != now.fingerprint:
        with suppress(NeonMigrateError):  # it only says more of what is known to have changed
            changes += tuple(f"Not as its migrations make it: {each}" for each in compare(run.project).differences)
    raise PlanChangedError(
        "What would be deployed is not what was approved; nothing was done",
        why="\n".join(changes),
        remedy="Choose *Re-run all jobs* for a new plan, and approve that: the failed job alone keeps the old one.",
    )


def _watched(project: Project, progress: _Progress) -> Project:
    """The project, with an observer that also notes what is committed.

    The server's notices are kept back: a migration may RAISE one with values of rows, and the job log is read by many.
    """

    def observe(event: Event) -> None:
        if isinstance(event, MigrationApplied):
            done = AppliedMigration(event.version, event.description, event.execution_time_ns, verified=False)
            progress.applied.append(done)
        if not isinstance(event, Notice):
            project.observer(event)

    return replace(project, observer=observe)


def _tell(run: Run, report: DeployReport) -> DeployReport:
    """Summary, ways back, artifacts, the pull requests' comments, the team; the outcome depends on none of them.

    The outcome comes first: a job that is cancelled has seconds left, and the ways back take longer to be worked out.
    """
    comments, warnings = dict[int, str](), report.warnings
    warnings += run.summarise(partial(outcome_markdown, report, run.event.run_url))
    if report.before is not None and not report.succeeded:
        before = report.before
        ways, unknown = run.attempt("The ways back could not be worked out", partial(_ways_on, run, report, before))
        warnings += unknown
        report = replace(report, rollback=ways)
        warnings += run.summarise(partial(rollback_plan_markdown, ways)) if ways else ()
    if report.plan is None or report.plan.pending:
        found, unasked = run.attempt("The comment could not be updated", partial(tell_pull_requests, run, report))
        comments, refused = found or ({}, unasked)
        warnings += refused + run.tell(_message(report, comments))
    report = replace(report, comment_urls=tuple(comments.values()), warnings=warnings)
    files, unwritten = run.artifacts(_texts(report))
    outputs = {
        "outcome": "success" if report.succeeded else "failure",
        "applied": str(len(report.applied)),
        "comment-url": next(iter(report.comment_urls), ""),
        "artifacts": str(run.output),
    }
    return replace(report, files=files, warnings=warnings + unwritten + run.outputs(outputs))


def _texts(report: DeployReport) -> dict[str, Callable[[], str]]:
    """The artifacts by name."""
    record = {DEPLOYMENT_FILE: partial(as_json, report)}
    if report.rollback is None:
        return {**record}
    return {**record, WAYS_BACK_FILE: partial(rollback_plan_markdown, report.rollback)}


def _ways_on(run: Run, report: DeployReport, before: StateBefore) -> RollbackPlan:
    return rollback_plan(
        run.project,
        [one.version for one in report.applied],
        lsn=before.lsn,
        at=before.at,
        backup=before.backup,
        environment=run.environment,
    )


def _message(report: DeployReport, comments: Mapping[int, str]) -> Message:
    database = report.plan.database if report.plan else "production"
    links = tuple(Link(f"pull request {number}", url) for number, url in comments.items())
    done = tuple(f"applied: {one.version} {one.description}" for one in report.applied)
    if report.succeeded:
        title = f"{plural(len(report.applied), 'migration')} applied to {database}"
        drift = (f"Drift: {plural(len(report.drift), 'difference')}",) if report.drift else ()
        return Message("success", title, done + drift, links)
    why = (report.failure.what,) if report.failure else tuple(f"missing: {one}" for one in report.missing[:5])
    left = tuple(f"not applied: {one.version} {one.description}" for one in report.not_applied)
    ready = ("The rollback plan is in the job summary and the artifact.",) if report.rollback else ()
    if report.stopped:
        return Message("failure", f"A deployment to {database} stopped, and nothing was done", why, links)
    return Message("failure", f"The deployment to {database} failed", why + done + left + ready, links)
