"""The rules that need to have seen a migration run: one file each, found by looking; a new rule is a new file here."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from neon_migrate.discovery import discovered

if TYPE_CHECKING:
    from neon_migrate.hazards.run import RunRule


@cache
def run_rules() -> tuple[RunRule, ...]:
    """Every rule by name. Raises ImportError when two files claim one name."""
    return discovered(sys.modules[__name__], "RULE")
