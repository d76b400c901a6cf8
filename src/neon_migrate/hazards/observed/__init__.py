"""The rules that need to have seen a migration run: one file each, found by looking; a new rule is a new file here."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neon_migrate.hazards.run import RunRule


@cache
def run_rules() -> tuple[RunRule, ...]:
    """Every rule by name. Raises ImportError when two files claim one name."""
    found: list[RunRule] = [
        importlib.import_module(f"{__name__}.{module.name}").RULE for module in pkgutil.iter_modules(__path__)
    ]
    names = [rule.name for rule in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ImportError(f"two rules of one name: {twice}")
    return tuple(sorted(found, key=lambda rule: rule.name))
