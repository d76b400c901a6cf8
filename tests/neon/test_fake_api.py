"""The fake is held to Neon's document: it may neither answer outside of it nor take a request from outside of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from neon import shapes
from neon.fake_api import KEY, OFFICIAL, PROJECT
from openapi import Contract

if TYPE_CHECKING:
    from neon.fake_api import FakeNeon

HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def breaches(neon_api: FakeNeon) -> list[str]:
    """What the fake noted; the test takes it away, since it is what it wanted."""
    return neon_api.contract.breaches


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/projects/{PROJECT}/nothing", None),
        ("GET", f"/projects/{PROJECT}/branches?limmit=5", None),
        ("GET", f"/projects/{PROJECT}/branches?limit=0", None),
        ("GET", f"/projects/{PROJECT}/connection_uri", None),
        ("GET", "/projects/NOT_AN_ID", None),
        ("POST", f"/projects/{PROJECT}/branches", {"branch": {"nam": "a"}}),
        ("POST", f"/projects/{PROJECT}/branches", {"branch": {"name": ""}}),
        ("POST", f"/projects/{PROJECT}/branches", {"branch": {"name": "a", "expires_at": "tomorrow"}}),
        ("POST", f"/projects/{PROJECT}/branches", {"annotation_value": {"a": 1}}),
        ("POST", f"/projects/{PROJECT}/branches/br-1/restore", {"preserve_under_name": "a"}),
    ],
)
def test_a_request_outside_of_the_document_is_noted(
    neon_api: FakeNeon, breaches: list[str], method: str, path: str, body: dict[str, Any] | None
) -> None:
    """An unknown path, parameter or member, a missing one, or a wrong value: the test that sends it fails."""
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.request(method, neon_api.url + path, json=body, headers=HEADERS)
    assert len(breaches) == 2
    breaches.clear()


def test_a_request_without_a_key_is_noted(neon_api: FakeNeon, breaches: list[str]) -> None:
    """The document asks for a key everywhere."""
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{neon_api.url}/projects/{PROJECT}")
    assert breaches
    breaches.clear()


@pytest.mark.parametrize("change", [{"name": None}, {"current_stat": "ready"}, {"protected": "no"}, {"id": "BR 1"}])
def test_an_answer_outside_of_the_document_is_noted(
    neon_api: FakeNeon, breaches: list[str], change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member missing, unknown, or of another type or form."""
    honest = shapes.branch
    monkeypatch.setattr(shapes, "branch", lambda *how: {**honest(*how), **change})
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{neon_api.url}/projects/{PROJECT}/branches", headers=HEADERS)
    assert breaches
    breaches.clear()


def test_the_document_is_neons_own(neon_document: dict[str, Any]) -> None:
    """It comes from Neon's npm package, and a contract made of it knows the requests that are used."""
    assert neon_document["servers"][0]["url"] == OFFICIAL
    contract = Contract(neon_document, OFFICIAL)
    contract.check_request("GET", f"/projects/{PROJECT}", {}, HEADERS, b"")
    assert not contract.breaches


def test_operations_lock_the_project(neon_api: FakeNeon) -> None:
    """While an operation is running a change is answered 423, and reading is not."""
    neon_api.polls = 3
    path, body = f"{neon_api.url}/projects/{PROJECT}/branches", {"branch": {"name": "a"}}
    assert httpx.post(path, json=body, headers=HEADERS).status_code == 201
    assert httpx.post(path, json={"branch": {"name": "b"}}, headers=HEADERS).status_code == 423
    assert httpx.get(path, headers=HEADERS).status_code == 200
