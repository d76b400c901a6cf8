"""`ci pull-request`: validate and rehearse what a pull request brings, and tell its reviewers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from neon_migrate.ci.run import start
from neon_migrate.deployment import PullRequestReport
from neon_migrate.dry_run import dry_run
from neon_migrate.errors import ExitCode, as_ours
from neon_migrate.github.comment import MOST_CHARACTERS, upsert_comment
from neon_migrate.github.summary import MOST_BYTES
from neon_migrate.remarks import remarks
from neon_migrate.render.markdown import review, verdict_of
from neon_migrate.render.sarif import sarif
from neon_migrate.report import encode
from neon_migrate.validate import ValidateReport, validate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from neon_migrate.ci.run import Run, Unprepared
    from neon_migrate.project import Project
    from neon_migrate.report import Failure, Report

REPORT_FILE, SARIF_FILE = "neon-migrate-report.json", "neon-migrate.sarif"

_MOST_COMMENT = MOST_CHARACTERS - 8_000
"""What a comment's text may have beside its marker and the outcome of a deployment, which is put before it later."""
_MOST_SUMMARY = MOST_BYTES // 4
"""In characters, of which UTF-8 takes at most four bytes each."""


def pull_request(project: Project | Unprepared, environment: Mapping[str, str], *, output: Path) -> PullRequestReport:
    """Validate, rehearse, and write comment, job summary, SARIF, report and outputs.

    environment  the run's: GITHUB_*, GITHUB_TOKEN, NEON_API_KEY, NEON_PROJECT_ID
    output       the folder for the artifacts

    A pull request from a fork or by Dependabot gets no secrets: it is validated on a scratch, whatever database the
    project names, and no comment is tried.
    What goes wrong is never an exception: it is in the report, with its exit code, and in the comment. Raises
    UsageError (outside GitHub Actions) and RefusedError (pull_request_target).
    """
    run = start(project, environment, output)
    if not run.event.has_secrets:
        run = replace(run, project=replace(run.project, target=None))
    try:
        run.require_prepared()
        made = _examined(run)
        pages = _pages(run, made)
    except Exception as error:  # whatever it is: the comment must not go on saying what was true of an earlier push
        fault = as_ours(error)
        made = PullRequestReport(ValidateReport(()), None, "stop", run.failure(fault), fault.exit_code)
        pages = _pages(run, made)
    return _tell(run, made, pages)


def _examined(run: Run) -> PullRequestReport:
    """All that is found out."""
    validation = validate(run.project)
    report, failure, code, unrehearsed = _rehearse(run)
    if code is ExitCode.OK and validation.failed:
        code = ExitCode.FAILED
    found = remarks(report, validation, folder=run.folder)
    verdict = verdict_of(report, validation, failure)
    return PullRequestReport(validation, report, verdict, failure, code, found, unrehearsed)


def _rehearse(run: Run) -> tuple[Report | None, Failure | None, ExitCode, str]:
    """The rehearsal; else what kept it from ending, or why there is none. With the exit code it means."""
    if not run.event.has_secrets:
        because = run.event.without_secrets_because
        return None, None, ExitCode.OK, f"{because}, and such a run gets no secrets; validated on a scratch alone"
    if run.project.target is None:
        return None, None, ExitCode.OK, "no database is named: the secret NEON_DATABASE_URL is not there"
    name = None if run.event.number is None else f"pr-{run.event.number}"
    try:
        report = dry_run(run.project, branch_name=name, environment=run.environment)
    except Exception as error:
        fault = as_ours(error)
        return None, run.failure(fault), fault.exit_code, ""
    return report, None, report.exit_code, ""


def _tell(run: Run, made: PullRequestReport, pages: _Pages) -> PullRequestReport:
    """Everything that is written; what can't be is a warning, and takes nothing else with it."""
    files, warnings = _artifacts(run, made)
    warnings += run.summarise(lambda: pages.summary)
    url = ""
    number = run.event.number
    if number is not None and run.event.has_secrets:

        def comment() -> str:
            with run.github() as client:
                return upsert_comment(client, number, run.marker("report"), pages.comment).url

        written, refused = run.attempt("The comment could not be written", comment)
        url, warnings = written or "", warnings + refused
    report = made.report
    outputs = {
        "verdict": made.verdict,
        "pending": "" if report is None else str(len(report.pending)),
        "digest": "" if report is None else report.digest,
        "comment-url": url,
        "artifacts": str(run.output),
        "sarif": str(run.output / SARIF_FILE),
    }
    warnings += run.outputs(outputs)
    return replace(made, comment_url=url, files=files, warnings=warnings)


@dataclass(frozen=True, slots=True)
class _Pages:
    """What people read, each cut to what its place holds."""

    summary: str
    comment: str


def _pages(run: Run, made: PullRequestReport) -> _Pages:
    return _Pages(_text(run, made, _MOST_SUMMARY), _text(run, made, _MOST_COMMENT))


def _text(run: Run, made: PullRequestReport, most: int) -> str:
    return review(
        made.report,
        made.validation,
        run_url=run.event.run_url,
        most=most,
        failure=made.failure,
        unrehearsed=made.unrehearsed,
    )


def _artifacts(run: Run, made: PullRequestReport) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    findings = {SARIF_FILE: partial(_sarif, run, made)}
    if made.report is None:
        return run.artifacts(findings)
    return run.artifacts({**findings, REPORT_FILE: partial(encode, made.report)})


def _sarif(run: Run, made: PullRequestReport) -> str:
    category = "/".join(filter(None, ("neon-migrate", run.folder)))
    return json.dumps(sarif(made.remarks, category=category), indent=1, ensure_ascii=False) + "\n"
