"""`doctor --github`: from inside a run, whether secrets, Neon's API, the approval and permissions are in order.

Everything is only read. That the token may *write* comments and issues can't be seen by reading, so it is said.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.ci.run import Run, start
from neon_migrate.doctor import DoctorReport, DoctorStep, State, doctor
from neon_migrate.errors import UsageError, as_ours
from neon_migrate.github.client import TOKEN_VARIABLE
from neon_migrate.github.environments import reviewers
from neon_migrate.github.pull_requests import merged_as
from neon_migrate.neon.branches import production_branch
from neon_migrate.neon.client import PROJECT_VARIABLE, access
from neon_migrate.neon.restore import history_window
from neon_migrate.neon.transport import KEY_VARIABLE
from neon_migrate.render.page import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from neon_migrate.project import Project

STEPS = ("secrets", "Neon API", "environment", "pull requests", "issues")
"""Those beyond the database's; each is taken whether or not another failed."""

_SLACK = "SLACK_WEBHOOK"


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a step came to, when it did not fail by an error."""

    detail: str
    remedy: str = ""
    state: State = "passed"


def ci_doctor(project: Project, environment: Mapping[str, str], *, deploy_to: str) -> DoctorReport:
    """The steps to the database, then those of STEPS; nothing is written, and failures are told in the report.

    deploy_to  the GitHub environment that the deploying job runs in

    Raises UsageError: outside GitHub Actions, no database named.
    """
    run = start(project, environment)
    report = doctor(project)
    examination = _Examination(run, deploy_to)
    checks = (
        examination.secrets,
        examination.neon,
        examination.approval,
        examination.pull_requests,
        examination.issues,
    )
    more = tuple(_taken(name, check) for name, check in zip(STEPS, checks, strict=True))
    return replace(report, steps=report.steps + more)


def _taken(name: str, check: Callable[[], _Finding]) -> DoctorStep:
    began = time.perf_counter()
    try:
        found = check()
    except Exception as error:  # the steps after it still tell something
        fault = as_ours(error)
        found = _Finding("\n".join(part for part in (fault.what, fault.why) if part), fault.remedy, "failed")
    return DoctorStep(name, found.state, found.detail, found.remedy, (time.perf_counter() - began) * 1000)


@dataclass(frozen=True, slots=True)
class _Examination:
    run: Run
    deploy_to: str

    def _given(self, name: str) -> bool:
        return bool(self.run.environment.get(name, "").strip())

    def secrets(self) -> _Finding:
        """Which of them arrived; their values are not looked at."""
        if not self._given(TOKEN_VARIABLE):
            raise UsageError("There is no GITHUB_TOKEN", remedy="Give the step the job's token: ${{ github.token }}.")
        optional = {
            KEY_VARIABLE: "migrations are rehearsed on a scratch, without production's rows",
            _SLACK: "nobody is told by Slack",
        }
        missing = tuple(name for name in optional if not self._given(name))
        source = self.run.project.require_target().source
        given = (source, TOKEN_VARIABLE, *(name for name in optional if name not in missing))
        if not missing:
            return _Finding(f"{listing(given)} are there")
        without = "; ".join(f"without {name} {optional[name]}" for name in missing)
        remedy = f"Set {listing(missing)} in Settings, Secrets and variables, Actions, if you want it otherwise."
        return _Finding(f"{listing(given)} are there; {without}", remedy, "warned")

    def neon(self) -> _Finding:
        """Whether the key opens the project that the database belongs to, and what a restore could reach."""
        way = access(self.run.environment, observer=self.run.project.observer)
        if way is None:
            return _Finding(f"There is no {KEY_VARIABLE}.", state="skipped")
        target = self.run.project.require_target()
        with way.client:
            project = way.client.project(way.project_id)
            branch = production_branch(way.client, way.project_id, target.hosts[0])
            window = history_window(way.client, way.project_id, branch)
        found = (
            f"the branch {branch.name} of {project.name or way.project_id}, restorable for {window.seconds / 3600:g} h"
        )
        if not project.store_passwords:
            return _Finding(
                f"{found}; but Neon keeps no passwords, so that no branch can be connected to",
                f"Turn store_passwords on for the project, or leave {KEY_VARIABLE} and {PROJECT_VARIABLE} out.",
                "failed",
            )
        return _Finding(found)

    def approval(self) -> _Finding:
        """Who has to approve a deployment."""
        with self.run.github() as client:
            found = reviewers(client, self.deploy_to)
        if found:
            return _Finding(f"{self.deploy_to} is approved by {listing(found, 'or')}")
        if self.run.project.settings.approval == "none":
            return _Finding(f'{self.deploy_to} is approved by nobody, and the settings say approval = "none"')
        return _Finding(
            f"{self.deploy_to} has no required reviewers, or is not there: ci deploy refuses it",
            f'Name them in Settings, Environments, {self.deploy_to}; or write approval = "none" into the settings.',
            "failed",
        )

    def pull_requests(self) -> _Finding:
        """Whether pull requests may be read."""
        with self.run.github() as client:
            number = merged_as(client, self.run.event.sha)
        merged = "no pull request" if number is None else f"pull request {number}"
        return _Finding(f"may be read: this commit is of {merged}; writing needs pull-requests: write")

    def issues(self) -> _Finding:
        """Whether issues may be read."""
        with self.run.github() as client:
            client.get("issues", per_page=1)
        return _Finding("may be read; the one about drift needs issues: write")
