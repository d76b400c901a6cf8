"""`neon-migrate dry-run`."""

from __future__ import annotations

from pathlib import Path

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Invocation, Outcome
from neon_migrate.errors import ExitCode


@command(
    {
        ExitCode.OK: "the pending migrations ran, and nothing was found that the settings let stop",
        ExitCode.FAILED: "a migration failed, or the database was not what its migrations make afterwards",
        ExitCode.REFUSED: "a hazard of a severity in `stops-at`; a branch of that name that is not ours; "
        "--show-values in a workflow",
        ExitCode.HISTORY: "an applied migration was edited or deleted, or the ledger has a failed one",
        ExitCode.BUSY: "a lock could not be had in time",
    },
    database="required",
)
@click.option("--name", metavar="NAME", help="Of the Neon branch; by default pr-NUMBER in a pull request's run.")
@click.option("--keep", is_flag=True, help="Keep the Neon branch, with the migrations applied; it expires in a week.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JSON to FILE too.")
@click.option("--show-values", is_flag=True, help="Show values of rows that Postgres quotes; not in CI.")
def dry_run(invocation: Invocation, name: str | None, keep: bool, output: Path | None, show_values: bool) -> Outcome:
    """Rehearse the pending migrations on a copy of production, forward and back, and report what was seen.

    With NEON_API_KEY and NEON_PROJECT_ID the copy is a Neon branch; else a scratch that holds production's schema,
    and its tables' sizes. Production itself is only read.
    """
    from neon_migrate import api
    from neon_migrate.render.report import report_page
    from neon_migrate.report import document, encode

    report = api.dry_run(invocation.project(), branch_name=name, keep=keep, show_values=show_values)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(encode(report), encoding="utf-8")
    return Outcome(document(report), report_page(report), report.exit_code)
