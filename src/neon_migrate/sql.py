"""Reading and writing SQL text: quoting, and splitting a file into its statements with Postgres's own grammar.

Nothing here decides what a statement does; Postgres does that, by running it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from neon_migrate.errors import Location, StatementError

_PLAIN_START = frozenset("abcdefghijklmnopqrstuvwxyz_")
_PLAIN = _PLAIN_START | frozenset("0123456789")


@cache
def _keywords() -> frozenset[str]:
    from neon_migrate.keywords import KEYWORDS

    return KEYWORDS


@lru_cache(maxsize=16_384)
def identifier(name: str) -> str:
    """`name` as an SQL identifier, in double quotes only where Postgres needs them (`quote_ident`'s rule)."""
    if name and name[0] in _PLAIN_START and _PLAIN.issuperset(name) and name not in _keywords():
        return name
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=16_384)
def qualified(*parts: str) -> str:
    """The parts as one dotted SQL name; empty parts (no schema) are left out."""
    return ".".join(identifier(part) for part in parts if part)


def literal(value: str) -> str:
    """`value` as an SQL string constant that reads the same with any `standard_conforming_strings`."""
    quoted = "'" + value.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted


def comment(text: str) -> str:
    """`text` as comment lines, each ending in a newline: a name may have line breaks, and none of it may become SQL."""
    return "".join(f"-- {line}\n" for line in text.splitlines())


@dataclass(frozen=True, slots=True)
class SourceStatement:
    """One statement of a file: its text without the comments before it, and where it starts."""

    text: str
    offset: int
    """Characters from the start of the file."""
    line: int
    column: int


def location(file: str, text: str, offset: int) -> Location:
    """Where the character at `offset` of `text` stands, with its line for the caret."""
    offset = max(0, min(offset, len(text)))
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    source = text[start:] if end < 0 else text[start:end]
    return Location(file, text.count("\n", 0, offset) + 1, offset - start + 1, source.rstrip("\r"))


def split(text: str, file: str = "<sql>") -> tuple[SourceStatement, ...]:
    """The statements of `text`, in order, found by Postgres's grammar (libpg_query).

    A byte order mark at the start is passed over. Raises StatementError with line and column on a syntax error.
    """
    import postgast

    body = text.replace("\ufeff", " ", 1) if text.startswith("\ufeff") else text
    encoded = body.encode()
    try:
        parsed = postgast.parse(body)
    except postgast.PgQueryError as error:
        raise StatementError(
            error.message,
            sqlstate="42601",
            where=location(file, body, error.cursorpos - 1),  # counts characters, from 1
            why="PostgreSQL's grammar does not accept this text.",
            remedy="Correct the statement at the caret.",
        ) from None
    found = []
    passed, offset, line = 0, 0, 1
    for raw in parsed.stmts:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(encoded)
        start = _after_comments(encoded, raw.stmt_location, end)
        between = encoded[passed:start].decode()
        passed, offset, line = start, offset + len(between), line + between.count("\n")
        column = offset - body.rfind("\n", 0, offset)
        found.append(SourceStatement(encoded[start:end].decode().rstrip(), offset, line, column))
    return tuple(found)


def _after_comments(encoded: bytes, start: int, end: int) -> int:
    """The byte at which a statement's first token stands, past white space and comments."""
    position = start
    while position < end:
        if encoded[position : position + 1].isspace():
            position += 1
        elif encoded.startswith(b"--", position):
            newline = encoded.find(b"\n", position)
            position = end if newline < 0 else newline + 1
        elif encoded.startswith(b"/*", position):
            position = _after_block_comment(encoded, position)
        else:
            break
    return position


def _after_block_comment(encoded: bytes, start: int) -> int:
    depth, position = 0, start
    while True:
        opening, closing = encoded.find(b"/*", position), encoded.find(b"*/", position)
        if 0 <= opening < closing:
            depth, position = depth + 1, opening + 2
            continue
        depth, position = depth - 1, closing + 2
        if depth == 0:
            return position
