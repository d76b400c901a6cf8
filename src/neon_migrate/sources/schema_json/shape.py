"""From JSON to the typed model: each key and value is held against the types of `model`, and knows its place."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import ValidationError, convert, inspect

from neon_migrate.errors import SchemaError
from neon_migrate.sources.schema_json.model import LATER_WORDS, SchemaJson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.sources.schema_json.positions import JsonText, Path

_OTHER_WORDS = {
    "check": "checks",
    "columns": "fields",
    "constraints": "checks",
    "description": "comment",
    "enums": "types",
    "index": "indexes",
    "not_null": "nullable",
    "required": "nullable",
}
"""What other formats call a key, and our word."""


def typed(text: JsonText) -> SchemaJson:
    """The document as typed values.

    Raises SchemaError with line, column and caret line: an unknown key (with the nearest known one), a key that is
    missing, a value of the wrong type.
    """
    value = _Shape(text).value(text.value, _model(), ())
    try:
        return convert(value, SchemaJson)
    except ValidationError as error:
        raise SchemaError(f"{text.file} can't be read", where=text.at(()), why=str(error)) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?` with the known word that is most like this one, or an empty text."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean {by_lower[found[0]]!r}?" if found else ""


def dotted(path: Path) -> str:
    """A path as people write it: `tables.users.fields.email`, `seeds.roles.records[2]`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".") or "the document"


@cache
def _model() -> inspect.Type:
    return inspect.type_info(SchemaJson)


class _Shape:
    def __init__(self, text: JsonText) -> None:
        self.text = text

    def value(self, value: Any, wanted: inspect.Type, path: Path) -> Any:
        """`value` as `wanted` wants it: checked, and choices in the model's own spelling."""
        while isinstance(wanted, inspect.Metadata):
            wanted = wanted.type
        if isinstance(wanted, inspect.AnyType):
            return value
        if isinstance(wanted, inspect.UnionType):
            chosen = next((member for member in wanted.types if _accepts(member, value)), None)
            if chosen is None:
                raise self._wrong(value, wanted, path)
            return self.value(value, chosen, path)
        if not _accepts(wanted, value):
            raise self._wrong(value, wanted, path)
        if isinstance(wanted, inspect.StructType):
            return self._struct(value, wanted, path)
        if isinstance(wanted, inspect.DictType):
            for key in value:
                if key == "":
                    raise SchemaError(f"{dotted(path)} has an empty name", where=self.text.key_at((*path, key)))
            return {key: self.value(item, wanted.value_type, (*path, key)) for key, item in value.items()}
        if isinstance(wanted, inspect.ListType):
            return self._list(value, wanted, path)
        if isinstance(wanted, inspect.LiteralType):
            return self._choice(value, wanted, path)
        if isinstance(wanted, inspect.StrType) and wanted.min_length and not value.strip():
            raise SchemaError(
                f"{dotted(path)} is empty", where=self.text.at(path), remedy="Write a value, or leave it out."
            )
        return value

    def _struct(self, value: dict[str, Any], wanted: inspect.StructType, path: Path) -> dict[str, Any]:
        fields = {field.encode_name: field for field in wanted.fields}
        for key in value:
            if key not in fields:
                raise self._unknown(key, fields, path)
        for name, field in fields.items():
            if field.required and name not in value:
                raise SchemaError(
                    f"{dotted(path)} has no {name!r}",
                    where=self.text.key_at(path),
                    remedy=f"Add {name!r}: {_words(field.type)}.",
                )
        return {key: self.value(item, fields[key].type, (*path, key)) for key, item in value.items()}

    def _list(self, value: list[Any], wanted: inspect.ListType, path: Path) -> list[Any]:
        if wanted.min_length and not value:
            raise SchemaError(f"{dotted(path)} is empty", where=self.text.at(path), remedy="Name at least one.")
        return [self.value(item, wanted.item_type, (*path, index)) for index, item in enumerate(value)]

    def _choice(self, value: str, wanted: inspect.LiteralType, path: Path) -> str:
        found = _choice(value, wanted)
        if found is not None:
            return found
        choices = [str(choice) for choice in wanted.values]
        raise SchemaError(
            f"{dotted(path)} is {value!r}",
            where=self.text.at(path),
            why="It may be " + ", ".join(choices) + ".",
            remedy=nearest(value, choices),
        )

    def _unknown(self, key: str, fields: Iterable[str], path: Path) -> SchemaError:
        known = sorted(fields)
        if key in LATER_WORDS:
            remedy = f'{key!r} has no word here yet: put its statements into a file, and name that under "sql".'
        else:
            remedy = _meant(key, known) or "Known keys: " + ", ".join(known) + "."
        return SchemaError(
            f"Unknown key {key!r} in {dotted(path)}", where=self.text.key_at((*path, key)), remedy=remedy
        )

    def _wrong(self, value: Any, wanted: inspect.Type, path: Path) -> SchemaError:
        return SchemaError(
            f"{dotted(path)} should be {_words(wanted)}",
            where=self.text.at(path),
            why=f"It is {_found(value)}.",
            remedy="Write it so; docs/schema-json.md has an example of each.",
        )


def _meant(key: str, known: list[str]) -> str:
    word = _OTHER_WORDS.get(key.lower())
    return f"Did you mean {word!r}?" if word in known else nearest(key, known)


def _choice(value: str, wanted: inspect.LiteralType) -> str | None:
    plain = " ".join(value.lower().replace("_", " ").split())
    return plain if plain in wanted.values else None


def _accepts(wanted: inspect.Type, value: Any) -> bool:
    """Whether a value has the outer form of a type; what is inside it is looked at later."""
    while isinstance(wanted, inspect.Metadata):
        wanted = wanted.type
    match wanted:
        case inspect.LiteralType():
            return isinstance(value, str)
        case inspect.StrType():
            return isinstance(value, str)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case inspect.NoneType():
            return value is None
        case inspect.ListType():
            return isinstance(value, list)
        case inspect.StructType() | inspect.DictType():
            return isinstance(value, dict)
    return isinstance(wanted, inspect.AnyType)


def _words(wanted: inspect.Type) -> str:
    match wanted:
        case inspect.Metadata():
            return _words(wanted.type)
        case inspect.LiteralType():
            return " or ".join(repr(choice) for choice in wanted.values)
        case inspect.UnionType():
            members = [member for member in wanted.types if not isinstance(member, inspect.NoneType)]
            return " or ".join(dict.fromkeys(map(_words, members)))
        case inspect.StrType():
            return "a text"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return "a whole number"
        case inspect.ListType():
            return f"a list, each {_words(wanted.item_type)}"
        case inspect.StructType():
            required = [field.encode_name for field in wanted.fields if field.required]
            return "an object" + (f" with {', '.join(map(repr, required))}" if required else "")
        case inspect.DictType():
            return "an object"
    return "a value"


def _found(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {value!r}" if len(value) < 40 else "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
    return f"the number {value}"
