"""changed-type

What it does: finds columns whose type or collation is another one after the migration.
Why is this bad: most such changes rewrite the table under a lock that stops every reader and writer, prepared
statements of the running application fail, and a narrower type refuses what it writes.
Example: `ALTER TABLE users ALTER COLUMN id TYPE bigint;`
Safe form: add a column of the new type, fill it in batches, switch over, and drop the old one in a later migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.hazards.rule import Observation, Rule
from neon_migrate.type_change import keeps_values

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEDY = "Add a column of the new type, fill it in batches and switch over; drop the old one in a later migration."


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    for old, new in observation.pairs(Column):
        if new is None:
            continue
        name = old.key.qualified_name
        if new.type != old.type:
            values = "every value fits" if keeps_values(old.type, new.type) else "values may not fit"
            yield f"column {name} changes its type from {old.type} to {new.type} ({values})", REMEDY
        elif new.collation != old.collation:
            default = "the default"
            yield (
                f"column {name} changes its collation from {old.collation or default} to {new.collation or default}",
                REMEDY,
            )


RULE = Rule("changed-type", find)
