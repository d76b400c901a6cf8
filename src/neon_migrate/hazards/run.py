"""What a rule of `observed/` sees, a migration that was run and looked at, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from neon_migrate.diff import Change
    from neon_migrate.postgres.observe import LockSeen, StatementSeen
    from neon_migrate.settings import Severity

FEW_ROWS, MANY_ROWS = 10_000, 1_000_000
"""Up to FEW_ROWS a table is read or written in a moment; MANY_ROWS take long enough for an application to fail."""

SHORT_NS, LONG_NS = 100_000_000, 1_000_000_000
"""A wait of 100 ms goes unnoticed, one of a second does not."""

BLOCKS_WRITES, BLOCKS_READS = "SHARE", "ACCESS EXCLUSIVE"
"""The weakest modes that INSERT, UPDATE and DELETE, and SELECT, wait for; SHARE UPDATE EXCLUSIVE is below them."""

READS_AND_WRITES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "CREATE TABLE AS"})
"""Command tags of statements that read tables because that is what they are for."""


@dataclass(frozen=True, slots=True)
class Run:
    """One migration as it ran.

    statements  in order
    changes     what separates the Catalogs before and after it
    rows        how many rows each table has in production, by `schema.name`; what is not known is not there
    small       tables whose rows are not known, but are few by the table's size
    measured    whether it ran on production's rows, so that its durations are production's
    """

    statements: tuple[StatementSeen, ...]
    changes: tuple[Change, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    small: frozenset[str] = frozenset()
    measured: bool = False

    def is_small(self, table: str) -> bool:
        """Whether production has few rows in it, so that nobody waits long for whatever is done to them."""
        rows = self.rows.get(table)
        return table in self.small if rows is None else rows <= FEW_ROWS

    def size(self, table: str) -> str:
        """The table's rows in words."""
        rows = self.rows.get(table)
        if rows is None:
            return "small" if table in self.small else "of unknown size"
        return f"about {rows:,} row{'' if rows == 1 else 's'}"

    def severity(self, table: str, taken_ns: int) -> Severity:
        """How much it matters that a table is read or written as a whole while others wait for it.

        taken_ns  how long that took here
        """
        rows = self.rows.get(table)
        if self.measured and taken_ns >= LONG_NS:
            return "danger"
        if rows is None:
            return "note" if table in self.small else "warning"
        if rows >= MANY_ROWS:
            return "danger"
        return "note" if rows <= FEW_ROWS and not (self.measured and taken_ns >= SHORT_NS) else "warning"

    def held(self, statement: StatementSeen, table: str) -> str:
        """The strongest lock on a table that its transaction holds once a statement has run; empty for none."""
        found = ""
        for one in self.statements:
            if one.transaction == statement.transaction:
                for lock in one.locks:
                    if lock.table == table and lock.kind in TABLES and (not found or lock.at_least(found)):
                        found = lock.mode
            if one is statement:
                break
        return found

    def holds(self, *, at_least: str, below: str = "") -> Iterator[Hold]:
        """Every lock on a table that was taken in such a mode, with all that its transaction still did."""
        for number, statement in enumerate(self.statements):
            later = [one for one in self.statements[number + 1 :] if one.transaction == statement.transaction]
            for lock in statement.locks:
                if lock.kind in TABLES and lock.at_least(at_least) and not (below and lock.at_least(below)):
                    yield Hold(statement, lock, tuple(later))


TABLES = frozenset("rpm")
"""pg_class.relkind of what holds rows: tables, partitioned tables, materialized views."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A lock, from the statement that took it to the end of its transaction, `later` being the statements after it."""

    statement: StatementSeen
    lock: LockSeen
    later: tuple[StatementSeen, ...]

    @property
    def duration_ns(self) -> int:
        """How long it was held, at most: from the beginning of its statement."""
        return self.statement.duration_ns + sum(one.duration_ns for one in self.later)


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a rule found.

    what      one sentence: what happens, and to whom
    evidence  what was seen
    remedy    the safe way to the same end
    """

    statement: StatementSeen
    severity: Severity
    what: str
    evidence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class RunRule:
    """One rule; a file in `observed/` has one as `RULE`, and its docstring is the rule's page.

    name  in kebab-case, stable, and that of no rule in `rules/`
    """

    name: str
    find: Callable[[Run], Iterable[Remark]]


def took(nanoseconds: int, *, measured: bool) -> str:
    """A duration as evidence; where there were no rows it says nothing about production."""
    shown = f"{nanoseconds / 1e9:.2f} s" if nanoseconds >= 1e9 else f"{nanoseconds / 1e6:.1f} ms"
    return f"{shown} on production's rows" if measured else f"{shown} without rows"
