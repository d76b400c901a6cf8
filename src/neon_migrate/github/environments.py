"""A deployment environment's protection: who has to approve a job before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from neon_migrate.github.errors import GitHubError

if TYPE_CHECKING:
    from neon_migrate.github.client import GitHubClient


def reviewers(client: GitHubClient, environment: str) -> tuple[str, ...]:
    """The users and teams of whom one has to approve; empty where nobody has to, or there is no such environment.

    An environment that a workflow names and that does not exist is made by GitHub without protection.
    Raises GitHubError: the job lacks `actions: read`, no answer.
    """
    try:
        found = client.get(f"environments/{quote(environment, safe='')}")
    except GitHubError as error:
        if error.status == 404:
            return ()
        raise
    rules = (rule for rule in found.get("protection_rules") or () if rule.get("type") == "required_reviewers")
    return tuple(_name(each) for rule in rules for each in rule.get("reviewers") or ())


def approvers(client: GitHubClient, run_id: str, environment: str) -> tuple[str, ...]:
    """Who approved this run's job for the environment, as login names. Raises GitHubError.

    To GitHub the name of an environment is the same in capitals.
    """
    wanted = environment.casefold()
    return tuple(
        review["user"]["login"]
        for review in client.get(f"actions/runs/{run_id}/approvals")
        if review["state"] == "approved" and any(each["name"].casefold() == wanted for each in review["environments"])
    )


def _name(reviewer: dict[str, Any]) -> str:
    """`octocat` of a user, `developers (team)` of a team."""
    who = reviewer.get("reviewer") or {}
    return str(who.get("login") or f"{who.get('name', '')} (team)")
