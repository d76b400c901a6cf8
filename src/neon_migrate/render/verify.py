"""The page of `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.page import BLANK, Line, Span, Table

if TYPE_CHECKING:
    from neon_migrate.render.page import Inline, Page
    from neon_migrate.verify import VerifiedGroup, VerifyReport


def verify_page(report: VerifyReport) -> Page:
    """A line a sort of thing, then each missing one by name."""
    missing = [Line((Span("missing: ", "bad"), fault)) for group in report.groups for fault in group.missing]
    verdict: Inline = (
        (Span("complete: ", "good"), f"{report.database} has all that its {_applied(report)} make.")
        if report.complete
        else (Span(f"{len(missing)} missing", "bad"), f" in {report.database}, by its {_applied(report)}.")
    )
    table = Table(("looked for", "expected", "found"), tuple(map(_row, report.groups)), right=frozenset({1}))
    return (table, BLANK, *missing, Line(verdict))


def _applied(report: VerifyReport) -> str:
    return f"applied migrations ({len(report.applied)})"


def _row(group: VerifiedGroup) -> tuple[Inline, ...]:
    found = Span(f"{len(group.missing)} missing", "bad") if group.missing else Span("all", "good")
    return (group.name, str(group.expected), found if group.expected or group.missing else Span("none expected", "dim"))
