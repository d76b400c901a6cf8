"""What a package holds, one file each: kinds, rules, checks, notifiers. A new one is a new file and no other edit."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


def discovered(package: ModuleType, attribute: str, *, unique: tuple[str, ...] = ("name",)) -> tuple[Any, ...]:
    """The value of `attribute` in every module of `package`, ordered by the last of `unique`.

    unique  what no two of them may share

    Raises ImportError when two files claim one name.
    """
    modules = (
        importlib.import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)
    )
    found = [getattr(module, attribute) for module in modules]
    for word in unique:
        values = [getattr(one, word) for one in found]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ImportError(f"two of one {word} in {package.__name__}: {twice}")
    return tuple(sorted(found, key=lambda one: getattr(one, unique[-1])))
