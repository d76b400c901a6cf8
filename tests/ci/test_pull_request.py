"""What a pull request is told: one comment, the job summary, annotations, SARIF, the report, and an exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from neon_migrate import api
from neon_migrate.ci.run import start
from neon_migrate.errors import ExitCode, NeonMigrateError, RefusedError
from neon_migrate.events import Event, Step
from neon_migrate.render.ci import pull_request_page
from neon_migrate.render.plain import text as plain
from neon_migrate.report import decode
from tests.ci.conftest import Road
from tests.github.fake_api import Fault
from tests.test_unreleased import _own_git, commit, git

if TYPE_CHECKING:
    from pathlib import Path

    from neon.fake_api import FakeNeon
    from neon_migrate.deployment import PullRequestReport
    from tests.github.fake_api import FakeGitHub
    from tests.notify.test_slack import Webhook


__all__ = ["_own_git"]


def _review(road: Road, action: str = "opened", *, fork: bool = False, **environment: str) -> PullRequestReport:
    road.pull_request(action, fork=fork)
    road.environment |= environment
    return api.ci_pull_request(road.project, road.environment, output=road.output)


def test_an_opened_pull_request_gets_one_comment(road: Road) -> None:
    """With the summary, the report as JSON, SARIF and outputs; production is as it was."""
    report = _review(road)
    assert report.exit_code is ExitCode.OK
    assert report.report is not None
    assert [one.version for one in report.report.pending] == [1]
    assert report.comment_url.endswith(f"#issuecomment-{road.github.comments[7][0]['id']}")
    for text in (road.comment, road.summary):
        assert "## ⚠️ neon-migrate: look" in text  # its way back loses the rows that come until then
        assert "migrations/0001_users.up.sql" in text
    assert decode((road.output / "neon-migrate-report.json").read_text()) == report.report
    assert json.loads((road.output / "neon-migrate.sarif").read_text())["version"] == "2.1.0"
    assert road.outputs["verdict"] == "look"
    assert (road.outputs["pending"], road.outputs["digest"]) == ("1", report.report.digest)
    assert road.bench.query("SELECT to_regclass('_sqlx_migrations')::text") == [(None,)]
    assert road.told == []


def test_an_updated_pull_request_has_its_comment_replaced(road: Road) -> None:
    """Also by a rerun; other people's comments stay."""
    _review(road)
    for number in range(120):
        road.github.add_comment(7, f"remark {number}")
    road.bench.write(_0002_orders="CREATE TABLE orders ();")
    _review(road, "synchronize")
    assert "migrations/0002_orders.sql" in road.comment
    assert len(road.github.comments[7]) == 121


def test_the_plan_has_the_digest_of_the_review(road: Road) -> None:
    """What reviewers saw is what is approved, as long as nothing has changed."""
    reviewed = _review(road)
    road.event("push", {})
    planned = api.ci_plan(road.project, road.environment, deploy_to="production")
    assert reviewed.report is not None
    assert planned.plan.digest == reviewed.report.digest


def test_hazards_warn_and_allow_unless_the_settings_stop_them(road: Road) -> None:
    """By severity; each stands on its line, also in the middle of a file."""
    api.apply(road.project)
    road.bench.write(_0002_change="-- what for\nCREATE TABLE orders ();\n\n  ALTER TABLE users DROP COLUMN email;\n")
    allowed = _review(road)
    assert (allowed.exit_code, allowed.verdict) == (ExitCode.OK, "look")
    (remark,) = [one for one in allowed.remarks if one.code == "dropped-column"]
    assert (remark.path, remark.line, remark.column) == ("migrations/0002_change.sql", 4, 3)
    assert "`dropped-column` `migrations/0002_change.sql:4:3`" in road.comment
    road.bench.settings = replace(road.bench.settings, stops_at=("danger", "warning"))
    stopped = _review(road, "synchronize")
    assert (stopped.exit_code, stopped.verdict) == (ExitCode.REFUSED, "stop")
    assert "of a severity that the settings let stop" in road.comment


@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_a_migration_that_production_has_must_not_change(road: Road, how: str) -> None:
    """It stops the pull request, and says what to do."""
    road.bench.write(_0002_orders="CREATE TABLE orders ();")
    api.apply(road.project)
    if how == "edited":
        road.bench.write(_0002_orders="CREATE TABLE orders (id int);")
    else:
        (road.bench.settings.migrations / "0002_orders.sql").unlink()
    report = _review(road)
    assert (report.exit_code, report.verdict) == (ExitCode.HISTORY, "stop")
    assert f"applied-migration-{how}" in [remark.code for remark in report.remarks]
    assert "### What stops it" in road.comment


def test_a_migration_that_does_not_run_stops_it(road: Road) -> None:
    """At its place in the file."""
    road.bench.write(_0002_wrong="SELECT 1;\nALTER TABLE nobody ADD COLUMN x int;\n")
    report = _review(road)
    assert (report.exit_code, report.verdict) == (ExitCode.FAILED, "stop")
    failed = next(remark for remark in report.remarks if remark.code == "rehearsal-failed")
    assert (failed.path, failed.line) == ("migrations/0002_wrong.sql", 2)
    assert "⛔ neon-migrate: stop" in road.comment


def test_a_fork_is_validated_on_a_scratch_and_gets_no_comment(road: Road) -> None:
    """It has no secrets: the database is not asked even where one is at hand, and GitHub neither."""
    report = _review(road, fork=True)
    assert report.exit_code is ExitCode.OK
    assert report.report is None
    assert "it comes from a fork" in road.summary
    assert road.github.requests == []
    assert (road.comment, report.comment_url, report.warnings) == ("", "", ())
    assert (road.output / "neon-migrate.sarif").exists()


def test_a_fork_with_a_fault_fails(road: Road) -> None:
    """Its migrations are run like everybody's."""
    road.bench.write(_0002_wrong="ALTER TABLE nobody ADD COLUMN x int;\n")
    report = _review(road, fork=True)
    assert (report.exit_code, report.verdict) == (ExitCode.FAILED, "stop")
    assert "nobody" in road.summary


def test_a_fork_that_edits_what_the_default_branch_has_is_to_be_looked_at(road: Road) -> None:
    """No ledger says whether it is applied, but git says that it may be."""
    git(road.checkout, "init", "-b", "main")
    commit(road.checkout)
    git(road.checkout, "checkout", "-b", "feature")
    assert _review(road, fork=True).verdict == "in order"
    assert "## ✅ neon-migrate: validated, not rehearsed" in road.summary
    road.bench.write(_0001_users__up="CREATE TABLE users (id int PRIMARY KEY);", _0001_users__down="DROP TABLE users;")
    report = _review(road, fork=True)
    assert (report.exit_code, report.verdict) == (ExitCode.OK, "look")
    assert "## ⚠️ neon-migrate: look" in road.summary
    assert "is on the branch main already" in road.summary and "immutable once applied" in road.summary
    assert ("history", "migrations/0001_users.up.sql") in [(one.code, one.path) for one in report.remarks]


def test_pull_request_target_is_refused(road: Road) -> None:
    """Before anything of the pull request is read."""
    road.event("pull_request_target", {})
    with pytest.raises(RefusedError):
        api.ci_pull_request(road.project, road.environment, output=road.output)


def test_a_run_without_a_pull_request_has_a_summary(road: Road) -> None:
    """Started by hand, or by a merge queue."""
    road.event("workflow_dispatch", {})
    report = api.ci_pull_request(road.project, road.environment, output=road.output)
    assert report.report is not None
    assert (report.comment_url, report.warnings, road.github.requests) == ("", (), [])
    assert "migrations/0001_users.up.sql" in road.summary


def test_a_missing_permission_is_a_warning(road: Road) -> None:
    """The verdict counts; the summary and the artifacts are there."""
    road.github.faults.append(Fault("POST", 403, "Resource not accessible by integration"))
    report = _review(road)
    assert report.exit_code is ExitCode.OK
    (warning,) = report.warnings
    assert "pull-requests: write" in warning
    assert "neon-migrate: look" in road.summary


def test_a_database_that_is_not_there_is_told(road: Road) -> None:
    """The validation still counts, and the comment says why nothing was rehearsed."""
    parameters = road.bench.target.parameters()
    elsewhere = f"host={parameters['host']} port={parameters['port']} user={parameters['user']} dbname=nowhere"
    road.bench.target = replace(road.bench.target, conninfo=elsewhere)
    report = _review(road)
    assert (report.exit_code, report.verdict) == (ExitCode.UNREACHABLE, "stop")
    assert "did not come to an end" in road.comment


def test_a_review_too_long_for_a_comment_is_whole_in_summary_and_artifact(road: Road) -> None:
    """GitHub takes 65,536 characters; what is left out says where it is."""
    long = "é" * 70_000
    road.bench.write(_0002_long=f"-- {long}\nCREATE TABLE orders ();\n")
    report = _review(road)
    assert report.exit_code is ExitCode.OK
    assert len(road.comment) <= 65_536
    assert long not in road.comment and long in road.summary
    assert "Left out here; it is in the [job summary and the artifact]" in road.comment
    assert report.report is not None and long in report.report.sql
    assert long in (road.output / "neon-migrate-report.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("at", "what"), [("check: ", "The validation did not come"), ("reading production", "The rehearsal did not come")]
)
@pytest.mark.parametrize("fault", [RuntimeError("ann@example.com"), OSError(28, "No space left on device")])
def test_what_nobody_expected_is_told_too(road: Road, at: str, what: str, fault: Exception) -> None:
    """The comment of the push before does not stay as if it were of this one; what the fault quotes stays inside."""
    assert "neon-migrate: look" in (_review(road) and road.comment)
    road.pull_request("synchronize")

    def fail(event: Event) -> None:
        if isinstance(event, Step) and event.what.startswith(at):
            raise fault

    project = replace(road.project, observer=fail)
    report = api.ci_pull_request(project, road.environment, output=road.output)
    assert (report.exit_code, report.verdict, road.outputs["verdict"]) == (ExitCode.FAILED, "stop", "stop")
    assert report.failure is not None
    said = "RuntimeError" if isinstance(fault, RuntimeError) else "No space left"
    assert said in report.failure.what
    for text in (road.comment, road.summary):
        assert text.count("neon-migrate: stop") == 1 and what in text and said in text
        assert "ann@example.com" not in text
    assert "ann@example.com" not in repr(report)
    assert "stop" in plain(pull_request_page(report))


def test_what_cannot_be_written_takes_no_comment_with_it(road: Road, tmp_path: Path) -> None:
    """Neither artifacts nor summary nor outputs: each is a warning."""
    (tmp_path / "in the way").write_text("")
    road.output = tmp_path / "in the way" / "artifacts"
    nowhere = str(tmp_path / "no" / "folder")
    report = _review(road, GITHUB_STEP_SUMMARY=nowhere, GITHUB_OUTPUT=nowhere)
    assert report.exit_code is ExitCode.OK
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "An artifact is missing",
        "An artifact is missing",
        "The job summary could not be written",
        "The outputs could not be set",
    ]
    assert "neon-migrate: look" in road.comment


def test_files_are_named_from_the_top_of_the_repository(
    tmp_path: Path, road: Road, github_api: FakeGitHub, webhook: Webhook
) -> None:
    """A project in a folder of the checkout: annotations and SARIF stand on the right files."""
    road.bench.write(_0002_wrong="ALTER TABLE nobody ADD COLUMN x int;\n")
    road.pull_request()
    road.environment["GITHUB_WORKSPACE"] = str(road.checkout.parent)
    report = api.ci_pull_request(road.project, road.environment, output=road.output)
    failed = next(remark for remark in report.remarks if remark.code == "rehearsal-failed")
    assert failed.path == "checkout/migrations/0002_wrong.sql"


@pytest.fixture
def neon_road(tmp_path: Path, neon_api: FakeNeon, github_api: FakeGitHub, webhook: Webhook) -> Road:
    """A repository whose production is on Neon, with rows."""
    road = Road(tmp_path, neon_api.target, github_api, webhook)
    road.bench.write(_0001_users="CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);")
    api.apply(road.project)
    road.bench.query("INSERT INTO users VALUES (1, 'secret@example.com'), (2, 'secret@example.com')")
    return road


def test_a_rehearsal_on_a_neon_branch(neon_road: Road, neon_api: FakeNeon) -> None:
    """The branch has the pull request's name, and is gone afterwards."""
    neon_road.bench.write(_0002_index="CREATE INDEX ON users (email);")
    report = _review(neon_road, **neon_api.environment)
    assert report.failure is None
    assert report.report is not None
    assert (report.report.rehearsed_on, report.report.branch) == ("neon_branch", "pr-7")
    assert "the Neon branch `pr-7`, which has production's rows" in neon_road.comment
    assert neon_api.named("pr-7") is None


def test_no_value_of_a_row_leaves_the_run(neon_road: Road, neon_api: FakeNeon) -> None:
    """A migration that fails on production's rows: Postgres's DETAIL quotes one."""
    neon_road.bench.write(_0002_unique="CREATE UNIQUE INDEX ON users (email);")
    report = _review(neon_road, **neon_api.environment)
    assert report.exit_code is ExitCode.FAILED
    texts = [neon_road.comment, neon_road.summary, *(file.read_text() for file in report.files), repr(report)]
    assert all("secret@example.com" not in text for text in texts)
    assert "could not create unique index" in neon_road.comment


def test_a_full_plan_of_branches_is_no_fault_of_the_migrations(neon_road: Road, neon_api: FakeNeon) -> None:
    """It is told as what it is."""
    neon_road.bench.write(_0002_index="CREATE INDEX ON users (email);")
    neon_api.limit = 1
    report = _review(neon_road, **neon_api.environment)
    assert report.exit_code is ExitCode.FAILED
    assert report.failure is not None
    assert report.report is None
    assert report.failure.what in neon_road.comment.replace("\\", "")


def test_no_value_of_a_row_is_quoted_as_a_name(neon_road: Road, neon_api: FakeNeon) -> None:
    """A cast that fails says so in the class of errors of syntax, and quotes the row like a name."""
    neon_road.bench.write(_0002_query="ALTER TABLE users ALTER email TYPE tsquery USING (email || ' (')::tsquery;")
    report = _review(neon_road, **neon_api.environment)
    assert report.report is not None
    assert report.report.failure is not None
    assert report.report.failure.sqlstate == "42601"
    texts = [neon_road.comment, neon_road.summary, *(file.read_text() for file in report.files), repr(report)]
    assert all("secret@example.com" not in text for text in texts)
    assert "syntax error in tsquery" in neon_road.comment


def test_a_key_of_two_lines_stands_nowhere(road: Road) -> None:
    """It is refused, and what is said of it does not quote it."""
    report = _review(road, NEON_API_KEY="napi_s3cret\nnapi_more", NEON_PROJECT_ID="shop")
    assert report.exit_code is ExitCode.USAGE
    texts = [road.comment, road.summary, *(file.read_text() for file in report.files), repr(report)]
    assert all("napi_" not in text for text in texts)
    assert "NEON_API_KEY is not an API key" in road.comment


def test_a_token_of_two_lines_stands_nowhere(road: Road) -> None:
    """There is no comment then, and a warning that does not quote the token."""
    report = _review(road, GITHUB_TOKEN="ghs_s3cret\nghs_more")
    (warning,) = report.warnings
    assert warning.startswith("The comment could not be written: GITHUB_TOKEN is not a token.")
    assert "ghs_" not in warning + road.summary + repr(report)


def test_the_password_of_the_database_is_left_out_whatever_quotes_it(road: Road) -> None:
    """The last gate: an error's own author should have left it out."""
    road.bench.target = replace(road.bench.target, conninfo="postgresql://me:hunter2pass@db.example/app")
    road.pull_request()
    run = start(road.project, road.environment)
    failure = run.failure(NeonMigrateError("a hunter2pass", why="b hunter2pass", remedy="c hunter2pass"))
    assert (failure.what, failure.why, failure.remedy) == ("a ***", "b ***", "c ***")

    def act() -> None:
        raise NeonMigrateError("a hunter2pass", why="b hunter2pass")

    assert run.attempt("It failed", act)[1] == ("It failed: a ***. b ***",)
