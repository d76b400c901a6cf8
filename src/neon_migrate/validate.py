"""`validate`: everything that can be known of the migrations before they are pushed, as one table of checks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.check import Finding, NotKnownError, State, Verdict
from neon_migrate.checks import checks
from neon_migrate.events import Step
from neon_migrate.inspection import Inspection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.check import Check
    from neon_migrate.project import Project
    from neon_migrate.way_back import Grade


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the table: a check, what it came to, why, and every place it has something to say about."""

    name: str
    state: State
    reason: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class GradedDown:
    """What the way back of one migration is worth: exact, lossy or impossible; and what goes, or why it fails."""

    version: int
    grade: Grade
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidateReport:
    """All checks, in order.

    ways_back   what the down files of new migrations are worth where tables have rows
    ungraded    the new migrations whose down files give back the schema, and of which that is not known: they are not
                among the newest 20, or did not run once more on a copy
    unanswered  why the named database could not be asked; empty where it was, or where none was named
    """

    checks: tuple[CheckResult, ...]
    unanswered: str = ""
    ways_back: tuple[GradedDown, ...] = ()
    ungraded: tuple[int, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any check failed; warnings are none."""
        return any(check.state == "failed" for check in self.checks)


def validate(project: Project, *, since: int | None = None) -> ValidateReport:
    """Run every check; what one finds does not keep the others from running, unless they can't without it.

    since  look for breaking changes in the migrations above this version; else in those that are pending in the named
           database, else in those that git's default branch has not

    Writes to no database but scratch ones.
    """
    with Inspection(project, since) as inspection:
        results = []
        for number, check in enumerate(checks(), 1):
            project.observer(Step(f"check: {check.name}", number, len(checks())))
            found = _verdict(check, inspection)
            findings = tuple(_relative(finding, project.settings.root) for finding in found.findings)
            results.append(CheckResult(check.name, found.state, found.reason, findings))
        unanswered, graded, ungraded = inspection.unanswered, tuple(_graded(inspection)), _ungraded(inspection)
    return ValidateReport(tuple(results), unanswered, graded, ungraded)


def _graded(inspection: Inspection) -> Iterator[GradedDown]:
    with suppress(NotKnownError):
        for version, worth in sorted(inspection.ways_back.items()):
            yield GradedDown(version, worth.grade, worth.what)


def _ungraded(inspection: Inspection) -> tuple[int, ...]:
    try:
        return inspection.ungraded
    except NotKnownError:
        return ()


def _relative(finding: Finding, root: Path) -> Finding:
    """Files are named from the project's root, whoever found the fault."""
    where = finding.where
    if where is None or not Path(where.file).is_relative_to(root):
        return finding
    return replace(finding, where=replace(where, file=str(Path(where.file).relative_to(root))))


def _verdict(check: Check, inspection: Inspection) -> Verdict:
    try:
        return check.run(inspection)
    except NotKnownError as unknown:
        return Verdict("skipped", str(unknown))
