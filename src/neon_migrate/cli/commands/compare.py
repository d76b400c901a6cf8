"""`neon-migrate compare`."""

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
        ExitCode.OK: "the database is exactly what its applied migrations make",
        ExitCode.DIFFERENT: "there are differences",
    },
    database="required",
)
@click.option("--sql", is_flag=True, help="Print the SQL that would bring the database in line, and nothing else.")
def compare(invocation: Invocation, sql: bool) -> Outcome:
    """Show every difference between the database and what its applied migrations make, both ways.

    Tables that are none of yours go under `ignore` in the settings. The database is only read. The SQL is several
    transactions where one would hold up the application: run it by psql -v ON_ERROR_STOP=1.
    """
    from neon_migrate import api
    from neon_migrate.render.compare import compare_page, compare_sql

    report = api.compare(invocation.project())
    code = ExitCode.DIFFERENT if report.different else ExitCode.OK
    return Outcome(report, (compare_sql if sql else compare_page)(report), code)
