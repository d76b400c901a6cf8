"""One comment on a pull request, found again by a marker that readers don't see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from neon_migrate.github.authors import is_ours
from neon_migrate.github.errors import GitHubError, UnclearError

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient

MOST_CHARACTERS = 65_536
"""The longest body that GitHub takes."""

_TRIES = 3


_MARKER = re.compile(r"(?P<what><!-- neon-migrate:\S+) database=(?P<database>\S*) (?P<project>project=\S* -->)")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: `url` is its page, `author` a login."""

    id: int
    body: str
    url: str
    author: str = ""

    @property
    def marker(self) -> str:
        """Its first line."""
        return self.body.partition("\n")[0].rstrip("\r")

    @property
    def text(self) -> str:
        """What follows that."""
        return self.body.partition("\n")[2].lstrip("\n")


def marker(what: str, database: str, project: str) -> str:
    """The first line of a body, an HTML comment; no name in it can end it early.

    database  empty where a step did not come to know it: its comment is then the one of whatever database has it
    """
    return f"<!-- neon-migrate:{what} database={quote(database, safe='')} project={quote(project, safe='')} -->"


def find_comment(client: GitHubClient, number: int, marker: str) -> Comment | None:
    """The oldest comment of ours on pull request `number` that begins with `marker`. Raises GitHubError."""
    return next(iter(_marked(client, number, marker)), None)


def upsert_comment(client: GitHubClient, number: int, marker: str, body: str) -> Comment:
    """Make or replace the one comment with `marker`; `body` has the marker put before it.

    All pages are read. Of several, which runs at the same time can make, the oldest stays: every run looks once more
    after it has written, so that whichever looks last leaves one.
    Raises GitHubError, and ValueError for a body longer than GitHub takes.
    """
    for last in (False,) * (_TRIES - 1) + (True,):
        text = f"{marker}\n{body}"
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"a comment of {len(text)} characters")
        found = find_comment(client, number, marker)
        if found is not None and _names_none(marker):
            marker = found.marker  # the next run that knows its database is to find it again
            text = f"{marker}\n{body}"
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
    """Remove all but the oldest, which is given back; only of the author as who we were just seen to write."""
    others = {one.id: one for one in _marked(client, number, marker) if one.author == written.author}
    oldest, *rest = (found for _, found in sorted({**others, written.id: written}.items()))
    for found in rest:
        client.delete(f"issues/comments/{found.id}")
    return oldest


def _marked(client: GitHubClient, number: int, marker: str) -> list[Comment]:
    """Our comments with the marker, oldest first; also one that names no database, or has to be what `marker` means."""
    every = client.pages(f"issues/{number}/comments")
    items = (item for item in every if _nameless(_comment(item).marker) == _nameless(marker))
    ours = sorted((_comment(item) for item in items if is_ours(item, client)), key=lambda one: one.id)
    found = [one for one in ours if one.marker in (marker, _nameless(marker))]
    if found or not _names_none(marker):
        return found
    return ours if len({one.marker for one in ours}) == 1 else []


def _nameless(marker: str) -> str:
    """The marker without its database."""
    return _MARKER.sub(r"\g<what> database= \g<project>", marker.rstrip("\r"))


def _names_none(marker: str) -> bool:
    return (found := _MARKER.match(marker)) is not None and not found["database"]


def _comment(item: dict[str, Any]) -> Comment:
    return Comment(item["id"], item.get("body") or "", item["html_url"], (item.get("user") or {}).get("login", ""))
