"""OPTIONS of foreign data wrappers, servers, user mappings and foreign tables; secrets stay where they are.

https://www.postgresql.org/docs/current/sql-createserver.html. What a wrapper takes is its own affair, and some options
are passwords or keys: those are told by their names, and their values are not read, compared or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Options = tuple[tuple[str, str], ...]
"""Name and value of each, sorted."""

_SECRET = "(password|passwd|passcode|secret|token|credential|private_key|access_key|api_?key)"
_WITH_PASSWORD = "(://[^/@]*:[^/@]*@|password *=)"
"""In a value: a URL with a password, or a connection string with one."""
_HARMLESS = ("password_required",)


def options_sql(column: str) -> str:
    """SQL for two arrays: name and value of the options in `column` that are no secrets, the names of the others."""
    harmless = ", ".join(map(literal, _HARMLESS))
    secret = (
        f"(option_name ~* {literal(_SECRET)} AND option_name NOT IN ({harmless})"
        f" OR option_value ~* {literal(_WITH_PASSWORD).strip()})"
    )
    every = f"FROM pg_options_to_table({column})"
    return (
        f"ARRAY(SELECT ARRAY[option_name, option_value] {every} WHERE NOT {secret} ORDER BY 1),\n"
        f"  ARRAY(SELECT option_name {every} WHERE {secret} ORDER BY 1)"
    )


def read_options(pairs: Iterable[Sequence[str]]) -> Options:
    """What the first array of `options_sql` says."""
    return tuple((name, value or "") for name, value in pairs)


def options_clause(options: Options, secrets: Sequence[str] = ()) -> str:
    """What CREATE says, with a space before; empty for none. A comment names the `secrets`, which have to be added."""
    written = ", ".join(f"{identifier(name)} {literal(value).strip()}" for name, value in options)
    clause = f" OPTIONS ({written})" if written else ""
    # A name may have any characters, and must not end the comment.
    names = ", ".join("".join(char if char.isalnum() else "_" for char in name) for name in secrets)
    return f"{clause} /* without {names}: to be set by hand */" if secrets else clause


def options_changed(old: Options, new: Options) -> str:
    """What ALTER says, with a space before; empty where nothing changes."""
    was, is_now = dict(old), dict(new)
    actions = [f"DROP {identifier(name)}" for name in was if name not in is_now]
    for name, value in new:
        if was.get(name) != value:
            actions.append(f"{'SET' if name in was else 'ADD'} {identifier(name)} {literal(value).strip()}")
    return f" OPTIONS ({', '.join(actions)})" if actions else ""
