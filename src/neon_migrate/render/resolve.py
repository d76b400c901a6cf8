"""The page of `resolve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import differences_tree
from neon_migrate.render.page import BLANK, Line, Span, plural
from neon_migrate.render.status import status_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.render.page import Block, Page
    from neon_migrate.resolve import ResolveReport


def resolve_page(report: ResolveReport) -> Page:
    """What the ledger says now, what that rests on, and the status."""
    return tuple(_blocks(report))


def _blocks(report: ResolveReport) -> Iterator[Block]:
    state = "applied" if report.applied else "not applied"
    verb = "now says" if report.changed else "said already"
    yield Line((Span("resolved: ", "good"), f"the ledger {verb} that {report.version} is {state}."))
    if report.seen:
        yield Line(f"The database agrees, by {plural(len(report.seen), 'object')} of that version.", 2)
    else:
        yield Line("That version changes no object, so the database could not tell.", 2)
    if report.drift:
        yield differences_tree("Apart from that version the database is not what its migrations make", report.drift)
    yield BLANK
    yield from status_page(report.status)
