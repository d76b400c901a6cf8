"""The page of `validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.inspection import MOST_GRADED
from neon_migrate.render.doctor import TONES
from neon_migrate.render.page import BLANK, Excerpt, Line, Span, Table, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.check import Finding
    from neon_migrate.render.page import Block, Inline, Page
    from neon_migrate.validate import CheckResult, ValidateReport

_MOST_FINDINGS = 20
_MOST_UNGRADED = 5


def validate_page(report: ValidateReport) -> Page:
    """Every finding with its place and remedy, then the table of checks and one line that sums it up."""
    return tuple(_blocks(report))


def _blocks(report: ValidateReport) -> Iterator[Block]:
    for check in report.checks:
        for finding in check.findings[:_MOST_FINDINGS]:
            yield from _finding(check, finding)
        if len(check.findings) > _MOST_FINDINGS:
            more = len(check.findings) - _MOST_FINDINGS
            yield Line(f"{check.name}: {more} findings more (all of them with --format json)")
    if any(check.findings for check in report.checks):
        yield BLANK
    yield Table(("check", "state", "why"), tuple(map(_row, report.checks)))
    yield BLANK
    for graded in report.ways_back:
        if graded.what:
            yield Line((Span(f"way back of {graded.version}: "), f"{graded.grade}. {' '.join(graded.what)}"))
    if report.ungraded:
        yield Line((Span("way back not run with rows: "), _ungraded(report)))
    yield Line(_summary(report))


def _finding(check: CheckResult, finding: Finding) -> Iterator[Block]:
    place = f"{finding.where}: " if finding.where else ""
    yield Line((Span(f"{finding.weight} ", TONES[finding.weight]), Span(f"{check.name}: ", "strong"), place))
    yield Line(finding.message, 2)
    if finding.where is not None and finding.where.line is not None and finding.where.source is not None:
        yield Excerpt(finding.where.line, finding.where.source, finding.where.column)
    if finding.remedy:
        yield Line((Span("what to do: ", "good"), finding.remedy), 2)


def _row(check: CheckResult) -> tuple[Inline, ...]:
    return (check.name, Span(check.state, TONES[check.state]), check.reason)


def _ungraded(report: ValidateReport) -> str:
    """Which, and why."""
    shown = ", ".join(map(str, report.ungraded[-_MOST_UNGRADED:]))
    more = len(report.ungraded) - _MOST_UNGRADED
    which = f"{shown} and {plural(more, 'older one')}" if more > 0 else shown
    return f"{which}. It is for the newest {MOST_GRADED} of the new migrations, as far as they run once more."


def _summary(report: ValidateReport) -> Inline:
    states = [check.state for check in report.checks]
    counts = ", ".join(f"{states.count(state)} {state}" for state in TONES if state in states)
    word = Span("not valid: ", "bad") if report.failed else Span("valid: ", "good")
    return (word, counts, ".")
