"""The commands as a workflow runs them: what stands in the log, and how the step ends."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import redirect_stderr
from dataclasses import replace
from io import StringIO
from pathlib import Path
from traceback import format_exception
from typing import TYPE_CHECKING

import pytest
import yaml

from neon_migrate import api
from neon_migrate.ci.run import start
from neon_migrate.cli.invocation import Invocation
from neon_migrate.cli.screen import Screen
from neon_migrate.cli.workflow import Workflow, in_workflow
from neon_migrate.errors import ExitCode, NeonMigrateError
from neon_migrate.events import CredentialsReceived
from neon_migrate.masking import SECRET_VARIABLES, URL_VARIABLES
from tests.cli.conftest import PROGRAM

if TYPE_CHECKING:
    from tests.ci.conftest import Road

PASSWORD = "pr0duction-s3cret"


def _run(road: Road, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
    return subprocess.run(
        [PROGRAM, "ci", *arguments],
        cwd=road.checkout,
        env=inherited | road.environment | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _database(road: Road) -> dict[str, str]:
    return {"NEON_DATABASE_URL": f"{_url(road)}", "GITHUB_REF": "refs/heads/main"}


def _url(road: Road) -> str:
    from urllib.parse import quote

    parameters = road.bench.target.parameters()
    host = quote(parameters["host"], safe="")
    user = quote(parameters.get("user", "postgres"), safe="")
    return f"postgresql://{user}:{PASSWORD}@/{parameters['dbname']}?host={host}&port={parameters['port']}"


def _commands(log: str, name: str) -> list[str]:
    return [line for line in log.splitlines() if line.startswith(f"::{name}")]


def test_the_road_from_pull_request_to_production(road: Road) -> None:
    """Three steps of two workflows, each a process of its own, with outputs handed on."""
    road.pull_request()
    reviewed = _run(road, "pull-request", **_database(road))
    assert reviewed.returncode == ExitCode.OK, reviewed.stderr
    assert (road.checkout / "neon-migrate-artifacts" / "neon-migrate.sarif").exists()
    assert "neon-migrate: look" in road.comment
    road.event("push", {})
    planned = _run(road, "plan", **_database(road))
    assert planned.returncode == ExitCode.OK, planned.stderr
    approved = road.outputs["plan"]
    road.event("push", {})
    deployed = _run(road, "deploy", "--plan", approved, "--format", "json", **_database(road))
    assert deployed.returncode == ExitCode.OK, deployed.stderr
    envelope = json.loads(deployed.stdout)
    assert envelope["command"] == "ci deploy"
    assert [one["version"] for one in envelope["report"]["applied"]] == [1]
    assert "neon-migrate: deployed" in road.comment


def test_the_action_hands_on_every_output_of_its_steps(road: Road) -> None:
    """And none that no step sets."""
    found = set[str]()
    for number, step in enumerate(("pull-request", "plan", "deploy", "maintenance")):
        road.event("push", {}) if number else road.pull_request()
        _step(road, step)
        found |= road.outputs.keys()
    action = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text())
    assert {name: f"${{{{ steps.run.outputs.{name} }}}}" for name in found} == {
        name: output["value"] for name, output in action["outputs"].items()
    }


def _step(road: Road, step: str) -> None:
    """One step of the road, in this process."""
    match step:
        case "pull-request":
            api.ci_pull_request(road.project, road.environment, output=road.output)
        case "plan":
            api.ci_plan(road.project, road.environment, deploy_to="production")
        case "deploy":
            api.ci_deploy(road.project, road.environment, approved=None, deploy_to="production", output=road.output)
        case "maintenance":
            api.ci_maintenance(road.project, road.environment, tasks=["sweep"], output=road.output)


def test_secrets_are_masked_and_stand_nowhere_else(road: Road) -> None:
    """The runner is told of each before anything else is written; the log has none of them otherwise."""
    road.pull_request()
    done = _run(road, "pull-request", NEON_API_KEY="", **_database(road))
    masked = _commands(done.stderr, "add-mask")
    assert any(PASSWORD in line for line in masked)
    assert any(road.slack.url in line for line in masked)
    assert done.stderr.startswith("::add-mask::")
    rest = [line for line in done.stderr.splitlines() if not line.startswith("::add-mask::")]
    texts = ["\n".join(rest), done.stdout, road.comment, road.summary]
    for secret in (PASSWORD, road.slack.url, road.environment["GITHUB_TOKEN"]):
        assert all(secret not in text for text in texts)


def test_annotations_stand_on_their_lines(road: Road) -> None:
    """Also in the middle of a file; standard output stays the page."""
    api.apply(road.project)
    road.bench.write(_0002_change="CREATE TABLE orders ();\n\n  ALTER TABLE users DROP COLUMN email;\n")
    road.pull_request()
    done = _run(road, "pull-request", **_database(road))
    errors = _commands(done.stderr, "error")
    assert any("title=dropped-column,file=migrations/0002_change.sql,line=3,col=3::" in line for line in errors)
    assert "::" not in done.stdout.replace("::text", "")


def test_a_fork_needs_no_url(road: Road) -> None:
    """A secret that did not arrive is an empty text, which elsewhere is a fault."""
    road.pull_request(fork=True)
    nothing = {"NEON_DATABASE_URL": "", "NEON_API_KEY": ""}
    done = _run(road, "pull-request", **nothing)
    assert done.returncode == ExitCode.OK, done.stderr
    assert "not rehearsed: it comes from a fork" in done.stdout
    report = json.loads(_run(road, "pull-request", "--format", "json", **nothing).stdout)["report"]
    assert (report["verdict"], report["report"], report["comment_url"]) == ("in order", None, "")


def test_an_error_is_annotated_too(road: Road) -> None:
    """Whatever ends a step stands in the run's annotations."""
    done = _run(road, "plan", NEON_DATABASE_URL="")
    assert done.returncode == ExitCode.USAGE
    assert len(_commands(done.stderr, "error")) == 1


_BROKEN = {
    "settings": ({}, "stops-at is 3"),
    "an empty URL": ({"NEON_DATABASE_URL": ""}, "NEON_DATABASE_URL is empty"),
    "another scheme": ({"NEON_DATABASE_URL": "mysql://me:s3cret@host/app"}, "It begins with mysql://"),
}


def _break(road: Road, how: str) -> tuple[dict[str, str], str]:
    """Make the project one that can't be read; gives the environment that goes with it, and what is to be told."""
    if how == "settings":
        (road.checkout / "neon-migrate.toml").write_text("stops-at = 3\n")
    environment, said = _BROKEN[how]
    return _database(road) | environment, said


@pytest.mark.parametrize("how", _BROKEN)
def test_a_project_that_cannot_be_read_is_told_in_the_comment(road: Road, how: str) -> None:
    """The verdict of the push before does not stay; the next one that can be read has the same comment."""
    road.pull_request()
    assert _run(road, "pull-request", **_database(road)).returncode == ExitCode.OK
    assert "neon-migrate: look" in road.comment
    road.pull_request("synchronize")
    environment, said = _break(road, how)
    done = _run(road, "pull-request", **environment)
    assert done.returncode == ExitCode.USAGE
    assert len(_commands(done.stderr, "error")) == 1
    for text in (road.comment, road.summary):
        assert "⛔ neon-migrate: stop" in text and said in text.replace("\\", "").replace("\u200b", "")
        assert "neon-migrate: look" not in text and "unset" not in text and "s3cret" not in text
    assert road.outputs["verdict"] == "stop"
    (road.checkout / "neon-migrate.toml").unlink(missing_ok=True)
    road.pull_request("synchronize")
    assert _run(road, "pull-request", **_database(road)).returncode == ExitCode.OK
    assert "neon-migrate: look" in road.comment


@pytest.mark.parametrize("how", _BROKEN)
@pytest.mark.parametrize("step", ["plan", "deploy", "maintenance"])
def test_a_project_that_cannot_be_read_is_told_to_the_team(road: Road, step: str, how: str) -> None:
    """In the summary too; nothing is done to any database."""
    environment, said = _break(road, how)
    done = _run(road, step, **environment)
    assert done.returncode == ExitCode.USAGE
    assert len(road.told) == 1
    assert len(_commands(done.stderr, "error")) == 1
    assert said in road.summary.replace("\\", "").replace("\u200b", "")
    assert "unset" not in road.summary + done.stderr
    assert road.bench.query("SELECT to_regclass('_sqlx_migrations')::text") == [(None,)]
    if step == "deploy":
        assert "neon-migrate: the deployment failed" in road.comment


def test_a_refused_deployment_ends_with_its_code(road: Road) -> None:
    """And says on the page what to do."""
    road.github.environments = {}
    done = _run(road, "deploy", "--plan", "{}", **_database(road))
    assert done.returncode == ExitCode.REFUSED
    assert "has no required reviewers" in done.stdout
    assert 'approval = "none"' in done.stdout


def test_drift_ends_maintenance_with_3(road: Road) -> None:
    """Only the parts that are asked for are done."""
    api.apply(road.project)
    road.bench.query("CREATE TABLE by_hand ()")
    road.event("schedule", {})
    asked = ("--task", "compare", "--task", "sweep", "--format", "json")
    done = _run(road, "maintenance", *asked, **_database(road))
    assert done.returncode == ExitCode.DIFFERENT
    assert len(road.github.issues) == 1
    report = json.loads(done.stdout)["report"]
    assert [one["name"] for one in report["compared"]["differences"]] == ["public.by_hand"]
    assert (report["exported"], report["swept"]) == (None, None)


def test_an_unknown_step_names_the_nearest() -> None:
    """`ci` lists what it has."""
    done = subprocess.run([PROGRAM, "ci", "pull-requests"], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.USAGE
    assert "Did you mean 'pull-request'?" in done.stderr
    listed = subprocess.run([PROGRAM, "ci", "--help"], capture_output=True, text=True, check=False).stdout
    assert [name for name in ("deploy", "maintenance", "plan", "pull-request") if f"  {name} " in listed] == [
        "deploy",
        "maintenance",
        "plan",
        "pull-request",
    ]


def test_the_password_of_a_branch_is_masked_when_it_comes(road: Road, capfd: pytest.CaptureFixture[str]) -> None:
    """Children of a protected branch have their own: log, comment and artifacts keep it out from then on."""
    uri = "postgresql://me:of%20the%20branch@ep-x.neon.tech/db"
    invocation = Invocation()
    invocation.observer = Screen(invocation).observe
    with in_workflow(invocation):
        run = start(replace(road.project, observer=invocation.observer), road.environment)
        run.project.observer(CredentialsReceived(uri))
        assert run.secrets.redact("it is: of the branch") == "it is: ***"
    assert "::add-mask::of the branch\n" in capfd.readouterr().err
    assert invocation.conninfos == [uri]


def test_a_fault_in_a_workflow_is_told_without_what_it_quotes(capfd: pytest.CaptureFixture[str]) -> None:
    """Not in the annotation, and not in the job log, where the traceback would have its cause too."""
    with pytest.raises(NeonMigrateError, match="A fault in neon-migrate") as raised, in_workflow(Invocation()):
        raise KeyError("ann@example.com")
    assert "ann@example.com" not in "".join(format_exception(raised.value))
    (line,) = _commands(capfd.readouterr().err, "error")
    assert "KeyError" in line and "ann@example.com" not in line


def test_the_runner_masks_what_we_redact() -> None:
    """Every variable that either knows of: one added to the one is known to the other."""
    workflow = {name: f"s3cret-{number}" for number, name in enumerate((*URL_VARIABLES, *SECRET_VARIABLES))}
    with redirect_stderr(StringIO()) as log:
        Workflow().mask(workflow)
    assert all(f"::add-mask::{secret}\n" in log.getvalue() for secret in workflow.values())
