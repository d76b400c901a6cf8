"""many-tables-locked

What it does: finds transactions that lock three or more tables in use so that others wait.
Why is this bad: an application that takes the same tables in another order and this transaction wait for each other: a
deadlock, which one of the two does not survive.
Example: `CREATE TABLE bookings (user_id bigint REFERENCES users, room_id bigint REFERENCES rooms, …)` and an ALTER.
Safe form: one table, or one foreign key, in each migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.run import BLOCKS_WRITES, Hold, Remark, Run, RunRule

if TYPE_CHECKING:
    from collections.abc import Iterable

MANY = 3

REMEDY = "Split it: one table, or one foreign key, in each migration."


def find(run: Run) -> Iterable[Remark]:
    by_transaction: dict[int, dict[str, Hold]] = {}
    for hold in run.holds(at_least=BLOCKS_WRITES):
        by_transaction.setdefault(hold.statement.transaction, {}).setdefault(hold.lock.relation, hold)
    for holds in by_transaction.values():
        if len(holds) >= MANY:
            last = list(holds.values())[MANY - 1]
            yield Remark(
                last.statement,
                "warning" if any(run.rows.get(table, 1) for table in holds) else "note",
                f"one transaction makes others wait for {len(holds)} tables: {', '.join(holds)}",
                "; ".join(f"{hold.lock.mode} on {table}" for table, hold in holds.items()),
                REMEDY,
            )


RULE = RunRule("many-tables-locked", find)
