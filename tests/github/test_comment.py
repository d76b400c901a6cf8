"""One comment per pull request, database and project, whatever runs at the same time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from neon_migrate.github.client import GitHubClient
from neon_migrate.github.comment import MOST_CHARACTERS, find_comment, marker, upsert_comment
from tests.github.fake_api import BOT, REPOSITORY, TOKEN, Fault

if TYPE_CHECKING:
    from tests.github.fake_api import FakeGitHub

MARKER = marker("report", "shop on ep-one", "quiet-sea-1")


def test_a_comment_among_300_is_found_and_replaced(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Whichever page it is on."""
    for place in range(300):
        github_api.add_comment(7, "remark")
        if place == 270:
            own = github_api.add_comment(7, f"{MARKER}\nold", BOT)
    assert upsert_comment(client, 7, MARKER, "new").id == own
    assert github_api.bodies(7) == [f"{MARKER}\nnew"]
    assert len(github_api.comments[7]) == 301


def test_a_first_comment_behind_300_others_is_made_once(github_api: FakeGitHub, client: GitHubClient) -> None:
    """The rerun replaces it."""
    for _ in range(300):
        github_api.add_comment(7, "remark")
    first = upsert_comment(client, 7, MARKER, "one")
    second = upsert_comment(client, 7, MARKER, "two")
    assert first.id == second.id
    assert github_api.bodies(7) == [f"{MARKER}\ntwo"]


def test_each_database_and_project_has_its_own(github_api: FakeGitHub, client: GitHubClient) -> None:
    """And no name can end the marker."""
    for database, project in (("a", "p"), ("a", "q"), ("b", "p"), ("--> <b>", "-->")):
        upsert_comment(client, 7, marker("report", database, project), "text")
    bodies = github_api.bodies(7)
    assert len(set(bodies)) == 4
    assert all(body.split("\n")[0].count("-->") == 1 and body.split("\n")[0].endswith("-->") for body in bodies)


def test_concurrent_runs_leave_one_comment(github_api: FakeGitHub) -> None:
    """Eight runs that all see none at first: one stays, and it is one of theirs."""
    together = threading.Barrier(8)

    def run(number: int) -> None:
        with GitHubClient(TOKEN, REPOSITORY, api_url=github_api.url, sleep=lambda seconds: None) as client:
            together.wait()
            upsert_comment(client, 7, MARKER, f"run {number}")

    runs = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    (body,) = github_api.bodies(7)
    assert body.startswith(f"{MARKER}\nrun ")


def test_of_two_made_at_the_same_time_the_oldest_stays_with_the_last_text(
    github_api: FakeGitHub, client: GitHubClient
) -> None:
    """Another run's comment comes in between looking and writing."""
    others: list[int] = []

    def another_run(method: str, path: str) -> None:
        if method == "POST" and not others:
            others.append(github_api.add_comment(7, f"{MARKER}\ntheirs", BOT))

    github_api.before = another_run
    kept = upsert_comment(client, 7, MARKER, "ours")
    assert [kept.id] == others
    assert github_api.bodies(7) == [f"{MARKER}\nours"]


def test_duplicates_of_earlier_runs_are_removed(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Whatever left them."""
    oldest = github_api.add_comment(7, f"{MARKER}\none", BOT)
    for _ in range(3):
        github_api.add_comment(7, f"{MARKER}\nmore", BOT)
    assert upsert_comment(client, 7, MARKER, "text").id == oldest
    assert github_api.bodies(7) == [f"{MARKER}\ntext"]


def test_one_that_goes_while_it_is_replaced_is_made_anew(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Another run removed it between looking and writing."""
    github_api.add_comment(7, f"{MARKER}\nold", BOT)

    def another_run(method: str, path: str) -> None:
        if method == "PATCH":
            github_api.comments[7].clear()

    github_api.before = another_run
    upsert_comment(client, 7, MARKER, "new")
    assert github_api.bodies(7) == [f"{MARKER}\nnew"]


@pytest.mark.parametrize("status", [0, 502])
def test_a_lost_answer_makes_no_second_comment(github_api: FakeGitHub, client: GitHubClient, status: int) -> None:
    """Whether it was made (the connection was cut) or not (a gateway failed) is looked up."""
    github_api.faults.append(Fault("POST", status))
    upsert_comment(client, 7, MARKER, "text")
    assert github_api.bodies(7) == [f"{MARKER}\ntext"]


def test_a_strangers_comment_with_our_marker_is_left_alone(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Anybody may comment on a public pull request."""
    stranger = github_api.add_comment(7, f"{MARKER}\nI am the report", association="NONE")
    own = upsert_comment(client, 7, MARKER, "text")
    assert own.id != stranger
    assert github_api.bodies(7) == [f"{MARKER}\nI am the report", f"{MARKER}\ntext"]


@pytest.mark.parametrize("association", ["OWNER", "MEMBER", "COLLABORATOR"])
def test_a_team_members_comment_is_left_alone(github_api: FakeGitHub, client: GitHubClient, association: str) -> None:
    """Whoever copies our comment with its marker keeps what they wrote, whether it is older than ours or not."""
    copied = f"{MARKER}\nas the report said"
    github_api.add_comment(7, copied, association=association)
    upsert_comment(client, 7, MARKER, "one")
    github_api.add_comment(7, copied, association=association)
    upsert_comment(client, 7, MARKER, "two")
    assert github_api.bodies(7) == [copied, f"{MARKER}\ntwo", copied]


def test_with_a_users_token_the_users_comment_is_ours(github_api: FakeGitHub, client: GitHubClient) -> None:
    """And nobody else's."""
    github_api.user = "octocat"
    other = github_api.add_comment(7, f"{MARKER}\ntheirs", {"login": "hubot", "type": "User"}, "MEMBER")
    own = upsert_comment(client, 7, MARKER, "one")
    assert own.id != other
    assert upsert_comment(client, 7, MARKER, "two").id == own.id
    assert github_api.bodies(7) == [f"{MARKER}\ntheirs", f"{MARKER}\ntwo"]


@pytest.mark.parametrize("status", [401, 404, 503])
def test_a_copied_comment_keeps_ours_from_nobody(github_api: FakeGitHub, client: GitHubClient, status: int) -> None:
    """Whose token it is only tells whose the copy is: where GitHub does not say, it is not ours."""
    copied = github_api.add_comment(7, f"{MARKER}\nas the report said", association="MEMBER")
    github_api.before = lambda method, path: github_api.faults.append(Fault("GET", status)) if path == "/user" else None
    own = upsert_comment(client, 7, MARKER, "one")
    assert own.id != copied
    assert github_api.bodies(7) == [f"{MARKER}\nas the report said", f"{MARKER}\none"]


def test_another_apps_comment_is_not_removed(github_api: FakeGitHub, client: GitHubClient) -> None:
    """That we did not write it is seen by who wrote what we wrote."""
    own = upsert_comment(client, 7, MARKER, "one")
    github_api.add_comment(7, f"{MARKER}\nmirrored", {"login": "mirror[bot]", "type": "Bot"})
    assert upsert_comment(client, 7, MARKER, "two").id == own.id
    assert github_api.bodies(7) == [f"{MARKER}\ntwo", f"{MARKER}\nmirrored"]


def test_a_step_that_knows_no_database_writes_into_the_comment_that_is_there(
    github_api: FakeGitHub, client: GitHubClient
) -> None:
    """Which is the same one again for those that know it; where there are two, neither is taken for it."""
    unknown = marker("report", "", "quiet-sea-1")
    first = upsert_comment(client, 7, unknown, "no URL")
    assert upsert_comment(client, 7, MARKER, "in order").id == first.id
    assert upsert_comment(client, 7, unknown, "no URL").id == first.id
    assert github_api.bodies(7) == [f"{MARKER}\nno URL"]
    upsert_comment(client, 7, marker("report", "other on ep-two", "quiet-sea-1"), "in order")
    upsert_comment(client, 7, unknown, "no URL again")
    assert [body.partition("\n")[2] for body in github_api.bodies(7)] == ["no URL", "in order", "no URL again"]


def test_a_marker_that_somebody_quotes_is_not_ours(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Only a comment that begins with it."""
    github_api.add_comment(7, f"> {MARKER}\nwhat is this?", association="OWNER")
    assert find_comment(client, 7, MARKER) is None


def test_a_body_longer_than_github_takes_is_not_sent(github_api: FakeGitHub, client: GitHubClient) -> None:
    """Cutting it is its writer's business, who knows what can go."""
    with pytest.raises(ValueError, match="characters"):
        upsert_comment(client, 7, MARKER, "x" * MOST_CHARACTERS)
    assert github_api.requests == []
