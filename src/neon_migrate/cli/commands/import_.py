"""`neon-migrate import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "schema.json was written; what it can't say is named",
        ExitCode.REFUSED: "the file is there already; --replace allows it",
    },
    database="optional",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["live", "migrations"]),
    default="live",
    show_default=True,
    help="The database, or the migrations replayed on a scratch.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Else the project's schema.json.")
@click.option("--replace", is_flag=True, help="Write over a file that is there already.")
def import_(
    invocation: Invocation, source: Literal["live", "migrations"], output: Path | None, replace: bool
) -> Outcome:
    """Write schema.json from what is there already: a live database, or migrations.

    What schema.json can't say is named, never dropped silently.
    """
    from neon_migrate import api
    from neon_migrate.render.importing import import_page

    report = api.import_schema(invocation.project(), source=source, output=output, replace=replace)
    return Outcome(report, import_page(report), ExitCode.OK)
