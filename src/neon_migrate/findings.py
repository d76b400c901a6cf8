"""What was seen of one migration as facts for a Report: hazards at their places, and how long each statement took."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from neon_migrate.diff import diff
from neon_migrate.execute import file_name
from neon_migrate.hazards.observed import run_rules
from neon_migrate.hazards.rule import Observation
from neon_migrate.hazards.rules import hazards
from neon_migrate.hazards.run import Run
from neon_migrate.report import Finding, LockTaken, MigrationTiming, StatementTiming
from neon_migrate.sql import location

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.errors import Location
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.observe import StatementSeen
    from neon_migrate.report import TableSize
    from neon_migrate.settings import Settings
    from neon_migrate.trail import Trail

_SMALL_BYTES = 1 << 20
"""A table under this size that was never analysed is small, whatever it holds."""


def timing(
    migration: Migration, statements: Sequence[StatementSeen], taken_ns: int, settings: Settings
) -> MigrationTiming:
    """How long a migration took, statement by statement.

    taken_ns  as its ledger row has it; what counts is the time of the statements, without the looking in between
    """
    spent = sum(statement.duration_ns for statement in statements)
    return MigrationTiming(
        migration.version,
        spent or max(taken_ns, 0),
        tuple(_statement(migration, statement, settings) for statement in statements),
    )


def findings(
    migration: Migration,
    before: Catalog,
    after: Catalog,
    statements: Sequence[StatementSeen],
    sizes: Sequence[TableSize],
    trail: Trail,
    settings: Settings,
    *,
    measured: bool,
) -> tuple[Finding, ...]:
    """All that the rules have to say of a migration that ran from `before` to `after`, each at its statement.

    sizes     production's tables: what only a migration before this one has made holds up nobody
    trail     knows which statement is behind what changed
    measured  whether it ran on production's rows
    """
    changes = diff(before, after)
    names = frozenset(size.name for size in sizes)
    run = Run(
        tuple(_in_production(statement, names) for statement in statements),
        changes,
        {size.name: size.rows for size in sizes if size.rows >= 0},
        frozenset(size.name for size in sizes if size.rows < 0 and size.bytes < _SMALL_BYTES),
        measured,
    )
    return (*_breaking(migration, before, after, run, trail, settings), *_observed(migration, run, settings))


def _breaking(
    migration: Migration, before: Catalog, after: Catalog, run: Run, trail: Trail, settings: Settings
) -> Iterator[Finding]:
    """What changes under the running application."""
    truncated = tuple(table for statement in run.statements for table in statement.truncated)
    found = hazards(Observation(before, after, run.changes, truncated))
    places = trail.places(migration, found) if len(run.statements) != 1 else {}
    first = run.statements[0].offset if run.statements else 0
    emptied = next((statement.offset for statement in run.statements if statement.truncated), first)
    for hazard in found:
        where = _location(migration, places.get(hazard, emptied if hazard.rule == "truncate" else first), settings)
        yield Finding(
            hazard.rule,
            hazard.severity,
            hazard.what,
            _rows_at_stake(hazard.what, run),
            hazard.remedy,
            where.file,
            where.line or 1,
            where.column or 1,
        )


def _rows_at_stake(what: str, run: Run) -> str:
    """How much the table that a sentence of ours is about holds in production; empty where that is not known."""
    words = [word.rstrip(",:;") for word in what.split()]
    named = {part for word in words for part in (word, word.rpartition(".")[0])}
    return "; ".join(f"{table} has {run.size(table)} in production" for table in sorted(named & run.rows.keys()))


def _observed(migration: Migration, run: Run, settings: Settings) -> Iterator[Finding]:
    """What others wait for while it runs."""
    for rule in run_rules():
        for remark in rule.find(run):
            where = _location(migration, remark.statement.offset, settings)
            yield Finding(
                rule.name,
                remark.severity,
                remark.what,
                remark.evidence,
                remark.remedy,
                where.file,
                where.line or 1,
                where.column or 1,
            )


def _in_production(statement: StatementSeen, tables: frozenset[str]) -> StatementSeen:
    """A statement with what it did to tables that production has."""
    return replace(
        statement,
        locks=tuple(lock for lock in statement.locks if lock.table in tables),
        rewritten=tuple(table for table in statement.rewritten if table in tables),
        truncated=tuple(table for table in statement.truncated if table in tables),
        scanned=tuple(table for table in statement.scanned if table in tables),
        built=tuple(index for index in statement.built if index.table in tables),
    )


def _statement(migration: Migration, statement: StatementSeen, settings: Settings) -> StatementTiming:
    where = _location(migration, statement.offset, settings)
    return StatementTiming(
        where.file,
        where.line or 1,
        where.column or 1,
        statement.duration_ns,
        tuple(LockTaken(lock.relation, lock.mode) for lock in statement.locks),
        statement.rewritten,
        statement.rows,
        statement.command,
    )


def _location(migration: Migration, offset: int, settings: Settings) -> Location:
    return location(file_name(migration.up, settings), migration.up.sql, offset)
