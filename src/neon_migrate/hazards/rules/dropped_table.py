"""dropped-table

What it does: finds tables that were there before the migration and are gone after it; also those that were dropped and
made again under the same name.
Why is this bad: the running application fails on every query that names the table, and the rows are gone for good.
Example: `DROP TABLE invoices;`
Safe form: release an application that no longer uses the table, then drop it in a later migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.rule import Observation, Rule
from neon_migrate.objects.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    for old, new in observation.pairs(Table):
        if new is None:
            again = " and made again, empty" if old.key in observation.after.objects else ""
            yield (
                f"table {old.key.qualified_name} is dropped{again}",
                "Release an application that no longer uses it first; drop it in a later migration.",
            )


RULE = Rule("dropped-table", find, severity="danger")
