"""The page of `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import coverage_lines, differences_tree
from neon_migrate.render.page import Document, Line, Span, plural
from neon_migrate.sql import comment

if TYPE_CHECKING:
    from neon_migrate.compare import CompareReport
    from neon_migrate.render.page import Page


def compare_page(report: CompareReport) -> Page:
    """Every difference as a tree, what it could cost to remove them, and what was not compared."""
    applied = f"applied migrations ({len(report.applied)})"
    if not report.different:
        verdict: Page = (Line((Span("in line: ", "good"), f"{report.database} is exactly what its {applied} make.")),)
    else:
        verdict = (
            differences_tree(f"Differences between {report.database} and its {applied}", report.differences),
            Line((Span(plural(len(report.differences), "difference"), "bad"), _in_line(report))),
            *(Line((Span("no way: ", "bad"), refusal)) for refusal in report.impossible),
        )
    return (*verdict, *coverage_lines(report.coverage))


def _in_line(report: CompareReport) -> str:
    if report.impossible:
        return ". Postgres has no way to bring the database in line; put it into a migration, or mend it by hand."
    if not report.sql:
        return "."
    return ". neon-migrate compare --sql prints what would bring the database in line."


def compare_sql(report: CompareReport) -> Page:
    """The statements alone, with what they could lose as comments at their head."""
    if not report.different:
        return (Document(comment(f"{report.database} is in line with its migrations: nothing to do.")),)
    losses = "".join(comment(f"loses data: {loss}") for loss in report.losses)
    impossible = "".join(comment(f"Postgres has no way: {refusal}") for refusal in report.impossible)
    return (Document(losses + impossible + report.sql),)
