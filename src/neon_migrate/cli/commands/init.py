"""`neon-migrate init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command({ExitCode.OK: "every file is there, made now or before"})
@click.option("--github", is_flag=True, help="Also write the two workflows of GitHub Actions.")
@click.option("--action", metavar="OWNER/REPOSITORY@COMMIT", help="What the workflows run; else where this comes from.")
def init(invocation: Invocation, github: bool, action: str | None) -> Outcome:
    """Start a project: settings, a migrations folder, a first schema.json, git attributes and three scripts.

    What exists is left as it is, and said; so it can be run again at any time.
    """
    from neon_migrate import api
    from neon_migrate.render.init import init_page

    if action is not None and not github:
        raise UsageError("--action says what the workflows run", remedy="Add --github, which writes them.")
    report = api.init(invocation.root, github=github, action=action)
    return Outcome(report, init_page(report), ExitCode.OK)
