"""The outcome of a deployment, told to every pull request whose migrations it had to carry."""

from __future__ import annotations

from dataclasses import dataclass
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

_MOST_QUESTIONS = 60
"""How often GitHub is asked which pull requests brought the pending migrations, the newest first: twice for most."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The merged pull requests that a deployment carries.

    own       the one that the run's commit was merged by; None where it was pushed without one, or that is not known
    others    those that brought a pending migration
    warnings  why some are not known
    """

    own: int | None = None
    others: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys([*((self.own,) if self.own is not None else ()), *self.others]))


def tell_pull_requests(run: Run, report: DeployReport) -> tuple[dict[int, str], tuple[str, ...]]:
    """Put the outcome before what each pull request's comment says; the comments' pages by number, and warnings.

    First is the pull request that the run's commit was merged by, which gets a comment where it has none. Those before
    it, whose own runs GitHub replaced by this one, are found by the commits of the pending migrations' files: one
    without a comment of ours was merged before neon-migrate came, and nobody waits for its outcome.
    """
    pages: dict[int, str] = {}
    with run.github() as client:
        carried = pull_requests(run, client, report.plan.pending if report.plan else ())
        warnings = carried.warnings
        for number in carried.numbers:
            what = f"The comment of pull request {number} could not be updated"
            act = partial(_comment, run, client, report, number, make=number == carried.own)
            page, refused = run.attempt(what, act)
            warnings += refused
            if page:
                pages[number] = page
    return pages, warnings


def pull_requests(run: Run, client: GitHubClient, pending: Sequence[PendingMigration]) -> Carried:
    """The merged pull requests that brought the run's commit or a pending migration."""
    what = "The pull requests could not be found"
    own, unknown = run.attempt(what, lambda: merged_as(client, run.event.sha))
    if unknown:
        return Carried(warnings=unknown)
    files = _files(run, pending)
    found, unknown = run.attempt(what, lambda: brought(client, files, run.event.sha, most=_MOST_QUESTIONS))
    if found is None:
        return Carried(own, warnings=unknown)
    if found.untraced:
        which = f"the {found.untraced} oldest of {len(files)} pending migrations"
        unknown = (f"The pull requests of {which} were not looked for: GitHub is asked {_MOST_QUESTIONS} times.",)
    return Carried(own, found.numbers, unknown)


def _files(run: Run, pending: Sequence[PendingMigration]) -> list[str]:
    """The pending migrations' files from the repository's top, the newest first."""
    newest = sorted(pending, key=lambda one: one.version, reverse=True)
    inside = (one.path for one in newest if not PurePath(one.path).is_absolute())
    return [f"{run.folder}/{path}" if run.folder else path for path in inside]


def _comment(run: Run, client: GitHubClient, report: DeployReport, number: int, *, make: bool) -> str:
    """The page of the comment; empty where there is none, and none is to be made."""
    marker = run.marker("report")
    found = find_comment(client, number, marker)
    if found is None and not make:
        return ""
    old = "" if found is None else found.text
    review_url = f"{run.event.server_url}/{run.event.repository}/pull/{number}/checks"
    body = with_outcome(report, run.event.run_url, old, review_url, _MOST_COMMENT)
    return upsert_comment(client, number, marker, body).url
