"""Which pull request a commit on the main branch came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.github.errors import GitHubError

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient


def merged_as(client: GitHubClient, sha: str) -> int | None:
    """The number of the pull request that was merged as this commit; None where it was pushed without one.

    Raises GitHubError: the job lacks `pull-requests: read`, no answer.
    """
    try:
        found = client.pages(f"commits/{sha}/pulls")
        return next((each["number"] for each in found if each["merged_at"]), None)
    except GitHubError as error:
        if error.status in (404, 409, 422):  # no such commit on GitHub, or an empty repository
            return None
        raise
