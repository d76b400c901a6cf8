"""`neon-migrate export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "the file was written, and restoring it gave the same schema where that could be tried",
        ExitCode.DIFFERENT: "the file was written, and restoring it gave another schema",
    },
    database="required",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file (or a folder for it); else neon_schema_export_YYYYMMDD_HHMMSS.sql here.",
)
def export(invocation: Invocation, output: Path | None) -> Outcome:
    """Write the full schema of the database, without data, to a file, and prove it by restoring it.

    pg_dump writes it, at least as new as the server; Neon's own schemas are left out.
    """
    from neon_migrate import api
    from neon_migrate.render.export import export_page

    report = api.export(invocation.project(), output=output)
    return Outcome(report, export_page(report), ExitCode.DIFFERENT if report.differences else ExitCode.OK)
