"""The written workflows, run by a runner that isn't ours, against a fake GitHub and a fake Neon with real databases."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from act import ActRun, Runner, runner
from neon.fake_api import KEY, PROJECT, FakeNeon
from neon_migrate.apply import apply
from neon_migrate.errors import ExitCode
from neon_migrate.init import init
from tests.cli.conftest import PROGRAM
from tests.github.fake_api import (
    REPOSITORY,
    TOKEN,
    FakeGitHub,
    _github_contract,
    github_api,
    github_contract,
    github_document,
)
from workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["_github_contract", "github_api", "github_contract", "github_document"]

ACTION = "someone/neon-migrate@0123456789abcdef0123456789abcdef01234567"
NUMBER = 7


class Road:
    """A repository on GitHub with its workflows, and production on Neon."""

    def __init__(self, folder: Path, github: FakeGitHub, neon: FakeNeon) -> None:
        self.github, self.neon = github, neon
        self.checkout = folder / "checkout"
        self.checkout.mkdir()
        init(self.checkout, github=True, action=ACTION)
        (self.checkout / "schema.json").unlink()
        self.bench = Workbench(self.checkout, neon.target)
        self.bench.write(
            _0001_users__up="CREATE TABLE users (id bigint PRIMARY KEY);", _0001_users__down="DROP TABLE users;"
        )
        github.environments["production"], github.approved["production"] = ["ann"], "ann"
        self._runner: Runner | None = None
        self._folder = folder

    @property
    def runner(self) -> Runner:
        """The runner of the checkout as it is when this is first asked for."""
        if self._runner is None:
            self._runner = runner(self._folder, self.checkout)
        return self._runner

    def event(self, name: str, payload: dict[str, Any], *, with_secrets: bool = True, job: str | None = None) -> ActRun:
        """Let something happen in the repository."""
        repository = {"full_name": REPOSITORY, "name": "shop", "owner": {"login": "octo"}, "default_branch": "main"}
        secrets = {"NEON_DATABASE_URL": self.neon.production_url, "NEON_API_KEY": KEY} if with_secrets else {}
        return self.runner.run(
            name,
            {"repository": repository, **payload},
            secrets={**secrets, "GITHUB_TOKEN": TOKEN},
            variables={"NEON_PROJECT_ID": PROJECT},
            environment={
                "GITHUB_API_URL": self.github.url,
                "GITHUB_REPOSITORY": REPOSITORY,
                "NEON_API_HOST": self.neon.url,
            },
            job=job,
        )

    def pull_request(self, action: str, *, fork: bool = False) -> ActRun:
        """A pull request is opened or updated."""
        head = {"sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "ref": "change"}
        head |= {"repo": {"full_name": "stranger/shop" if fork else REPOSITORY}}
        base = {"ref": "main", "repo": {"full_name": REPOSITORY}}
        request = {"number": NUMBER, "head": head, "base": base}
        return self.event("pull_request", {"action": action, "pull_request": request}, with_secrets=not fork)


@pytest.fixture
def road(tmp_path: Path, github_api: FakeGitHub, neon_api: FakeNeon) -> Road:
    """A repository with one migration pending."""
    neon_api.polls = 1
    return Road(tmp_path, github_api, neon_api)


def test_a_pull_request_is_rehearsed_on_a_branch_and_gets_one_comment(road: Road) -> None:
    """Opened and updated: one comment, the report kept, production as it was, and no branch left."""
    for action in ("opened", "synchronize"):
        done = road.pull_request(action)
        assert done.code == 0, done.log
    assert len(road.github.bodies(NUMBER)) == 1
    assert "0001_users" in road.github.bodies(NUMBER)[0]
    assert (road.runner.uploads / "neon-migrate-report.json").is_file()
    assert road.bench.query("SELECT to_regclass('users')::text") == [(None,)]
    assert [branch.name for branch in road.neon.branches.values()] == ["main"]
    assert sum(request.startswith("POST") for request in road.neon.requests) == 2
    assert "pr0duction-pw" not in done.log


def test_a_forks_pull_request_is_validated_without_secrets(road: Road) -> None:
    """No branch, no comment, and the run is green."""
    done = road.pull_request("opened", fork=True)
    assert done.code == 0, done.log
    assert road.neon.requests == []
    assert road.github.comments == {}
    assert not any(request.startswith("POST") for request in road.github.requests)


def test_merged_it_is_planned_and_deployed(road: Road) -> None:
    """The job that plans hands its plan to the job that deploys."""
    done = road.event("push", {"ref": "refs/heads/main"})
    assert done.code == 0, done.log
    assert road.bench.versions() == [1]
    assert (road.runner.uploads / "neon-migrate-deployment.json").is_file()


def test_an_environment_without_reviewers_is_refused(road: Road) -> None:
    """Nothing is applied."""
    road.github.environments["production"] = []
    done = road.event("push", {"ref": "refs/heads/main"})
    assert done.code != 0
    assert "no required reviewers" in done.log
    assert road.bench.query("SELECT to_regclass('users')::text") == [(None,)]


def test_a_deployment_that_fails_half_way_leaves_a_rollback_plan(road: Road) -> None:
    """The first migration is applied, the second is not, and the artifacts say what to do."""
    road.bench.write(_0002_broken="ALTER TABLE nobody ADD COLUMN a int;")
    done = road.event("push", {"ref": "refs/heads/main"})
    assert done.code != 0
    assert road.bench.versions() == [1]
    plan = (road.runner.uploads / "neon-migrate-rollback-plan.md").read_text()
    (command,) = re.findall(r"^neon-migrate (restore --lsn .*)$", plan, re.MULTILINE)
    asked = subprocess.run(
        [PROGRAM, *shlex.split(command)],
        cwd=road.checkout,
        env={**os.environ, **road.neon.environment},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == ExitCode.REFUSED, asked.stderr
    assert "Restoring the Neon branch main to LSN" in asked.stdout + asked.stderr


def test_drift_between_approval_and_deployment_stops_it(road: Road) -> None:
    """Production was changed by hand after the plan was made: nothing is applied."""

    def by_hand(method: str, path: str) -> None:
        if path.endswith("/environments/production"):
            with road.bench.session() as session:
                session.script("CREATE TABLE IF NOT EXISTS by_hand ()")

    road.github.before = by_hand
    done = road.event("push", {"ref": "refs/heads/main"})
    assert done.code != 0
    assert "not what was approved" in done.log
    assert road.bench.query("SELECT to_regclass('users')::text") == [(None,)]


def test_the_daily_run_finds_drift_and_sweeps(road: Road) -> None:
    """Drift opens the one issue and the run is red; a branch of ours that has expired goes; nothing is exported."""
    apply(road.bench.project)
    road.neon.add_branch("pr-1", annotation={"created-by": "neon-migrate"}, expires_at="2026-01-01T00:00:00Z")
    with road.bench.session() as session:
        session.script("CREATE TABLE by_hand ()")
    done = road.event("schedule", {"schedule": "17 5 * * *"})
    assert done.code != 0
    assert len(road.github.issues) == 1
    assert [branch.name for branch in road.neon.branches.values()] == ["main"]
    assert list(road.runner.uploads.iterdir()) == []


def test_the_weekly_run_exports(road: Road) -> None:
    """The schema is kept as an artifact, and nothing is compared."""
    apply(road.bench.project)
    done = road.event("schedule", {"schedule": "43 5 * * 1"})
    assert done.code == 0, done.log
    (exported,) = road.runner.uploads.glob("*.sql")
    assert "CREATE TABLE public.users" in exported.read_text()
    assert road.github.requests == []


def test_started_by_hand_the_maintenance_looks_at_itself_first(road: Road) -> None:
    """The job `doctor` passes where all is set up."""
    apply(road.bench.project)
    done = road.event("workflow_dispatch", {}, job="doctor")
    assert done.code == 0, done.log
    assert "healthy" in done.log
