"""The checks of `validate`: one file each, found by looking; a new check is a new file here with a `CHECK`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neon_migrate.check import Check


@cache
def checks() -> tuple[Check, ...]:
    """Every check in the order of its rank. Raises ImportError when two files claim one name or rank."""
    found: list[Check] = [
        importlib.import_module(f"{__name__}.{module.name}").CHECK for module in pkgutil.iter_modules(__path__)
    ]
    for attribute in ("name", "rank"):
        values = [getattr(check, attribute) for check in found]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ImportError(f"two checks of one {attribute}: {twice}")
    return tuple(sorted(found, key=lambda check: check.rank))
