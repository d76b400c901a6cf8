"""`neon-migrate ci`: the steps of the GitHub workflows, one file each."""

from __future__ import annotations

import sys

from neon_migrate.cli.group import Commands

ci = Commands(
    "ci",
    sys.modules[__name__],
    help="The steps of the GitHub workflows: what a pull request shows, what is approved, deployed and looked after.",
    epilog="From the environment they read GITHUB_*, GITHUB_TOKEN, NEON_API_KEY, NEON_PROJECT_ID, SLACK_WEBHOOK.",
)
