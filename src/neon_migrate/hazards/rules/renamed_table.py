"""renamed-table

What it does: finds tables that have another name or schema after the migration (one address, two names).
Why is this bad: the application that still runs knows the old name only, and the new one only the new.
Example: `ALTER TABLE users RENAME TO accounts;`
Safe form: keep the old name as a view (`CREATE VIEW users AS SELECT * FROM accounts`) until nothing uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.rule import Observation, Rule
from neon_migrate.objects.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    for old, new in observation.pairs(Table):
        if new is not None and new.key != old.key:
            yield (
                f"table {old.key.qualified_name} is renamed to {new.key.qualified_name}",
                "Leave a view with the old name until no running application uses it.",
            )


RULE = Rule("renamed-table", find)
