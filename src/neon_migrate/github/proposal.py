"""A change to one file as a pull request of a branch of ours, which each run brings up to date."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from neon_migrate.github.errors import GitHubError

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient


@dataclass(frozen=True, slots=True)
class Proposal:
    """A file as it should be.

    branch   ours alone: it is set back to the default branch before it is written to
    path     of the file, from the repository's top
    title    of the commit and the pull request
    """

    branch: str
    path: str
    content: bytes
    title: str
    body: str


def propose(client: GitHubClient, proposal: Proposal) -> str:
    """Open the pull request, or bring it up to date; its page, empty where the default branch has the file so.

    Raises GitHubError: the job lacks `contents: write` or `pull-requests: write`, or the repository does not let
    workflows open pull requests.
    """
    base = client.get("")["default_branch"]
    wanted = _blob(proposal.content)
    there = _file(client, proposal.path, base)
    if there == wanted:
        return ""
    if _file(client, proposal.path, proposal.branch) != wanted:
        _reset(client, proposal.branch, base)
        body = {
            "message": proposal.title,
            "content": b64encode(proposal.content).decode(),
            "branch": proposal.branch,
            **({"sha": there} if there else {}),
        }
        client.put(f"contents/{quote(proposal.path, safe='')}", body)
    return _pull_request(client, proposal, base)


def _pull_request(client: GitHubClient, proposal: Proposal, base: str) -> str:
    owner = client.repository.partition("/")[0]
    found = next(client.pages("pulls", state="open", head=f"{owner}:{proposal.branch}", base=base), None)
    if found is None:
        body = {"title": proposal.title, "head": proposal.branch, "base": base, "body": proposal.body}
        found = client.post("pulls", body)
    return str(found["html_url"])


def _reset(client: GitHubClient, branch: str, base: str) -> None:
    """Let the branch begin where the default branch is now."""
    head = client.get(f"git/ref/{quote(f'heads/{base}', safe='')}")["object"]["sha"]
    if _found(client, f"git/ref/{quote(f'heads/{branch}', safe='')}") is None:
        client.post("git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
    else:
        client.patch(f"git/refs/{quote(f'heads/{branch}', safe='')}", {"sha": head, "force": True})


def _file(client: GitHubClient, path: str, branch: str) -> str:
    """The file's blob on a branch, by git's name for it; empty where there is none."""
    found = _found(client, f"contents/{quote(path, safe='')}", ref=branch)
    return str(found["sha"]) if isinstance(found, dict) else ""


def _found(client: GitHubClient, path: str, **query: str) -> Any:
    try:
        return client.get(path, **query)
    except GitHubError as error:
        if error.status == 404:
            return None
        raise


def _blob(content: bytes) -> str:
    """Git's name for a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
