"""constraint-index-built

What it does: finds primary keys, unique and exclusion constraints that build their index on a table in use.
Why is this bad: ACCESS EXCLUSIVE is held while the table is read and the index written: nobody reads or writes it.
Example: `ALTER TABLE users ADD UNIQUE (email);`
Safe form: `CREATE UNIQUE INDEX CONCURRENTLY` first, then `ADD CONSTRAINT … UNIQUE USING INDEX`, which takes a moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.run import Remark, Run, RunRule, took

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS = {"p": "primary key", "u": "unique constraint", "x": "exclusion constraint"}
_UNIQUE = (
    "CREATE UNIQUE INDEX CONCURRENTLY in a `-- no-transaction` migration, then ALTER TABLE … ADD CONSTRAINT … USING "
    "INDEX in the next one."
)
_REMEDIES = {
    "p": f"Make its columns NOT NULL first (see scan-under-lock). {_UNIQUE}",
    "u": _UNIQUE,
    "x": "There is no form that lets others work: make a new table with the constraint, copy in batches, swap the two.",
}


def find(run: Run) -> Iterable[Remark]:
    for statement in run.statements:
        for index in statement.built:
            if index.again or not index.constraint or not statement.whole or index.table in statement.rewritten:
                continue
            mode, taken = run.held(statement, index.table), statement.duration_ns
            yield Remark(
                statement,
                run.severity(index.table, taken),
                f"{_KINDS[index.constraint]} {index.name} builds its index while nobody reads or writes {index.table} "
                f"({run.size(index.table)})",
                f"{mode} on {index.table} and a scan of it; {took(taken, measured=run.measured)}",
                _REMEDIES[index.constraint],
            )


RULE = RunRule("constraint-index-built", find)
