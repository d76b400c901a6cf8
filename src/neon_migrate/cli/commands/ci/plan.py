"""`neon-migrate ci plan`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.cli.workflow import in_workflow, project_of
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "the plan was made; nothing may be pending",
        ExitCode.HISTORY: "the folder and the ledger contradict each other",
    },
    database="required",
)
@click.option(
    "--environment", metavar="NAME", default="production", show_default=True, help="Where the deploying job will run."
)
def plan(invocation: Invocation, environment: str) -> Outcome:
    """Say what a deployment would run, with the digest that is approved; production is only read.

    Writes the job summary and the outputs `pending` (how many migrations), `digest`, and `plan`, which `ci deploy`
    takes. Tells Slack that approval is waited for.
    """
    from neon_migrate import api
    from neon_migrate.render.ci import plan_page

    with in_workflow(invocation):
        report = api.ci_plan(project_of(invocation), os.environ, deploy_to=environment)
    return Outcome(report, plan_page(report), ExitCode.OK)
