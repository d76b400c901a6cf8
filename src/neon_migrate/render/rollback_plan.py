"""The plan for the way back as Markdown: for the job summary and the artifact of a deployment that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.markdown_text import GRADES, block, bullets, code, details, escaped, table
from neon_migrate.render.page import listing, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.report import WayBack
    from neon_migrate.rollback_plan import RestoreWay, RollbackPlan


_IN_STEP = "The application that is deployed has to be the one from before, or one that does with both."
_ALONE = "Takes back what this deployment did, and nothing else."
_LOOK = (
    "Takes back what this deployment applied. What a migration left that stopped half-way can't be told from drift, or "
    "was not found out: look before you take anything of it back."
)
_NEEDED = (
    "The commands are for a checkout of the commit that was deployed, and need the environment variable "
    "`NEON_DATABASE_URL` (production, by its direct host); `restore` and `dry-run` also `NEON_API_KEY` and "
    "`NEON_PROJECT_ID`. Other users of a machine see the arguments of `psql`: where there are any, leave the password "
    "out of the URL, and set `PGPASSWORD`.\n"
)
_BY_PULL_REQUEST = (
    "By the same road: a pull request, which rehearses it, then the deployment with its approval. Where what was "
    "applied harms nobody, this is mostly the best way, and can wait until somebody is there to review it.\n"
)
_BY_HAND = (
    "Mostly the best way where what was applied harms nobody: correct what failed, and apply it by the hand that "
    "applied this.\n"
)
_FORGET = (
    "`resolve` looks whether all of it is gone, and forgets then how far it came; what its statements wrote into rows "
    "stays written.\n"
)

_WITHHELD = (
    "What takes back the migration that stopped half-way may have values of rows in it, and is not written here: "
    "`compare --sql` shows it on your own machine, with what takes drift back, which is not to be run with it.\n"
)


def rollback_plan_markdown(plan: RollbackPlan) -> str:
    """What was done and what was not, and three ways on, each with commands to paste."""
    return "\n".join(_parts(plan))


def _parts(plan: RollbackPlan) -> Iterator[str]:
    yield f"## Ways on for {code(plan.database)}\n"
    yield bullets(_state(plan))
    yield _NEEDED
    yield "### 1. Inverse SQL\n"
    yield from _inverse(plan)
    yield "### 2. Going forward\n"
    yield _BY_PULL_REQUEST if plan.by_pull_request else _BY_HAND
    yield block("\n".join(plan.forward), "sh")
    if plan.by_pull_request:
        yield "Then open the pull request, and merge it.\n"
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
    if not plan.done and not plan.partly:
        yield "Nothing was applied, so there is nothing to take back.\n"
        return
    told_apart = len(plan.partly) == sum(one.certain and one.way_back is not None for one in plan.begun)
    yield f"{_ALONE if told_apart else _LOOK} {_IN_STEP}\n"
    newest_first = list(reversed(plan.done))
    rows = [
        (f"{code(str(one.version))}, as far as it ran", *_worth(one.way_back if one.certain else None))
        for one in reversed(plan.begun)
    ]
    rows += [(code(str(one.version)), *_worth(one.way_back)) for one in newest_first]
    if rows:
        yield table(("migration", "way back", "what it costs"), rows)
    yield from _not_found_out(plan)
    yield from _no_rollback(plan)
    if plan.inverse:
        yield block("\n".join(plan.inverse), "sh")
    if any(one.can_be_taken_back for one in plan.begun):
        yield _FORGET
    if any(one.withheld for one in plan.begun):
        yield _WITHHELD
    sql = "\n".join(
        f"-- {one.version} {one.description}\n{one.way_back.sql.rstrip()}\n" for one in newest_first if one.way_back
    )
    if sql:
        yield details("SQL, newest first", block(sql, "sql"))


def _not_found_out(plan: RollbackPlan) -> Iterator[str]:
    """What is to be said of a migration that was begun, where what it left is not known."""
    if len(plan.partly) > sum(one.way_back is not None for one in plan.begun):
        yield "What the migration left that stopped half-way: `neon-migrate compare` shows it, once it can be had.\n"


def _no_rollback(plan: RollbackPlan) -> Iterator[str]:
    """Why `rollback` is not among the commands, where it is not."""
    if not plan.done:
        return
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


def _worth(way: WayBack | None) -> tuple[str, str]:
    """A way back's grade and what it costs."""
    if way is None:
        return "not tried", "not known"
    return GRADES[way.grade], " ".join(map(escaped, way.what)) or "nothing: all is as before"


def _restore(way: RestoreWay, backup: str) -> Iterator[str]:
    if not way.possible:
        yield f"Not possible: {escaped(way.why_not)}\n"
    else:
        everything = listing(tuple(map(code, way.databases)))
        databases = "every database" if len(way.databases) != 1 else "the database"
        yield (
            f"The last way, since it takes more than this deployment: it takes the branch {code(way.branch)} back to "
            f"where it was before, with **{databases} on it ({everything})**. **Every write since is lost** from them; "
            f"the state of now stays as the branch {code(way.preserve_under_name)}. The command says how many rows "
            "that is, and asks.\n"
        )
        yield block("\n".join(way.commands), "sh")
        if way.until is not None:
            window = plural((way.window_s or 0) // 3600, "hour")
            yield f"Possible until {way.until:%Y-%m-%d %H:%M} UTC ({window} of history).\n"
    if backup:
        yield f"The backup {code(backup)} was made before the deployment.\n"
