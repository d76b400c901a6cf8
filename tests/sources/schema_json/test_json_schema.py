"""The JSON Schema that editors use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from neon_migrate.errors import SchemaError
from neon_migrate.sources.schema_json import parse_document, schema_document

from .test_document import PLAIN, table

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("**/schema*.json"))
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def accepts(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """Whether a value meets a JSON Schema, for the keywords of draft 2020-12 that ours has."""
    known = {"$ref", "anyOf", "enum", "type", "properties", "required", "additionalProperties", "items", "minItems"}
    unknown = (
        schema.keys() - known - {"title", "description", "default", "minLength", "propertyNames", "$schema", "$defs"}
    )
    assert not unknown, f"keywords this test does not know: {unknown}"
    if "$ref" in schema:
        return accepts(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root)
    if "anyOf" in schema:
        return any(accepts(member, value, root) for member in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    types = schema.get("type", [])
    if not any(_is(value, name) for name in ([types] if isinstance(types, str) else types)):
        return False
    if isinstance(value, dict):
        return _accepts_object(schema, value, root)
    if isinstance(value, list):
        return len(value) >= schema.get("minItems", 0) and all(accepts(schema["items"], item, root) for item in value)
    return not isinstance(value, str) or len(value) >= schema.get("minLength", 0)


def _is(value: Any, name: str) -> bool:
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def _accepts_object(schema: dict[str, Any], value: dict[str, Any], root: dict[str, Any]) -> bool:
    properties, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
    if not set(schema.get("required", ())) <= value.keys():
        return False
    for key, item in value.items():
        inner = properties.get(key, rest)
        if inner is False or (isinstance(inner, dict) and inner and not accepts(inner, item, root)):
            return False
    return True


@pytest.mark.parametrize("text", [PLAIN, table(), *(path.read_text(encoding="utf-8") for path in EXAMPLES)])
def test_what_the_reader_accepts_the_schema_accepts(text: str) -> None:
    """The plain form and every example are valid for an editor."""
    parse_document(text)
    schema = schema_document()
    assert accepts(schema, json.loads(text), schema)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"tables": {}, "tabels": {}}',
        table(fields={"x": {"type": "int", "nulable": False}}),
        table(fields={"x": {}}),
        table(fields={"x": {"type": "int", "unique": "yes"}}),
        table(fields={"x": {"type": "int", "references": {"table": "things", "on_delete": "never"}}}),
        table(indexes=[{"columns": []}]),
    ],
)
def test_what_the_reader_refuses_for_its_form_the_schema_refuses(text: str) -> None:
    """An editor marks unknown keys, missing keys and values of the wrong type."""
    with pytest.raises(SchemaError):
        parse_document(text)
    schema = schema_document()
    assert not accepts(schema, json.loads(text), schema)


def test_every_key_is_described() -> None:
    """Each key of the top, of a table and of a field says in an editor what it is for."""
    schema = schema_document()
    for name in ("Table", "Field"):
        plain = {"rust_type", "ts_type", "collation", "nullable"}
        keys = schema["$defs"][name]["properties"]
        assert not [key for key, value in keys.items() if "description" not in json.dumps(value) and key not in plain]
    assert not [key for key, value in schema["properties"].items() if "description" not in value]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_each_object_refuses_unknown_keys() -> None:
    """additionalProperties is false for every object with known keys."""
    schema = schema_document()
    assert all(definition["additionalProperties"] is False for definition in schema["$defs"].values())
    assert schema["additionalProperties"] is False
