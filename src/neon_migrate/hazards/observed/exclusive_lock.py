"""exclusive-lock-held

What it does: finds tables in use that nobody can read or write from a statement to the end of its transaction.
Why is this bad: queries wait, and behind them all that come after; what a transaction does after it has taken the lock
adds to that time.
Example: `ALTER TABLE users ADD COLUMN plan text; UPDATE users SET plan = 'free';`
Safe form: what takes ACCESS EXCLUSIVE stands alone in a migration, or last; data is moved in another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.run import BLOCKS_READS, LONG_NS, SHORT_NS, Hold, Remark, Run, RunRule, took

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.settings import Severity

REMEDY = "Put what comes after it into a migration of its own, so that the lock is given back at once."
MOMENT = "It is taken for a moment; lock-timeout and the retries of apply keep others from queueing behind it."


def find(run: Run) -> Iterable[Remark]:
    for hold in run.holds(at_least=BLOCKS_READS):
        severity = _severity(run, hold)
        if severity == "note" and run.is_small(hold.lock.relation):
            continue
        after = [one for one in hold.later if one.duration_ns]
        rest = f", and through {len(after)} more statement{'' if len(after) == 1 else 's'}" if after else ""
        yield Remark(
            hold.statement,
            severity,
            f"nobody reads or writes {hold.lock.relation} ({run.size(hold.lock.relation)}) until the transaction ends",
            f"{hold.lock.mode} on {hold.lock.relation}{rest}; {took(hold.duration_ns, measured=run.measured)}",
            REMEDY if after else MOMENT,
        )


def _severity(run: Run, hold: Hold) -> Severity:
    """By the time that it was held where that is production's; else by what is done while it is held."""
    if run.measured:
        return "danger" if hold.duration_ns >= LONG_NS else "warning" if hold.duration_ns >= SHORT_NS else "note"
    works = [(table, one) for one in hold.later for table in (*one.rewritten, *one.scanned)]
    weights = {run.severity(table, one.duration_ns) for table, one in works}
    return "warning" if weights - {"note"} else "note"


RULE = RunRule("exclusive-lock-held", find)
