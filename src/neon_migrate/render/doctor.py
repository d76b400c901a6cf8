"""The page of `doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.page import BLANK, Heading, Line, Span, Table, duration

if TYPE_CHECKING:
    from neon_migrate.doctor import DoctorReport, DoctorStep
    from neon_migrate.render.page import Block, Inline, Page, Tone

TONES: dict[str, Tone] = {"passed": "good", "warned": "warn", "failed": "bad", "skipped": "dim"}


def doctor_page(report: DoctorReport) -> Page:
    """A row a step, then each warning and failure with its remedy."""
    source = f" (from {report.source})" if report.source else ""
    remedies = [block for step in report.steps if step.remedy for block in _remedy(step)]
    verdict: Inline = (
        Span("healthy: ", "good") if report.healthy else Span("not healthy: ", "bad"),
        "migrations can be applied here." if report.healthy else "what comes after the failed step was not tried.",
    )
    return (
        Heading(f"{report.database}{source}"),
        Table(("step", "state", "took", "what was found"), tuple(map(_row, report.steps)), right=frozenset({2})),
        BLANK,
        *remedies,
        Line(verdict),
    )


def _row(step: DoctorStep) -> tuple[Inline, ...]:
    took = duration(step.duration_ms * 1e6) if step.state != "skipped" else ""
    return (step.name, Span(step.state, TONES[step.state]), took, step.detail)


def _remedy(step: DoctorStep) -> tuple[Block, ...]:
    return (
        Line((Span(f"{step.name}: ", TONES[step.state]), step.detail)),
        Line((Span("what to do: ", "good"), step.remedy), 2),
    )
