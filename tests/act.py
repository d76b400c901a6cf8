"""Running workflows by a runner that isn't ours: nektos/act on this machine itself, without containers.

The actions that a workflow uses are local copies: ours as it stands here, installed already; others reduced to what a
run needs of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.postgres.account import server_account
from neon_migrate.postgres.cache import locked, reachable_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

UNAVAILABLE = "act can't be had"
"""What the reason of such a skip begins with."""

VERSION = "0.2.82"
ROOT = Path(__file__).parents[1]

_DONE = (
    "name: {name}\ndescription: stands in\nruns:\n  using: composite\n  steps:\n    - run: {run}\n      shell: bash\n"
)
_INSTALLED = """#!/bin/sh
set -eu
mkdir -p "$VENV/bin"
ln -sf {program} "$VENV/bin/neon-migrate"
"""


def act_program() -> str:
    """The program: the one on PATH, else built by Go into the cache. Skips the test where it can't be had."""
    found = shutil.which("act")
    if found:
        return found
    folder = reachable_folder(server_account()) / "go" / f"act-{VERSION}"
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    with locked(folder.parent / f"{folder.name}.lock"):
        if not (folder / "act").is_file():
            go = shutil.which("go")
            if go is None:
                pytest.skip(f"{UNAVAILABLE}: neither act nor Go is installed")
            command = [go, "install", f"github.com/nektos/act@v{VERSION}"]
            environment = {**os.environ, "GOBIN": str(folder)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"{UNAVAILABLE}: {done.stderr.strip()[-300:]}")
    return str(folder / "act")


@dataclass(frozen=True)
class ActRun:
    """How a run ended, and what its steps and the runner's complaints put into the log."""

    code: int
    log: str


@dataclass(frozen=True)
class Runner:
    """A checkout with workflows, and what a run of them is given.

    actions    `OWNER/NAME@COMMIT` of each action that is used, with the folder of its local copy
    uploads    where the local copy of upload-artifact puts things
    """

    program: str
    checkout: Path
    actions: dict[str, Path]
    uploads: Path

    def run(
        self,
        event: str,
        payload: dict[str, Any],
        *,
        secrets: dict[str, str],
        variables: dict[str, str],
        environment: dict[str, str],
        job: str | None = None,
    ) -> ActRun:
        """Let the event happen."""
        folder = self.uploads.parent
        (folder / "event.json").write_text(json.dumps(payload))
        (folder / "secrets").write_text("".join(f"{name}={value}\n" for name, value in secrets.items()))
        command = [self.program, event, "-P", "ubuntu-latest=-self-hosted", "--no-cache-server", "--json"]
        command += ["-e", str(folder / "event.json"), "--secret-file", str(folder / "secrets")]
        command += ["--action-cache-path", str(folder / "cache"), "--no-skip-checkout"]
        command += ["--job", job] if job else []
        command += [f"--var={name}={value}" for name, value in variables.items()]
        command += [f"--env={name}={value}" for name, value in environment.items()]
        command += [f"--local-repository={name}={path}" for name, path in self.actions.items()]
        inherited = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
        done = subprocess.run(
            command, cwd=self.checkout, env=inherited, capture_output=True, text=True, timeout=500, check=False
        )
        return ActRun(done.returncode, "".join(_log(done.stdout)) + done.stderr)


def runner(folder: Path, checkout: Path) -> Runner:
    """A runner for the workflows in `checkout`, which becomes a git repository with one commit."""
    uploads = folder / "uploads"
    uploads.mkdir()
    bodies = {
        "actions/checkout": f"cp -R {checkout}/. .",
        "actions/setup-python": "'true'",
        "actions/upload-artifact": f"cp -R neon-migrate-artifacts/. {uploads} || true",
        "github/codeql-action": "'true'",
    }
    text = "".join(path.read_text() for path in (checkout / ".github" / "workflows").glob("*.yml"))
    text += (ROOT / "action.yml").read_text()
    actions = {}
    for name, commit in sorted(set(re.findall(r"uses: ([\w.-]+/[\w.-]+)(?:/[\w.-]+)?@([0-9a-f]{40})", text))):
        copy = folder / "actions" / name
        place = copy / "upload-sarif" if name == "github/codeql-action" else copy
        place.mkdir(parents=True)
        if name in bodies:
            (place / "action.yml").write_text(_DONE.format(name=name, run=bodies[name]))
        else:
            _ours(place)
        actions[f"{name}@{commit}"] = copy
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=checkout, check=True, capture_output=True)
    return Runner(act_program(), checkout, actions, uploads)


def _ours(place: Path) -> None:
    """Our action as it stands here; instead of being installed once more, what runs the tests is used."""
    shutil.copy(ROOT / "action.yml", place)
    script = place / "install.sh"
    script.write_text(_INSTALLED.format(program=Path(sys.executable).with_name("neon-migrate")))
    script.chmod(0o755)


def _log(lines: str) -> Iterator[str]:
    for line in lines.splitlines():
        entry = json.loads(line)
        if entry.get("raw_output") or entry.get("level") in ("error", "warning"):
            yield str(entry["msg"]).rstrip() + "\n"


if __name__ == "__main__":
    # Building it takes both cores a minute: it is installed like everything else that the tests need.
    with suppress(pytest.skip.Exception):
        print(act_program())
