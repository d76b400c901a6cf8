"""The outcome of a deployment, told to every pull request whose migrations it had to carry."""

from __future__ import annotations

from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from neon_migrate.github.comment import MOST_CHARACTERS, find_comment, upsert_comment
from neon_migrate.github.pull_requests import brought, merged_as
from neon_migrate.render.deployment import with_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.ci.run import Run
    from neon_migrate.deployment import DeployReport
    from neon_migrate.github.client import GitHubClient
    from neon_migrate.report import PendingMigration

_MOST_COMMENT = MOST_CHARACTERS - 1_000

_MOST_FILES = 50
"""How many migrations, the newest, are traced to their pull requests: GitHub is asked once or twice for each."""


def tell_pull_requests(run: Run, report: DeployReport) -> tuple[dict[int, str], tuple[str, ...]]:
    """Put the outcome before what each pull request's comment says; the comments' pages by number, and warnings.

    First is the pull request that the run's commit was merged by. Those before it, whose own runs GitHub replaced by
    this one, are found by the commits of the pending migrations' files.
    """
    pages: dict[int, str] = {}
    with run.github() as client:
        numbers, warnings = pull_requests(run, client, report.plan.pending if report.plan else ())
        for number in numbers:
            what = f"The comment of pull request {number} could not be updated"
            page, refused = run.attempt(what, partial(_comment, run, client, report, number))
            warnings += refused
            if page is not None:
                pages[number] = page
    return pages, warnings


def pull_requests(
    run: Run, client: GitHubClient, pending: Sequence[PendingMigration]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The merged pull requests that brought the run's commit or a pending migration, and why some are not known."""
    what = "The pull requests could not be found"
    own, unknown = run.attempt(what, lambda: merged_as(client, run.event.sha))
    if unknown:
        return (), unknown
    others, untraced = run.attempt(what, lambda: brought(client, _files(run, pending), run.event.sha))
    return tuple(dict.fromkeys([*((own,) if own is not None else ()), *(others or ())])), untraced


def _files(run: Run, pending: Sequence[PendingMigration]) -> list[str]:
    """The pending migrations' files from the repository's top, the newest first."""
    newest = sorted(pending, key=lambda one: one.version, reverse=True)[:_MOST_FILES]
    inside = (one.path for one in newest if not PurePath(one.path).is_absolute())
    return [f"{run.folder}/{path}" if run.folder else path for path in inside]


def _comment(run: Run, client: GitHubClient, report: DeployReport, number: int) -> str:
    marker = run.marker("report")
    found = find_comment(client, number, marker)
    old = "" if found is None else found.text
    review_url = f"{run.event.server_url}/{run.event.repository}/pull/{number}/checks"
    body = with_outcome(report, run.event.run_url, old, review_url, _MOST_COMMENT)
    return upsert_comment(client, number, marker, body).url
