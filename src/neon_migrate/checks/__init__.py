"""The checks of `validate`: one file each, found by looking; a new check is a new file here with a `CHECK`."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from neon_migrate.discovery import discovered

if TYPE_CHECKING:
    from neon_migrate.check import Check


@cache
def checks() -> tuple[Check, ...]:
    """Every check in the order of its rank. Raises ImportError when two files claim one name or rank."""
    return discovered(sys.modules[__name__], "CHECK", unique=("name", "rank"))
