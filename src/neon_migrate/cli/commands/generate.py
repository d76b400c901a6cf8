"""`neon-migrate generate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "the migration was written, or there was nothing to do",
        ExitCode.DIFFERENT: "with --check: schema.json and the migrations are out of step",
        ExitCode.REFUSED: "data would be lost; --allow-data-loss allows it",
    }
)
@click.option("-m", "--name", metavar="NAME", help="What the migration is called; else it is named after its changes.")
@click.option("--check", is_flag=True, help="Only tell whether schema.json and the migrations are in step.")
@click.option("--allow-data-loss", is_flag=True, help="Write it even if tables, columns or values would go.")
def generate(invocation: Invocation, name: str | None, check: bool, allow_data_loss: bool) -> Outcome:
    """Write the next migration, up and down, from the difference between schema.json and the migrations.

    Both are loaded into a scratch Postgres and compared there; what is written was run before, forward and back.
    An existing migration is never touched. No database is needed.
    """
    from neon_migrate import api
    from neon_migrate.render.generate import generate_page

    report = api.generate(invocation.project(), name=name, allow_data_loss=allow_data_loss, check=check)
    out_of_step = check and not report.in_step
    return Outcome(report, generate_page(report), ExitCode.DIFFERENT if out_of_step else ExitCode.OK)
