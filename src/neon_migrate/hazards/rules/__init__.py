"""The rules: one file each, found by looking; a new rule is a new file here."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from neon_migrate.discovery import discovered

if TYPE_CHECKING:
    from neon_migrate.hazards.rule import Hazard, Observation, Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule by name. Raises ImportError when two files claim one name."""
    return discovered(sys.modules[__name__], "RULE")


def hazards(observation: Observation) -> tuple[Hazard, ...]:
    """What all rules have to say of one migration."""
    return tuple(hazard for rule in rules() for hazard in rule.hazards(observation))
