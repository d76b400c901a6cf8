"""scan-under-lock

What it does: finds statements that read a whole table in use to check its rows, under a lock that others wait for.
Why is this bad: all who write, and under ACCESS EXCLUSIVE all who read, wait until the last row is read; and where a
row does not hold what is asked, the migration fails only then.
Example: `ALTER TABLE users ADD CHECK (age >= 0);`
Safe form: add the constraint NOT VALID, commit, and VALIDATE CONSTRAINT in the next migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.diff import Alter, Create
from neon_migrate.hazards.run import BLOCKS_WRITES, READS_AND_WRITES, Remark, Run, RunRule, took
from neon_migrate.postgres.observe import MODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NOT_NULL = (
    "NOT NULL: add CHECK (… IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in the next migration, then SET NOT NULL "
    "(which reads nothing then) and drop the check; from PostgreSQL 18 on: ADD NOT NULL … NOT VALID, then "
    "VALIDATE CONSTRAINT."
)
_CHECK = "Check: add it NOT VALID, and VALIDATE CONSTRAINT in the next migration."
_FOREIGN_KEY = "Foreign key: add it NOT VALID, and VALIDATE CONSTRAINT in the next migration."
_OTHER = "Do what checks the rows in a migration of its own, apart from what takes the lock."


def find(run: Run) -> Iterable[Remark]:
    for statement in run.statements:
        if statement.command in READS_AND_WRITES:
            continue
        beside = {*statement.rewritten, *statement.truncated, *(index.table for index in statement.built)}
        for table in statement.scanned:
            mode, taken = run.held(statement, table), statement.duration_ns
            if table in beside or not mode or MODES.index(mode) < MODES.index(BLOCKS_WRITES):
                continue
            waiting = "read or write" if mode == "ACCESS EXCLUSIVE" else "write to"
            yield Remark(
                statement,
                run.severity(table, taken),
                f"table {table} ({run.size(table)}) is read as a whole while all who {waiting} it wait",
                f"a scan under {mode}; {took(taken, measured=run.measured)}",
                " ".join(_remedies(run, table)) or _OTHER,
            )


def _remedies(run: Run, table: str) -> Iterator[str]:
    """By what the migration has changed of the table, or of one that refers to it."""
    kinds = set()
    for change in run.changes:
        if isinstance(change, Create) and (change.new.owner is not None):
            kinds.add((change.key.kind, change.new.owner.qualified_name))
        if isinstance(change, Alter) and isinstance(change.old, Column) and isinstance(change.new, Column):
            if change.new.not_null and not change.old.not_null and change.new.owner is not None:
                kinds.add(("not null", change.new.owner.qualified_name))
            if change.new.type != change.old.type and change.new.owner is not None:
                kinds.add(("check", change.new.owner.qualified_name))
    if ("not null", table) in kinds:
        yield _NOT_NULL
    if ("check", table) in kinds:
        yield _CHECK
    if any(kind == "foreign_key" for kind, _ in kinds):
        yield _FOREIGN_KEY


RULE = RunRule("scan-under-lock", find)
