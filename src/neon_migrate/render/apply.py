"""The page of `apply`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import differences_tree
from neon_migrate.render.page import BLANK, Heading, Line, Span, Table, duration, plural
from neon_migrate.render.status import status_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.apply import AppliedMigration, ApplyReport
    from neon_migrate.render.page import Block, Inline, Page


def apply_page(report: ApplyReport) -> Page:
    """What was applied and whether each is verified, what differs nevertheless, and the final status."""
    return tuple(_blocks(report))


def _blocks(report: ApplyReport) -> Iterator[Block]:
    if report.drift:
        when = "before anything is applied" if report.dry_run else "now"
        yield differences_tree(f"The database is not what its applied migrations make, {when}", report.drift)
        yield BLANK
    if report.dry_run:
        yield from _rehearsed(report)
        return
    if not report.applied:
        yield Line((Span("nothing to do: ", "good"), "no migration is pending."))
    else:
        yield Heading(f"{plural(len(report.applied), 'migration')} applied")
        columns = ("version", "description", "took", "verified")
        yield Table(columns, tuple(map(_row, report.applied)), right=frozenset({0, 2}))
    yield BLANK
    yield from status_page(report.status)


def _rehearsed(report: ApplyReport) -> Iterator[Block]:
    if not report.applied:
        yield Line((Span("nothing to do: ", "good"), "no migration is pending."))
        return
    yield Heading(f"{plural(len(report.applied), 'migration')} would be applied to {report.status.database}")
    columns = ("version", "description", "took on the scratch")
    rows = tuple(_row(migration)[:3] for migration in report.applied)
    yield Table(columns, rows, right=frozenset({0, 2}))
    yield Line("They ran on a scratch Postgres with the live schema and no rows; the database itself was not touched.")


def _row(migration: AppliedMigration) -> tuple[Inline, ...]:
    took = migration.execution_time_ns
    return (
        str(migration.version),
        migration.description,
        duration(took) if took >= 0 else "not known",
        Span("yes", "good") if migration.verified else Span("no", "warn"),
    )
