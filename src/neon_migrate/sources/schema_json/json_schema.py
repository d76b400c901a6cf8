"""The JSON Schema of schema.json: made from the model, so that an editor knows exactly what the reader accepts."""

from __future__ import annotations

from typing import Any

import msgspec

from neon_migrate.sources.schema_json.model import SchemaJson
from neon_migrate.sources.schema_json.seed_checks import EXPRESSION_KEY

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DESCRIPTIONS = {
    "SchemaJson": {
        "$schema": "Where this JSON Schema is, for the editor.",
        "version": "The version of this schema, for its readers; it has no effect.",
        "description": "What this database is for; it has no effect.",
        "extensions": "Extensions to create, by name or with schema and version.",
        "types": "Enumerated types: a list of values, or an object with `enum` and a comment.",
        "sequences": "Sequences of their own.",
        "tables": "Tables by name.",
        "seeds": "Rows that a table always has, by table.",
    },
    "Table": {
        "fields": "The columns, in order.",
        "primary_key": "The columns of the primary key, where it has several; or an object with a name.",
        "unique": "Unique constraints: a list of columns each, or an object with a name.",
        "checks": "Conditions each row meets: an expression each, or an object with a name.",
        "foreign_keys": "Foreign keys of several columns, or with a name.",
        "indexes": "Indexes: a list of columns each, or an object.",
        "unlogged": "Not written to the WAL: faster, and empty after a crash.",
        "comment": "COMMENT ON TABLE.",
    },
    "Field": {
        "references": "Makes a foreign key to a column of another table.",
        "identity": "Numbered by Postgres: GENERATED ALWAYS or BY DEFAULT AS IDENTITY.",
        "generated": "Computed from other columns of the row.",
        "comment": "COMMENT ON COLUMN.",
    },
    "Seeds": {
        "records": f'One object a row, by column; {{"{EXPRESSION_KEY}": "now()"}} is an SQL expression, not a value.'
    },
}
"""What an editor shows for keys whose type has no description of its own."""


def schema_document() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12), as a value that json can write; objects refuse keys that are not known."""
    made = msgspec.json.schema(SchemaJson)
    definitions = made["$defs"]
    for name, keys in _DESCRIPTIONS.items():
        for key, text in keys.items():
            definitions[name]["properties"][key]["description"] = text
    top = definitions.pop("SchemaJson")
    _accept_upper_case(definitions)
    return {"$schema": DIALECT, **top, "title": "neon-migrate schema.json", "$defs": definitions}


def _accept_upper_case(node: Any) -> None:
    """Choices may be written as SQL does: `CASCADE` as well as `cascade`."""
    if isinstance(node, dict):
        if isinstance(node.get("enum"), list):
            node["enum"] = [*node["enum"], *(word.upper() for word in node["enum"])]
        for value in node.values():
            _accept_upper_case(value)
    elif isinstance(node, list):
        for value in node:
            _accept_upper_case(value)
