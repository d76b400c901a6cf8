"""The client of Neon's API: its retries, what it never sends twice, and the errors it gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from neon.fake_api import KEY, PROJECT
from neon_migrate.errors import ExitCode, UsageError
from neon_migrate.events import CredentialsReceived, Event
from neon_migrate.neon.answers import BACKOFF_CAP_S, Backoff, refusal
from neon_migrate.neon.client import NeonClient, access
from neon_migrate.neon.errors import (
    NeonAmbiguousError,
    NeonApiError,
    NeonBusyError,
    NeonCapacityError,
    NeonConflictError,
    NeonCredentialError,
    NeonNotFoundError,
    NeonNotReadyError,
    NeonOperationError,
    NeonPasswordError,
    NeonServerError,
    NeonUnreachableError,
)
from neon_migrate.neon.messages import part
from neon_migrate.neon.model import Branch, NewBranch, Operation
from neon_migrate.neon.transport import BASE_URL
from secure_server import free_port

if TYPE_CHECKING:
    from neon.fake_api import FakeNeon

BRANCHES = f"/projects/{PROJECT}/branches"


def _new(fake: FakeNeon, name: str = "pr-7") -> NewBranch:
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    return NewBranch(name, fake.production.id, expires_at, {"created-by": "neon-migrate", "attempt": name})


def _sent(fake: FakeNeon, method: str) -> int:
    return sum(request.startswith(f"{method} ") for request in fake.requests)


@pytest.mark.parametrize("status", [423, 429, 503])
def test_busy_is_waited_out_for_reading_and_for_changes(neon_api: FakeNeon, client: NeonClient, status: int) -> None:
    """423, 429 and 503 say that nothing was done: any request is sent again until it is let in."""
    neon_api.fail("GET", ".*", status=status, times=5)
    neon_api.fail("POST", ".*", status=status, times=5)
    assert client.project(PROJECT).id == PROJECT
    made = client.create_branch(PROJECT, _new(neon_api))
    assert made.current_state == "ready"
    assert [branch.name for branch in neon_api.branches.values()] == ["main", "pr-7"]


def test_a_branch_that_is_not_ready_yet_is_asked_for_again(neon_api: FakeNeon, client: NeonClient) -> None:
    """422 `branch not ready yet` passes by itself."""
    neon_api.fail("GET", ".*connection_uri", status=422, message="branch not ready yet", times=3)
    uri = client.connection_uri(PROJECT, neon_api.production.id, database=neon_api.database, role="postgres")
    assert uri == neon_api.production_url


@pytest.mark.parametrize("how", [{"status": 0}, {"status": 500}, {"status": 524, "html": True}])
def test_reading_is_sent_again_after_a_failure(neon_api: FakeNeon, client: NeonClient, how: dict[str, int]) -> None:
    """A cut connection, a failure of the server and a proxy's time-out in HTML: three more attempts, then the error."""
    neon_api.fail("GET", ".*", times=3, **how)
    assert client.project(PROJECT).pg_version == neon_api.pg_version
    neon_api.fail("GET", ".*", times=4, **how)
    with pytest.raises((NeonUnreachableError, NeonServerError)):
        client.project(PROJECT)
    assert _sent(neon_api, "GET") == 8


@pytest.mark.parametrize("how", [{"status": 0}, {"status": 500}, {"status": 524, "html": True}])
def test_a_creation_whose_answer_was_lost_is_looked_up(
    neon_api: FakeNeon, client: NeonClient, how: dict[str, int]
) -> None:
    """The branch was made and the answer lost: it is found by name and annotation, and the POST goes out once."""
    neon_api.fail("POST", BRANCHES, done=True, **how)
    made = client.create_branch(PROJECT, _new(neon_api))
    assert made.name == "pr-7"
    assert _sent(neon_api, "POST") == 1


def test_a_creation_that_got_lost_itself_is_not_sent_again(neon_api: FakeNeon, client: NeonClient) -> None:
    """Where looking does not find the branch the run ends, and says that nothing was sent twice."""
    neon_api.fail("POST", BRANCHES)
    with pytest.raises(NeonAmbiguousError) as raised:
        client.create_branch(PROJECT, _new(neon_api))
    assert _sent(neon_api, "POST") == 1
    assert "Run the same command again" in raised.value.remedy


def test_anothers_branch_of_the_name_is_not_taken_for_the_lost_one(neon_api: FakeNeon, client: NeonClient) -> None:
    """Only a branch with the very annotation that was sent counts as the one that was made."""
    neon_api.add_branch("pr-7", annotation={"created-by": "neon-migrate", "attempt": "another"})
    neon_api.fail("POST", BRANCHES)
    with pytest.raises(NeonAmbiguousError):
        client.create_branch(PROJECT, _new(neon_api))


def test_what_never_reached_the_server_is_sent_again() -> None:
    """A refused connection carried no request, so that even a POST may go out again; in the end it is unreachable."""
    client = NeonClient(KEY, base_url=f"http://127.0.0.1:{free_port()}", sleep=lambda seconds: None)
    told = []
    backoff = Backoff(safe=False, patience_s=1, waiting=told.append)
    with pytest.raises(NeonUnreachableError) as raised:
        client.delete_branch("p", "br-1")
    assert raised.value.exit_code is ExitCode.UNREACHABLE
    assert [backoff(raised.value) is not False for _ in range(4)] == [True, True, True, False]


def test_a_removal_whose_answer_was_lost_is_looked_up(neon_api: FakeNeon, client: NeonClient) -> None:
    """A branch that is not there any more was removed; so is one that Neon says 204 of."""
    neon_api.polls = 0
    made = client.create_branch(PROJECT, _new(neon_api))
    neon_api.fail("DELETE", ".*", done=True)
    client.delete_branch(PROJECT, made.id)
    client.delete_branch(PROJECT, made.id)
    assert neon_api.named("pr-7") is None
    assert _sent(neon_api, "DELETE") == 2


def test_more_than_a_hundred_branches_are_read_to_the_last(neon_api: FakeNeon, client: NeonClient) -> None:
    """Pages hold a hundred; the branch wanted stands on the third, behind others whose names contain its own."""
    for number in range(230):
        neon_api.add_branch(f"pr-7-{number}")
    wanted = neon_api.add_branch("pr-7", annotation={"created-by": "neon-migrate"})
    assert len(client.branches(PROJECT)) == 232
    found = client.branch_named(PROJECT, "pr-7")
    assert found is not None
    assert (found.id, found.ours) == (wanted.id, True)
    assert client.branch_named(PROJECT, "pr-") is None


def test_operations_are_waited_for(neon_api: FakeNeon, client: NeonClient) -> None:
    """A creation returns when its operations have finished, however often that has to be asked."""
    neon_api.polls = 12
    made = client.create_branch(PROJECT, _new(neon_api))
    assert made.current_state == "ready"
    assert neon_api.requests.count(f"GET {BRANCHES}/{made.id}") == 1


def test_an_operation_that_does_not_end_is_an_error(neon_api: FakeNeon) -> None:
    """After the time that is allowed the error says which operation it was."""
    neon_api.polls = 1_000_000
    client = NeonClient(KEY, base_url=neon_api.url, sleep=lambda seconds: None, patience_s=0.2)
    with client, pytest.raises(NeonOperationError, match="create_branch is still"):
        client.create_branch(PROJECT, _new(neon_api))


@pytest.mark.parametrize("ends", [["skipped"], ["error", "running", "finished"], ["cancelling", "finished"]])
def test_an_operation_that_was_not_needed_or_is_tried_again_by_neon_is_no_failure(
    neon_api: FakeNeon, client: NeonClient, ends: list[str]
) -> None:
    """`skipped` is success, and `error` goes on: Neon itself tries again."""
    neon_api.ends = ends
    assert client.create_branch(PROJECT, _new(neon_api)).name == "pr-7"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_an_operation_that_ends_otherwise_is_an_error(neon_api: FakeNeon, client: NeonClient, status: str) -> None:
    """It says which operation, and how it ended."""
    neon_api.ends = [status]
    with pytest.raises(NeonOperationError, match=f"create_branch ended as {status}") as raised:
        client.create_branch(PROJECT, _new(neon_api))
    assert "Operations" in raised.value.remedy or "operations" in raised.value.remedy
    assert neon_api.named("pr-7") is None, "a branch that can't be used counts against the plan's until it expires"


def test_who_can_not_wait_leaves_no_branch(neon_api: FakeNeon) -> None:
    """A job that is cancelled while Neon makes the branch."""

    def cancelled(seconds: float) -> None:
        neon_api.polls = 0
        neon_api._operations.clear()
        raise KeyboardInterrupt

    with NeonClient(KEY, base_url=neon_api.url, sleep=cancelled) as client, pytest.raises(KeyboardInterrupt):
        client.create_branch(PROJECT, _new(neon_api))
    assert neon_api.named("pr-7") is None


def test_what_only_keeps_a_state_has_no_compute(neon_api: FakeNeon, client: NeonClient) -> None:
    """It costs nothing but its storage; who looks at the branch later adds one."""
    made = client.create_branch(PROJECT, replace(_new(neon_api), compute=False))
    assert made.current_state == "ready"
    assert [one.branch_id for one in client.endpoints(PROJECT)] == [neon_api.production.id]


def test_whoever_writes_hears_of_passwords(neon_api: FakeNeon) -> None:
    """A branch's own is known to nobody else; the event does not show it either."""
    heard: list[Event] = []
    with NeonClient(KEY, base_url=neon_api.url, observer=heard.append) as client:
        uri = client.connection_uri(PROJECT, neon_api.production.id, database=neon_api.database, role="postgres")
    assert heard == [CredentialsReceived(uri)]
    assert "pr0duction-pw" in uri and "pr0duction-pw" not in repr(heard)


def test_what_neon_adds_is_read_past() -> None:
    """Its lists of states, statuses and actions grow, and so do its objects."""
    branch = part({"branch": {"id": "br-1", "name": "a", "current_state": "dreaming", "mood": 1}}, "branch", Branch)
    assert branch.current_state == "dreaming"
    operation = part({"o": {"id": "1", "action": "paint_timeline", "status": "resting"}}, "o", Operation)
    assert not operation.succeeded and not operation.failed
    with pytest.raises(NeonApiError, match="can't be read"):
        part({"branch": {"id": 1, "name": "a"}}, "branch", Branch)


@pytest.mark.parametrize("endless", ["429", "423"])
def test_what_does_not_pass_ends_as_busy(neon_api: FakeNeon, endless: str) -> None:
    """A change that Neon never lets in was not made, and is told as such."""
    neon_api.fail("POST", ".*", status=int(endless), times=1_000_000, headers={"Retry-After": "9999"})
    with (
        NeonClient(KEY, base_url=neon_api.url, sleep=lambda seconds: None, patience_s=0.2) as client,
        pytest.raises(NeonBusyError) as raised,
    ):
        client.create_branch(PROJECT, _new(neon_api))
    assert raised.value.exit_code is ExitCode.BUSY
    assert neon_api.named("pr-7") is None


def test_capacity_is_told_as_capacity(neon_api: FakeNeon, client: NeonClient) -> None:
    """A full project says nothing about the migrations."""
    neon_api.limit = 1
    with pytest.raises(NeonCapacityError, match="says nothing about the migrations"):
        client.create_branch(PROJECT, _new(neon_api))


def test_a_name_that_is_taken(neon_api: FakeNeon, client: NeonClient) -> None:
    """409 is the caller's to decide about."""
    neon_api.add_branch("pr-7")
    with pytest.raises(NeonConflictError):
        client.create_branch(PROJECT, _new(neon_api))


def test_a_project_without_stored_passwords(neon_api: FakeNeon, client: NeonClient) -> None:
    """412 is explained, with what to do."""
    neon_api.store_passwords = False
    with pytest.raises(NeonPasswordError, match="keeps no passwords") as raised:
        client.connection_uri(PROJECT, neon_api.production.id, database=neon_api.database, role="postgres")
    assert "store_passwords" in raised.value.remedy


def test_a_wrong_key_and_a_wrong_project(neon_api: FakeNeon, client: NeonClient) -> None:
    """Both are told apart, and the key is in no message."""
    with NeonClient("wr0ng-key", base_url=neon_api.url) as stranger, pytest.raises(NeonCredentialError) as raised:
        stranger.project(PROJECT)
    assert "wr0ng-key" not in f"{raised.value}{raised.value!r}{stranger!r}"
    assert raised.value.exit_code is ExitCode.UNREACHABLE
    with pytest.raises(NeonNotFoundError):
        client.project("another-project")


STATUSES = [
    (401, "", "", NeonCredentialError, ExitCode.UNREACHABLE),
    (403, "", "", NeonCredentialError, ExitCode.UNREACHABLE),
    (404, "", "", NeonNotFoundError, ExitCode.FAILED),
    (409, "", "", NeonConflictError, ExitCode.FAILED),
    (412, "", "", NeonPasswordError, ExitCode.FAILED),
    (422, "BRANCHES_LIMIT_EXCEEDED", "", NeonCapacityError, ExitCode.FAILED),
    (422, "ROOT_BRANCHES_LIMIT_EXCEEDED", "", NeonCapacityError, ExitCode.FAILED),
    (422, "", "branch not ready yet", NeonNotReadyError, ExitCode.BUSY),
    (422, "", "no", NeonApiError, ExitCode.FAILED),
    (423, "", "endpoint is in some transitive state", NeonBusyError, ExitCode.BUSY),
    (429, "", "", NeonBusyError, ExitCode.BUSY),
    (500, "", "", NeonServerError, ExitCode.FAILED),
    (503, "", "", NeonBusyError, ExitCode.BUSY),
    (524, "", "", NeonServerError, ExitCode.FAILED),
]


@pytest.mark.parametrize(("status", "code", "message", "kind", "exit_code"), STATUSES)
def test_each_status_has_its_error(
    status: int, code: str, message: str, kind: type[NeonApiError], exit_code: ExitCode
) -> None:
    """Status first, then the code (often empty), then the message; each with what to do and Neon's own words."""
    error = refusal("POST /x", status, code, message, "req-1")
    assert type(error) is kind
    assert error.exit_code is exit_code
    assert (error.status, error.code, error.request_id) == (status, code, "req-1")
    assert message in error.why and "req-1" in error.why
    assert error.remedy


def test_retry_after_is_seconds_or_a_date() -> None:
    """What Neon asks for is waited exactly; nonsense is not, and more than our patience ends the wait."""
    backoff = Backoff(safe=False, patience_s=60, waiting=lambda error: None)

    def waited(header: str | None) -> bool | float:
        return backoff(refusal("GET /x", 429, "", "", "", header))

    assert waited("7") == 7
    soon = datetime.now(UTC) + timedelta(seconds=40)
    assert 30 < waited(soon.strftime("%a, %d %b %Y %H:%M:%S GMT")) <= 40
    assert waited("Mon, 02 Jan 2006 15:04:05 GMT") == 0
    assert 0 <= waited("soon") <= BACKOFF_CAP_S
    assert waited("3600") is False


def test_waits_are_jittered_fully_and_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between 0 and 250 ms doubled each time, at most ten seconds."""
    asked: list[tuple[float, float]] = []
    monkeypatch.setattr("random.uniform", lambda low, high: asked.append((low, high)) or high)
    backoff = Backoff(safe=True, patience_s=60, waiting=lambda error: None)
    for _ in range(8):
        backoff(refusal("GET /x", 423, "", ""))
    assert asked == [(0, high) for high in (0.25, 0.5, 1, 2, 4, 8, 10, 10)]


def test_the_environment_names_the_way() -> None:
    """No key or an empty one is no way; a key without a project, and a key sent in clear text, are refused."""
    assert access({}) is None
    assert access({"NEON_API_KEY": "", "NEON_PROJECT_ID": "p"}) is None
    with pytest.raises(UsageError, match="NEON_PROJECT_ID"):
        access({"NEON_API_KEY": "k"})
    found = access({"NEON_API_KEY": "k", "NEON_PROJECT_ID": "p"})
    assert found is not None and found.project_id == "p" and BASE_URL in repr(found.client)
    for host in ("http://neon.example/api/v2", "neon.example", "ftp://x"):
        with pytest.raises(UsageError, match="NEON_API_HOST"):
            access({"NEON_API_KEY": "k", "NEON_PROJECT_ID": "p", "NEON_API_HOST": host})


@pytest.mark.parametrize("key", [f"{KEY}\nand more", f"{KEY}é", f"{KEY} {KEY}"])
def test_what_cannot_be_a_key_is_refused_and_not_quoted(key: str) -> None:
    """httpx would quote the header that it can't send."""
    with pytest.raises(UsageError) as refused:
        access({"NEON_API_KEY": key, "NEON_PROJECT_ID": PROJECT})
    assert KEY not in str(refused.value)


def test_a_header_that_cannot_be_sent_is_not_quoted(neon_api: FakeNeon, client: NeonClient) -> None:
    """Whatever put it there."""
    client._transport._client().headers["Authorization"] = f"Bearer {KEY}\n"
    with pytest.raises(NeonUnreachableError, match="LocalProtocolError") as refused:
        client.project(PROJECT)
    assert KEY not in str(refused.value)
