"""index-rebuilt

What it does: finds indexes that were there before and are built anew, though their table is not.
Why is this bad: it happens under the lock that the statement holds, mostly ACCESS EXCLUSIVE, for as long as the build.
Example: `ALTER TABLE users ALTER COLUMN name TYPE text COLLATE "C";`
Safe form: a new column with an index made CONCURRENTLY, then switch over; for a bloated index REINDEX CONCURRENTLY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.run import Remark, Run, RunRule, took

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEDY = "A new column with an index made CONCURRENTLY, then switch over; for REINDEX: REINDEX … CONCURRENTLY."


def find(run: Run) -> Iterable[Remark]:
    for statement in run.statements:
        if not statement.whole:
            continue
        for index in statement.built:
            if not index.again or index.table in (*statement.rewritten, *statement.truncated):
                continue
            mode, taken = run.held(statement, index.table), statement.duration_ns
            yield Remark(
                statement,
                run.severity(index.table, taken),
                f"index {index.name} is built anew while others wait for {index.table} ({run.size(index.table)})",
                f"it has another file afterwards, under {mode}; {took(taken, measured=run.measured)}",
                REMEDY,
            )


RULE = RunRule("index-rebuilt", find)
