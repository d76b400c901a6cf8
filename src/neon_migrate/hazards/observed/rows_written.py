"""rows-written

What it does: finds statements that write many rows in one transaction.
Why is this bad: each stays locked until the end, the table grows by as many dead rows, replicas fall behind; and a lock
that was taken before in the same transaction is held all the while.
Example: `UPDATE users SET plan = 'free';`
Safe form: batches of some thousand rows outside the migration, each a transaction of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.run import FEW_ROWS, MANY_ROWS, Remark, Run, RunRule, took

if TYPE_CHECKING:
    from collections.abc import Iterable

_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"})

REMEDY = "Write them in batches of some thousand outside the migration, each batch a transaction of its own."


def find(run: Run) -> Iterable[Remark]:
    for statement in run.statements:
        if statement.command in _WRITES and statement.rows > FEW_ROWS:
            yield Remark(
                statement,
                "danger" if statement.rows >= MANY_ROWS else "warning",
                f"{statement.command} writes {statement.rows:,} rows in one transaction",
                took(statement.duration_ns, measured=run.measured),
                REMEDY,
            )


RULE = RunRule("rows-written", find)
