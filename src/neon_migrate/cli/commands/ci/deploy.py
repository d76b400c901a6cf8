"""`neon-migrate ci deploy`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.cli.workflow import ARTIFACTS, in_workflow, project_of
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "all that was approved is applied and verified, or nothing was pending",
        ExitCode.FAILED: "a migration failed, or something is missing afterwards; the rollback plan is written",
        ExitCode.DIFFERENT: "what would run is not what was approved; nothing was done",
        ExitCode.REFUSED: "the environment has no required reviewers; the connection goes through a pooler",
        ExitCode.HISTORY: "the folder and the ledger contradict each other; nothing was done",
        ExitCode.BUSY: "another run holds the migration lock, or a lock could not be had in time",
    },
    database="required",
)
@click.option("--plan", metavar="PLAN", help="What was approved: the output `plan` of `ci plan`.")
@click.option(
    "--environment", metavar="NAME", default="production", show_default=True, help="The environment of this job."
)
@click.option("--output", metavar="DIR", default=ARTIFACTS, show_default=True, help="The folder for the artifacts.")
def deploy(invocation: Invocation, plan: str | None, environment: str, output: str) -> Outcome:
    """Apply what was approved, verify, compare, and tell the pull request and the team.

    Writes the job summary, `neon-migrate-deployment.json`, the outputs `outcome`, `applied`, `comment-url` and
    `artifacts`, the outcome into the pull request's comment, and on failure `neon-migrate-rollback-plan.md`.
    """
    from neon_migrate import api
    from neon_migrate.render.ci import deploy_page

    with in_workflow(invocation) as workflow:
        report = api.ci_deploy(
            project_of(invocation), os.environ, approved=plan, deploy_to=environment, output=Path(output)
        )
        workflow.failures([report.failure] if report.failure else [])
    return Outcome(report, deploy_page(report), report.exit_code)
