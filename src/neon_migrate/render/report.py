"""The page of a Report: the verdict first, then what changes, what is dangerous, how long it takes, the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import TO_BE_MADE, differences_tree
from neon_migrate.render.page import BLANK, Heading, Line, Span, Table, duration, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.render.page import Block, Inline, Page, Tone
    from neon_migrate.report import Finding, MigrationTiming, Report, StatementTiming

_TONES: dict[str, Tone] = {
    "in order": "good",
    "look": "warn",
    "stop": "bad",
    "note": "dim",
    "warning": "warn",
    "danger": "bad",
    "exact": "good",
    "lossy": "warn",
    "impossible": "bad",
}
_SEVERITIES = ("danger", "warning", "note")
_MOST_LOCKS = 3


def report_page(report: Report) -> Page:
    """All of a Report that a person reads on a terminal; the SQL and the diagram are in its JSON."""
    return tuple(_blocks(report))


def _blocks(report: Report) -> Iterator[Block]:
    yield Line((Span(f"{report.verdict}: ", _TONES[report.verdict]), _summary(report)))
    yield from _stopping(report)
    if report.drift:
        yield BLANK
        yield differences_tree("Production is not what its applied migrations make", report.drift)
    if report.differences:
        yield BLANK
        yield differences_tree("What changes", report.differences, TO_BE_MADE)
    if report.hazards:
        yield BLANK
        yield Heading("Hazards")
        for hazard in sorted(report.hazards, key=lambda one: _SEVERITIES.index(one.severity)):
            yield from _hazard(hazard)
    if report.timings:
        yield BLANK
        yield from _timings(report)
    if report.way_back:
        yield BLANK
        yield Heading("The way back")
        for way in report.way_back:
            yield Line((f"{way.version}  ", Span(way.grade, _TONES[way.grade]), "".join(f" {one}" for one in way.what)))
    yield BLANK
    for warning in report.warnings:
        yield Line((Span("warning: ", "warn"), warning))
    yield Line(Span(_foot(report), "dim"))


def _summary(report: Report) -> str:
    where = (
        f"the Neon branch {report.branch}"
        if report.rehearsed_on == "neon_branch"
        else "a scratch with production's schema and no rows"
    )
    if report.applied_edited:
        return f"nothing was rehearsed for {report.database}."
    if not report.pending:
        return f"no migration is pending for {report.database}."
    return f"{plural(len(report.pending), 'migration')} for {report.database}, rehearsed on {where}."


def _stopping(report: Report) -> Iterator[Block]:
    """What forbids a deployment."""
    for edited in report.applied_edited:
        yield Line((Span("error: ", "bad"), edited.what))
        yield Line((Span("what to do: ", "good"), edited.remedy), 2)
    failure = report.failure
    if failure is not None:
        code = f" ({failure.sqlstate})" if failure.sqlstate else ""
        yield Line((Span("error: ", "bad"), Span(failure.what + code, "strong")))
        if failure.path:
            place = ":".join(str(part) for part in (failure.path, failure.line, failure.column) if part)
            yield Line(("  at ", Span(place, "strong")))
        if failure.why:
            yield Line(failure.why, 2)
        if failure.remedy:
            yield Line((Span("what to do: ", "good"), failure.remedy), 2)
    for fault in report.faults:
        yield Line((Span("fault: ", "bad"), f"afterwards {fault}"))
    if report.stopping:
        severities = " or ".join(report.stops_at)
        yield Line((Span("refused: ", "bad"), f"{plural(len(report.stopping), 'hazard')} of severity {severities}"))


def _hazard(hazard: Finding) -> Iterator[Block]:
    place = ":".join(str(part) for part in (hazard.path, hazard.line, hazard.column) if part)
    yield Line((Span(f"{hazard.severity}: ", _TONES[hazard.severity]), hazard.message, Span(f"  {hazard.code}", "dim")))
    yield Line(Span(f"at {place}" + (f"; {hazard.evidence}" if hazard.evidence else ""), "dim"), 2)
    if hazard.remedy and hazard.severity != "note":
        yield Line((Span("instead: ", "good"), hazard.remedy), 2)


def _timings(report: Report) -> Iterator[Block]:
    rows = tuple(row for timing in report.timings for row in _timed(timing))
    yield Table(("statement", "what", "took", "rows", "locks that others meet"), rows, right=frozenset({2, 3}))
    for size in report.tables:
        known = f"about {plural(size.rows, 'row')}" if size.rows >= 0 else "rows not known"
        large = f"{size.bytes / 1e6:,.0f} MB" if size.bytes >= 1e6 else "under 1 MB"
        yield Line(Span(f"{size.name} in production: {known}, {large}", "dim"), 2)


def _timed(timing: MigrationTiming) -> Iterator[tuple[Inline, ...]]:
    yield (Span(str(timing.version), "strong"), "", Span(duration(timing.duration_ns), "strong"), "", "")
    for statement in timing.statements:
        yield (
            f"  {statement.path}:{statement.line}:{statement.column}",
            statement.command,
            duration(statement.duration_ns),
            f"{statement.rows:,}" if statement.rows else "",
            _locks(statement),
        )


def _locks(statement: StatementTiming) -> str:
    found = [f"{lock.mode} {lock.relation}" for lock in statement.locks]
    more = f", {len(found) - _MOST_LOCKS} more" if len(found) > _MOST_LOCKS else ""
    rewritten = f"; writes anew {', '.join(statement.rewritten)}" if statement.rewritten else ""
    return ", ".join(found[:_MOST_LOCKS]) + more + rewritten


def _foot(report: Report) -> str:
    made = report.production
    parts = (
        f"production read at {made.taken_at:%Y-%m-%d %H:%M:%S} UTC",
        f"LSN {made.lsn}" if made.lsn else "",
        f"digest {report.digest[:12]}",
    )
    return ", ".join(filter(None, parts))
