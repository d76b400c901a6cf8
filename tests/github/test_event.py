"""The run as its environment and event file tell it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.errors import RefusedError, UsageError
from neon_migrate.github.event import read_event

if TYPE_CHECKING:
    from pathlib import Path


def _environment(folder: Path, name: str, payload: dict[str, Any], **more: str) -> dict[str, str]:
    path = folder / "event.json"
    path.write_text(json.dumps(payload))
    return {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "octo/shop",
        "GITHUB_SHA": "merge-commit",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_RUN_ID": "99",
        "GITHUB_ACTOR": "octocat",
        **more,
    }


def _pull_request(head: str | None = "octo/shop") -> dict[str, Any]:
    repository = None if head is None else {"full_name": head}
    return {"action": "synchronize", "pull_request": {"number": 7, "head": {"sha": "head-commit", "repo": repository}}}


def test_a_pull_request_of_the_repository_itself(tmp_path: Path) -> None:
    """Its head is what is looked at, not the merge commit that the runner checks out."""
    event = read_event(_environment(tmp_path, "pull_request", _pull_request()))
    assert (event.kind, event.action, event.number, event.is_fork) == ("pull_request", "synchronize", 7, False)
    assert event.sha == "head-commit"
    assert event.run_url == "https://github.com/octo/shop/actions/runs/99"
    assert event.has_secrets


@pytest.mark.parametrize("head", ["stranger/shop", None])
def test_a_pull_request_from_a_fork_has_no_secrets(tmp_path: Path, head: str | None) -> None:
    """Also from one that was deleted since."""
    event = read_event(_environment(tmp_path, "pull_request", _pull_request(head)))
    assert event.is_fork
    assert not event.has_secrets
    assert event.without_secrets_because == "it comes from a fork"


def test_dependabot_has_no_secrets_either(tmp_path: Path) -> None:
    """Its branch is in the repository, but its runs are as those of forks."""
    event = read_event(_environment(tmp_path, "pull_request", _pull_request(), GITHUB_ACTOR="dependabot[bot]"))
    assert (event.is_fork, event.has_secrets) == (False, False)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("push", "push"), ("schedule", "schedule"), ("workflow_dispatch", "workflow_dispatch"), ("merge_group", "other")],
)
def test_runs_without_a_pull_request(tmp_path: Path, name: str, kind: str) -> None:
    """They look at the commit of the run."""
    event = read_event(_environment(tmp_path, name, {}))
    assert (event.kind, event.number, event.sha, event.has_secrets) == (kind, None, "merge-commit", True)


def test_pull_request_target_is_refused(tmp_path: Path) -> None:
    """It would run a stranger's SQL with the repository's secrets."""
    with pytest.raises(RefusedError, match="pull_request_target"):
        read_event(_environment(tmp_path, "pull_request_target", _pull_request("stranger/shop")))


def test_outside_github_actions_there_is_no_event() -> None:
    """The error says which commands to use instead."""
    with pytest.raises(UsageError, match="no run of GitHub Actions"):
        read_event({})


def test_an_event_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Nothing is guessed about who sent a pull request."""
    environment = _environment(tmp_path, "pull_request", {})
    (tmp_path / "event.json").write_text("{")
    with pytest.raises(UsageError, match="can't be read"):
        read_event(environment)
    (tmp_path / "event.json").unlink()
    with pytest.raises(UsageError, match="can't be read"):
        read_event(environment)
