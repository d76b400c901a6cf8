"""One issue for drift, the reviewers of an environment, and the pull request behind a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.github.environments import approvers, reviewers
from neon_migrate.github.errors import GitHubError
from neon_migrate.github.issues import close_issue, find_issues, upsert_issue
from neon_migrate.github.pull_requests import Brought, brought, merged_as
from tests.github.fake_api import Fault

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient
    from tests.github.fake_api import FakeGitHub

MARKER = "<!-- neon-migrate:drift -->"


def test_an_issue_is_opened_brought_up_to_date_and_closed(github_api: FakeGitHub, client: GitHubClient) -> None:
    """One issue for as long as the fact lasts; the next time it is a new one."""
    first = upsert_issue(client, MARKER, "Drift", "one difference")
    assert upsert_issue(client, MARKER, "Drift", "two differences").number == first.number
    assert [issue["body"] for issue in github_api.issues] == [f"{MARKER}\ntwo differences"]
    closed = close_issue(client, MARKER, "It is gone.")
    assert closed is not None
    assert (github_api.issues[0]["state"], github_api.comments[1][0]["body"]) == ("closed", "It is gone.")
    assert close_issue(client, MARKER, "It is gone.") is None
    assert upsert_issue(client, MARKER, "Drift", "again").number != first.number


def test_an_issue_that_is_as_it_should_be_is_not_touched(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Nobody is notified every night of the same."""
    upsert_issue(client, MARKER, "Drift", "text")
    github_api.requests.clear()
    upsert_issue(client, MARKER, "Drift", "text")
    assert all(request.startswith("GET") for request in github_api.requests)


def test_of_two_runs_one_issue_stays_open(github_api: FakeGitHub, client: GitHubClient) -> None:
    """The other one's is found afterwards and closed as a duplicate."""
    other = dict[str, str]()

    def another_run(method: str, path: str) -> None:
        if method == "POST" and not other:
            other["made"] = "yes"
            github_api.answer("POST", path, {}, {"title": "Drift", "body": f"{MARKER}\nx", "labels": ["neon-migrate"]})

    github_api.before = another_run
    assert upsert_issue(client, MARKER, "Drift", "text").number == 1
    assert [issue["state"] for issue in github_api.issues] == ["open", "closed"]
    assert github_api.issues[0]["body"] == f"{MARKER}\ntext"


@pytest.mark.parametrize("status", [0, 502])
def test_a_lost_answer_opens_no_second_issue(github_api: FakeGitHub, client: GitHubClient, status: int) -> None:
    """One that was opened though no answer came is found; one that was not is an error, for the next run to open."""
    github_api.faults.append(Fault("POST", status))
    if status:
        with pytest.raises(GitHubError):
            upsert_issue(client, MARKER, "Drift", "text")
        assert github_api.issues == []
    else:
        assert upsert_issue(client, MARKER, "Drift", "text").number == 1
        assert len(github_api.issues) == 1


def test_other_issues_are_not_ours(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Neither with another marker nor from a person."""
    upsert_issue(client, "<!-- neon-migrate:drift other -->", "Drift", "text")
    upsert_issue(client, MARKER, "Drift", "text")
    github_api.issues[1]["user"] |= {"type": "User"}
    github_api.issues[1]["author_association"] = "OWNER"
    assert find_issues(client, MARKER) == []


def test_the_reviewers_of_an_environment(github_api: FakeGitHub, client: GitHubClient) -> None:
    """None where nobody has to approve, and none where GitHub would make the environment without protection."""
    github_api.environments = {"production": ["ann", "bob"], "staging": []}
    assert reviewers(client, "production") == ("ann", "bob")
    assert reviewers(client, "staging") == ()
    assert reviewers(client, "no such/environment") == ()


def test_not_being_allowed_to_ask_is_not_an_answer(github_api: FakeGitHub, client: GitHubClient) -> None:
    """A lacking permission is an error, not an environment without reviewers."""
    github_api.faults.append(Fault("GET", 403, "Resource not accessible by integration"))
    with pytest.raises(GitHubError, match="403"):
        reviewers(client, "production")


def test_who_approved_a_run(github_api: FakeGitHub, client: GitHubClient) -> None:
    """For that environment."""
    github_api.approved["production"] = "octocat"
    assert approvers(client, "99", "production") == ("octocat",)
    assert approvers(client, "99", "Production") == ("octocat",)
    assert approvers(client, "99", "elsewhere") == ()


def test_the_pull_request_behind_a_commit(github_api: FakeGitHub, client: GitHubClient) -> None:
    """None for a commit that was pushed without one."""
    github_api.merged["merge-commit"] = 7
    assert merged_as(client, "merge-commit") == 7
    assert merged_as(client, "other") is None


def test_the_pull_requests_that_brought_files(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Each once, whichever of its commits made or changed a file; commits without one, and open ones, are no matter."""
    github_api.history = {"a.sql": ["third", "first"], "b.sql": ["first", "pushed"], "c.sql": []}
    github_api.merged = {"first": 5, "third": 8}
    assert brought(client, ["a.sql", "b.sql", "c.sql", "unknown.sql"], "head", most=7) == Brought((8, 5))
    assert brought(client, [], "head", most=7) == Brought(())


@pytest.mark.parametrize(
    ("most", "numbers", "untraced"),
    [(6, (8, 5), 0), (5, (8, 5), 1), (4, (8, 5), 2), (3, (8, 5), 2), (2, (8,), 3), (1, (), 3), (0, (), 3)],
)
def test_github_is_asked_so_often_and_no_more(
    github_api: FakeGitHub, client: GitHubClient, most: int, numbers: tuple[int, ...], untraced: int
) -> None:
    """Six questions lead from these files to all pull requests; files that fewer do not reach are counted."""
    github_api.history = {"a.sql": ["third", "first"], "b.sql": ["first", "pushed"], "c.sql": []}
    github_api.merged = {"first": 5, "third": 8}
    assert brought(client, ["a.sql", "b.sql", "c.sql"], "head", most=most) == Brought(numbers, untraced)
    assert len(github_api.requests) <= most


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_history_that_github_does_not_have(github_api: FakeGitHub, client: GitHubClient, status: int) -> None:
    """A commit that was not pushed, an empty repository: there is no pull request."""
    github_api.faults.append(Fault("GET", status))
    assert brought(client, ["a.sql"], "head", most=7) == Brought(())
    github_api.faults.append(Fault("GET", status))
    assert merged_as(client, "head") is None


def test_a_history_that_may_not_be_read_is_an_error(github_api: FakeGitHub, client: GitHubClient) -> None:
    """A lacking permission is not the answer that there is no pull request."""
    github_api.faults.append(Fault("GET", 403))
    with pytest.raises(GitHubError, match="403"):
        brought(client, ["a.sql"], "head", most=7)
