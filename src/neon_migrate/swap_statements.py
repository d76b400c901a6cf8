"""The SQL that swaps types: every column that stays is turned into the new type, and each table is written once.

Values go by way of their text. Where that is not the same in the new type, since an attribute has another place, a cast
between the two is there for as long: ALTER TABLE uses it within arrays and domains too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.sql import identifier, literal, qualified
from neon_migrate.swapped_types import column_of
from neon_migrate.type_change import conversion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.catalog import Key
    from neon_migrate.swapped_types import SwappedTypes


def swap_statements(types: SwappedTypes) -> Iterator[str]:
    """SQL, in order, for one transaction."""
    keys, new = types.keys, types.new
    casts = [key for key in keys if key in types.reshaped and new[key].row]
    yield from (sql for key in keys for sql in new[key].first)
    yield from (f"ALTER TABLE {_name(key)} NOT OF" for key in types.typed)
    yield from (f"ALTER TYPE {name} RENAME TO {identifier(aside)}" for name, aside in types.asides.items())
    yield from (sql for key in keys for sql in new[key].create)
    yield from (sql for key in casts for sql in _cast(types, key))
    yield from _columns(types)
    yield from (f"ALTER TABLE {_name(key)} OF {column_of(types.after, key).of_type}" for key in types.typed)
    for key in reversed(casts):
        yield f"DROP CAST ({types.old_name(key)} AS {_name(key)})"
        yield f"DROP FUNCTION {types.old_name(key)}({types.old_name(key)})"
    depths = _depths(types)
    old = sorted(keys, key=lambda key: depths[key])
    yield from (f"DROP TYPE {types.old_name(key)}" for key in reversed(old))
    yield from (sql for key in keys for sql in new[key].then)


def _depths(types: SwappedTypes) -> dict[Key, int]:
    """For each type how many of the old ones lie beneath it, one upon another, itself counted."""
    among = frozenset(types.keys)
    found: dict[Key, int] = {}

    def depth(key: Key) -> int:
        if key not in found:
            needs = types.before.depends.get(key, frozenset()) & among
            found[key] = 1 + max(map(depth, needs), default=0)
        return found[key]

    for key in types.keys:
        depth(key)
    return found


def _name(key: Key) -> str:
    return qualified(key.schema, key.name)


def _cast(types: SwappedTypes, key: Key) -> Iterator[str]:
    """A cast from an old composite type to the new one, attribute by attribute; its function has the old one's name."""
    old, new = types.old_name(key), _name(key)
    values = []
    for attribute, was, becomes in types.new[key].row:
        value = f"($1).{identifier(attribute)}" if attribute else "NULL"
        values.append(_converted(types, value, was, becomes) if attribute else f"{value}::{becomes}")
    body = f"SELECT ROW({', '.join(values)})::{new}"
    yield f"CREATE FUNCTION {old}({old}) RETURNS {new} LANGUAGE sql IMMUTABLE STRICT AS {literal(body).strip()}"
    yield f"CREATE CAST ({old} AS {new}) WITH FUNCTION {old}({old})"


def _converted(types: SwappedTypes, value: str, old: str, new: str) -> str:
    """`value`, which is of type `old`, as one of type `new`: both as `format_type` writes them on their sides."""
    if types.is_reshaped(new):
        return f"{value}::{new}"
    if old.removesuffix("[]") not in types.asides:
        return value if old == new else conversion(value, old, new)
    if new.endswith("[]") and not old.endswith("[]"):
        return f"ARRAY[{value}::text::{new.removesuffix('[]')}]"
    array = "[]" if new.endswith("[]") else ""
    return f"{value}::text{array}::{new}"


def _columns(types: SwappedTypes) -> Iterator[str]:
    """One ALTER TABLE for each table. A child's own default goes before its parent's column changes, and comes back."""
    children = [key for key in types.altered if types.parents(key)]
    yield from (f"{_alter(key)} DROP DEFAULT" for key in children if column_of(types.before, key).default is not None)
    own = [key for key in types.altered if key not in children]
    for table in dict.fromkeys(key[1:3] for key in own):
        actions = (action for key in own if key[1:3] == table for action in _actions(types, key))
        yield f"ALTER TABLE {qualified(*table)} {', '.join(actions)}"
    for key in children:
        default = types.default_after(key)
        if default != _given(types, key):
            yield f"{_alter(key)} {_default(default)}"


def _alter(column: Key) -> str:
    return f"ALTER TABLE {_name(column)} ALTER COLUMN {identifier(column.part)}"


def _default(default: str | None) -> str:
    return "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"


def _given(types: SwappedTypes, child: Key) -> str | None:
    """The default that an inherited column gets from the topmost that it comes from."""
    while parents := types.parents(child):
        child = parents[0]
    return types.default_after(child)


def _actions(types: SwappedTypes, key: Key) -> Iterator[str]:
    old, new = column_of(types.before, key), column_of(types.after, key)
    column = f"ALTER COLUMN {identifier(key.part)}"
    if old.default is not None and not old.generated:
        yield f"{column} DROP DEFAULT"
    if key in types.converted:
        collated = f" COLLATE {new.collation}" if new.collation else ""
        using = _converted(types, identifier(key.part), old.type, new.type)
        yield f"{column} TYPE {new.type}{collated} USING {using}"
    if (default := types.default_after(key)) is not None:
        yield f"{column} {_default(default)}"
