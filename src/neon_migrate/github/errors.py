"""What can go wrong with GitHub's API."""

from __future__ import annotations

from neon_migrate.errors import NeonMigrateError


class GitHubError(NeonMigrateError):
    """GitHub's API refused a request or could not be asked; `status` is 0 where no answer came."""

    def __init__(self, what: str, *, status: int = 0, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.status = status


class UnclearError(GitHubError):
    """No answer came to a request that may have been carried out: look the thing up, never just send it again."""
