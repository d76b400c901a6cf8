"""new-not-null

What it does: finds columns that become NOT NULL, and new NOT NULL columns without a default on tables that were there.
Why is this bad: the running application's INSERTs that leave the column out, or write NULL, fail from then on; and the
migration itself fails where rows already hold NULL.
Example: `ALTER TABLE users ADD COLUMN plan text NOT NULL;`
Safe form: add the column with a default, or nullable, and fill it; set NOT NULL once every application writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.hazards.rule import Observation, Rule
from neon_migrate.objects.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    for old, new in observation.pairs(Column):
        if new is not None and new.not_null and not old.not_null:
            yield (
                f"column {new.key.qualified_name} becomes NOT NULL",
                "Fill it and release an application that always writes it first; set NOT NULL in a later migration.",
            )
    standing = {new.key for _, new in observation.pairs(Table) if new is not None}
    for column in observation.made(Column):
        filled = column.default is not None or column.identity or column.generated
        if column.not_null and not filled and column.owner in standing:
            yield (
                f"new column {column.key.qualified_name} is NOT NULL and has no default",
                "Add it with a default, or nullable, and set NOT NULL in a later migration.",
            )


RULE = Rule("new-not-null", find)
