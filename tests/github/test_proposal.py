"""A file as a pull request: opened once, brought up to date, and left alone when there is nothing to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.github.errors import GitHubError
from neon_migrate.github.proposal import Proposal, commit, propose
from tests.github.fake_api import Fault

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient
    from tests.github.fake_api import FakeGitHub

BRANCH, PATH = "neon-migrate-export", "schema/shop.sql"


def _proposal(content: bytes) -> Proposal:
    return Proposal(BRANCH, PATH, content, "The schema of production", "As it is.")


def test_a_new_file_becomes_a_pull_request(github_api: FakeGitHub, client: GitHubClient) -> None:
    """On a branch of its own; the default branch is not written to."""
    url = propose(client, _proposal(b"one\n"))
    assert url == github_api.pulls[0]["html_url"]
    assert github_api.branches[BRANCH] == {"README.md": b"shop", PATH: b"one\n"}
    assert PATH not in github_api.branches["main"]


def test_the_next_run_brings_it_up_to_date(github_api: FakeGitHub, client: GitHubClient) -> None:
    """One pull request; what the default branch got meanwhile is in its branch too."""
    first = propose(client, _proposal(b"one\n"))
    github_api.branches["main"]["new.txt"] = b"new"
    assert propose(client, _proposal(b"two\n")) == first
    assert len(github_api.pulls) == 1
    assert github_api.branches[BRANCH] == {"README.md": b"shop", "new.txt": b"new", PATH: b"two\n"}


def test_what_is_proposed_already_is_not_written_again(github_api: FakeGitHub, client: GitHubClient) -> None:
    """No commit a week for nothing."""
    first = propose(client, _proposal(b"one\n"))
    github_api.requests.clear()
    assert propose(client, _proposal(b"one\n")) == first
    assert all(request.startswith("GET") for request in github_api.requests)


def test_what_the_default_branch_has_is_not_proposed(github_api: FakeGitHub, client: GitHubClient) -> None:
    """A changed file is: as a change of the one that is there."""
    github_api.branches["main"][PATH] = b"one\n"
    assert propose(client, _proposal(b"one\n")) == ""
    assert (github_api.pulls, list(github_api.branches)) == ([], ["main"])
    assert propose(client, _proposal(b"two\n")) != ""


def test_a_pull_request_stays_open_while_it_is_brought_up_to_date(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Its branch is never without a commit of its own: GitHub would close it, with its review."""
    propose(client, _proposal(b"one\n"))
    moved = []

    def look(method: str, path: str) -> None:
        moved.append((method, dict(github_api.branches[BRANCH])))

    github_api.before = look
    propose(client, _proposal(b"two\n"))
    assert [each["state"] for each in github_api.pulls] == ["open"]
    assert all(files != github_api.branches["main"] for _, files in moved)
    assert [method for method, _ in moved].count("PATCH") == 1


def test_one_that_the_default_branch_has_caught_up_with_is_closed(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Whoever merged the file otherwise has nothing left to review; a later change is another pull request."""
    first = propose(client, _proposal(b"one\n"))
    github_api.branches["main"][PATH] = b"two\n"
    assert propose(client, _proposal(b"two\n")) == ""
    assert [each["state"] for each in github_api.pulls] == ["closed"]
    assert propose(client, _proposal(b"one\n")) not in ("", first)


def test_the_next_one_after_a_merge_is_opened(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Its branch is still there, with what main has."""
    propose(client, _proposal(b"one\n"))
    github_api.branches["main"] = dict(github_api.branches[BRANCH])
    github_api.pulls[0]["state"] = "closed"
    assert propose(client, _proposal(b"two\n")) == github_api.pulls[1]["html_url"]


def test_not_being_allowed_to_write_is_explained(github_api: FakeGitHub, client: GitHubClient) -> None:
    """The permission that is missing is named."""
    github_api.faults.append(Fault("POST", 403, "Resource not accessible by integration"))
    with pytest.raises(GitHubError) as raised:
        propose(client, _proposal(b"one\n"))
    assert "contents: write" in raised.value.remedy


def test_a_file_may_be_committed_straight_to_the_default_branch(github_api: FakeGitHub, client: GitHubClient) -> None:
    """One commit on what is there; where the branch has the file so, none."""
    url = commit(client, _proposal(b"one\n"))
    assert url.startswith("https://github.com/octo/shop/commit/")
    assert github_api.branches == {"main": {"README.md": b"shop", PATH: b"one\n"}}
    assert github_api.pulls == []
    assert commit(client, _proposal(b"one\n")) == ""


def test_a_commit_that_is_overtaken_is_made_anew(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Never by force: what somebody else pushed in between is kept."""
    pushed = list[str]()

    def push(method: str, path: str) -> None:
        if method == "PATCH" and not pushed:
            pushed.append(path)
            github_api.branches["main"]["new.txt"] = b"new"

    github_api.before = push
    assert commit(client, _proposal(b"one\n")) != ""
    assert github_api.branches["main"] == {"README.md": b"shop", "new.txt": b"new", PATH: b"one\n"}


@pytest.mark.parametrize("said", ["Changes must be made through a pull request.", "Update is not a fast forward"])
def test_a_branch_that_takes_no_commits_is_explained(github_api: FakeGitHub, client: GitHubClient, said: str) -> None:
    """What GitHub says, and the other way; the branch is as it was."""
    github_api.ruled = said
    with pytest.raises(GitHubError, match="does not let this workflow commit schema/shop") as raised:
        commit(client, _proposal(b"one\n"))
    assert raised.value.why == said
    assert "propose-as" in raised.value.remedy
    assert github_api.branches["main"] == {"README.md": b"shop"}
