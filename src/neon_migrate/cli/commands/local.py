"""`neon-migrate local`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command({ExitCode.OK: "the database runs and its URL was printed; with --stop: it does not run"})
@click.option("--stop", is_flag=True, help="End its server; the data stays for the next start.")
def local(invocation: Invocation, stop: bool) -> Outcome:
    """Print the URL of the project's own embedded database, for psql or your application, starting it if need be.

    It is what --local works on. Its data is in .neon-migrate/ of the project; removing that folder removes it.
    """
    from neon_migrate.postgres import local as embedded
    from neon_migrate.render.page import Document, Line

    if stop:
        stopped = embedded.stop(invocation.settings().root)
        text = "The local database was stopped." if stopped else "The local database was not running."
        return Outcome({"stopped": stopped}, (Line(text),), ExitCode.OK)
    url = invocation.local_target().conninfo
    return Outcome({"url": url}, (Document(url),), ExitCode.OK)
