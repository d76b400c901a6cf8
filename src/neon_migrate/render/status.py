"""The page of `status`, also the end of `apply`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.page import BLANK, Line, Span, Table, duration, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.ledger.history import Fault
    from neon_migrate.render.page import Block, Inline, Page, Tone
    from neon_migrate.status import StatusEntry, StatusReport

_TONES: dict[str, Tone] = {"applied": "good", "pending": "warn", "dirty": "bad"}


def status_page(report: StatusReport) -> Page:
    """The history as a table, its faults with their remedies, and one line that sums it up."""
    return tuple(_blocks(report))


def fault_lines(fault: Fault) -> Page:
    """A fault of the history: what, and what to do."""
    tone: Tone = "bad" if fault.blocks else "warn"
    return (
        Line((Span("fault: " if fault.blocks else "warning: ", tone), fault.what)),
        Line((Span("what to do: ", "good"), fault.remedy), 2),
    )


def _blocks(report: StatusReport) -> Iterator[Block]:
    if report.entries:
        columns = ("version", "description", "state", "applied at (UTC)", "took")
        yield Table(columns, tuple(map(_row, report.entries)), right=frozenset({0, 4}))
        yield BLANK
    for fault in report.faults:
        yield from fault_lines(fault)
    yield Line(_summary(report))


def _row(entry: StatusEntry) -> tuple[Inline, ...]:
    took = entry.execution_time_ns
    return (
        str(entry.version),
        entry.description,
        (Span(entry.state, _TONES[entry.state]), _begun(entry)),
        "" if entry.installed_on is None else f"{entry.installed_on:%Y-%m-%d %H:%M:%S}",
        "" if took is None else "not recorded" if took < 0 else duration(took),
    )


def _begun(entry: StatusEntry) -> str:
    if entry.statements_done is None:
        return ""
    of = "" if entry.state == "pending" else " of its down"
    return f", {plural(entry.statements_done, 'statement')}{of} done"


def _summary(report: StatusReport) -> Inline:
    if not report.entries:
        return f"There are no migrations yet, neither files nor applied ones, on {report.database}."
    applied = sum(entry.state == "applied" for entry in report.entries)
    counts = f"{plural(applied, 'migration')} applied, {len(report.pending)} pending on {report.database}"
    if not report.ledger_exists:
        counts += "; nothing was ever applied to it"
    faults = sum(fault.blocks for fault in report.faults)
    return (counts, Span(f"; {plural(faults, 'fault')} to resolve first", "bad") if faults else "", ".")
