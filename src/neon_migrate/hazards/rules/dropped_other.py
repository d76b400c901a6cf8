"""dropped-other

What it does: finds objects of kinds that this tool has no rules of their own for (views, functions, partitioned tables,
domains, …) that are gone under their name.
Why is this bad: the running application fails when it uses them.
Example: `DROP VIEW active_users;`
Safe form: release an application that no longer uses the object first; drop it in a later migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.diff import Drop
from neon_migrate.hazards.rule import Observation, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

_USED_BY_NAME = frozenset({"view", "materialized view", "foreign table", "table", "function", "procedure", "type"})
"""Postgres's own words (pg_identify_object); an application's queries don't name triggers, rules and the like."""


_KINDS_USED_BY_NAME = frozenset({"view", "materialized_view", "function", "domain", "composite_type"})


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    gone = [
        str(change.key)
        for change in observation.changes
        if isinstance(change, Drop) and change.key.kind in _KINDS_USED_BY_NAME
    ]
    gone += [
        f"{one.type} {one.identity}"
        for one in observation.before.unmodelled
        if one.type in _USED_BY_NAME and one not in observation.after.unmodelled
    ]
    for name in gone:
        yield (
            f"{name} is dropped or renamed",
            "Release an application that no longer uses it first; drop it in a later migration.",
        )


RULE = Rule("dropped-other", find)
