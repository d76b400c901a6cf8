"""Whose texts are taken for ours: anybody may write on a public repository, with any marker."""

from __future__ import annotations

from typing import Any

_TRUSTED = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


def trusted(item: dict[str, Any]) -> bool:
    """Whether a comment or issue was written by an app, as a workflow's token does, or by one of the team."""
    return (item.get("user") or {}).get("type") == "Bot" or item.get("author_association") in _TRUSTED
