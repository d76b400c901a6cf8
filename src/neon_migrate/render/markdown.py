"""A Report as Markdown for a pull request: the verdict first, then all that a reviewer has to know, in that order.

A comment and a job summary are the same document, cut to different lengths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.remarks import BREAKING
from neon_migrate.render.differences import TO_BE_MADE, differences_tree
from neon_migrate.render.markdown_text import GRADES, Section, block, bullets, code, details, escaped, fitted, table
from neon_migrate.render.page import duration, listing, plural
from neon_migrate.render.plain import text as plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from neon_migrate.differences import Difference
    from neon_migrate.report import Failure, Finding, MigrationTiming, Report, StatementTiming, WayBack
    from neon_migrate.validate import CheckResult, ValidateReport

MARKS = {"in order": "✅", "look": "⚠️", "stop": "⛔"}
_SEVERITIES = {"danger": "🔴 danger", "warning": "🟠 warning", "note": "🔵 note"}
_STATES = {"failed": "⛔ failed", "warned": "⚠️ warned", "passed": "✅ passed", "skipped": "➖ skipped"}
_LOCKS = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
"""Postgres's table locks, the weakest first."""
_MAKES_WAIT = _LOCKS.index("SHARE")
"""From here on writers wait, or everybody."""

_AFTER_TABLE = "\n"
"""Without an empty line GitHub takes what follows for one more row."""

_FEW = 20
"""How many of many are shown where there is not room for all."""


def review(
    report: Report | None,
    validation: ValidateReport,
    *,
    run_url: str,
    most: int,
    failure: Failure | None = None,
    unrehearsed: str = "",
) -> str:
    """The document.

    report       None where nothing was rehearsed: `failure` or `unrehearsed` says why
    run_url      where the whole of it and the artifacts are
    most         how many characters it may have
    unrehearsed  such as that the pull request comes from a fork
    """
    left_out = f"_Left out here; it is in the [job summary and the artifact]({run_url})._\n"
    sections = [Section((_head(report, validation, failure, unrehearsed),))]
    if report is not None:
        sections += _stops(report, left_out)
        sections += _changes(report, left_out)
        sections += _dangers(report, left_out)
        sections += _timings(report, left_out)
        sections += _ways_back(report, left_out)
        sections += _order(report)
        sections += _certainty(report, left_out)
    sections += _validation(validation, rehearsed=report is not None, left_out=left_out)
    sections.append(Section((_foot(report, run_url),)))
    return fitted(sections, most)


def verdict_of(report: Report | None, validation: ValidateReport, failure: Failure | None) -> str:
    """One of `in order`, `look` and `stop` for rehearsal and validation together."""
    if failure is not None or validation.failed or (report is not None and report.verdict == "stop"):
        return "stop"
    warned = any(check.state == "warned" for check in validation.checks)
    return "look" if warned or (report is not None and report.verdict == "look") else "in order"


def _head(report: Report | None, validation: ValidateReport, failure: Failure | None, unrehearsed: str) -> str:
    verdict = verdict_of(report, validation, failure)
    said = "validated, not rehearsed" if report is None and verdict == "in order" else verdict
    lines = [f"## {MARKS[verdict]} neon-migrate: {said}"]
    if report is not None:
        lines.append(_what_would_run(report))
    if failure is not None:
        what = "rehearsal" if validation.checks else "validation"
        lines.append(f"**The {what} did not come to an end:** {escaped(failure.what)}")
        lines += [escaped(part) for part in (failure.why, failure.remedy) if part]
    if unrehearsed:
        lines.append(f"**Nothing was rehearsed on production's schema or data:** {escaped(unrehearsed)}.")
    if failed := [check.name for check in validation.checks if check.state == "failed"]:
        lines.append(f"**Validation failed:** {escaped(listing(tuple(failed)))}.")
    return "\n\n".join(lines) + "\n"


def _what_would_run(report: Report) -> str:
    if not report.pending:
        return f"No migration is pending for {code(report.database)}."
    where = (
        f"the Neon branch {code(report.branch)}, which has production's rows"
        if report.rehearsed_on == "neon_branch"
        else "a scratch with production's schema and **no rows**: durations say nothing about production's data"
    )
    migrations = f"**{plural(len(report.pending), 'migration')}** would run on {code(report.database)}"
    if report.applied_edited:
        return f"{migrations}. They were not rehearsed, since migrations that are applied are not as they were."
    worst = [severity for severity in _SEVERITIES if any(each.severity == severity for each in report.hazards)]
    counts = listing(
        tuple(f"{sum(one.severity == each for one in report.hazards)} {_SEVERITIES[each]}" for each in worst)
    )
    facts = f"Hazards: {counts or 'none'}. {_how_far(report)}"
    return f"{migrations}, rehearsed on {where}.\n{facts}"


def _how_far(report: Report) -> str:
    """How long it took and what the way back is worth, of the migrations that ran."""
    ran = len(report.way_back)
    took = duration(sum(timing.duration_ns for timing in report.timings))
    grades = {way.grade for way in report.way_back}
    back = next((f" The way back: {shown}." for each, shown in reversed(GRADES.items()) if each in grades), "")
    if report.failure is None:
        return f"It took {took}.{back}"
    if not ran:
        return "None of them ran to its end."
    return f"{ran} of {len(report.pending)} ran to the end, in {took}.{back}"


def _stops(report: Report, left_out: str) -> Iterator[Section]:
    """What forbids a deployment, with what to do."""
    items = [f"{escaped(each.what)}  \n  {escaped(each.remedy)}" for each in report.applied_edited]
    if (failed := report.failure) is not None:
        place = f" at {code(_place(failed.path, failed.line, failed.column))}" if failed.path else ""
        why = f"  \n  {escaped(failed.why)}" if failed.why else ""
        items.append(f"**{escaped(failed.what)}**{place}{why}  \n  {escaped(failed.remedy)}")
    items += [f"Afterwards the database is not what its migrations make: {escaped(each)}" for each in report.faults]
    if report.stopping:
        severities = listing(tuple(report.stops_at), "or")
        items.append(
            f"{plural(len(report.stopping), 'hazard')} of a severity that the settings let stop ({severities}), below."
        )
    if items:
        yield _shortened("### What stops it\n\n", items, left_out)


def _changes(report: Report, left_out: str) -> Iterator[Section]:
    if not report.pending:
        return
    rows = [(str(each.version), escaped(each.description), code(each.path)) for each in report.pending]
    head = "### What changes\n\n"
    columns = ("version", "migration", "file")
    yield Section(
        (head + table(columns, rows), head + table(columns, rows[:_FEW]) + _AFTER_TABLE + left_out, head + left_out)
    )
    if report.differences:
        tree = plain((differences_tree("The schema", report.differences, TO_BE_MADE),))
        counted = f"{plural(len(report.differences), 'difference')} in the schema. {left_out}"
        yield Section((block(tree, "text"), counted))
    if report.diagram:
        picture = details("Diagram of the changed tables and their neighbours", block(report.diagram, "mermaid"))
        yield Section((picture, ""))
    if report.sql:
        yield Section((details("SQL", block(report.sql, "sql")), f"SQL: {left_out}"))


def _dangers(report: Report, left_out: str) -> Iterator[Section]:
    if report.hazards:
        order = list(_SEVERITIES)
        found = sorted(report.hazards, key=lambda hazard: order.index(hazard.severity))
        yield _shortened("### What is dangerous, and what to write instead\n\n", list(map(_hazard, found)), left_out)


def _hazard(hazard: Finding) -> str:
    place = f" {code(_place(hazard.path, hazard.line, hazard.column))}" if hazard.path else ""
    lines = [f"{_SEVERITIES[hazard.severity]} {code(hazard.code)}{place}: {escaped(hazard.message)}"]
    if hazard.evidence:
        lines.append(f"Seen: {escaped(hazard.evidence)}")
    if hazard.remedy:
        lines.append(f"**Instead:** {escaped(hazard.remedy)}")
    return "  \n  ".join(lines)


def _timings(report: Report, left_out: str) -> Iterator[Section]:
    """How long, on how much data, under which locks."""
    if not report.timings:
        return
    head = "### How long, and what waits\n\n"
    columns = ("migration", "took", "strongest locks", "tables rewritten")
    rows = [_timed(timing) for timing in report.timings]
    body = table(columns, rows)
    if report.tables:
        sizes = [f"{code(each.name)} {_rows(each.rows)}, {_bytes(each.bytes)}" for each in report.tables]
        body += "\nIn production: " + "; ".join(sizes[:_FEW]) + (" …" if len(sizes) > _FEW else "") + ".\n"
    yield Section((head + body, head + table(columns, rows[:_FEW]) + _AFTER_TABLE + left_out, head + left_out))
    statements = [_statement(each) for timing in report.timings for each in timing.statements]
    if statements:
        columns = ("statement", "took", "rows", "locks")
        yield Section((details("Each statement", table(columns, statements)), ""))


def _timed(timing: MigrationTiming) -> tuple[str, ...]:
    strongest: dict[str, str] = {}
    for lock in (lock for each in timing.statements for lock in each.locks):
        strongest[lock.relation] = max(strongest.get(lock.relation, ""), lock.mode, key=_strength)
    strong = [f"{mode} on {relation}" for relation, mode in strongest.items() if _strength(mode) >= _MAKES_WAIT]
    rewritten = dict.fromkeys(name for each in timing.statements for name in each.rewritten)
    return (
        str(timing.version),
        duration(timing.duration_ns) if timing.duration_ns else "did not end",
        _some(strong) or "none that makes others wait",
        _some(rewritten) or "none",
    )


def _strength(mode: str) -> int:
    return _LOCKS.index(mode) if mode in _LOCKS else -1


def _statement(statement: StatementTiming) -> tuple[str, ...]:
    place = code(_place(statement.path, statement.line, statement.column))
    what = f"{place} {escaped(statement.command)}".rstrip()
    locks = [f"{lock.mode} on {lock.relation}" for lock in statement.locks]
    return (what, duration(statement.duration_ns), f"{statement.rows:,}" if statement.rows else "", _some(locks))


def _ways_back(report: Report, left_out: str) -> Iterator[Section]:
    if not report.way_back:
        return
    head = "### The way back\n\n"
    rows = [
        (str(way.version), GRADES[way.grade], " ".join(map(escaped, way.what[:_FEW])) or "All is as before.")
        for way in report.way_back
    ]
    columns = ("version", "grade", "what it costs")
    yield Section(
        (head + table(columns, rows), head + table(columns, rows[:_FEW]) + _AFTER_TABLE + left_out, head + left_out)
    )
    if any(way.sql for way in report.way_back):
        sql = "\n".join(f"-- {way.version}\n{way.sql.rstrip()}\n" for way in _latest_first(report.way_back) if way.sql)
        yield Section((details("SQL of the way back, latest first", block(sql, "sql")), f"SQL: {left_out}"))


def _order(report: Report) -> Iterator[Section]:
    """Whether the migrations or the application go first, by what the migrations give and take away."""
    gone = _names(each for each in report.differences if each.state in ("unexpected", "renamed"))
    new = _names(each for each in report.differences if each.state == "missing")
    changed = _names(each for each in report.differences if each.state == "different")
    if not (gone or new or changed):
        return
    items = []
    if gone:
        items.append(
            f"**The application first:** no running version may still use {_some(gone)} when this is deployed."
        )
    if new:
        items.append(f"**The migrations first:** only then what needs {_some(new)}.")
    if changed:
        items.append(
            f"**Both ways:** the version that runs now and the next one have to work with the new {_some(changed)}."
        )
    if gone and new:
        items.append(
            "It takes away and adds in one step. Where one version of the application can't do with both, "
            "split it: add, deploy the application, take away."
        )
    yield Section(("### Deploy order\n\n" + bullets(items),))


def _certainty(report: Report, left_out: str) -> Iterator[Section]:
    """Production as it is, and what makes the Report less certain."""
    items = [escaped(warning) for warning in report.warnings]
    if items:
        yield _shortened("### To be known\n\n", items, left_out)
    if report.drift:
        drift = [escaped(str(difference)) for difference in report.drift]
        title = f"Production is not what its applied migrations make: {plural(len(drift), 'difference')}"
        yield Section((details(title, bullets(drift)), f"{title}. {left_out}"))


def _validation(validation: ValidateReport, *, rehearsed: bool, left_out: str) -> Iterator[Section]:
    shown = [check for check in validation.checks if not (rehearsed and check.name == BREAKING)]
    if not shown:
        return
    loud = [check for check in shown if check.state in ("failed", "warned")]
    items = [item for check in loud for item in _findings(check)]
    if items:
        yield _shortened("### Validation\n\n", items, left_out)
    rows = [(escaped(check.name), _STATES[check.state], escaped(check.reason)) for check in shown]
    counts = [(state, sum(check.state == state for check in shown)) for state in _STATES]
    title = "Checks: " + ", ".join(f"{count} {state}" for state, count in counts if count)
    yield Section((details(title, table(("check", "state", "why"), rows)), f"{title}.\n"))


def _findings(check: CheckResult) -> Iterator[str]:
    if not check.findings:
        yield f"{_STATES[check.state]} {escaped(check.name)}: {escaped(check.reason)}"
    for finding in check.findings:
        where = finding.where
        place = f" {code(_place(where.file, where.line, where.column))}" if where is not None else ""
        remedy = f"  \n  **Instead:** {escaped(finding.remedy)}" if finding.remedy else ""
        yield f"{_STATES[finding.weight]} {escaped(check.name)}{place}: {escaped(finding.message)}{remedy}"


def _foot(report: Report | None, run_url: str) -> str:
    facts = [f"[run]({run_url})"]
    if report is not None:
        made = report.production
        facts += [
            f"production at {made.taken_at.isoformat(sep=' ', timespec='seconds')}",
            f"LSN {code(made.lsn)}" if made.lsn else "",
            f"schema {code(made.fingerprint[:12])}",
            f"digest {code(report.digest[:12])}",
        ]
    return "---\n<sub>" + " · ".join(filter(None, facts)) + "</sub>\n"


def _shortened(head: str, items: Sequence[str], left_out: str) -> Section:
    """A list in full, its first few, or none of it."""
    few = head + bullets(items[:_FEW]) + f"\n{plural(len(items) - _FEW, 'more', 'more')}. {left_out}"
    return Section((head + bullets(items), *((few,) if len(items) > _FEW else ()), head + left_out))


def _names(differences: Iterable[Difference]) -> list[str]:
    """What differences are about; parts of a table that is one itself go without saying."""
    found = list(differences)
    whole = {each.name for each in found}
    return list(dict.fromkeys(each.name for each in found if each.owner not in whole and each.kind != "comment"))


def _some(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(map(code, found[:_FEW])) + (f" and {len(found) - _FEW} more" if len(found) > _FEW else "")


def _latest_first(ways: Sequence[WayBack]) -> list[WayBack]:
    return sorted(ways, key=lambda way: way.version, reverse=True)


def _place(path: str, line: int | None, column: int | None) -> str:
    return ":".join(str(part) for part in (path, line, column) if part)


def _rows(rows: int) -> str:
    return "rows not known" if rows < 0 else f"about {plural(rows, 'row')}"


def _bytes(size: int) -> str:
    """`8 kB`, `1.2 GB`."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"
