"""writes-blocked

What it does: finds tables in use that can be read and not written from a statement to the end of its transaction.
Why is this bad: INSERT, UPDATE and DELETE wait; a foreign key does that to the table it refers to as well.
Example: `ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;`
Safe form: a short transaction of its own, with a lock timeout, as apply runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.run import BLOCKS_READS, BLOCKS_WRITES, LONG_NS, SHORT_NS, Remark, Run, RunRule, took

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEDY = "Give it a migration of its own, so that the lock is given back at once."


def find(run: Run) -> Iterable[Remark]:
    for hold in run.holds(at_least=BLOCKS_WRITES, below=BLOCKS_READS):
        held, table = hold.duration_ns, hold.lock.relation
        slow = run.measured and held >= SHORT_NS
        if not slow and run.is_small(table):
            continue
        yield Remark(
            hold.statement,
            "danger" if run.measured and held >= LONG_NS else "warning" if slow else "note",
            f"nobody writes to {table} ({run.size(table)}) until the transaction ends",
            f"{hold.lock.mode} on {table}; {took(held, measured=run.measured)}",
            REMEDY,
        )


RULE = RunRule("writes-blocked", find)
