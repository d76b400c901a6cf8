"""The kinds of object that the Catalog holds: one file each, found by looking; a new kind is a new file here."""

from __future__ import annotations

import sys
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from neon_migrate.discovery import discovered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.catalog import Key
    from neon_migrate.kind import Kind


@cache
def kinds() -> Mapping[str, Kind[Any]]:
    """Every kind by its name, in the order in which they are read.

    Raises ImportError when two files claim one name.
    """
    found = discovered(sys.modules[__name__], "KIND")
    return MappingProxyType({kind.name: kind for kind in sorted(found, key=lambda kind: kind.rank)})


def kind_of(key: Key) -> Kind[Any]:
    """The kind that a key names."""
    return kinds()[key.kind]
