"""Which pull requests brought a commit, or a file, to the main branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.github.errors import GitHubError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neon_migrate.github.client import GitHubClient

_NO_SUCH_COMMIT = frozenset({404, 409, 422})
"""What GitHub answers for a commit that it does not have, and in an empty repository."""


def merged_as(client: GitHubClient, sha: str) -> int | None:
    """The number of the pull request that was merged as this commit; None where it was pushed without one.

    Raises GitHubError: the job lacks `pull-requests: read`, no answer.
    """
    return next(iter(_merged(client, sha)), None)


@dataclass(frozen=True, slots=True)
class Brought:
    """What brought some files.

    numbers   of the merged pull requests, in the order of the files
    untraced  how many of the files, the last, were not gone after to the end
    """

    numbers: tuple[int, ...]
    untraced: int = 0


def brought(client: GitHubClient, paths: Sequence[str], sha: str, *, most: int) -> Brought:
    """The merged pull requests whose commits made or changed one of the files.

    paths  from the repository's top
    sha    the commit from which the history is gone back
    most   questions at most; of one file the newest 100 commits count

    GitHub is asked for the history, so that the checkout needs none. Raises GitHubError: the job lacks
    `contents: read` or `pull-requests: read`, no answer.
    """
    found: dict[str, list[int]] = {}
    for place, path in enumerate(paths):
        left = most - place - len(found)
        new = [commit for commit in _commits(client, path, sha) if commit not in found] if left > 0 else []
        found |= {commit: _merged(client, commit) for commit in new[: left - 1]}
        if len(new) >= left:
            return Brought(_each_once(found), len(paths) - place)
    return Brought(_each_once(found))


def _commits(client: GitHubClient, path: str, sha: str) -> list[str]:
    try:
        return [each["sha"] for each in client.get("commits", path=path, sha=sha, per_page=100)]
    except GitHubError as error:
        if error.status in _NO_SUCH_COMMIT:
            return []
        raise


def _each_once(found: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for numbers in found.values() for number in numbers))


def _merged(client: GitHubClient, sha: str) -> list[int]:
    try:
        return [each["number"] for each in client.pages(f"commits/{sha}/pulls") if each["merged_at"]]
    except GitHubError as error:
        if error.status in _NO_SUCH_COMMIT:
            return []
        raise
