"""JSON read with the place of each of its parts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neon_migrate.errors import SchemaError
from neon_migrate.sources.schema_json.positions import parse_json

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))
)
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text('abcé\n"\\'), inner))


@given(_VALUES, st.sampled_from([None, 2]), st.booleans())
def test_reads_what_json_reads(value: Any, indent: int | None, ascii_only: bool) -> None:
    """Every value that Python's json writes is read as the same value, indented or not, escaped or not."""
    assert parse_json(json.dumps(value, indent=indent, ensure_ascii=ascii_only), "x.json").value == value


@given(_VALUES)
def test_each_value_stands_where_it_says(value: Any) -> None:
    """The text at the place of a value begins with that value."""
    text = json.dumps({"top": value}, indent=1)
    found = parse_json(text, "x.json")
    for path, offset in found.values.items():
        part = found.value
        for step in path:
            part = part[step]
        assert json.JSONDecoder().raw_decode(text, offset)[0] == part


def test_numbers_keep_their_digits() -> None:
    """A number with a point is not made a float: none of its digits is lost."""
    assert str(parse_json("1.10", "x.json").value) == "1.10"
    assert parse_json("1e3", "x.json").value == Decimal(1000)
    assert parse_json("1" * 5000, "x.json").value == Decimal("1" * 5000)


@pytest.mark.parametrize(
    ("text", "line", "column", "why"),
    [
        ("", 1, 1, "The text ends where a value should stand"),
        ("{", 1, 2, "The text ends where a key in double quotes should stand"),
        ("{,}", 1, 2, "A key in double quotes should stand here, found ','"),
        ('{"a" 1}', 1, 6, "A colon after the key should stand here, found '1'"),
        ('{"a": 1\n "b": 2}', 2, 2, "A comma or '}' should stand here, found '\"'"),
        ('{"a": [1, 2,]}', 1, 12, "A comma after the last member is not allowed in JSON"),
        ("[1] x", 1, 5, "There is more text after the end of the document"),
        ("{\n  // said\n}", 2, 3, "JSON has no comments"),
        ('["a\nb"]', 1, 4, "Invalid control character at"),
        ('["a', 1, 2, "Unterminated string starting at"),
        ("[NaN]", 1, 2, "A value should stand here, found 'N'"),
        ("[01]", 1, 3, "A comma or ']' should stand here, found '1'"),
        ('["\\u0000"]', 1, 2, "PostgreSQL's text can't hold the character U+0000"),
        ('["\\ud800"]', 1, 2, "Half of a surrogate pair is not a character"),
        ("[" * 200, 1, 102, "Values are nested more than 100 deep"),
    ],
)
def test_what_is_not_json_is_shown_at_its_place(text: str, line: int, column: int, why: str) -> None:
    """A fault has the line and the column of the first character that can't stand there, and says why."""
    with pytest.raises(SchemaError) as caught:
        parse_json(text, "schema.json")
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (line, column)
    assert caught.value.why == why


def test_a_key_may_not_stand_twice() -> None:
    """The second of two equal keys is an error that says where the first stands; json would drop one silently."""
    with pytest.raises(SchemaError, match="'b' stands twice") as caught:
        parse_json('{"a": {\n  "b": 1,\n  "b": 2}}', "schema.json")
    assert str(caught.value.where) == "schema.json:3:3"
    assert "line 2" in caught.value.why


def test_byte_order_mark_and_carriage_returns_are_passed_over() -> None:
    """A BOM and CRLF line ends move no position."""
    found = parse_json('\ufeff{\r\n  "a": "x"\r\n}', "schema.json")
    where = found.at(("a",))
    assert (found.value, where.line, where.column, where.source) == ({"a": "x"}, 2, 8, '  "a": "x"')


def test_a_place_inside_a_string() -> None:
    """A character of a string is found where the string has no escapes; else the string itself is."""
    found = parse_json('["now()", "a\\"b"]', "schema.json")
    assert found.inside((0,), 3).column == 6
    assert found.inside((1,), 2).column == 11
