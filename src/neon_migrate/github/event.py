"""What a run of GitHub Actions was started by, from its environment and event file.

Sources: docs.github.com "Default environment variables", "Events that trigger workflows" and "Webhook events and
payloads"; what a fork's and Dependabot's runs lack is in "Secrets" and "Dependabot on GitHub Actions".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from neon_migrate.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

EventKind = Literal["pull_request", "push", "schedule", "workflow_dispatch", "other"]

_KINDS: dict[str, EventKind] = {
    "pull_request": "pull_request",
    "push": "push",
    "schedule": "schedule",
    "workflow_dispatch": "workflow_dispatch",
}
_DEPENDABOT = "dependabot[bot]"


@dataclass(frozen=True, slots=True)
class Event:
    """One run.

    action      of a pull request: `opened`, `synchronize`, `reopened`, …; else empty
    repository  `owner/name`, where the workflow runs
    number      of the pull request
    is_fork     whether the pull request comes from another repository
    sha         the commit that is looked at: the pull request's head, else the commit that was pushed
    ref         `refs/heads/main`, `refs/pull/7/merge`
    actor       who started the run
    run_url     the run's page
    workspace   the folder that holds the checkout
    """

    kind: EventKind
    action: str
    repository: str
    number: int | None
    is_fork: bool
    sha: str
    ref: str
    actor: str
    run_id: str
    run_url: str
    server_url: str
    api_url: str
    workspace: Path

    @property
    def has_secrets(self) -> bool:
        """Whether the run gets the repository's secrets and a token that may write: not from forks and Dependabot."""
        return not (self.kind == "pull_request" and (self.is_fork or self.actor == _DEPENDABOT))

    @property
    def without_secrets_because(self) -> str:
        """Why there are no secrets, in words; empty where there are."""
        if self.has_secrets:
            return ""
        return "it comes from a fork" if self.is_fork else "Dependabot opened it"


def read_event(environment: Mapping[str, str]) -> Event:
    """The run that `environment` (os.environ) describes.

    Raises UsageError outside GitHub Actions or where the event file can't be read, and RefusedError for
    `pull_request_target`, which would run a stranger's migrations with the repository's secrets.
    """
    name, repository = environment.get("GITHUB_EVENT_NAME", ""), environment.get("GITHUB_REPOSITORY", "")
    if not name or not repository:
        raise UsageError(
            "This is no run of GitHub Actions",
            why="GITHUB_EVENT_NAME and GITHUB_REPOSITORY are not in the environment.",
            remedy="`neon-migrate ci` runs in a workflow; elsewhere use validate, dry-run, apply and compare.",
        )
    if name == "pull_request_target":
        raise RefusedError(
            "A workflow on pull_request_target is refused",
            why="It would run a stranger's migrations with this repository's secrets.",
            remedy="Let the workflow run `on: pull_request`; pull requests from forks are then validated on a scratch.",
        )
    payload = _payload(environment)
    pull_request: dict[str, Any] = payload.get("pull_request") or {}
    head = pull_request.get("head") or {}
    head_repository = (head.get("repo") or {}).get("full_name")  # null where the fork was deleted
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    run_id = environment.get("GITHUB_RUN_ID", "")
    return Event(
        kind=_KINDS.get(name, "other"),
        action=str(payload.get("action") or ""),
        repository=repository,
        number=pull_request.get("number"),
        is_fork=bool(pull_request) and head_repository != repository,
        sha=head.get("sha") or environment.get("GITHUB_SHA", ""),
        ref=environment.get("GITHUB_REF", ""),
        actor=environment.get("GITHUB_ACTOR", ""),
        run_id=run_id,
        run_url=f"{server}/{repository}/actions/runs/{run_id}",
        server_url=server,
        api_url=environment.get("GITHUB_API_URL", "https://api.github.com"),
        workspace=Path(environment.get("GITHUB_WORKSPACE") or "."),
    )


def _payload(environment: Mapping[str, str]) -> dict[str, Any]:
    """The webhook payload that the runner wrote to a file."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    if not path:
        return {}
    try:
        payload = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "The event of this run can't be read",
            why=f"{path}: {error}",
            remedy="GITHUB_EVENT_PATH is set by the runner; let the workflow leave it as it is.",
        ) from None
    return payload if isinstance(payload, dict) else {}
