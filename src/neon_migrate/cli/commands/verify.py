"""`neon-migrate verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "everything that the applied migrations make is there",
        ExitCode.DIFFERENT: "something is missing, and is named",
    },
    database="required",
)
def verify(invocation: Invocation) -> Outcome:
    """Look in the database for everything that its applied migrations make, and name what is missing.

    Tables, columns, defaults, primary keys, unique, foreign-key and check constraints (and that they are validated),
    indexes (and that they are valid), seed rows. The database is only read.
    """
    from neon_migrate import api
    from neon_migrate.render.verify import verify_page

    report = api.verify(invocation.project())
    return Outcome(report, verify_page(report), ExitCode.OK if report.complete else ExitCode.DIFFERENT)
