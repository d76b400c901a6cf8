"""Values of Postgres's own base types, and of some well-known extensions', as their input functions read them.

https://www.postgresql.org/docs/current/datatype.html. For each type: the value of a number, distinct for distinct
numbers and rising with them, and one that is as large, long or precise as the type allows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG = "A text that is Long enough to be cut, with 1 quote ' and ünïcode: "
_LONGEST = 4_000
_UNLIMITED = 300
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FIRST_DAY = date(2024, 1, 1)


def text(number: int, modifier: int) -> str:
    """A short text that fits into `modifier` (length and 4; -1 without limit)."""
    whole = f"text {number + 1}"
    limit = modifier - 4 if modifier >= 4 else _LONGEST
    return whole if len(whole) <= limit else f"{_LETTERS[number % 26]}{number}"[:limit]


def long_text(modifier: int) -> str:
    """A text that fills `modifier`, as far as an index would still take it."""
    length = min(modifier - 4, _LONGEST) if modifier >= 4 else _UNLIMITED
    return (_LONG * (length // len(_LONG) + 1))[:length].rstrip().ljust(length, "x")


def largest_numeric(modifier: int) -> str:
    """Nines in every digit of numeric(precision, scale); the modifier is packed as in numeric.c."""
    if modifier < 4:
        return "123456789012345678.123456789"
    precision = (modifier - 4) >> 16
    scale = ((modifier - 4) & 0x7FF ^ 1024) - 1024
    if scale <= 0:
        return "9" * precision + "0" * -scale
    return f"{'9' * max(0, precision - scale) or '0'}.{'0' * max(0, scale - precision)}{'9' * min(scale, precision)}"


def numeric(number: int, modifier: int) -> str:
    """A whole number where the type has room for one."""
    if modifier < 4:
        return f"{number + 1}.5"
    precision = (modifier - 4) >> 16
    scale = ((modifier - 4) & 0x7FF ^ 1024) - 1024
    room = precision - scale
    if room >= len(str(number + 1)):
        return str(number + 1)
    return f"{number % 10 ** max(room, 0)}.{(number % 9) + 1}".rjust(3, "0") if room > 0 else f"0.{(number % 9) + 1}"


def _day(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


def _moment(number: int) -> str:
    return (datetime(2024, 1, 1, 12) + timedelta(days=number)).isoformat(" ")


def bits(number: int, modifier: int) -> str:
    """A bit string of exactly the type's length, or of eight bits."""
    length = modifier if modifier > 0 else 8
    return format(number + 1, "b").rjust(length, "0")[-length:]


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number + 1:012d}"


def _vector(number: int, modifier: int) -> str:
    return "[" + ",".join(str(number + place) for place in range(1, (modifier if modifier > 0 else 3) + 1)) + "]"


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


Maker = tuple["Callable[[int, int], str]", "Callable[[int], str] | None"]


def _plain(make: Callable[[int], str], largest: str | None = None) -> Maker:
    """Values that do not depend on the type's modifier."""
    return (lambda number, _: make(number)), (None if largest is None else lambda _: largest)


def _counted(largest: str | None = None) -> Maker:
    return _plain(lambda number: str(number + 1), largest)


_MAKERS: dict[str, Maker] = {
    "int2": _counted("32767"),
    "int4": _counted("2147483647"),
    "int8": _counted("9223372036854775807"),
    "float4": _plain(lambda number: f"{number + 1}.5", "123456.7"),
    "float8": _plain(lambda number: f"{number + 1}.5", "1.23456789012345e+15"),
    "numeric": (numeric, largest_numeric),
    "money": _plain(lambda number: f"{number + 1}.50", "92233720368547758.07"),
    "bool": _plain(lambda number: "false" if number % 2 else "true"),
    "text": (text, long_text),
    "varchar": (text, long_text),
    "bpchar": (text, long_text),
    "citext": (text, long_text),
    "name": (text, None),
    "char": _plain(lambda number: _LETTERS[number % 26]),
    "bytea": _plain(lambda number: f"\\x{number + 1:08x}", "\\x00deadbeef00ff" + "0a" * 100),
    "uuid": _plain(_uuid, "ffffffff-ffff-4fff-bfff-ffffffffffff"),
    "date": _plain(_day, "2999-12-31"),
    "timestamp": _plain(_moment, "2024-02-29 23:59:59.999999"),
    "timestamptz": _plain(lambda number: _moment(number) + "+00", "2024-02-29 23:59:59.999999+00"),
    "time": _plain(lambda number: f"{number // 60 % 24:02}:{number % 60:02}:00", "23:59:59.999999"),
    "timetz": _plain(lambda number: f"{number // 60 % 24:02}:{number % 60:02}:00+00", "23:59:59.999999+00"),
    "interval": _plain(lambda number: f"{number + 1} days", "1 year 2 mons 3 days 04:05:06.789012"),
    "json": _plain(lambda number: f'{{"number": {number + 1}}}', '{"list": [1, {"deep": null}], "text": "ü"}'),
    "jsonb": _plain(lambda number: f'{{"number": {number + 1}}}', '{"list": [1, {"deep": null}], "text": "ü"}'),
    "jsonpath": _plain(lambda number: f"$.a{number}"),
    "xml": _plain(lambda number: f"<number>{number + 1}</number>"),
    "inet": _plain(_address, "2001:db8::1/64"),
    "cidr": _plain(_address, "2001:db8::/64"),
    "macaddr": _plain(lambda number: f"08:00:2b:01:{number >> 8 & 255:02x}:{number & 255:02x}"),
    "macaddr8": _plain(lambda number: f"08:00:2b:01:02:03:{number >> 8 & 255:02x}:{number & 255:02x}"),
    "bit": (bits, None),
    "varbit": (bits, None),
    "point": _plain(lambda number: f"({number + 1},1)"),
    "line": _plain(lambda number: f"{{1,-1,{number + 1}}}"),
    "lseg": _plain(lambda number: f"[(0,0),(1,{number + 1})]"),
    "box": _plain(lambda number: f"({number + 1},1),({number},0)"),
    "path": _plain(lambda number: f"((0,0),(1,{number + 1}))"),
    "polygon": _plain(lambda number: f"((0,0),(1,1),(1,{number + 2}))"),
    "circle": _plain(lambda number: f"<({10 * number},0),1>"),
    "tsvector": _plain(lambda number: f"'word{number + 1}':1"),
    "tsquery": _plain(lambda number: f"'word{number + 1}'"),
    "oid": _counted("4294967295"),
    "xid": _counted(),
    "xid8": _counted(),
    "cid": _counted(),
    "tid": _plain(lambda number: f"(0,{number + 1})"),
    "pg_lsn": _plain(lambda number: f"0/{number + 1:X}"),
    "pg_snapshot": _plain(lambda number: f"{number + 1}:{number + 1}:"),
    "txid_snapshot": _plain(lambda number: f"{number + 1}:{number + 1}:"),
    "regclass": _plain(lambda _: "pg_catalog.pg_class"),
    "regtype": _plain(lambda _: "integer"),
    "regproc": _plain(lambda _: "pg_catalog.now"),
    "regprocedure": _plain(lambda _: "pg_catalog.now()"),
    "regrole": _plain(lambda _: "10"),
    "regnamespace": _plain(lambda _: "pg_catalog"),
    "regconfig": _plain(lambda _: "pg_catalog.english"),
    "regdictionary": _plain(lambda _: "pg_catalog.simple"),
    "int2vector": _plain(lambda number: f"{number + 1} 2"),
    "oidvector": _plain(lambda number: f"{number + 1} 2"),
    "refcursor": (text, None),
    "hstore": _plain(lambda number: f'"number"=>"{number + 1}"'),
    "ltree": _plain(lambda number: f"top.number{number + 1}"),
    "lquery": _plain(lambda number: f"top.number{number + 1}"),
    "ltxtquery": _plain(lambda number: f"number{number + 1}"),
    "cube": _plain(lambda number: f"({number + 1}, 2)"),
    "seg": _counted(),
    "vector": (_vector, None),
    "halfvec": (_vector, None),
    "sparsevec": (lambda number, modifier: f"{{1:{number + 1}}}/{modifier if modifier > 0 else 3}", None),
    "geometry": _plain(lambda number: f"POINT({number + 1} 1)"),
    "geography": _plain(lambda number: f"POINT({number % 90 + 1} 1)"),
    "isbn": _plain(lambda _: "978-0-393-04002-9"),
    "ean13": _plain(lambda _: "978-0-393-04002-9"),
    "semver": _plain(lambda number: f"1.0.{number}"),
}


KNOWN = frozenset(_MAKERS)
"""The types (pg_type.typname) that there are values for."""


def value(name: str, number: int, modifier: int) -> str:
    """The value of a number; an unknown type may take one of these."""
    if name not in _MAKERS:
        return ("1", "a", "{}", "(1,2)", "[1,2,3]")[number % 5]
    return _MAKERS[name][0](number, modifier)


def extreme(name: str, modifier: int) -> str | None:
    """A value at the limit of the type; None where it has none worth trying."""
    largest = _MAKERS[name][1] if name in _MAKERS else None
    return largest(modifier) if largest else None
