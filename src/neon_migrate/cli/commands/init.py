"""`neon-migrate init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command({ExitCode.OK: "every file is there, made now or before"})
def init(invocation: Invocation) -> Outcome:
    """Start a project: settings, a migrations folder, a first schema.json, git attributes and three scripts.

    What exists is left as it is, and said; so it can be run again at any time.
    """
    from neon_migrate import api
    from neon_migrate.render.init import init_page

    report = api.init(invocation.root)
    return Outcome(report, init_page(report), ExitCode.OK)
