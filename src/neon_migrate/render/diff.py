"""The page of `diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import (
    TO_BE_MADE,
    candidate_lines,
    counted_lines,
    coverage_lines,
    differences_tree,
    renames_tree,
)
from neon_migrate.render.page import Document, Line, Span, Tree
from neon_migrate.sql import comment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.diffing import DiffReport
    from neon_migrate.render.page import Block, Page


def diff_page(report: DiffReport) -> Page:
    """Every difference as a tree, what data is at stake, and what was not compared."""
    return tuple(_blocks(report))


def _blocks(report: DiffReport) -> Iterator[Block]:
    if report.different:
        tree = differences_tree(f"What makes {report.before} into {report.after}", report.differences, TO_BE_MADE)
        yield Tree(tree.label, (*renames_tree(report.renames), *tree.children))
        yield from candidate_lines(report.rename_candidates)
        yield from (Line((Span("loses data: ", "bad"), loss)) for loss in report.losses)
        allow = " --allow-data-loss" if report.losses else ""
        prints = "" if report.impossible else f"neon-migrate diff --sql{allow} prints the SQL."
        yield from counted_lines(report.differences, report.coverage, len(report.renames), prints)
    else:
        yield Line((Span("equal: ", "good"), f"{report.before} and {report.after} are the same schema."))
    yield from coverage_lines(report.coverage)


def diff_sql(report: DiffReport) -> Page:
    """The statements alone; what they could lose, and what they leave out, as comments at their head.

    Raises RefusedError where they lose data and that was not allowed.
    """
    script = report.script()
    if not report.different:
        return (Document(comment(f"{report.before} and {report.after} are the same schema: nothing to do.")),)
    losses = (comment(f"loses data: {loss}") for loss in report.losses)
    others = (comment(f"not compared: {found.type} {found.identity}") for found in report.coverage)
    return (Document("".join((*losses, *others, script))),)
