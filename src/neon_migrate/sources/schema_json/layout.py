"""JSON laid out for readers: what fits goes on one line, what is large opens up."""

from __future__ import annotations

import json
from typing import Any

_LINE = 118
"""Characters."""
_OPEN = frozenset({(), ("tables",), ("types",), ("sequences",), ("seeds",)})
"""Objects that are always opened, and so are those right under `tables`."""


def laid_out(value: dict[str, Any]) -> str:
    """A document as text that ends with a newline."""
    return _laid_out(value, (), "", 0) + "\n"


def _laid_out(value: Any, path: tuple[str, ...], indent: str, room: int) -> str:
    """`room` is what stands on the same line before and after the value."""
    line = json.dumps(value, ensure_ascii=False)
    is_open = path in _OPEN or (path[:1] == ("tables",) and (len(path) == 2 or path[2:] == ("fields",)))
    if not isinstance(value, dict | list) or not value or (not is_open and len(line) + room <= _LINE):
        return line
    inner = indent + "  "
    if isinstance(value, list):
        items = [inner + _laid_out(item, (*path, "[]"), inner, len(inner) + 1) for item in value]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    members = []
    for key, item in value.items():
        head = f"{inner}{json.dumps(key, ensure_ascii=False)}: "
        members.append(head + _laid_out(item, (*path, key), inner, len(head) + 1))
    blank = "\n" if path in ((), ("tables",)) and len(members) > 1 else ""
    return "{\n" + f",\n{blank}".join(members) + f"\n{indent}}}"
