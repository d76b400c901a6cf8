"""A change to one file: as a pull request of a branch of ours, which each run brings up to date, or as a commit."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from neon_migrate.github.errors import GitHubError

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient


_TRIES = 3
_OVERTAKEN = "not a fast forward"
"""What GitHub says (422) where the branch has a commit that the new one does not follow."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A file as it should be.

    branch   ours alone: it is one commit on the default branch
    path     of the file, from the repository's top
    title    of the commit and the pull request
    """

    branch: str
    path: str
    content: bytes
    title: str
    body: str


def propose(client: GitHubClient, proposal: Proposal) -> str:
    """Open the pull request, or bring it up to date; its page.

    Where the default branch has the file so, an open one is closed, and the page is empty.

    Raises GitHubError: the job lacks `contents: write` or `pull-requests: write`, or the repository does not let
    workflows open pull requests.
    """
    base = client.get("")["default_branch"]
    wanted, found = _blob(proposal.content), _open(client, proposal, base)
    if _file(client, proposal.path, base) == wanted:
        if found is not None:
            client.patch(f"pulls/{found['number']}", {"state": "closed"})
        return ""
    if found is not None and _file(client, proposal.path, proposal.branch) == wanted:
        return str(found["html_url"])
    _point(client, proposal.branch, str(_commit(client, proposal, base)["sha"]))
    if found is None:
        body = {"title": proposal.title, "head": proposal.branch, "base": base, "body": proposal.body}
        found = client.post("pulls", body)
    return str(found["html_url"])


def commit(client: GitHubClient, proposal: Proposal) -> str:
    """Commit the file to the default branch; the commit's page, or nothing where the branch has the file so.

    Raises GitHubError: the job lacks `contents: write`, or a rule of the repository lets no workflow push there.
    """
    base = client.get("")["default_branch"]
    for last in (False,) * (_TRIES - 1) + (True,):
        if _file(client, proposal.path, base) == _blob(proposal.content):
            return ""
        made = _commit(client, proposal, base)
        try:
            client.patch(f"git/refs/{quote(f'heads/{base}', safe='')}", {"sha": made["sha"], "force": False})
        except GitHubError as error:
            if error.status == 422 and _OVERTAKEN in error.why.lower() and not last:
                continue  # somebody else's commit came in between
            if error.status in (409, 422):
                raise _not_let(base, proposal, error) from None
            raise
        return str(made["html_url"])
    raise AssertionError("the last try returns or raises")


def _not_let(base: str, proposal: Proposal, error: GitHubError) -> GitHubError:
    return GitHubError(
        f"GitHub does not let this workflow commit {proposal.path} to {base}",
        status=error.status,
        why=error.why,
        remedy=f"Let the rules of {base} except GitHub Actions (Settings, Rules), or have a pull request made of it: "
        "propose-as in place of commit-as.",
    )


def _open(client: GitHubClient, proposal: Proposal, base: str) -> Any:
    """The open pull request of the proposal's branch; None where there is none."""
    owner = client.repository.partition("/")[0]
    return next(client.pages("pulls", state="open", head=f"{owner}:{proposal.branch}", base=base), None)


def _commit(client: GitHubClient, proposal: Proposal, base: str) -> Any:
    """Make the commit on the default branch as it is now; no branch points to it yet."""
    head = client.get(f"git/ref/{quote(f'heads/{base}', safe='')}")["object"]["sha"]
    content = {"content": b64encode(proposal.content).decode(), "encoding": "base64"}
    blob = client.post("git/blobs", content)["sha"]
    entry = {"path": proposal.path, "mode": "100644", "type": "blob", "sha": blob}
    base_tree = client.get(f"git/commits/{head}")["tree"]["sha"]
    tree = client.post("git/trees", {"base_tree": base_tree, "tree": [entry]})["sha"]
    return client.post("git/commits", {"message": proposal.title, "tree": tree, "parents": [head]})


def _point(client: GitHubClient, branch: str, commit: str) -> None:
    """Let the branch be at the commit, in one step: GitHub closes the pull request of one that has nothing ahead."""
    if _found(client, f"git/ref/{quote(f'heads/{branch}', safe='')}") is None:
        client.post("git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})
    else:
        client.patch(f"git/refs/{quote(f'heads/{branch}', safe='')}", {"sha": commit, "force": True})


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
