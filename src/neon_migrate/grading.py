"""The grade of a way back, by what it did when it was run: what it restores, and what goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.plan import plan
from neon_migrate.report import WayBack
from neon_migrate.way_back import way_back

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.catalog import Catalog
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.plan import Statement
    from neon_migrate.rows import Loss
    from neon_migrate.trail import Trail

_COMPUTED = "There is no down file; computed."


def computed_down(migration: Migration, before: Catalog, after: Catalog) -> tuple[str, ...] | None:
    """The statements that take back a migration without a down file; None for one that has one."""
    if migration.down is not None:
        return None
    return tuple(statement.sql for statement in plan(after, before).statements)


def graded(
    migration: Migration, before: Catalog, after: Catalog, trail: Trail, back: tuple[str, ...] | str | None = None
) -> WayBack:
    """The way back from one migration.

    before, after  the Catalogs around the migration, of one database
    trail          runs the way back with generated rows, to see what it does not bring back
    back           in what it left another schema elsewhere, or why it failed there; None where it was not run
    """
    computed = computed_down(migration, before, after)
    sql = migration.down.sql if migration.down is not None else "".join(f"{one};\n" for one in computed or ())
    tried = trail.back(migration, computed)
    if isinstance(back, str):
        return WayBack(migration.version, "impossible", (f"Fails: {back}.",), sql)
    fails = tried.fails if tried is not None else ""
    left = tried.left if tried is not None else ()
    if back is not None and (tried is None or computed is None):
        left = back
    renamed = before.renamed_in(after)
    forward = plan(before, after)
    lost = forward.losses_beside(renamed)
    gone = () if tried is None or fails else tried.not_brought_back
    seen = tuple(loss.what for loss in gone if not _named(loss, forward.statements))
    worth = way_back((*lost, *seen), plan(after, before).losses_beside(set(renamed.values())), fails=fails)
    if fails or left:
        unlike = () if fails else tuple(f"Leaves another schema: {one}." for one in left)
        return WayBack(migration.version, "impossible", (*unlike, *worth.what), sql)
    notes = () if migration.down is not None else (_COMPUTED,)
    return WayBack(migration.version, worth.grade, (*notes, *worth.what), sql)


def _named(loss: Loss, statements: Sequence[Statement]) -> bool:
    """Whether a statement of the plan says that it loses this, or all of its table."""
    table = loss.key._replace(kind="table", part="")
    return any(key in (loss.key, table) for statement in statements if statement.loses for key in statement.serves)
