"""The client's one policy for pages, retries and rate limits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import UsageError
from neon_migrate.github.client import GitHubClient, client_of
from neon_migrate.github.errors import GitHubError, UnclearError
from neon_migrate.github.event import read_event
from tests.github.fake_api import REPOSITORY, TOKEN, Fault

if TYPE_CHECKING:
    from tests.github.fake_api import FakeGitHub


def test_all_pages_of_a_list_are_read(github_api: FakeGitHub, client: GitHubClient) -> None:
    """250 comments come in three pages of at most 100."""
    for number in range(250):
        github_api.add_comment(7, f"remark {number}")
    assert [each["body"] for each in client.pages("issues/7/comments")] == [f"remark {each}" for each in range(250)]
    assert len(github_api.requests) == 3


def test_a_next_page_elsewhere_does_not_get_the_token(github_api: FakeGitHub, client: GitHubClient) -> None:
    """A Link header that leads to another host is an error."""
    for _ in range(101):
        github_api.add_comment(7, "remark")
    github_api.url = "http://elsewhere.example"
    with pytest.raises(GitHubError, match="another host"):
        list(client.pages("issues/7/comments"))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_reading_is_tried_again_when_github_fails(
    github_api: FakeGitHub, client: GitHubClient, pauses: list[float], status: int
) -> None:
    """With growing pauses."""
    github_api.faults += [Fault("GET", status), Fault("GET", status)]
    assert client.get("issues/7/comments") == []
    assert pauses == [1.0, 2.0]


def test_reading_is_tried_again_when_the_answer_is_lost(github_api: FakeGitHub, client: GitHubClient) -> None:
    """A cut connection is met by asking again."""
    github_api.faults.append(Fault("GET", 0))
    assert client.get("issues/7/comments") == []


@pytest.mark.parametrize("status", [0, 502])
def test_making_something_is_never_just_tried_again(github_api: FakeGitHub, client: GitHubClient, status: int) -> None:
    """It may have been made; the error says that it is not clear."""
    github_api.faults.append(Fault("POST", status))
    with pytest.raises(UnclearError):
        client.post("issues/7/comments", {"body": "once"})
    assert github_api.requests == [f"POST /repos/{REPOSITORY}/issues/7/comments"]


def test_a_rate_limit_is_waited_for(github_api: FakeGitHub, client: GitHubClient, pauses: list[float]) -> None:
    """`Retry-After`, or when the limit is reset; what was refused was not carried out, so POST waits too."""
    reset = str(int(time.time()) + 50)
    github_api.faults += [
        Fault("POST", 429, headers={"Retry-After": "7"}),
        Fault("POST", 403, "API rate limit exceeded", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}),
    ]
    client.post("issues/7/comments", {"body": "once"})
    assert len(github_api.comments[7]) == 1
    assert pauses[0] == 7.0
    assert 10 < pauses[1] <= 50


def test_a_rate_limit_of_an_hour_is_not_waited_for(
    github_api: FakeGitHub, client: GitHubClient, pauses: list[float]
) -> None:
    """A runner that sleeps for an hour is paid for."""
    github_api.faults.append(Fault("GET", 429, headers={"Retry-After": "3600"}))
    with pytest.raises(GitHubError) as raised:
        client.get("issues/7/comments")
    assert raised.value.status == 429
    assert pauses == []


def test_a_lacking_permission_is_explained(github_api: FakeGitHub, client: GitHubClient) -> None:
    """403 without a rate limit is not tried again, and names the permissions."""
    github_api.faults.append(Fault("POST", 403, "Resource not accessible by integration"))
    with pytest.raises(GitHubError, match="Resource not accessible by integration") as raised:
        client.post("issues/7/comments", {"body": "no"})
    assert "pull-requests: write" in raised.value.remedy


def test_removing_what_is_gone_is_no_error(client: GitHubClient) -> None:
    """404 of a DELETE is what was wanted."""
    client.delete("issues/comments/12345")


def test_the_token_is_in_no_error(github_api: FakeGitHub) -> None:
    """Neither of a refused request nor of one without an answer."""
    for token, url in (("ghs_wrong", github_api.url), (TOKEN, "http://127.0.0.1:9")):
        with (
            GitHubClient(token, REPOSITORY, api_url=url, sleep=lambda seconds: None) as client,
            pytest.raises(GitHubError) as raised,
        ):
            client.get("issues/7/comments")
        error = raised.value
        assert "ghs_" not in f"{error}{error.args}{error.__cause__}{vars(error)}"


def test_without_a_token_there_is_no_client() -> None:
    """The error says what to write into the workflow."""
    event = read_event({"GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": REPOSITORY})
    with pytest.raises(UsageError, match="GITHUB_TOKEN"):
        client_of(event, "")


def test_a_token_with_a_line_break_at_its_end_is_one(github_api: FakeGitHub) -> None:
    """A secret is easily pasted with it."""
    environment = {"GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": github_api.url}
    event = read_event(environment)
    with client_of(event, f" {TOKEN}\n") as client:
        assert client.get("issues/7/comments") == []


@pytest.mark.parametrize("token", [f"{TOKEN}\nand more", f"{TOKEN}é", f"{TOKEN} {TOKEN}"])
def test_what_cannot_be_a_token_is_refused_and_not_quoted(token: str) -> None:
    """httpx would quote the header that it can't send."""
    with pytest.raises(UsageError) as refused:
        GitHubClient(token, REPOSITORY)
    assert TOKEN not in str(refused.value)


def test_a_header_that_cannot_be_sent_is_not_quoted(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Whatever put it there."""
    client._http.headers["Authorization"] = f"Bearer {TOKEN}\n"
    with pytest.raises(GitHubError, match="LocalProtocolError") as refused:
        client.get("issues/7/comments")
    assert TOKEN not in str(refused.value)
