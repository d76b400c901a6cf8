"""Names of database objects as schema.json writes them: `users`, `billing.invoices`, `"odd.name"`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neon_migrate.sql import identifier, qualified

DEFAULT_SCHEMA = "public"

_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """A schema and a name inside it; letters keep their case."""

    schema: str
    name: str

    @property
    def sql(self) -> str:
        """As SQL writes it, always with the schema."""
        return qualified(self.schema, self.name)

    def __str__(self) -> str:
        return self.name if self.schema == DEFAULT_SCHEMA else f"{self.schema}.{self.name}"

    @property
    def written(self) -> str:
        """As schema.json writes it: double quotes only around a part with a dot or a double quote in it."""
        parts = (self.name,) if self.schema == DEFAULT_SCHEMA else (self.schema, self.name)
        return ".".join('"' + part.replace('"', '""') + '"' if {".", '"'} & set(part) else part for part in parts)


def split_name(text: str) -> tuple[str, ...]:
    """The dotted parts of a name, with double quotes around a part that has a dot in it. Raises ValueError."""
    parts = []
    position = 0
    while True:
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(text)
        parts.append(match[1].replace('""', '"') if match[1] else match[2])
        if match.end() == len(text):
            return tuple(parts)
        if text[match.end()] != ".":
            raise ValueError(text)
        position = match.end() + 1


def object_name(text: str) -> ObjectName:
    """A name of one or two parts. Raises ValueError."""
    match split_name(text):
        case (name,):
            return ObjectName(DEFAULT_SCHEMA, name)
        case (schema, name):
            return ObjectName(schema, name)
    raise ValueError(text)


def columns_sql(columns: tuple[str, ...] | list[str]) -> str:
    """Columns as SQL lists them: `a, b`."""
    return ", ".join(map(identifier, columns))
