"""The pages of `restore`: what would go back and what goes with it, before it is confirmed, and what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.page import BLANK, Heading, Line, Span, Table, plural
from neon_migrate.render.status import status_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.writes import TableWrites
    from neon_migrate.render.page import Block, Inline, Page
    from neon_migrate.restore import DatabaseWrites, RestorePlan, RestoreReport


def plan_page(plan: RestorePlan) -> Page:
    """Which branch goes back to where, every database on it, and what was written since."""
    return tuple(_plan(plan))


def restore_page(report: RestoreReport) -> Page:
    """What was done, and where that leaves the database."""
    return tuple(_report(report))


def _plan(plan: RestorePlan) -> Iterator[Block]:
    yield Heading(f"Restoring the Neon branch {plan.branch} to {plan.point}")
    names = ", ".join(one.database for one in plan.writes)
    yield Line((Span("goes back: ", "warn"), f"every database on the branch ({names}), with its migrations and data"))
    yield Line(("kept: the state of now, as the branch ", Span(plan.preserve_under_name, "strong")))
    yield Line("Connections are cut; addresses and passwords stay.")
    for warning in plan.warnings:
        yield Line((Span("warning: ", "warn"), warning))
    for database in plan.writes:
        yield BLANK
        yield from _writes(database)


def _writes(found: DatabaseWrites) -> Iterator[Block]:
    if found.uncounted:
        yield Line((Span(f"{found.database}: ", "strong"), Span("not counted: ", "warn"), found.uncounted))
        return
    if not found.tables:
        yield Line((Span(f"{found.database}: ", "strong"), "nothing was written since"))
        return
    unchanged = f"; {plural(found.unchanged, 'table')} unchanged" if found.unchanged else ""
    yield Line((Span(f"{found.database}: ", "strong"), f"written since, and lost from it{unchanged}"))
    columns = ("table", "rows then", "rows now", "of these written since")
    yield Table(columns, tuple(map(_row, found.tables)), right=frozenset({1, 2, 3}))


def _row(table: TableWrites) -> tuple[Inline, ...]:
    if table.uncounted:
        return (table.name, "", "", Span(f"not counted: {table.uncounted}", "warn"))
    return (table.name, _number(table.then), _number(table.now), _number(table.written, "not known"))


def _number(count: int | None, otherwise: str = "no table") -> str:
    return otherwise if count is None else f"{count:,}"


def _report(report: RestoreReport) -> Iterator[Block]:
    if not report.confirmed:
        yield Line((Span("not confirmed: ", "warn"), "nothing was done."))
        return
    plan = report.plan
    yield Heading(f"{plan.branch} is back at {plan.point}")
    yield Line(("The state before is the branch ", Span(plan.preserve_under_name, "strong"), ": remove it in time."))
    for warning in report.warnings:
        yield Line((Span("warning: ", "warn"), warning))
    if report.status is None:
        yield Line("The restore itself is done: do not run it again. neon-migrate status shows where it leads.")
        return
    yield BLANK
    yield from status_page(report.status)
