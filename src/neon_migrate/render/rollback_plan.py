"""The plan for the way back as Markdown: for the job summary and the artifact of a deployment that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.markdown_text import GRADES, block, bullets, code, details, escaped, table
from neon_migrate.render.page import listing, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.rollback_plan import DoneMigration, RestoreWay, RollbackPlan


_IN_STEP = "The application that is deployed has to be the one from before, or one that does with both."


def rollback_plan_markdown(plan: RollbackPlan) -> str:
    """What was done and what was not, and three ways on, each with commands to paste."""
    return "\n".join(_parts(plan))


def _parts(plan: RollbackPlan) -> Iterator[str]:
    yield f"## Ways on for {code(plan.database)}\n"
    yield bullets(_state(plan))
    yield "### 1. Going forward\n"
    yield "Mostly the best way where what was done harms nobody: correct what failed and deploy again.\n"
    yield block("\n".join(plan.forward), "sh")
    yield "### 2. Inverse SQL\n"
    yield from _inverse(plan)
    yield "### 3. Neon's history\n"
    yield from _restore(plan.restore, plan.backup)
    if plan.warnings:
        yield "### Not known\n"
        yield bullets(map(escaped, plan.warnings))


def _state(plan: RollbackPlan) -> Iterator[str]:
    done = listing(tuple(f"{code(str(one.version))} {escaped(one.description)}".rstrip() for one in plan.done))
    yield f"**Applied:** {done or 'nothing'}."
    rest = listing(tuple(f"{code(str(one.version))} {escaped(one.description)}" for one in plan.not_done))
    yield f"**Not applied:** {rest or 'nothing is left'}."
    yield from (escaped(one) for one in plan.partly)


def _inverse(plan: RollbackPlan) -> Iterator[str]:
    if not plan.done:
        yield "Nothing was applied, so there is nothing to take back.\n"
        return
    yield f"{_IN_STEP}\n"
    newest_first = list(reversed(plan.done))
    rows = [(code(str(one.version)), _grade(one), _cost(one)) for one in newest_first]
    yield table(("migration", "way back", "what it costs"), rows)
    yield from _no_rollback(plan)
    yield block("\n".join(plan.inverse), "sh")
    sql = "\n".join(
        f"-- {one.version} {one.description}\n{one.way_back.sql.rstrip()}\n" for one in newest_first if one.way_back
    )
    if sql:
        yield details("SQL, newest first", block(sql, "sql"))


def _no_rollback(plan: RollbackPlan) -> Iterator[str]:
    """Why `rollback` is not among the commands, where it is not."""
    command = code(f"neon-migrate rollback {plan.done[0].version}")
    if plan.above is None:
        yield f"{command} takes back every later version too, and which those are is not known: look first.\n"
    elif plan.above:
        others = listing(tuple(code(str(version)) for version in plan.above))
        yield (
            f"{command} would take back {others} too, which this deployment did not apply. A new migration takes "
            "back this one's alone, once the folder's own all run; or run the SQL by hand, and set the ledger right "
            "with `neon-migrate resolve --reverted`.\n"
        )


def _grade(done: DoneMigration) -> str:
    return GRADES[done.way_back.grade] if done.way_back else "not tried"


def _cost(done: DoneMigration) -> str:
    if done.way_back is None:
        return "not known"
    return " ".join(map(escaped, done.way_back.what)) or "nothing: all is as before"


def _restore(way: RestoreWay, backup: str) -> Iterator[str]:
    if not way.possible:
        yield f"Not possible: {escaped(way.why_not)}\n"
    else:
        everything = listing(tuple(map(code, way.databases)))
        yield (
            f"Takes the branch {code(way.branch)} back to where it was before the deployment, with "
            f"**{'every database' if len(way.databases) != 1 else 'the database'} on it ({everything})**. "
            f"**Every write since is lost** from them; the state of now stays as the branch "
            f"{code(way.preserve_under_name)}. The command says how many rows that is, and asks.\n"
        )
        yield block("\n".join(way.commands), "sh")
        if way.until is not None:
            window = plural((way.window_s or 0) // 3600, "hour")
            yield f"Possible until {way.until:%Y-%m-%d %H:%M} UTC ({window} of history).\n"
    if backup:
        yield f"The backup {code(backup)} was made before the deployment.\n"
