"""Which changes of a column's type keep every value (measured on 14-18 for all pairs of built-in types)."""

from __future__ import annotations

import re
from functools import cache

_WIDER = {
    "smallint": frozenset({"integer", "bigint", "numeric", "real", "double precision"}),
    "integer": frozenset({"bigint", "numeric", "double precision"}),
    "bigint": frozenset({"numeric"}),
    "real": frozenset({"double precision"}),
    "date": frozenset({"timestamp without time zone"}),
    "cidr": frozenset({"inet"}),
    "json": frozenset({"text", "character varying"}),
    "character": frozenset({"character varying", "text"}),
    "character varying": frozenset({"text"}),
    "text": frozenset({"character varying"}),
    "name": frozenset({"text", "character varying"}),
}
_SAME_BYTES = frozenset({("character varying", "text"), ("text", "character varying"), ("cidr", "inet")})
_ONLY_LIMITED = frozenset(
    {"character varying", "bit varying", "numeric", "interval"}
    | {f"{what} {zone} time zone" for what in ("timestamp", "time") for zone in ("with", "without")}
)
"""Types whose modifier only says what is accepted: a wider one leaves what is stored as it is."""
_IMPLICIT = {
    **_WIDER,
    "timestamp without time zone": frozenset({"timestamp with time zone"}),
    "timestamp with time zone": frozenset({"timestamp without time zone"}),
}
_ZONES = {"timestamp without time zone", "timestamp with time zone"}
_TEXTUAL = frozenset({"text", "character varying"})
_CUT_OR_PADDED = _TEXTUAL | {"character", "name", '"char"'}
HOLDERS = frozenset({"column", "domain", "composite_type", "range_type"})
"""The kinds of what has values of a type, or is made of it."""

FAMILIES = (
    frozenset({"smallint", "integer", "bigint"}),
    frozenset({"real", "double precision"}),
    frozenset({"text", "character varying", "name"}),
    frozenset({"date", "timestamp without time zone", "timestamp with time zone"}),
    frozenset({"inet", "cidr"}),
)
"""Built-in types that are compared with each other without a cast, or as one that both are stored as."""
_CAST_AMONG_THEMSELVES = (
    frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"}),
    frozenset({"integer", "boolean"}),
    frozenset({"text", "character varying", "character", "name"}),
    frozenset({"date", "timestamp without time zone", "timestamp with time zone"}),
    frozenset({"time without time zone", "time with time zone"}),
    frozenset({"json", "jsonb"}),
    frozenset({"inet", "cidr"}),
    frozenset({"bit", "bit varying"}),
)


@cache
def _parts(formatted: str) -> tuple[str, tuple[int, ...], bool]:
    """`format_type`'s text as base name, modifiers and whether it is an array."""
    array = formatted.endswith("[]")
    match = re.fullmatch(r"(.*?)\((-?\d+(?:,-?\d+)*)\)(.*)", formatted.removesuffix("[]"))
    if match is None:
        return formatted.removesuffix("[]"), (), array
    return match[1] + match[3], tuple(int(number) for number in match[2].split(",")), array


def keeps_values(old: str, new: str) -> bool:
    """Whether every value of type `old` fits into `new` unchanged; both as `format_type` writes them."""
    old_base, old_limit, old_array = _parts(old)
    new_base, new_limit, new_array = _parts(new)
    if old_array != new_array:
        return False
    if old_base == "numeric" == new_base:
        return _numeric_keeps(old_limit, new_limit)
    if old_base == new_base or new_base in _WIDER.get(old_base, ()):
        return not new_limit or (bool(old_limit) and new_limit >= old_limit and _is_length(old_base, new_base))
    return new_base == "text"


def are_comparable(one: str, other: str) -> bool:
    """Whether a foreign key holds between columns of these two types, so that one can be changed after the other.

    An operator family of btree has `=` between them (pg_amop): https://www.postgresql.org/docs/current/btree.html.
    """
    (one_base, _, one_array), (other_base, _, other_array) = _parts(one), _parts(other)
    if one_base == other_base:
        return one_array == other_array
    return not (one_array or other_array) and any({one_base, other_base} <= family for family in FAMILIES)


def keeps_file(old: str, new: str) -> bool:
    """Whether ALTER COLUMN TYPE leaves the table's file and its indexes as they are: only what types say changes."""
    old_base, old_limit, old_array = _parts(old)
    new_base, new_limit, new_array = _parts(new)
    if old_array or new_array or not keeps_values(old, new):
        return old == new
    if old_base != new_base:
        return (old_base, new_base) in _SAME_BYTES
    scales = {limits[1] if len(limits) > 1 else 0 for limits in (old_limit, new_limit) if limits}
    return old_base in _ONLY_LIMITED and (old_base != "numeric" or len(scales) < 2)


def what_goes(column: str, old: str, new: str) -> str:
    """What may go of a column's values with its type, in words; empty where every value is kept.

    column  qualified, without quotes
    """
    if keeps_values(old, new):
        return ""
    (old_base, _, old_array), (new_base, _, new_array) = _parts(old), _parts(new)
    if {old_base, new_base} == _ZONES:
        return f"which moments the values of column {column} are, but in the time zone of the session that changes them"
    if old_base in _TEXTUAL and new_base not in _CUT_OR_PADDED and not (old_array or new_array):
        return f"values of column {column} that {new} does not take: where there are any, it fails"
    return f"values of column {column} that do not fit when {old} becomes {new}"


def casts_by_itself(old: str, new: str) -> bool:
    """Whether ALTER COLUMN TYPE needs no USING: an implicit or assignment cast is built in."""
    old_base, _, old_array = _parts(old)
    new_base, _, new_array = _parts(new)
    return old_array == new_array and (old_base == new_base or new_base in _IMPLICIT.get(old_base, ()))


def conversion(column: str, old: str, new: str) -> str:
    """The USING expression that makes `column` (already quoted) of type `old` into `new`.

    Where Postgres has no cast of its own between the two, the text form is the way: everything casts to and from it.
    """
    (old_base, _, old_array), (new_base, _, new_array) = _parts(old), _parts(new)
    direct = (
        old_base == new_base
        or old_base in _TEXTUAL
        or new_base in _TEXTUAL
        or any({old_base, new_base} <= group for group in _CAST_AMONG_THEMSELVES)
    )
    if new_array and not old_array:
        return f"ARRAY[{conversion(column, old, new.removesuffix('[]'))}]"
    if direct and old_array == new_array:
        return f"{column}::{new}"
    return f"{column}::text{'[]' * (old_array and new_array)}::{new}"


def _is_length(old_base: str, new_base: str) -> bool:
    textual = {"character", "character varying"}
    # A bit string of a fixed length fits into no other; a blank-padded text does, as padding means nothing.
    return old_base == new_base != "bit" or {old_base, new_base} <= textual


def _numeric_keeps(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    if not new:
        return True
    if not old:
        return False
    old_scale, new_scale = (limits[1] if len(limits) > 1 else 0 for limits in (old, new))
    return new_scale >= old_scale and new[0] - new_scale >= old[0] - old_scale
