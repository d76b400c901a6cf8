"""The page of `undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import TO_BE_MADE, differences_tree
from neon_migrate.render.generate import way_back_lines
from neon_migrate.render.page import Line, Span, short_path

if TYPE_CHECKING:
    from neon_migrate.render.page import Page
    from neon_migrate.undo import UndoReport


def undo_page(report: UndoReport) -> Page:
    """What the new migration takes back, what that loses, and its files."""
    how = "from the schemas before and after it, as it has no down file" if report.computed else "with its down file"
    return (
        *(Line((Span("warning: ", "warn"), warning)) for warning in report.warnings),
        differences_tree(f"{report.version} takes {report.undone} back, {how}", report.differences, TO_BE_MADE),
        *(Line((Span("loses data: ", "bad"), loss)) for loss in report.losses),
        *(Line((Span("wrote ", "good"), short_path(path))) for path in report.paths),
        *way_back_lines(report.way_back),
        Line(("It is pending now: read it, then ", Span("neon-migrate apply", "strong"))),
    )
