"""The scheduled run: drift becomes one issue, the schema a file, expired branches go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from neon_migrate import api
from neon_migrate.errors import ExitCode
from neon_migrate.neon.model import OURS

if TYPE_CHECKING:
    from neon.fake_api import FakeNeon
    from neon_migrate.deployment import MaintenanceReport
    from tests.ci.conftest import Road


@pytest.fixture
def deployed(road: Road) -> Road:
    """Nothing is pending, and production is what its migrations make."""
    api.apply(road.project)
    return road


def _maintain(road: Road, *tasks: str, **environment: str) -> MaintenanceReport:
    road.event("schedule", {}, **environment)
    wanted = tasks or ("compare", "export", "sweep")
    return api.ci_maintenance(road.project, road.environment, tasks=wanted, output=road.output)  # type: ignore[arg-type]


def test_drift_is_one_issue_for_as_long_as_it_lasts(deployed: Road) -> None:
    """Opened, brought up to date the next day, closed when it is gone."""
    deployed.bench.query("CREATE TABLE by_hand (id int)")
    first = _maintain(deployed, "compare")
    assert first.exit_code is ExitCode.DIFFERENT
    assert deployed.outputs["issue-url"] == first.issue_url == "https://github.com/octo/shop/issues/1"
    assert "by_hand" in deployed.github.issues[0]["body"]
    assert deployed.told == [f"⚠️ Drift: 2 differences in {deployed.bench.target}"]
    deployed.bench.query("CREATE TABLE by_hand_too (id int)")
    assert _maintain(deployed, "compare").issue_url == first.issue_url
    assert "by_hand_too" in deployed.github.issues[0]["body"]
    deployed.bench.query("DROP TABLE by_hand, by_hand_too")
    last = _maintain(deployed, "compare")
    assert (last.exit_code, last.issue_url) == (ExitCode.OK, first.issue_url)
    assert [issue["state"] for issue in deployed.github.issues] == ["closed"]


def test_without_drift_no_issue_is_opened(deployed: Road) -> None:
    """And nobody is told."""
    assert _maintain(deployed, "compare").exit_code is ExitCode.OK
    assert (deployed.github.issues, deployed.told) == ([], [])
    assert "No drift" in deployed.summary


def test_the_schema_is_written_as_an_artifact(deployed: Road) -> None:
    """A file by the day, proven by restoring it."""
    report = _maintain(deployed, "export")
    assert report.exported is not None
    assert report.exported.proven
    assert deployed.outputs["export"] == str(report.exported.path)
    assert "CREATE TABLE public.users" in report.exported.path.read_text()
    assert report.exported.path.parent == deployed.output


def test_the_schema_is_proposed_where_asked(deployed: Road) -> None:
    """One pull request at a path, which the next export leaves alone as long as the schema is the same."""
    deployed.event("schedule", {})
    how = {"tasks": ("export",), "output": deployed.output, "propose_as": "schema/production.sql"}
    report = api.ci_maintenance(deployed.project, deployed.environment, **how)  # type: ignore[arg-type]
    assert report.failures == ()
    assert deployed.outputs["proposal-url"] == report.proposal_url == deployed.github.pulls[0]["html_url"]
    (branch,) = set(deployed.github.branches) - {"main"}
    assert b"CREATE TABLE public.users" in deployed.github.branches[branch]["schema/production.sql"]
    deployed.github.branches["main"] = deployed.github.branches[branch]
    assert api.ci_maintenance(deployed.project, deployed.environment, **how).proposal_url == ""  # type: ignore[arg-type]


def test_a_part_that_fails_does_not_keep_the_others(deployed: Road) -> None:
    """GitHub can't be reached; the schema is exported all the same."""
    deployed.event("schedule", {}, GITHUB_TOKEN="")
    report = api.ci_maintenance(deployed.project, deployed.environment, output=deployed.output)
    assert [failure.what for failure in report.failures] == ["There is no GITHUB_TOKEN"]
    assert report.exported is not None
    assert report.exit_code is ExitCode.USAGE
    assert "There is no GITHUB_TOKEN" in deployed.summary


def test_expired_branches_of_ours_are_removed(deployed: Road, neon_api: FakeNeon) -> None:
    """Those of others and those that have not expired stay."""
    now = datetime.now(UTC)
    past, later = ((now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (-1, 1))
    parent = neon_api.production.id
    neon_api.add_branch("pr-1", parent_id=parent, annotation={"created-by": OURS}, expires_at=past)
    neon_api.add_branch("pr-2", parent_id=parent, annotation={"created-by": OURS}, expires_at=later)
    neon_api.add_branch("by-hand", parent_id=parent)
    report = _maintain(deployed, "sweep", **neon_api.environment)
    assert report.failures == ()
    assert report.swept == ("pr-1",)
    assert neon_api.named("pr-2") is not None
    assert neon_api.named("by-hand") is not None


def test_without_a_key_there_are_no_branches_to_sweep(deployed: Road) -> None:
    """It is no failure."""
    report = _maintain(deployed, "sweep")
    assert (report.swept, report.exit_code) == (None, ExitCode.OK)
