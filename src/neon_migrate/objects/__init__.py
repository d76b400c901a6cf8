"""The kinds of object that the Catalog holds: one file each, found by looking; a new kind is a new file here."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.catalog import Key
    from neon_migrate.kind import Kind


@cache
def kinds() -> Mapping[str, Kind[Any]]:
    """Every kind by its name, in the order in which they are read.

    Raises ImportError when two files claim one name.
    """
    found: list[Kind[Any]] = [
        importlib.import_module(f"{__name__}.{module.name}").KIND for module in pkgutil.iter_modules(__path__)
    ]
    ordered = sorted(found, key=lambda kind: kind.rank)
    by_name = {kind.name: kind for kind in ordered}
    if len(by_name) < len(ordered):
        names = [kind.name for kind in ordered]
        raise ImportError(f"two kinds of one name: {sorted({name for name in names if names.count(name) > 1})}")
    return MappingProxyType(by_name)


def kind_of(key: Key) -> Kind[Any]:
    """The kind that a key names."""
    return kinds()[key.kind]
