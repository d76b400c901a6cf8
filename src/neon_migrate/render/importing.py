"""The page of `import`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.page import Line, Span, plural, short_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.importing import ImportReport
    from neon_migrate.render.page import Block, Page

_MOST = 20


def import_page(report: ImportReport) -> Page:
    """The file, and everything that it does not say."""
    return tuple(_blocks(report))


def _blocks(report: ImportReport) -> Iterator[Block]:
    where = "the live database" if report.source == "live" else "the migrations"
    counts = f"{plural(report.tables, 'table')}, {plural(report.objects, 'object')} in all, from {where}"
    yield Line((Span("wrote ", "good"), short_path(report.file), f" ({counts})"))
    if report.complete:
        yield Line((Span("complete: ", "good"), "a database made from it is the same."))
    yield from _listed("schema.json has no word for", report.not_expressible)
    yield from _listed("A database made from it differs in", report.differences)
    if report.problem:
        yield Line((Span("warning: ", "warn"), f"no database can be made from it yet: {report.problem}"))


def _listed(title: str, names: tuple[str, ...]) -> Iterator[Block]:
    if not names:
        return
    yield Line((Span("warning: ", "warn"), f"{title}:"))
    yield from (Line(name, 2) for name in names[:_MOST])
    if len(names) > _MOST:
        yield Line(f"and {len(names) - _MOST} more (all of them with --format json)", 2)
