"""index-not-concurrent

What it does: finds indexes that are built on a table in use inside a transaction.
Why is this bad: SHARE is held while the table is read and the index written: every INSERT, UPDATE and DELETE waits.
Example: `CREATE INDEX ON users (email);`
Safe form: `CREATE INDEX CONCURRENTLY` as the only statement of a migration that starts with `-- no-transaction`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.run import Remark, Run, RunRule, took

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEDY = "CREATE INDEX CONCURRENTLY, alone in a migration whose first line is `-- no-transaction`."


def find(run: Run) -> Iterable[Remark]:
    for statement in run.statements:
        if not statement.whole:
            continue
        for index in statement.built:
            if index.again or index.constraint or index.table in statement.rewritten:
                continue
            mode, taken = run.held(statement, index.table), statement.duration_ns
            yield Remark(
                statement,
                run.severity(index.table, taken),
                f"index {index.name} is built while all who write to {index.table} ({run.size(index.table)}) wait",
                f"{mode} on {index.table} and a scan of it; {took(taken, measured=run.measured)}",
                REMEDY,
            )


RULE = RunRule("index-not-concurrent", find)
