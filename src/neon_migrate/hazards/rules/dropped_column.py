"""dropped-column

What it does: finds columns that are gone from a table that stays; also those dropped and made again under one name.
Why is this bad: the running application fails on every query that names the column, and its values are gone for good.
Example: `ALTER TABLE users DROP COLUMN email;`
Safe form: release an application that no longer names the column, then drop it in a later migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.hazards.rule import Observation, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    for old, new in observation.pairs(Column):
        if new is None and old.owner is not None and observation.stays(old.owner):
            again = " and made again, empty" if old.key in observation.after.objects else ""
            yield (
                f"column {old.key.qualified_name} is dropped{again}",
                "Release an application that no longer names it first; drop it in a later migration.",
            )


RULE = Rule("dropped-column", find, severity="danger")
