"""`doctor --github`: what a workflow has, and what it lacks, before anything depends on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from neon_migrate import api
from neon_migrate.errors import UsageError
from tests.github.fake_api import Fault

if TYPE_CHECKING:
    from neon.fake_api import FakeNeon
    from neon_migrate.doctor import DoctorStep
    from tests.ci.conftest import Road


def _steps(road: Road, **environment: str) -> dict[str, DoctorStep]:
    road.environment |= environment
    report = api.ci_doctor(road.project, road.environment, deploy_to="production")
    return {step.name: step for step in report.steps}


def _on_neon(road: Road, neon_api: FakeNeon) -> dict[str, str]:
    road.bench.target = neon_api.target
    return neon_api.environment


def test_all_in_order(road: Road, neon_api: FakeNeon) -> None:
    """The steps to the database come first; then each of ours passes, and nothing is written anywhere."""
    steps = _steps(road, **_on_neon(road, neon_api))
    assert list(steps)[-6:] == ["ledger", "secrets", "Neon API", "environment", "pull requests", "issues"]
    assert [step.name for step in steps.values() if step.state in ("failed", "warned")] == []
    assert "ann or bob" in steps["environment"].detail
    assert "the branch main" in steps["Neon API"].detail and "24 h" in steps["Neon API"].detail
    assert {request.split()[0] for request in (*road.github.requests, *neon_api.requests)} == {"GET"}
    assert "napi_" not in str(steps) and "pr0duction-pw" not in str(steps)


def test_what_is_optional_is_named_when_it_is_missing(road: Road) -> None:
    """Without the key and the webhook it goes on, and says what that means."""
    steps = _steps(road, SLACK_WEBHOOK="")
    assert steps["secrets"].state == "warned"
    assert "NEON_API_KEY and SLACK_WEBHOOK" in steps["secrets"].remedy
    assert steps["Neon API"].state == "skipped"


def test_an_environment_that_nobody_has_to_approve(road: Road) -> None:
    """It fails as the deployment would, unless the settings say that it is meant."""
    road.github.environments["production"] = []
    assert _steps(road)["environment"].state == "failed"
    road.bench.settings = replace(road.bench.settings, approval="none")
    assert _steps(road)["environment"].state == "passed"


def test_each_failure_has_its_remedy_and_the_others_are_still_looked_at(road: Road, neon_api: FakeNeon) -> None:
    """A token without `actions: read`, and a project without stored passwords."""
    neon_api.store_passwords = False
    road.github.faults.append(Fault("GET", 403, "Resource not accessible by integration"))
    steps = _steps(road, **_on_neon(road, neon_api))
    failed = {name for name, step in steps.items() if step.state == "failed"}
    assert failed == {"Neon API", "environment"}
    assert all(steps[name].remedy for name in failed)


def test_the_key_of_another_project(road: Road, neon_api: FakeNeon) -> None:
    """The URL and NEON_PROJECT_ID have to name the same project."""
    steps = _steps(road, **{**neon_api.environment, "NEON_DATABASE_URL": ""})
    assert steps["Neon API"].state == "failed"
    assert "same project" in steps["Neon API"].remedy


def test_without_a_token(road: Road) -> None:
    """Three steps fail, each saying so."""
    steps = _steps(road, GITHUB_TOKEN="")
    assert {name for name, step in steps.items() if step.state == "failed"} >= {"secrets", "environment"}


def test_outside_of_a_run_it_says_so(road: Road) -> None:
    """It looks at a run from inside."""
    with pytest.raises(UsageError, match="no run of GitHub Actions"):
        api.ci_doctor(road.project, {}, deploy_to="production")
