"""The pages of `rollback`: what would go, before it is confirmed, and what went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import differences_tree
from neon_migrate.render.page import BLANK, Heading, Line, Span, Sql, Table, duration, plural
from neon_migrate.render.status import status_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.render.page import Block, Inline, Page
    from neon_migrate.rollback import RevertedMigration, RollbackPlan, RollbackReport


def plan_page(plan: RollbackPlan) -> Page:
    """Which migrations go and how, the data that goes with them, and what was computed or is left to do by hand."""
    return tuple(_plan(plan))


def rollback_page(report: RollbackReport) -> Page:
    """What was taken back, and where that leaves the database."""
    return tuple(_rollback(report))


def _plan(plan: RollbackPlan) -> Iterator[Block]:
    yield Heading(f"Rolling back {plural(len(plan.steps), 'migration')} of {plan.database}")
    rows = tuple((str(step.version), step.description, step.way) for step in plan.steps)
    yield Table(("version", "description", "way back"), rows, right=frozenset({0}))
    for warning in plan.warnings:
        yield Line((Span("warning: ", "warn"), warning))
    for loss in plan.losses:
        count = "" if loss.rows is None else f" ({loss.rows:,} now)"
        yield Line((Span("loses data: ", "bad"), loss.what, Span(count, "strong")))
    for step in plan.computed:
        yield Line((Span("computed: ", "warn"), f"{step.version} has no down file; this takes it back"))
        yield Sql("".join(f"{statement};\n" for statement in step.statements))
    if plan.by_hand:
        yield Line((Span("by hand: ", "warn"), "only ledger rows go; the schema stays until you run"))
        yield Sql(plan.by_hand)


def _rollback(report: RollbackReport) -> Iterator[Block]:
    for warning in report.warnings:
        yield Line((Span("warning: ", "warn"), warning))
    if not report.confirmed:
        yield Line((Span("not confirmed: ", "warn"), "nothing was done."))
        return
    yield Heading(f"{plural(len(report.reverted), 'migration')} taken back")
    columns = ("version", "description", "took")
    yield Table(columns, tuple(map(_row, report.reverted)), right=frozenset({0, 2}))
    if report.drift:
        yield BLANK
        yield differences_tree("The database is not what its applied migrations make, now", report.drift)
    yield BLANK
    yield from status_page(report.status)


def _row(migration: RevertedMigration) -> tuple[Inline, ...]:
    took = migration.execution_time_ns
    return (str(migration.version), migration.description, duration(took) if took >= 0 else "not known")
