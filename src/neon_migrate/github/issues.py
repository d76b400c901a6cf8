"""One issue for one ongoing fact, such as drift: opened, kept up to date, closed when the fact is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neon_migrate.github.authors import is_ours
from neon_migrate.github.errors import UnclearError

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient

LABEL = "neon-migrate"
"""Ours carry it, so that only they are read. GitHub makes it when it is first used."""


@dataclass(frozen=True, slots=True)
class Issue:
    """An open issue: `url` is its page."""

    number: int
    title: str
    body: str
    url: str


def find_issues(client: GitHubClient, marker: str) -> list[Issue]:
    """Our open issues that begin with `marker`, oldest first. Raises GitHubError."""
    every = client.pages("issues", state="open", labels=LABEL)
    marked = (each for each in every if "pull_request" not in each and (each.get("body") or "").startswith(marker))
    found = [_issue(item) for item in marked if is_ours(item, client)]
    return sorted(found, key=lambda issue: issue.number)


def upsert_issue(client: GitHubClient, marker: str, title: str, body: str) -> Issue:
    """Open the issue, or bring it up to date; of several, the oldest stays open. Raises GitHubError."""
    text = f"{marker}\n{body}"
    found = {issue.number: issue for issue in find_issues(client, marker) or [_open(client, marker, title, text)]}
    found |= {issue.number: issue for issue in find_issues(client, marker)}
    oldest, *rest = (issue for _, issue in sorted(found.items()))
    for issue in rest:
        _close(client, issue, "duplicate")
    if (oldest.title, oldest.body) == (title, text):
        return oldest
    return _issue(client.patch(f"issues/{oldest.number}", {"title": title, "body": text}))


def close_issue(client: GitHubClient, marker: str, why: str) -> Issue | None:
    """Close the issue with a comment that says why; None where none is open. Raises GitHubError."""
    found = find_issues(client, marker)
    for issue in found:
        client.post(f"issues/{issue.number}/comments", {"body": why})
        _close(client, issue, "completed")
    return found[0] if found else None


def _open(client: GitHubClient, marker: str, title: str, text: str) -> Issue:
    try:
        return _issue(client.post("issues", {"title": title, "body": text, "labels": [LABEL]}))
    except UnclearError:
        if found := find_issues(client, marker):
            return found[0]
        raise


def _close(client: GitHubClient, issue: Issue, reason: str) -> None:
    client.patch(f"issues/{issue.number}", {"state": "closed", "state_reason": reason})


def _issue(item: dict[str, Any]) -> Issue:
    return Issue(item["number"], item["title"], item.get("body") or "", item["html_url"])
