"""`neon-migrate generate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.cli.invocation import Invocation
    from neon_migrate.rename_candidates import RenameCandidate


@command(
    {
        ExitCode.OK: "the migration was written, or there was nothing to do",
        ExitCode.DIFFERENT: "with --check: schema.json and the migrations are out of step",
        ExitCode.REFUSED: "data would be lost; --allow-data-loss allows it",
    }
)
@click.option("-m", "--name", metavar="NAME", help="What it is called; else each migration is named after its changes.")
@click.option("--check", is_flag=True, help="Only tell whether schema.json and the migrations are in step.")
@click.option("--allow-data-loss", is_flag=True, help="Write it even if tables, columns or values would go.")
@click.option("--offline", is_flag=True, help="One migration for a database that nobody uses meanwhile.")
def generate(invocation: Invocation, name: str | None, check: bool, allow_data_loss: bool, offline: bool) -> Outcome:
    """Write the next migrations, up and down, from the difference between schema.json and the migrations.

    There are as many as it takes for the application to go on meanwhile: indexes are built concurrently, constraints
    validated apart, and what rewrites a table is alone. Each says at its head why it is apart.

    Both sides are loaded into a scratch Postgres and compared there; what is written was run before, forward and back.
    An existing migration is never touched. No database is needed. In a terminal, what goes and comes and looks alike is
    asked about: it may be a rename.
    """
    from neon_migrate import api
    from neon_migrate.render.generate import generate_page

    report = api.generate(
        invocation.project(),
        name=name,
        allow_data_loss=allow_data_loss,
        check=check,
        offline=offline,
        confirm_rename=_confirmation(invocation) if invocation.interactive and not check else None,
    )
    out_of_step = check and not report.in_step
    return Outcome(report, generate_page(report), ExitCode.DIFFERENT if out_of_step else ExitCode.OK)


def _confirmation(invocation: Invocation) -> Callable[[RenameCandidate], bool]:
    def confirm(candidate: RenameCandidate) -> bool:
        from neon_migrate.render.generate import candidate_page

        return invocation.ask(candidate_page(candidate), "Is it a rename? [y/N] ").lower() in ("y", "yes")

    return confirm
