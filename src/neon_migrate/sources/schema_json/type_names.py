"""The types of fields as Postgres writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neon_migrate.sources.schema_json.names import object_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.sources.schema_json.document import Document

_TYPE_BASE = re.compile(r"[^(\[]*[^(\[\s]")
"""The name of a type, without its modifier (`(10,2)`) and its array brackets."""


def postgres_type(document: Document, written: str) -> str:
    """The type of a field as SQL: `type_mappings` applied, a type of this document qualified and quoted."""
    mappings = document.model.type_mappings
    mapped = _mapped(mappings, written)
    match = _TYPE_BASE.match(mapped)
    base, suffix = (match[0], mapped[match.end() :]) if match else (mapped, "")
    if mapped == written and suffix:
        target = _mapped(mappings, base)
        base, suffix = target, suffix if "(" not in target else suffix[suffix.find("[") :] if "[" in suffix else ""
    for name in document.model.types:
        if base in (name, object_name(name).written):
            return object_name(name).sql + suffix
    return base + suffix


def _mapped(mappings: Mapping[str, Mapping[str, str]], written: str) -> str:
    for name in (written, *(name for name in mappings if name.lower() == written.lower())):
        if "postgres" in mappings.get(name, {}):
            return mappings[name]["postgres"]
    return written
