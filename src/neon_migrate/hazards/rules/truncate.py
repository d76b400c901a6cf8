"""truncate

What it does: finds tables that the migration empties by TRUNCATE, seen when it ran.
Why is this bad: the rows are gone for good, and the lock stops every reader and writer of the table.
Example: `TRUNCATE sessions;`
Safe form: delete what has to go in batches, outside the migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.rule import Observation, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    for table in observation.truncated:
        yield f"table {table} is emptied by TRUNCATE", "Delete what has to go in batches, outside the migration."


RULE = Rule("truncate", find, severity="danger")
