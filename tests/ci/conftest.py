"""A repository on its way to production: a checkout, a database, GitHub, Slack, and the runner's files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.github.fake_api import (
    REPOSITORY,
    TOKEN,
    FakeGitHub,
    _github_contract,
    github_api,
    github_contract,
    github_document,
)
from tests.notify.test_slack import Webhook, webhook
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.target import Target
    from neon_migrate.project import Project

__all__ = ["_github_contract", "github_api", "github_contract", "github_document", "webhook"]

SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
PULL_REQUEST = 7


class Road:
    """One repository; `environment` is what a step of its workflows has, `output` where artifacts go."""

    def __init__(self, folder: Path, target: Target, github: FakeGitHub, slack: Webhook, **settings: Any) -> None:
        self.folder, self.github, self.slack = folder, github, slack
        self.checkout, self.output = folder / "checkout", folder / "artifacts"
        self.checkout.mkdir()
        github.environments["production"], github.approved["production"] = ["ann", "bob"], "ann"
        self.bench = Workbench(self.checkout, target, **settings)
        self.environment: dict[str, str] = {}
        self.event("push", {})

    @property
    def project(self) -> Project:
        return self.bench.project

    def event(self, name: str, payload: dict[str, Any], **more: str) -> None:
        """What starts the next step; it begins with fresh files, as every step does."""
        for file in ("event.json", "summary.md", "outputs"):
            (self.folder / file).unlink(missing_ok=True)
        (self.folder / "event.json").write_text(json.dumps(payload))
        self.environment = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": SHA,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_RUN_ID": "99",
            "GITHUB_ACTOR": "octocat",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_WORKSPACE": str(self.checkout),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
            "SLACK_WEBHOOK": self.slack.url,
            **more,
        }

    def pull_request(self, action: str = "opened", *, fork: bool = False) -> None:
        """The next step belongs to a pull request; a fork's has no secrets."""
        head = {"sha": SHA, "repo": {"full_name": "stranger/shop" if fork else REPOSITORY}}
        self.event("pull_request", {"action": action, "pull_request": {"number": PULL_REQUEST, "head": head}})
        if fork:
            for secret in ("SLACK_WEBHOOK", "NEON_API_KEY", "NEON_DATABASE_URL"):
                self.environment[secret] = ""

    @property
    def summary(self) -> str:
        path = self.folder / "summary.md"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def outputs(self) -> dict[str, str]:
        """What the step has set, as the runner reads it."""
        found, lines = dict[str, str](), iter((self.folder / "outputs").read_text(encoding="utf-8").split("\n"))
        for line in lines:
            name, given, delimiter = line.partition("<<")
            if given:
                value = []
                while (inner := next(lines)) != delimiter:
                    value.append(inner)
                found[name] = "\n".join(value)
        return found

    @property
    def told(self) -> list[str]:
        """The titles of Slack's messages."""
        return [message["blocks"][0]["text"]["text"] for message in self.slack.taken]

    @property
    def comment(self) -> str:
        """The pull request's one comment of ours; empty for none."""
        bodies = self.github.bodies(PULL_REQUEST)
        assert len(bodies) <= 1
        return bodies[0] if bodies else ""


@pytest.fixture
def road(tmp_path: Path, database: Target, github_api: FakeGitHub, webhook: Webhook) -> Road:
    """A repository with one migration pending, and an environment that two may approve."""
    made = Road(tmp_path, database, github_api, webhook)
    made.bench.write(
        _0001_users__up="CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);",
        _0001_users__down="DROP TABLE users;",
    )
    github_api.merged[SHA] = PULL_REQUEST
    return made
