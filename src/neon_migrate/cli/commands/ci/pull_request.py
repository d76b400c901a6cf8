"""`neon-migrate ci pull-request`."""

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
        ExitCode.OK: "it may be deployed; hazards that the settings let pass are warned of",
        ExitCode.FAILED: "a check failed, or the migrations do not run",
        ExitCode.REFUSED: "a hazard of a severity that the setting `stops-at` names; a run on pull_request_target",
        ExitCode.UNREACHABLE: "the database or Neon's API can't be reached or logged in to",
        ExitCode.HISTORY: "a migration that production has was edited or deleted",
        ExitCode.BUSY: "Neon takes no more requests for now",
    },
    database="optional",
)
@click.option("--output", metavar="DIR", default=ARTIFACTS, show_default=True, help="The folder for the artifacts.")
def pull_request(invocation: Invocation, output: str) -> Outcome:
    """Validate and rehearse what a pull request brings, and show its reviewers one comment.

    Writes the comment, the job summary, annotations, `neon-migrate.sarif`, `neon-migrate-report.json`, and the outputs
    `verdict`, `pending`, `digest`, `comment-url`, `artifacts` and `sarif`. A pull request from a fork gets no secrets:
    it is validated on a scratch, and no comment is tried.
    """
    from neon_migrate import api
    from neon_migrate.github.event import read_event
    from neon_migrate.render.ci import pull_request_page

    with in_workflow(invocation) as workflow:
        if not read_event(os.environ).has_secrets:
            invocation.need = "none"  # a secret that did not arrive is an empty text, and no URL
        report = api.ci_pull_request(project_of(invocation), os.environ, output=Path(output))
        workflow.remark(report.remarks)
        workflow.failures([report.failure] if report.failure else [])
    return Outcome(report, pull_request_page(report), report.exit_code)
