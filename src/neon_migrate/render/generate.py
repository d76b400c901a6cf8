"""The page of `generate` and `undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import TO_BE_MADE, candidate_lines, coverage_lines, differences_tree, renames_tree
from neon_migrate.render.page import BLANK, Line, Span, Tree, plural, short_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.generate import GenerateReport
    from neon_migrate.rename_candidates import RenameCandidate
    from neon_migrate.render.page import Block, Page
    from neon_migrate.way_back import WayBack


def generate_page(report: GenerateReport) -> Page:
    """What changes, what that could lose, and the files that do it."""
    return (*_blocks(report), *coverage_lines(report.coverage))


def candidate_page(candidate: RenameCandidate) -> Page:
    """What is asked about: a thing that goes, one that comes, and why they may be the same."""
    return (Line((Span("> ", "warn"), str(candidate))),)


def _blocks(report: GenerateReport) -> Iterator[Block]:
    for warning in report.warnings:
        yield Line((Span("warning: ", "warn"), warning))
    if report.in_step:
        yield Line((Span("in step: ", "good"), "the migrations make exactly what schema.json asks for."))
        return
    tree = differences_tree("What changes", report.differences, TO_BE_MADE)
    seeds = (Tree((Span("+ ", "good"), f"seeds {table}: {plural(count, 'row')}")) for table, count in report.seeds)
    yield Tree(tree.label, (*renames_tree(report.renames), *tree.children, *seeds))
    yield from candidate_lines(report.rename_candidates)
    for loss in report.losses:
        yield Line((Span("loses data: ", "bad"), loss))
    yield BLANK
    paths = [path for migration in report.migrations for path in migration.paths]
    if not paths:
        yield Line("schema.json and the migrations are out of step. neon-migrate generate writes what is missing.")
        return
    for migration in report.migrations:
        for path in migration.paths:
            yield Line((Span("wrote ", "good"), short_path(path)))
        for why in migration.why:
            yield Line((Span(f"  {why}", "dim"),))
        yield from way_back_lines(migration.way_back)
    for table in report.not_filled:
        yield Line((Span("tried without rows: ", "warn"), f"{table.table}, as no row was found for it: {table.why}"))
    back = ", and its down the schema from before" if all(migration.down for migration in report.migrations) else ""
    yield Line(f"Run on a scratch Postgres before it was written: it gives what schema.json asks for{back}.")


def way_back_lines(way_back: WayBack | None) -> tuple[Line, ...]:
    """A way back that does not run is to be seen at once; what another one loses stands in its file."""
    if way_back is None or way_back.grade != "impossible":
        return ()
    return (Line((Span("  no way back: ", "bad"), " ".join(way_back.what))),)
