"""JSON values as SQL constants."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from neon_migrate.sql import literal

Value = Any
"""A JSON value (numbers with a point as Decimal), or an Expression."""

_JSON = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Expression:
    """An SQL expression instead of a value."""

    sql: str


def value_sql(value: Value, type_: str = "") -> str:
    """`value` as SQL for a column of the SQL type `type_`: a list as an array where the column is one, else as JSON."""
    if isinstance(value, Expression):
        return f"({value.sql})"
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return literal(value).strip()
    kind = type_.strip().lower()
    if isinstance(value, list) and kind.endswith(("]", " array")):
        return literal(_array(value)).strip()
    if isinstance(value, dict | list) or kind in ("json", "jsonb"):
        return literal(_JSON.encode(value).decode()).strip()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _array(values: list[Value]) -> str:
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Value) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case list():
            return _array(value)
    text = value if isinstance(value, str) else _JSON.encode(value).decode()
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
