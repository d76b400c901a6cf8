"""narrowed-enum

What it does: finds enums that are gone or renamed, or that lack a label they had; whichever way that was done.
Why is this bad: the running application fails when it writes or casts to the label or the type that is gone.
Example: a new type takes the place of the old one, without the label `pending`.
Safe form: release an application that no longer uses the label first; remove it in a later migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.hazards.rule import Observation, Rule
from neon_migrate.objects.enum import Enum

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEDY = "Release an application that no longer uses it first; remove it in a later migration."


def find(observation: Observation) -> Iterable[tuple[str, str]]:
    # By name first: the usual way to narrow an enum is another type that takes over the name.
    for old, new in observation.pairs(Enum):
        name = old.key.qualified_name
        same_name = observation.after.objects.get(old.key)
        if isinstance(same_name, Enum):
            missing = [label for label in old.labels if label not in same_name.labels]
            if missing:
                yield f"enum {name} loses {', '.join(map(repr, missing))}", REMEDY
        elif new is not None:
            yield f"enum {name} is renamed to {new.key.qualified_name}", REMEDY
        else:
            yield f"enum {name} is dropped", REMEDY


RULE = Rule("narrowed-enum", find)
