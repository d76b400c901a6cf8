"""Which pull requests brought a commit, or a file, to the main branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.github.errors import GitHubError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.github.client import GitHubClient

_NO_SUCH_COMMIT = frozenset({404, 409, 422})
"""What GitHub answers for a commit that it does not have, and in an empty repository."""


def merged_as(client: GitHubClient, sha: str) -> int | None:
    """The number of the pull request that was merged as this commit; None where it was pushed without one.

    Raises GitHubError: the job lacks `pull-requests: read`, no answer.
    """
    return next(iter(_merged(client, sha)), None)


def brought(client: GitHubClient, paths: Iterable[str], sha: str) -> tuple[int, ...]:
    """The numbers of the merged pull requests whose commits made or changed one of the files.

    paths  from the repository's top
    sha    the commit from which the history is gone back

    GitHub is asked for the history, so that the checkout needs none. Raises GitHubError: the job lacks
    `contents: read` or `pull-requests: read`, no answer.
    """
    commits: dict[str, None] = {}
    for path in paths:
        try:
            commits.update(dict.fromkeys(each["sha"] for each in client.pages("commits", path=path, sha=sha)))
        except GitHubError as error:
            if error.status not in _NO_SUCH_COMMIT:
                raise
    return tuple(dict.fromkeys(number for commit in commits for number in _merged(client, commit)))


def _merged(client: GitHubClient, sha: str) -> list[int]:
    try:
        return [each["number"] for each in client.pages(f"commits/{sha}/pulls") if each["merged_at"]]
    except GitHubError as error:
        if error.status in _NO_SUCH_COMMIT:
            return []
        raise
