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
    marks = _marks(changes)
    lines = ["erDiagram"]
    for table in shown:
        lines += _entity(table, before, after, marks, whole=table in touched)
    for one, other, key in sorted(set(links)):
        if one in shown and other in shown:
            mark = marks.get(key, "")
            label = f"{key.part} ({mark})" if mark else key.part
            lines.append(f"    {_name(other)} ||--o{{ {_name(one)} : {_quoted(label)}")
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


def _entity(table: Key, before: Catalog, after: Catalog, marks: dict[Key, str], *, whole: bool) -> Iterator[str]:
    """A table: with all columns where it is touched, else with none."""
    mark = marks.get(table, "")
    title = f"{table.qualified_name} ({mark})" if mark in ("new", "goes") else table.qualified_name
    if not whole:
        yield f"    {_name(table)}[{_quoted(title)}]"
        return
    columns = [*_columns(table, after), *(one for one in _columns(table, before) if one.key not in after.objects)]
    yield f"    {_name(table)}[{_quoted(title)}] {{"
    keys = _key_columns(table, after if table in after.objects else before)
    for column in columns[:_MOST_COLUMNS]:
        word = "" if mark in ("new", "goes") else marks.get(column.key, "")
        parts = (_type(column.type), _word(column.name), keys.get(column.name, ""), _quoted(word) if word else "")
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


def _name(table: Key) -> str:
    return _word(table.qualified_name.replace(".", "__"))


def _word(text: str) -> str:
    """A name that Mermaid takes without quotes: it begins with a letter and has letters, digits and underscores."""
    word = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return word if word[:1].isalpha() else f"c_{word}"


def _type(text: str) -> str:
    """A type without what Mermaid can't read in one: `numeric(10,2)` stays, blanks become underscores."""
    return re.sub(r"[^A-Za-z0-9_()\[\]]", "_", text.replace(",", "_").replace(" ", "_"))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'").replace("\n", " ") + '"'
