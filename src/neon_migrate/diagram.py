"""A Mermaid ER diagram of the tables that change, with their neighbours.

Syntax: https://mermaid.js.org/syntax/entityRelationshipDiagram.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.diff import Create, Drop, Rename

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from neon_migrate.catalog import Catalog, DatabaseObject, Key
    from neon_migrate.diff import Change

_MOST_TABLES = 40
"""GitHub refuses to draw what is much larger, and nobody could read it."""

_MOST_COLUMNS = 30

_TABLE = "table"

_KEYS = frozenset({"PK", "FK", "UK"})
"""To Mermaid they are no names, in capitals or not."""

_CODES = {"\n": " "} | {character: f"#{ord(character)};" for character in '"#%&<>\\`'}
"""Mermaid's codes for characters (https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters)."""


def er_diagram(before: Catalog, after: Catalog, changes: Sequence[Change]) -> str:
    """The tables that `changes` touch as they are afterwards (those that go as they were), and who refers to whom.

    Columns that change carry a comment that says how. Empty where no table changes.
    """
    touched = _touched(before, after, changes)
    if not touched:
        return ""
    links = [*_links(after), *(link for link in _links(before) if link[2] not in after.objects)]
    near = {table for one, other, _ in links for table in (one, other) if {one, other} & touched}
    shown = sorted(touched)[:_MOST_TABLES]
    shown += sorted(near - touched)[: max(0, _MOST_TABLES - len(shown))]
    marks, names = _marks(changes), _names(shown)
    lines = ["erDiagram"]
    for table in shown:
        lines += _entity(table, names[table], before, after, marks, whole=table in touched)
    for one, other, key in sorted(set(links)):
        if one in shown and other in shown:
            mark = marks.get(key, "")
            label = f"{key.part} ({mark})" if mark else key.part
            lines.append(f"    {names[other]} ||--o{{ {names[one]} : {_quoted(label)}")
    return "\n".join(lines) + "\n"


def _touched(before: Catalog, after: Catalog, changes: Iterable[Change]) -> set[Key]:
    touched = set()
    for change in changes:
        obj = change.old if isinstance(change, Drop) else change.new
        for key in (obj.key, obj.owner):
            if key is not None and key.kind == _TABLE and (key in after.objects or key in before.objects):
                touched.add(key)
    return touched


def _links(catalog: Catalog) -> Iterator[tuple[Key, Key, Key]]:
    """Every foreign key as the table that refers, the one it refers to, and its own key."""
    for obj in catalog.of_kind("foreign_key"):
        tables = {_table_of(catalog, need) for need in catalog.depends.get(obj.key, ())} - {None}
        if obj.owner is not None:
            for table in (tables - {obj.owner}) or {obj.owner}:
                if table is not None:
                    yield obj.owner, table, obj.key


def _table_of(catalog: Catalog, key: Key) -> Key | None:
    found: DatabaseObject | None = catalog.objects.get(key)
    owner = key if key.kind == _TABLE else found.owner if found is not None else None
    return owner if owner is not None and owner.kind == _TABLE else None


def _marks(changes: Iterable[Change]) -> dict[Key, str]:
    """What happens to an object, in a word or two."""
    marks = {}
    for change in changes:
        match change:
            case Create():
                marks[change.key] = "new"
            case Drop():
                marks[change.key] = "goes"
            case Rename(old, _):
                marks[change.key] = f"was {old.key.part or old.key.name}"
            case _:
                marks[change.key] = "changes"
    return marks


def _entity(
    table: Key, name: str, before: Catalog, after: Catalog, marks: dict[Key, str], *, whole: bool
) -> Iterator[str]:
    """A table: with all columns where it is touched, else with none."""
    mark = marks.get(table, "")
    title = f"{table.qualified_name} ({mark})" if mark in ("new", "goes") else table.qualified_name
    if not whole:
        yield f"    {name}[{_quoted(title)}]"
        return
    columns = [*_columns(table, after), *(one for one in _columns(table, before) if one.key not in after.objects)]
    yield f"    {name}[{_quoted(title)}] {{"
    keys = _key_columns(table, after if table in after.objects else before)
    for column in columns[:_MOST_COLUMNS]:
        word, change = _word(column.name), "" if mark in ("new", "goes") else marks.get(column.key, "")
        remark = ", ".join(filter(None, (column.name if word != column.name else "", change)))
        parts = (_type(column.type), word, keys.get(column.name, ""), _quoted(remark) if remark else "")
        yield "        " + " ".join(filter(None, parts))
    if len(columns) > _MOST_COLUMNS:
        yield f"        more {_word(f'{len(columns) - _MOST_COLUMNS}_columns')}"
    yield "    }"


def _columns(table: Key, catalog: Catalog) -> list[Column]:
    found = [catalog.objects[key] for key in catalog.owned.get(table, ()) if key.kind == "column"]
    return sorted((one for one in found if isinstance(one, Column)), key=lambda column: column.position)


def _key_columns(table: Key, catalog: Catalog) -> dict[str, str]:
    """The columns that a key of the table consists of, by pg_depend: PK, FK, UK as Mermaid writes them."""
    words: dict[str, list[str]] = {}
    for kind, word in (("primary_key", "PK"), ("foreign_key", "FK"), ("unique", "UK")):
        for key in catalog.owned.get(table, ()):
            if key.kind == kind:
                for need in catalog.depends.get(key, ()):
                    if need.kind == "column" and need[1:3] == table[1:3] and word not in words.get(need.part, ()):
                        words.setdefault(need.part, []).append(word)
    return {name: ", ".join(found) for name, found in words.items()}


def _names(tables: Iterable[Key]) -> dict[Key, str]:
    """What each table is called in the diagram: two may differ only in what Mermaid does not take in a name."""
    names: dict[Key, str] = {}
    for table in tables:
        word, number = _word(table.qualified_name.replace(".", "__")), 1
        while (name := f"{word}_{number}" if number > 1 else word) in names.values():
            number += 1
        names[table] = name
    return names


def _word(text: str) -> str:
    """A name that Mermaid takes without quotes: it begins with a letter and has letters, digits and underscores."""
    word = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return word if word[:1].isalpha() and word.upper() not in _KEYS else f"c_{word}"


def _type(text: str) -> str:
    """A type without what Mermaid can't read in one: `int[]` stays, blanks and commas become underscores."""
    return re.sub(r"[^A-Za-z0-9_()\[\]]", "_", text.replace('"', ""))


def _quoted(text: str) -> str:
    """A text as Mermaid shows it; what it would read otherwise is written as its code."""
    return '"' + "".join(_CODES.get(character, character) for character in text) + '"'
