"""From an approved plan to production: what was approved is what runs, and every other way it can end."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate import api
from neon_migrate.ci.pull_request import _MOST_COMMENT
from neon_migrate.deployment import changes_since, decode_plan
from neon_migrate.errors import ExitCode, HistoryError, NeonMigrateError, UsageError
from neon_migrate.events import Event, MigrationApplied, Step
from neon_migrate.github.comment import marker
from tests.ci.conftest import PULL_REQUEST, SHA, Road
from tests.github.fake_api import BOT, REPOSITORY, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from neon.fake_api import FakeNeon
    from neon_migrate.deployment import DeployReport, PlanReport
    from tests.github.fake_api import FakeGitHub
    from tests.notify.test_slack import Webhook


def _plan(road: Road) -> PlanReport:
    road.event("push", {})
    return api.ci_plan(road.project, road.environment, deploy_to="production")


def _deploy(road: Road, approved: str | None, **environment: str) -> DeployReport:
    road.event("push", {}, **environment)
    return api.ci_deploy(road.project, road.environment, approved=approved, deploy_to="production", output=road.output)


def _approved(road: Road) -> str:
    _plan(road)
    return road.outputs["plan"]


def test_the_plan_says_what_would_run_and_who_waits(road: Road) -> None:
    """Summary, outputs and Slack; production is as it was."""
    report = _plan(road)
    assert road.outputs["pending"] == "1"
    assert road.outputs["digest"] == report.plan.digest
    assert decode_plan(road.outputs["plan"]) == report.plan
    assert "1 migration wait" in road.summary
    assert "migrations/0001_users.up.sql" in road.summary
    assert report.plan.digest in road.summary
    assert road.told == [f"⏳ 1 migration for {road.bench.target} wait for approval"]
    assert road.bench.query("SELECT to_regclass('_sqlx_migrations')::text") == [(None,)]


def test_whoever_approves_is_led_to_plan_and_pull_requests(road: Road) -> None:
    """By links in Slack: to the attempt that has the plan, to what brought each migration, and to the run."""
    road.github.history["migrations/0001_users.up.sql"] = ["commit-5"]
    road.github.merged["commit-5"] = 5
    assert _plan(road).warnings == ()
    links = road.slack.taken[-1]["blocks"][-1]["elements"][0]["text"]
    repository = f"https://github.com/{REPOSITORY}"
    assert links.split(" · ") == [
        f"<{repository}/actions/runs/99/attempts/1|plan>",
        f"<{repository}/pull/{PULL_REQUEST}|pull request {PULL_REQUEST}>",
        f"<{repository}/pull/5|pull request 5>",
        f"<{repository}/commit/{SHA}|commit>",
        f"<{repository}/actions/runs/99|run>",
    ]


def test_a_plan_needs_no_right_to_read_pull_requests(road: Road) -> None:
    """It is asked for approval without links to them, and said why."""
    road.event("push", {}, GITHUB_TOKEN="")
    report = api.ci_plan(road.project, road.environment, deploy_to="production")
    (warning,) = report.warnings
    assert warning.startswith("The pull requests could not be found: There is no GITHUB_TOKEN")
    assert "|plan>" in json.dumps(road.slack.taken)


def test_a_plan_with_nothing_pending_waits_for_nobody(road: Road) -> None:
    """Nobody is told, and the deploying job can be left out."""
    api.apply(road.project)
    assert _plan(road).plan.pending == ()
    assert road.outputs["pending"] == "0"
    assert road.told == []


def test_a_plan_of_a_contradictory_history_is_an_error(road: Road) -> None:
    """A migration that production has was edited."""
    api.apply(road.project)
    road.bench.write(_0001_users__up="CREATE TABLE other ();")
    with pytest.raises(HistoryError):
        _plan(road)
    assert "can't be planned" in road.summary
    assert "0001_users.up.sql was changed after it was applied" in road.summary
    assert road.told == ["❌ The deployment to production can't be planned"]


def test_what_was_approved_is_deployed(road: Road) -> None:
    """Applied, verified, compared; the pull request's comment has the outcome, and the team knows."""
    report = _deploy(road, _approved(road))
    assert report.exit_code is ExitCode.OK
    assert [(one.version, one.verified) for one in report.applied] == [(1, True)]
    assert (report.not_applied, report.missing, report.drift, report.rollback) == ((), (), (), None)
    assert report.approved_by == ("ann",)
    assert report.before is not None
    assert report.before.lsn.count("/") == 1
    assert road.bench.versions() == [1]
    assert "## ✅ neon-migrate: deployed" in road.comment
    assert "approved by ann" in road.comment
    assert "## ✅ neon-migrate: deployed" in road.summary
    assert road.told[-1] == f"✅ 1 migration applied to {road.bench.target}"
    assert road.outputs["outcome"] == "success"
    written = json.loads((road.output / "neon-migrate-deployment.json").read_text())
    assert [one["version"] for one in written["applied"]] == [1]


def test_the_outcome_stands_before_what_the_comment_said(road: Road) -> None:
    """And a second deployment's takes its place."""
    own = road.environment.get("NEON_PROJECT_ID", "")
    mark = marker("report", str(road.bench.target), own)
    road.github.add_comment(PULL_REQUEST, f"{mark}\n## the review\n", BOT)
    _deploy(road, _approved(road))
    first = road.comment
    assert first.index("neon-migrate: deployed") < first.index("## the review")
    road.bench.write(_0002_orders="CREATE TABLE orders ();")
    _deploy(road, _approved(road))
    assert road.comment.count("neon-migrate: deployed") == 1
    assert road.comment.count("## the review") == 1
    assert "| 2 |" in road.comment


def test_an_old_run_that_is_run_again_takes_no_success_back(road: Road) -> None:
    """It stops at the history, since a later one was deployed: the comment says so, once, and stays a success."""
    road.github.add_comment(PULL_REQUEST, f"{marker('report', str(road.bench.target), '')}\n## the review\n", BOT)
    approved = _approved(road)
    assert _deploy(road, approved).succeeded
    road.bench.write(_0002_orders="CREATE TABLE orders ();")
    api.apply(road.project)
    (road.bench.settings.migrations / "0002_orders.sql").unlink()
    for _ in range(2):
        report = _deploy(road, approved)
        assert (report.exit_code, report.plan) == (ExitCode.HISTORY, None)
    assert "## ✅ neon-migrate: deployed" in road.comment
    assert "deployment failed" not in road.comment
    assert road.comment.count("stopped before it began, and nothing was done") == 1
    assert road.comment.index("stopped before it began") < road.comment.index("## the review")
    assert "deployment failed" in road.summary
    assert road.told[-1] == "❌ A deployment to production stopped, and nothing was done"


def test_a_failure_with_nothing_done_is_told_where_nothing_was_deployed(road: Road) -> None:
    """There is no success to keep; and one that comes then takes its place."""
    approved = _approved(road)
    road.bench.query("CREATE TABLE by_hand (id int)")
    _deploy(road, approved)
    assert "## ⛔ neon-migrate: the deployment failed" in road.comment
    _deploy(road, _approved(road))
    assert "## ✅ neon-migrate: deployed" in road.comment
    assert "failed" not in road.comment


def test_a_review_without_room_beside_the_outcome_is_said_to_be_gone(road: Road) -> None:
    """And where it is found; the next outcome keeps that."""
    mark = marker("report", str(road.bench.target), road.environment.get("NEON_PROJECT_ID", ""))
    road.github.add_comment(PULL_REQUEST, f"{mark}\n## the review\n" + "a line of it\n" * 4_950, BOT)
    for number, name in enumerate(("one", "two"), 2):
        road.bench.write(**{f"_{number}_{name}": "SELECT 1;"})
        _deploy(road, _approved(road))
        assert road.comment.count("neon-migrate: deployed") == 1
        assert "a line of it" not in road.comment
        assert road.comment.count("too long to stand beside the outcome") == 1
        assert f"/{REPOSITORY}/pull/{PULL_REQUEST}/checks" in road.comment


def test_a_review_as_long_as_they_get_stands_beside_the_outcome(road: Road) -> None:
    """A review leaves room for it."""
    mark = marker("report", str(road.bench.target), road.environment.get("NEON_PROJECT_ID", ""))
    review = "a line of it\n" * (_MOST_COMMENT // 13)
    road.github.add_comment(PULL_REQUEST, f"{mark}\n{review}", BOT)
    _deploy(road, _approved(road))
    assert "neon-migrate: deployed" in road.comment
    assert road.comment.endswith(review)


def test_nothing_pending_is_nothing_to_do(road: Road) -> None:
    """No comment, no message."""
    api.apply(road.project)
    report = _deploy(road, _approved(road))
    assert (report.exit_code, report.applied, report.before) == (ExitCode.OK, (), None)
    assert (road.comment, road.told) == ("", [])
    assert "nothing to deploy" in road.summary


@pytest.mark.parametrize("environments", [{}, {"production": []}])
def test_an_environment_that_nobody_has_to_approve_is_refused(road: Road, environments: dict[str, list[str]]) -> None:
    """Also one that does not exist: GitHub would make it without protection."""
    approved = _approved(road)
    road.github.environments = environments
    report = _deploy(road, approved)
    assert report.exit_code is ExitCode.REFUSED
    assert report.failure is not None
    assert "has no required reviewers" in report.failure.what
    assert 'approval = "none"' in report.failure.remedy
    assert road.bench.query("SELECT to_regclass('users')::text") == [(None,)]
    assert road.told[-1].startswith("❌")


def test_a_job_outside_its_environment_is_refused(road: Road) -> None:
    """The environment has reviewers, but nobody was asked: the job does not name it."""
    approved = _approved(road)
    road.github.approved = {"staging": "ann"}
    report = _deploy(road, approved)
    assert report.exit_code is ExitCode.REFUSED
    assert report.failure is not None
    assert "Nobody approved this run" in report.failure.what
    assert road.bench.query("SELECT to_regclass('users')::text") == [(None,)]


def test_the_settings_may_do_without_approval(road: Road) -> None:
    """Then neither reviewers nor a plan is asked for."""
    road.bench.settings = replace(road.bench.settings, approval="none")
    road.github.environments = {}
    assert _deploy(road, None).exit_code is ExitCode.OK
    assert road.bench.versions() == [1]


def test_without_a_plan_nothing_is_deployed(road: Road) -> None:
    """Nor with one that can't be read."""
    for approved, word in ((None, "what was approved"), ("{}", "can't be read"), ("", "can't be read")):
        report = _deploy(road, approved)
        assert report.exit_code is ExitCode.USAGE
        assert report.failure is not None
        assert word in report.failure.what
        assert report.before is None


def test_not_being_able_to_ask_for_reviewers_stops_it(road: Road) -> None:
    """A missing permission is no approval."""
    approved = _approved(road)
    road.github.faults.append(Fault("GET", 403, "Resource not accessible by integration"))
    report = _deploy(road, approved)
    assert report.exit_code is ExitCode.FAILED
    assert road.bench.query("SELECT to_regclass('users')::text") == [(None,)]


def test_another_migration_since_the_approval_stops_it(road: Road) -> None:
    """It says which, and nothing is done."""
    approved = _approved(road)
    road.bench.write(_0002_orders="CREATE TABLE orders ();")
    report = _deploy(road, approved)
    assert report.exit_code is ExitCode.DIFFERENT
    assert report.failure is not None
    assert report.failure.why == "2 (orders) would run too."
    assert "2 (orders) would run too" in road.summary
    assert "Nothing was done to the database" in road.summary
    assert road.bench.query("SELECT to_regclass('users')::text") == [(None,)]


def test_an_edited_migration_since_the_approval_stops_it(road: Road) -> None:
    """The same version with another text is not what was approved."""
    approved = _approved(road)
    road.bench.write(_0001_users__up="CREATE TABLE users (id int);")
    report = _deploy(road, approved)
    assert report.failure is not None
    assert report.failure.why == "1 (users) has another text."


def test_drift_between_approval_and_deployment_stops_it(road: Road) -> None:
    """Somebody changed production by hand meanwhile: it is named, and nothing is applied."""
    approved = _approved(road)
    road.bench.query("CREATE TABLE by_hand (id int)")
    report = _deploy(road, approved)
    assert report.exit_code is ExitCode.DIFFERENT
    assert report.failure is not None
    assert "The schema of production has changed." in report.failure.why
    assert "table public.by_hand is unexpected" in report.failure.why
    assert "by_hand" in road.summary
    assert road.bench.query("SELECT to_regclass('users')::text") == [(None,)]


def test_a_deployment_that_was_overtaken_stops(road: Road) -> None:
    """Another run applied it meanwhile: the ledger has changed."""
    approved = _approved(road)
    api.apply(road.project)
    report = _deploy(road, approved)
    assert report.failure is not None
    assert "1 (users) would not run any more." in report.failure.why
    assert "The ledger has changed: it had 0 rows and has 1." in report.failure.why


def test_rows_and_time_do_not_change_the_digest(road: Road) -> None:
    """Only what decides: an approval lasts while production is written to."""
    api.apply(road.project)
    road.bench.write(_0002_orders="CREATE TABLE orders ();")
    before = decode_plan(_approved(road))
    road.bench.query("INSERT INTO users SELECT n, n::text FROM generate_series(1, 1000) AS n; ANALYZE users")
    assert changes_since(before, decode_plan(_approved(road))) == ()


def test_a_deployment_that_fails_half_way(road: Road) -> None:
    """What was done and what was not, and the ways back; no value of a row leaves the database."""
    road.bench.write(
        _0002_orders__up="CREATE TABLE orders (id int);",
        _0002_orders__down="DROP TABLE orders;",
        _0003_unique="CREATE UNIQUE INDEX ON users (email);",
        _0004_last="CREATE TABLE last ();",
    )
    api.apply(road.project, to=1)
    road.bench.query("INSERT INTO users VALUES (1, 'secret@example.com'), (2, 'secret@example.com')")
    report = _deploy(road, _approved(road))
    assert report.exit_code is ExitCode.FAILED
    assert [one.version for one in report.applied] == [2]
    assert [one.version for one in report.not_applied] == [3, 4]
    assert report.failure is not None
    assert (report.failure.sqlstate, report.failure.path) == ("23505", "migrations/0003_unique.sql")
    assert report.rollback is not None
    assert report.rollback.grade == "lossy"
    assert "1 migration applied, 2 not" in road.summary
    assert "## Ways on for" in road.summary
    assert "DROP TABLE orders;" in (road.output / "neon-migrate-rollback-plan.md").read_text()
    assert "**not applied**" in road.comment
    assert road.told[-1] == f"❌ The deployment to {road.bench.target} failed"
    assert road.outputs["outcome"] == "failure"
    everything = [road.summary, road.comment, json.dumps(road.slack.taken), *(one.read_text() for one in report.files)]
    assert len(report.files) == 2
    assert all("secret@example.com" not in text for text in everything)


def test_what_a_migration_raises_as_a_notice_stays_out_of_the_job_log(road: Road) -> None:
    """It may have values of rows in it."""
    api.apply(road.project)
    road.bench.query("INSERT INTO users VALUES (1, 'secret@example.com')")
    road.bench.write(_0002_tell="DO $$ BEGIN RAISE NOTICE '%', (SELECT email FROM users); END $$;")
    road.bench.events.clear()
    assert _deploy(road, _approved(road)).exit_code is ExitCode.OK
    assert road.bench.told(MigrationApplied)
    assert "secret@example.com" not in repr(road.bench.events)


def test_a_migration_below_the_latest_is_deployed_too(road: Road) -> None:
    """Two branches were merged in the other order than their versions say."""
    road.bench.write(_0003_late="CREATE TABLE late ();")
    api.apply(road.project)
    road.bench.write(_0002_early="CREATE TABLE early ();")
    report = _deploy(road, _approved(road))
    assert report.exit_code is ExitCode.OK, report.failure
    assert [one.version for one in report.applied] == [2]


def test_a_cancelled_deployment_says_how_far_it_came(road: Road) -> None:
    """The migration is committed, and verifying it was interrupted."""
    approved = _approved(road)

    def cancel(event: Event) -> None:
        if isinstance(event, Step) and event.what.startswith("comparing"):
            raise KeyboardInterrupt

    project = replace(road.project, observer=cancel)
    report = api.ci_deploy(project, road.environment, approved=approved, deploy_to="production", output=road.output)
    assert report.exit_code is ExitCode.INTERRUPTED
    assert [one.version for one in report.applied] == [1]
    assert "1 migration applied, 0 not" in road.summary
    assert road.told[-1].startswith("❌")


@pytest.mark.parametrize(
    ("fault", "word"),
    [(OSError(28, "No space left on device"), "No space left"), (RuntimeError("ann@example.com"), "A fault in neon")],
)
def test_whatever_goes_wrong_after_applying_is_accounted_for(road: Road, fault: Exception, word: str) -> None:
    """The disk is full, or neon-migrate has a fault: production is changed, so all that is known is told."""
    approved = _approved(road)

    def fail(event: Event) -> None:
        if isinstance(event, Step) and event.what.startswith("comparing"):
            raise fault

    project = replace(road.project, observer=fail)
    report = api.ci_deploy(project, road.environment, approved=approved, deploy_to="production", output=road.output)
    assert report.exit_code is ExitCode.FAILED
    assert [one.version for one in report.applied] == [1]
    assert report.failure is not None
    assert word in report.failure.what
    assert "neon-migrate status" in report.failure.remedy
    assert "1 migration applied, 0 not" in road.summary
    assert "## Ways on for" in road.summary
    assert "neon-migrate: the deployment failed" in road.comment
    assert road.told[-1].startswith("❌")
    assert len(report.files) == 2
    assert road.outputs["applied"] == "1"
    everything = [road.summary, road.comment, json.dumps(road.slack.taken), *(one.read_text() for one in report.files)]
    assert all("ann@example.com" not in text for text in everything)


def test_ways_back_and_outputs_that_fail_take_nothing_else_with_them(road: Road, tmp_path: Path) -> None:
    """The outcome, the comment, the message and the artifact are there; what is not is said."""
    road.bench.write(_0002_wrong="SELECT nope;")
    approved = _approved(road)
    road.event("push", {}, GITHUB_OUTPUT=str(tmp_path / "no" / "folder"))

    def fail(event: Event) -> None:
        if isinstance(event, Step) and event.what == "working out the ways back":
            raise RuntimeError("ann@example.com")

    project = replace(road.project, observer=fail)
    report = api.ci_deploy(project, road.environment, approved=approved, deploy_to="production", output=road.output)
    assert (report.exit_code, report.rollback) == (ExitCode.FAILED, None)
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "The ways back could not be worked out",
        "The outputs could not be set",
    ]
    assert "ann@example.com" not in "".join(report.warnings)
    assert "1 migration applied, 1 not" in road.summary
    assert "neon-migrate: the deployment failed" in road.comment
    assert road.told[-1].startswith("❌")
    assert [one.name for one in report.files] == ["neon-migrate-deployment.json"]


def test_a_page_that_can_not_be_made_takes_nothing_else_with_it(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what shows the ways back: the outcome stands in summary, comment, Slack and the record."""

    def fail(plan: object) -> str:
        raise RuntimeError("ann@example.com")

    monkeypatch.setattr("neon_migrate.ci.deploy.rollback_plan_markdown", fail)
    road.bench.write(_0002_wrong="SELECT nope;")
    report = _deploy(road, _approved(road))
    assert report.exit_code is ExitCode.FAILED
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "The job summary could not be written",
        "An artifact is missing",
    ]
    assert "1 migration applied, 1 not" in road.summary
    assert "neon-migrate: the deployment failed" in road.comment
    assert [one.name for one in report.files] == ["neon-migrate-deployment.json"]
    assert "ann@example.com" not in "".join(report.warnings)


def test_a_failing_slack_fails_no_deployment(road: Road) -> None:
    """It is a warning; so is a comment that GitHub refuses."""
    approved = _approved(road)
    road.slack.answer = (500, "no")
    road.github.faults.append(Fault("POST", 403, "Resource not accessible by integration"))
    report = _deploy(road, approved)
    assert report.exit_code is ExitCode.OK
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "The comment of pull request 7 could not be updated",
        "Slack could not be told",
    ]
    assert road.slack.url not in "".join(report.warnings)


def test_what_cannot_be_written_fails_no_deployment(road: Road, tmp_path: Path) -> None:
    """Neither the job summary nor the artifacts: production is what it was to be, and that is told."""
    approved = _approved(road)
    (tmp_path / "in the way").write_text("")
    road.output = tmp_path / "in the way" / "artifacts"
    report = _deploy(road, approved, GITHUB_STEP_SUMMARY=str(tmp_path / "no" / "folder"))
    assert report.exit_code is ExitCode.OK
    assert report.warnings[0].split(":")[0] == "The job summary could not be written"
    assert len(report.warnings) == 2
    assert road.told[-1].startswith("✅")


def test_a_commit_without_a_pull_request_has_no_comment(road: Road) -> None:
    """It was pushed to main."""
    road.github.merged.clear()
    assert _deploy(road, _approved(road)).comment_urls == ()
    assert road.github.comments == {}


def test_every_pull_request_that_the_deployment_carried_is_told(road: Road) -> None:
    """While it waited, GitHub replaced the runs of those before: their migrations' files lead to them."""
    mark = marker("report", str(road.bench.target), road.environment.get("NEON_PROJECT_ID", ""))
    road.bench.write(_0002_orders="CREATE TABLE orders ();", _0003_pets="CREATE TABLE pets ();")
    for number, file in ((5, "0001_users.up.sql"), (6, "0002_orders.sql"), (PULL_REQUEST, "0003_pets.sql")):
        road.github.add_comment(number, f"{mark}\n## review of {number}\n", BOT)
        road.github.history[f"migrations/{file}"] = [f"commit-{number}"]
        road.github.merged[f"commit-{number}"] = number
    report = _deploy(road, _approved(road))
    assert report.warnings == ()
    assert [url.partition("#")[0].rpartition("/")[2] for url in report.comment_urls] == ["7", "6", "5"]
    for number in (5, 6, PULL_REQUEST):
        (body,) = road.github.bodies(number)
        assert body.index("neon-migrate: deployed") < body.index(f"## review of {number}")
    assert road.outputs["comment-url"] == report.comment_urls[0]
    links = road.slack.taken[-1]["blocks"][-1]["elements"][0]["text"]
    assert all(f"|pull request {number}>" in links for number in (5, 6, PULL_REQUEST))


def test_a_pull_request_of_before_gets_no_new_comment(road: Road) -> None:
    """A first deployment of a long history tells its own pull request, not all those that were merged long ago."""
    road.bench.write(_0002_pets="CREATE TABLE pets ();")
    road.github.history = {"migrations/0001_users.up.sql": ["long-ago"], "migrations/0002_pets.sql": [SHA]}
    road.github.merged["long-ago"] = 3
    report = _deploy(road, _approved(road))
    assert list(road.github.comments) == [PULL_REQUEST]
    assert [url.partition("#")[0].rpartition("/")[2] for url in report.comment_urls] == [str(PULL_REQUEST)]
    assert report.warnings == ()


def test_migrations_that_are_not_traced_are_counted(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub is asked so often and no more, and that is said."""
    monkeypatch.setattr("neon_migrate.ci.outcome._MOST_QUESTIONS", 1)
    road.bench.write(_0002_pets="CREATE TABLE pets ();")
    (warning,) = _deploy(road, _approved(road)).warnings
    assert "the 1 oldest of 2 pending migrations" in warning


def test_a_history_that_can_not_be_asked_for_keeps_no_comment_back(road: Road) -> None:
    """The run's own pull request is told, and that others are not is a warning."""
    approved = _approved(road)
    road.github.before = lambda method, path: (
        road.github.faults.append(Fault("GET", 403, "no")) if path.endswith("/commits") else None
    )
    report = _deploy(road, approved)
    assert "neon-migrate: deployed" in road.comment
    (warning,) = report.warnings
    assert warning.startswith("The pull requests could not be found")


def test_a_plan_that_can_not_be_handed_on_is_told(road: Road, tmp_path: Path) -> None:
    """Without outputs there is nothing to approve: it is an error, of which summary and Slack are told."""
    road.event("push", {}, GITHUB_OUTPUT=str(tmp_path / "no" / "folder"))
    with pytest.raises(NeonMigrateError, match="No such file") as raised:
        api.ci_plan(road.project, road.environment, deploy_to="production")
    assert raised.value.exit_code is ExitCode.FAILED
    assert "No such file" in road.summary
    assert road.told == ["❌ The deployment to production can't be planned"]


def test_a_fault_of_ours_while_planning_is_told(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its class and where it was raised, and without what it quotes."""

    def fail(project: object) -> None:
        raise RuntimeError("ann@example.com")

    monkeypatch.setattr("neon_migrate.ci.plan.planned", fail)
    road.event("push", {})
    with pytest.raises(NeonMigrateError, match="A fault in neon-migrate") as raised:
        api.ci_plan(road.project, road.environment, deploy_to="production")
    assert "RuntimeError" in raised.value.what and "It was raised in test_deploy.py" in raised.value.why
    assert road.told == ["❌ The deployment to production can't be planned"]
    assert "RuntimeError" in road.summary
    assert "ann@example.com" not in road.summary + str(raised.value) + json.dumps(road.slack.taken)


def test_outside_github_actions_there_is_nothing_to_deploy(road: Road) -> None:
    """`apply` is for that."""
    with pytest.raises(UsageError, match="no run of GitHub Actions"):
        api.ci_deploy(road.project, {}, approved=None, deploy_to="production", output=road.output)


@pytest.fixture
def neon_road(tmp_path: Path, neon_api: FakeNeon, github_api: FakeGitHub, webhook: Webhook) -> Road:
    """The same with production on Neon."""
    road = Road(tmp_path, neon_api.target, github_api, webhook)
    road.bench.write(_0001_users__up="CREATE TABLE users ();", _0001_users__down="DROP TABLE users;")
    return road


@pytest.mark.parametrize("backup", ["none", "branch", "snapshot"])
def test_the_state_before_is_recorded(neon_road: Road, neon_api: FakeNeon, backup: Any) -> None:
    """Production's branch, its history window, and a backup where the settings ask for one."""
    neon_road.bench.settings = replace(neon_road.bench.settings, backup=backup)
    report = _deploy(neon_road, _approved(neon_road), **neon_api.environment)
    assert report.exit_code is ExitCode.OK, report.failure
    assert report.before is not None
    assert (report.before.branch, report.before.window_s) == ("main", 86_400)
    assert re.fullmatch("" if backup == "none" else "before-run-99-1-[0-9a-f]{6}", report.before.backup)
    made = neon_api.named(report.before.backup)
    assert (made is not None) == (backup == "branch")


@pytest.mark.parametrize("how", ["drift", "overtaken"])
def test_a_change_while_the_backup_is_made_stops_it(neon_road: Road, neon_api: FakeNeon, how: str) -> None:
    """What was approved is held against production under the lock: nothing is written, and the backup is named."""
    bench = neon_road.bench
    bench.settings = replace(bench.settings, backup="branch")
    approved = _approved(neon_road)
    neon_road.event("push", {}, **neon_api.environment)

    def change(event: Event) -> None:
        if isinstance(event, Step) and event.what == "making a branch of main":
            if how == "drift":
                bench.query("CREATE TABLE by_hand (id int)")
            else:
                api.apply(bench.project)

    report = api.ci_deploy(
        replace(neon_road.project, observer=change),
        neon_road.environment,
        approved=approved,
        deploy_to="production",
        output=neon_road.output,
    )
    assert report.exit_code is ExitCode.DIFFERENT
    assert report.failure is not None
    said = "table public.by_hand is unexpected" if how == "drift" else "it had 0 rows and has 1"
    assert said in report.failure.why
    assert (report.applied, report.before, report.rollback) == ((), None, None)
    assert "Nothing was done to the database" in neon_road.summary
    (warning,) = report.warnings
    assert "The backup before-run-99-1-" in warning
    made = bench.query("SELECT to_regclass('users')::text, to_regclass('_sqlx_migrations')::text")
    assert made == ([(None, None)] if how == "drift" else [("users", "_sqlx_migrations")])


@pytest.mark.parametrize("backup", ["branch", "snapshot"])
def test_a_run_that_is_run_again_makes_its_own_backup(neon_road: Road, neon_api: FakeNeon, backup: Any) -> None:
    """The first attempt's is there still, of another state."""
    neon_road.bench.settings = replace(neon_road.bench.settings, backup=backup)
    neon_road.bench.write(_0002_wrong="SELECT nope;")
    first = _deploy(neon_road, _approved(neon_road), **neon_api.environment, GITHUB_RUN_ATTEMPT="1")
    again = _deploy(neon_road, _approved(neon_road), **neon_api.environment, GITHUB_RUN_ATTEMPT="2")
    names = [report.before.backup if report.before else "" for report in (first, again)]
    assert [name.rpartition("-")[0] for name in names] == ["before-run-99-1", "before-run-99-2"]


@pytest.mark.parametrize("backup", ["branch", "snapshot"])
def test_two_deployments_of_one_attempt_make_two_backups(neon_road: Road, neon_api: FakeNeon, backup: Any) -> None:
    """Of two databases of one project, say, or of a step that is tried again."""
    neon_road.bench.settings = replace(neon_road.bench.settings, backup=backup)
    neon_road.bench.write(_0002_wrong="SELECT nope;")
    made = [_deploy(neon_road, _approved(neon_road), **neon_api.environment) for _ in range(2)]
    names = {report.before.backup for report in made if report.before}
    assert len(names) == 2
    there = [branch.name for branch in neon_api.branches.values()] + [one["name"] for one in neon_api.snapshots]
    assert names <= set(there)


def test_the_state_before_is_of_after_the_backup(neon_road: Road, neon_api: FakeNeon) -> None:
    """What was written while the backup was made is not behind the point that is gone back to."""
    neon_road.bench.settings = replace(neon_road.bench.settings, backup="branch")
    approved, written = _approved(neon_road), []
    neon_road.event("push", {}, **neon_api.environment)

    def write(event: Event) -> None:
        if isinstance(event, Step) and event.what == "making a branch of main":
            neon_road.bench.query("SELECT pg_catalog.pg_logical_emit_message(true, 'neon-migrate', 'written')")
            written.extend(neon_road.bench.query("SELECT pg_catalog.pg_current_wal_flush_lsn()::text"))

    report = api.ci_deploy(
        replace(neon_road.project, observer=write),
        neon_road.environment,
        approved=approved,
        deploy_to="production",
        output=neon_road.output,
    )
    assert report.exit_code is ExitCode.OK, report.failure
    assert report.before is not None
    assert neon_road.bench.query(f"SELECT '{report.before.lsn}'::pg_lsn >= '{written[0][0]}'::pg_lsn") == [(True,)]


def test_a_short_history_window_is_a_warning(neon_road: Road, neon_api: FakeNeon) -> None:
    """Six hours on Neon's free plan."""
    neon_api.retention_s = 6 * 3600
    report = _deploy(neon_road, _approved(neon_road), **neon_api.environment)
    assert report.exit_code is ExitCode.OK
    assert "6 hours only" in report.warnings[0]


def test_a_backup_that_cannot_be_made_stops_it(neon_road: Road, neon_api: FakeNeon) -> None:
    """Neither without an API key nor when Neon refuses is anything applied."""
    neon_road.bench.settings = replace(neon_road.bench.settings, backup="branch")
    without_key = _deploy(neon_road, _approved(neon_road))
    assert without_key.exit_code is ExitCode.USAGE
    neon_api.limit = 1
    refused = _deploy(neon_road, _approved(neon_road), **neon_api.environment)
    assert refused.exit_code is ExitCode.FAILED
    assert neon_road.bench.query("SELECT to_regclass('users')::text") == [(None,)]


def test_a_failure_on_neon_says_how_to_go_back(neon_road: Road, neon_api: FakeNeon) -> None:
    """Restoring to the recorded LSN is one of the ways on, with the command to paste."""
    neon_road.bench.write(_0002_wrong="ALTER TABLE nobody ADD COLUMN x int;")
    report = _deploy(neon_road, _approved(neon_road), **neon_api.environment)
    assert [one.version for one in report.applied] == [1]
    assert report.rollback is not None
    assert report.before is not None
    assert report.rollback.restore.possible, report.rollback.restore.why_not
    assert report.rollback.restore.lsn == report.before.lsn
    text = (neon_road.output / "neon-migrate-rollback-plan.md").read_text()
    assert "neon-migrate restore" in text
    assert report.before.lsn in text
