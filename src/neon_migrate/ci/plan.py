"""`ci plan`: what a deployment would do, for somebody to approve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.ci.outcome import Carried, pull_requests
from neon_migrate.ci.production import planned
from neon_migrate.ci.run import start
from neon_migrate.deployment import PlanReport, encode_plan
from neon_migrate.errors import as_ours
from neon_migrate.github.outputs import write_outputs
from neon_migrate.notify import Link, Message
from neon_migrate.render.deployment import plan_markdown, unplanned_markdown
from neon_migrate.render.page import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.ci.run import Run, Unprepared
    from neon_migrate.deployment import DeploymentPlan
    from neon_migrate.project import Project


def plan(project: Project | Unprepared, environment: Mapping[str, str], *, deploy_to: str) -> PlanReport:
    """Write what waits into the job summary and the outputs, and tell the team where anything does.

    deploy_to  the GitHub environment that the deploying job runs in

    The output `plan` is for `ci deploy`; `pending` is the number of migrations, so that a job can be left out at 0.
    Raises what kept the project from being read, UnreachableError, MigrationFileError and HistoryError, and
    NeonMigrateError for what nobody expected; summary and team are told too.
    """
    run = start(project, environment)
    try:
        run.require_prepared()
        found = planned(run.project)
        outputs = {"pending": str(len(found.pending)), "digest": found.digest, "plan": encode_plan(found)}
        write_outputs(outputs, environment)  # without them there is nothing to approve
    except Exception as error:
        ours = as_ours(error)
        failure = run.failure(ours)
        run.summarise(lambda: unplanned_markdown(failure, deploy_to))
        run.tell(Message("failure", f"The deployment to {deploy_to} can't be planned", (failure.what,)))
        raise ours from None  # with its cause a traceback would quote in the job log what `as_ours` leaves out
    warnings = run.summarise(lambda: plan_markdown(found, deploy_to))
    if found.pending:
        lines = tuple(f"{one.version} {one.description}" for one in found.pending)
        title = f"{plural(len(found.pending), 'migration')} for {found.database} wait for approval"
        links, unknown = _links(run, found)
        warnings += unknown + run.tell(Message("waiting", title, lines, links))
    return PlanReport(found, deploy_to, warnings)


def _links(run: Run, plan: DeploymentPlan) -> tuple[tuple[Link, ...], tuple[str, ...]]:
    """Where whoever approves reads on: the plan, the pull requests that it carries, the commit."""
    repository = f"{run.event.server_url}/{run.event.repository}"

    def find() -> Carried:
        with run.github() as client:
            return pull_requests(run, client, plan.pending)

    found, unasked = run.attempt("The pull requests could not be found", find)
    carried = found or Carried(warnings=unasked)
    attempt = run.environment.get("GITHUB_RUN_ATTEMPT", "") or "1"
    return (
        Link("plan", f"{run.event.run_url}/attempts/{attempt}"),
        *(Link(f"pull request {number}", f"{repository}/pull/{number}") for number in carried.numbers),
        Link("commit", f"{repository}/commit/{run.event.sha}"),
    ), carried.warnings
