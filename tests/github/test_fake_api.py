"""The stand-in is held to GitHub's document: what it should not take or give, it is caught at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.github.client import GitHubClient
from neon_migrate.github.errors import GitHubError
from tests.github.fake_api import REPOSITORY, TOKEN, FakeGitHub, Fault, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openapi import Contract
    from tests.github.fake_api import Document


@pytest.fixture
def unguarded(github_document: Document, github_contract: Contract) -> Iterator[FakeGitHub]:
    """A fake whose breaches the test looks at itself."""
    with serve(github_document, github_contract) as github:
        yield github


@pytest.fixture
def asking(unguarded: FakeGitHub) -> Iterator[GitHubClient]:
    with GitHubClient(TOKEN, REPOSITORY, api_url=unguarded.url, sleep=lambda seconds: None) as made:
        yield made


def test_an_answer_outside_the_document_is_a_breach(unguarded: FakeGitHub, asking: GitHubClient) -> None:
    """A comment whose id is a text, one without its user, and one with a member of our own are noticed."""

    def spoil(body: Any) -> Any:
        return [{**each, "id": "seven"} for each in body]

    unguarded.add_comment(7, "hello")
    unguarded.spoil = spoil
    with pytest.raises(GitHubError):
        asking.get("issues/7/comments")
    unguarded.spoil = lambda body: [{name: value for name, value in each.items() if name != "user"} for each in body]
    with pytest.raises(GitHubError):
        asking.get("issues/7/comments")
    assert [
        "'seven' is not of type 'integer'" in unguarded.contract.breaches[0],
        "'user'" in unguarded.contract.breaches[1],
    ] == [True] * 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "issues/7/comments", {"text": "no such member"}),
        ("post", "issues/7/comments", {"body": 7}),
        ("post", "issues", {"body": "no title"}),
        ("patch", "issues/1", {"state": "gone"}),
        ("post", "issues/7/remarks", {"body": "no such path"}),
        ("get", "issues?sorted=yes", None),
        ("get", "issues/seven/comments", None),
    ],
)
def test_a_request_outside_the_document_is_a_breach(
    unguarded: FakeGitHub, asking: GitHubClient, method: str, path: str, body: Any
) -> None:
    """Neither carried out nor passed over: the fixture of all other tests fails on it."""
    with pytest.raises(GitHubError):
        getattr(asking, method)(path, *([] if body is None else [body]))
    assert len(unguarded.contract.breaches) == 1
    assert unguarded.comments == {}
    assert unguarded.issues == []


def test_a_fault_hides_no_breach(unguarded: FakeGitHub, asking: GitHubClient) -> None:
    """Neither of a request that is refused, nor of the refusal."""
    unguarded.faults.append(Fault("POST", 403, "no"))
    with pytest.raises(GitHubError):
        asking.post("issues/7/comments", {"text": "no such member"})
    unguarded.faults.append(Fault("POST", 403, "no"))
    unguarded.spoil = lambda body: {"message": 7}
    with pytest.raises(GitHubError):
        asking.post("issues/7/comments", {"body": "text"})
    assert len(unguarded.contract.breaches) == 2
    assert "7 is not of type 'string'" in unguarded.contract.breaches[1]
