"""table-rewritten

What it does: finds statements that give a table another file: every row is written anew, every index built again.
Why is this bad: nobody reads or writes the table meanwhile, and it takes up to twice its space and that much log.
Example: `ALTER TABLE users ALTER COLUMN id TYPE bigint;`
Safe form: add a column of the new shape, keep it in step by a trigger, fill it in batches, switch over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.run import Remark, Run, RunRule, took

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEDY = (
    "Add a new column (nullable, or with a constant default), keep it in step by a trigger, fill it in batches outside "
    "the migration, then switch over in a later one."
)


def find(run: Run) -> Iterable[Remark]:
    for statement in run.statements:
        for table in statement.rewritten:
            taken = statement.duration_ns
            yield Remark(
                statement,
                run.severity(table, taken),
                f"table {table} ({run.size(table)}) is written anew: nobody reads or writes it meanwhile",
                f"it has another file afterwards, under ACCESS EXCLUSIVE; {took(taken, measured=run.measured)}",
                REMEDY,
            )


RULE = RunRule("table-rewritten", find)
