"""removed-default

What it does: finds columns that had a default, an identity or a generation expression and have none any more.
Why is this bad: the running application's INSERTs that leave the column out write NULL, or fail where it is NOT NULL.
Example: `ALTER TABLE users ALTER COLUMN created_at DROP DEFAULT;`
Safe form: release an application that always writes the column first; drop the default in a later migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.hazards.rule import Observation, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    for old, new in observation.pairs(Column):
        if new is not None and _fills_itself(old) and not _fills_itself(new):
            yield (
                f"column {new.key.qualified_name} loses {_source(old)}",
                "Release an application that always writes the column first; remove it in a later migration.",
            )


def _fills_itself(column: Column) -> bool:
    return column.default is not None or bool(column.identity)


def _source(column: Column) -> str:
    if column.identity:
        return "its identity"
    return f"its generation expression {column.default}" if column.generated else f"its default {column.default}"


RULE = Rule("removed-default", find)
