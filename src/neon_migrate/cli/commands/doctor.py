"""`neon-migrate doctor`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation

_CONNECTING = frozenset({"parse", "DNS", "TCP", "TLS", "login", "database"})


@command(
    {
        ExitCode.OK: "every step passed, perhaps with a warning",
        ExitCode.FAILED: "the database was reached, and something later fails",
        ExitCode.UNREACHABLE: "a step on the way to the database fails",
    },
    database="required",
)
@click.option("--github", is_flag=True, help="Also what a workflow needs, from inside a run of GitHub Actions.")
@click.option(
    "--environment", metavar="NAME", default="production", show_default=True, help="Where the deploying job runs."
)
def doctor(invocation: Invocation, github: bool, environment: str) -> Outcome:
    """Go from the URL to an applied migration step by step, and say what fails, why, and what to do.

    URL, DNS, TCP, TLS, login, database, version, pooled host, privileges, lock, ledger. Nothing is changed. With
    --github also the secrets, Neon's API, who has to approve, and what the job's token may read.
    """
    from neon_migrate import api
    from neon_migrate.render.doctor import doctor_page

    if github:
        from neon_migrate.cli.workflow import in_workflow

        with in_workflow(invocation):
            report = api.ci_doctor(invocation.project(), os.environ, deploy_to=environment)
    else:
        report = api.doctor(invocation.project())
    failed = {step.name for step in report.steps if step.state == "failed"}
    code = ExitCode.UNREACHABLE if failed & _CONNECTING else ExitCode.FAILED if failed else ExitCode.OK
    return Outcome(report, doctor_page(report), code)
