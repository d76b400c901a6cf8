"""`neon-migrate ci maintenance`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.cli.workflow import ARTIFACTS, in_workflow, project_of
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation

_TASKS: tuple[Literal["compare", "export", "sweep"], ...] = ("compare", "export", "sweep")


@command(
    {
        ExitCode.OK: "all was done, and there is no drift",
        ExitCode.FAILED: "a part failed, and no drift was found; the others were done",
        ExitCode.DIFFERENT: "there is drift, also where a part failed; the issue says which",
    },
    database="required",
)
@click.option(
    "--task", "tasks", multiple=True, type=click.Choice(_TASKS), help="Only this part; may be given again. Else all."
)
@click.option("--output", metavar="DIR", default=ARTIFACTS, show_default=True, help="The folder for the artifacts.")
@click.option(
    "--propose-as", metavar="PATH", default="", help="Propose the exported schema there in one pull request, by path."
)
@click.option(
    "--commit-as", metavar="PATH", default="", help="Commit the exported schema there to the default branch, by path."
)
def maintenance(
    invocation: Invocation, tasks: tuple[str, ...], output: str, propose_as: str, commit_as: str
) -> Outcome:
    """Compare production with its migrations, export its schema, and remove expired Neon branches of ours.

    Drift opens or updates one issue, and closes it when it is gone. Writes the job summary and the outputs `drift`,
    `export`, `issue-url`, `proposal-url` and `commit-url`.
    """
    from neon_migrate import api
    from neon_migrate.render.ci import maintenance_page

    with in_workflow(invocation) as workflow:
        wanted = [task for task in _TASKS if not tasks or task in tasks]
        report = api.ci_maintenance(
            project_of(invocation),
            os.environ,
            tasks=wanted,
            output=Path(output),
            propose_as=propose_as,
            commit_as=commit_as,
        )
        workflow.failures(report.failures)
    return Outcome(report, maintenance_page(report), report.exit_code)
