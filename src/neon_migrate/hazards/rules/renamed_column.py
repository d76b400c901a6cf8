"""renamed-column

What it does: finds columns that have another name after the migration (one address, two names).
Why is this bad: the application that still runs knows the old name only, and the new one only the new.
Example: `ALTER TABLE users RENAME COLUMN mail TO email;`
Safe form: add the new column, write both, copy, read the new one, and drop the old one in a later migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.hazards.rule import Observation, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    for old, new in observation.pairs(Column):
        if new is not None and new.key.part != old.key.part:
            yield (
                f"column {old.key.qualified_name} is renamed to {new.key.part}",
                "Add the new column and write both until no running application uses the old one.",
            )


RULE = Rule("renamed-column", find)
