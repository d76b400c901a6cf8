"""The scheduled run: drift becomes one issue, the schema a file, expired branches go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from neon_migrate import api
from neon_migrate.errors import ExitCode, UsageError
from neon_migrate.events import Event, Step
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


def test_the_team_is_told_of_drift_once(deployed: Road) -> None:
    """When it is new, when it is another, and when it is gone; not every morning of the same."""
    deployed.bench.query("CREATE TABLE by_hand (id int)")
    for _ in range(2):
        _maintain(deployed, "compare")
    assert [told.partition(" in ")[0] for told in deployed.told] == ["⚠️ Drift: 2 differences"]
    deployed.bench.query("CREATE TABLE by_hand_too (id int)")
    for _ in range(2):
        _maintain(deployed, "compare")
    assert [told.partition(" in ")[0] for told in deployed.told[1:]] == ["⚠️ Drift: 4 differences"]
    deployed.bench.query("DROP TABLE by_hand, by_hand_too")
    for _ in range(2):
        _maintain(deployed, "compare")
    assert deployed.told[2:] == [f"✅ No drift any more in {deployed.bench.target}"]


def test_drift_is_told_where_no_issue_can_be_written(deployed: Road) -> None:
    """And the failure too: it is not known what the team knows. Drift is what the exit code says."""
    deployed.bench.query("CREATE TABLE by_hand ()")
    report = _maintain(deployed, "compare", GITHUB_TOKEN="")
    assert [told.partition(" in ")[0] for told in deployed.told] == [
        "⚠️ Drift: 1 difference",
        f"❌ The maintenance of {deployed.bench.target} failed",
    ]
    assert report.exit_code is ExitCode.DIFFERENT
    assert [failure.what for failure in report.failures] == ["There is no GITHUB_TOKEN"]


def test_drift_is_told_where_github_answers_what_nobody_expected(
    deployed: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours over its answer keeps drift from nobody."""

    def fail(client: object, marker: str) -> None:
        raise KeyError("html_url")

    monkeypatch.setattr("neon_migrate.ci.maintenance.find_issues", fail)
    deployed.bench.query("CREATE TABLE by_hand ()")
    report = _maintain(deployed, "compare")
    assert deployed.told[0].startswith("⚠️ Drift: 1 difference")
    assert report.exit_code is ExitCode.DIFFERENT and "KeyError" in report.failures[0].what


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


def test_the_schema_is_committed_where_asked(deployed: Road) -> None:
    """Straight to the default branch, once for each change; not both ways at once."""
    deployed.event("schedule", {})
    how = {"tasks": ("export",), "output": deployed.output, "commit_as": "schema/production.sql"}
    report = api.ci_maintenance(deployed.project, deployed.environment, **how)  # type: ignore[arg-type]
    assert report.failures == ()
    assert deployed.outputs["commit-url"] == report.commit_url != ""
    assert report.commit_url in deployed.summary
    assert b"CREATE TABLE public.users" in deployed.github.branches["main"]["schema/production.sql"]
    assert (deployed.github.pulls, list(deployed.github.branches)) == ([], ["main"])
    again = api.ci_maintenance(deployed.project, deployed.environment, **how)  # type: ignore[arg-type]
    assert (again.commit_url, again.failures) == ("", ())
    with pytest.raises(UsageError, match="to be proposed and to be committed"):
        api.ci_maintenance(deployed.project, deployed.environment, propose_as="a.sql", **how)  # type: ignore[arg-type]


def test_a_branch_that_takes_no_commit_is_a_failure_with_a_way_out(deployed: Road) -> None:
    """The export itself is there as an artifact."""
    deployed.event("schedule", {})
    deployed.github.ruled = "Changes must be made through a pull request."
    report = api.ci_maintenance(
        deployed.project, deployed.environment, tasks=("export",), output=deployed.output, commit_as="schema.sql"
    )
    (failure,) = report.failures
    assert "does not let this workflow commit schema.sql to main" in failure.what
    assert "propose-as" in failure.remedy
    assert report.exit_code is ExitCode.FAILED
    assert report.exported is not None and report.exported.path.exists()


@pytest.mark.parametrize("fault", [RuntimeError("ann@example.com"), OSError(28, "No space left on device")])
def test_what_nobody_expected_keeps_no_other_part(deployed: Road, fault: Exception) -> None:
    """It is told in summary and Slack, less what it quotes, and the export is made."""
    deployed.event("schedule", {})

    def fail(event: Event) -> None:
        if isinstance(event, Step) and event.what.startswith("replaying"):
            raise fault

    report = api.ci_maintenance(
        replace(deployed.project, observer=fail),
        deployed.environment,
        tasks=("compare", "export"),
        output=deployed.output,
    )
    (failure,) = report.failures
    said = "RuntimeError" if isinstance(fault, RuntimeError) else "No space left"
    assert said in failure.what and said in deployed.summary
    assert report.exit_code is ExitCode.FAILED
    assert report.exported is not None
    assert deployed.told == [f"❌ The maintenance of {deployed.bench.target} failed"]
    assert "ann@example.com" not in deployed.summary + repr(report) + repr(deployed.slack.taken)


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
