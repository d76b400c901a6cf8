"""One comment on a pull request, found again by a marker that readers don't see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from neon_migrate.github.authors import trusted
from neon_migrate.github.errors import GitHubError, UnclearError

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient

MOST_CHARACTERS = 65_536
"""The longest body that GitHub takes."""

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: `url` is its page."""

    id: int
    body: str
    url: str


def marker(what: str, database: str, project: str) -> str:
    """The first line of a body, an HTML comment; no name in it can end it early."""
    return f"<!-- neon-migrate:{what} database={quote(database, safe='')} project={quote(project, safe='')} -->"


def find_comment(client: GitHubClient, number: int, marker: str) -> Comment | None:
    """The oldest comment of pull request `number` that begins with `marker`. Raises GitHubError."""
    return next(iter(_marked(client, number, marker)), None)


def upsert_comment(client: GitHubClient, number: int, marker: str, body: str) -> Comment:
    """Make or replace the one comment with `marker`; `body` has the marker put before it.

    All pages are read. Of several, which runs at the same time can make, the oldest stays: every run looks once more
    after it has written, so that whichever looks last leaves one.
    Raises GitHubError, and ValueError for a body longer than GitHub takes.
    """
    text = f"{marker}\n{body}"
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"a comment of {len(text)} characters")
    for last in (False,) * (_TRIES - 1) + (True,):
        found = find_comment(client, number, marker)
        try:
            written = _write(client, number, found, text)
        except UnclearError:
            if last:
                raise
            continue  # it may be there: look
        except GitHubError as error:
            if last or found is None or error.status != 404:
                raise
            continue  # another run removed it between looking and writing
        kept = _settle(client, number, marker, written)
        if kept.id == written.id or kept.body == text:
            return kept
        if last:
            return _write(client, number, kept, text)
    raise AssertionError("the last try returns or raises")


def _write(client: GitHubClient, number: int, found: Comment | None, text: str) -> Comment:
    if found is None:
        return _comment(client.post(f"issues/{number}/comments", {"body": text}))
    if found.body == text:
        return found
    return _comment(client.patch(f"issues/comments/{found.id}", {"body": text}))


def _settle(client: GitHubClient, number: int, marker: str, written: Comment) -> Comment:
    """Remove all but the oldest, which is given back."""
    others = {found.id: found for found in _marked(client, number, marker)}
    oldest, *rest = (found for _, found in sorted({**others, written.id: written}.items()))
    for found in rest:
        client.delete(f"issues/comments/{found.id}")
    return oldest


def _marked(client: GitHubClient, number: int, marker: str) -> list[Comment]:
    """Our comments with the marker, oldest first."""
    every = client.pages(f"issues/{number}/comments")
    found = [_comment(item) for item in every if (item.get("body") or "").startswith(marker) and trusted(item)]
    return sorted(found, key=lambda comment: comment.id)


def _comment(item: dict[str, Any]) -> Comment:
    return Comment(item["id"], item.get("body") or "", item["html_url"])
