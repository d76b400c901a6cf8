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
    """What the new migrations take back, what that loses, and their files."""
    how = "computed from the schemas before and after it" if report.computed else "with its down file"
    versions = ", ".join(str(migration.version) for migration in report.migrations)
    takes = "takes" if len(report.migrations) == 1 else "take"
    return (
        *(Line((Span("warning: ", "warn"), warning)) for warning in report.warnings),
        differences_tree(f"{versions} {takes} {report.undone} back, {how}", report.differences, TO_BE_MADE),
        *(Line((Span("loses data: ", "bad"), loss)) for loss in report.losses),
        *(
            line
            for migration in report.migrations
            for line in (
                *(Line((Span("wrote ", "good"), short_path(path))) for path in migration.paths),
                *way_back_lines(migration.way_back),
            )
        ),
        Line(
            (
                f"{'It is pending now: read it' if takes == 'takes' else 'They are pending now: read them'}, then ",
                Span("neon-migrate apply", "strong"),
            )
        ),
    )
