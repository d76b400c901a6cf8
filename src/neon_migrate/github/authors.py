"""Whose texts are ours: anybody may write a comment with any marker, and what is not ours is not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient


def is_ours(item: dict[str, Any], client: GitHubClient) -> bool:
    """Whether a comment or issue was written by an app, as with a run's token, or by the token's own user.

    GitHub does not tell an app's token which app it is of (`GET /user` is not for them).
    """
    user = item.get("user") or {}
    return user.get("type") == "Bot" or (bool(user) and user.get("login") == client.login())
