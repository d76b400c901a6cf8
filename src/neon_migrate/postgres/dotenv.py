"""Reading `.env` the way sqlx does (the Rust crate dotenvy 0.15), so that both tools see the same database.

One line is `[export ]NAME=value`. A value may be in single quotes (nothing inside has a meaning), in double quotes or
bare (a backslash escapes `\\`, `'`, `"`, `$` and a blank; `\\n` is a line break; `$NAME` and `${NAME}` stand for
another variable); a `#` after white space begins a comment. Two things are stricter than in dotenvy, which is silent
about them: a line that can't be read, and a `$NAME` that is set nowhere (a password with a bare dollar sign, as a
rule).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neon_migrate.errors import Location, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)", re.DOTALL)
_ESCAPABLE = {"\\": "\\", "'": "'", '"': '"', "$": "$", " ": " ", "n": "\n"}


def read(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a `.env` file; an absent file has none.

    environment  looked up first for `$NAME`, as dotenvy does

    Raises UsageError with file and line, but without the line's text, which may hold a password.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name} can't be read",
            where=Location(path.name),
            why=error.strerror or "" if isinstance(error, OSError) else "It is not UTF-8 text.",
            remedy="Correct the file, or name the database with --database-url.",
        ) from None
    variables: dict[str, str] = {}
    for number, line in _logical_lines(text):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        assignment = _ASSIGNMENT.match(line)
        try:
            if assignment is None:
                raise _LineError("It is neither NAME=value nor a comment.")
            value = _value(assignment["value"].rstrip(), {**variables, **environment})
        except _LineError as error:
            raise UsageError(
                f"Line {number} of {path.name} can't be read",
                where=Location(path.name, number),
                why=str(error),
                remedy="Put the value in single quotes: nothing inside them has a special meaning.",
            ) from None
        # Of two lines for one name the first counts, since the second finds the variable already set.
        variables.setdefault(assignment["name"], value)
    return variables


class _LineError(Exception):
    """A line that is no assignment; the message holds none of its text."""


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Each assignment with its first line's number: a quoted value may go over several lines."""
    start, pending = 1, ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not pending:
            start = number
        pending += line
        if pending.lstrip().startswith("#") or not _open_quote(pending):
            yield start, pending.rstrip("\r")
            pending = ""
        else:
            pending += "\n"
    if pending:
        yield start, pending


def _open_quote(text: str) -> bool:
    quote, escaped = "", False
    previous = ""
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and previous.isspace():
            return False
        previous = character
    return bool(quote)


def _value(text: str, variables: Mapping[str, str]) -> str:
    output: list[str] = []
    quote, position = "", 0
    while position < len(text):
        character = text[position]
        position += 1
        if quote == "'":
            if character == "'":
                quote = ""
            else:
                output.append(character)
        elif character == "\\":
            escaped = text[position : position + 1]
            if escaped not in _ESCAPABLE:
                raise _LineError("A backslash stands before a character that needs none.")
            output.append(_ESCAPABLE[escaped])
            position += 1
        elif character == "$":
            name, position = _reference(text, position)
            if name not in variables:
                raise _LineError("A $ names a variable that is set nowhere; a plain dollar sign is written \\$.")
            output.append(variables[name])
        elif quote:
            if character == quote:
                quote = ""
            else:
                output.append(character)
        elif character in "'\"":
            quote = character
        elif character in " \t":
            rest = text[position:].lstrip(" \t")
            if rest and not rest.startswith("#"):
                raise _LineError("A value without quotes goes on after white space.")
            break
        else:
            output.append(character)
    if quote:
        raise _LineError("A quote is not closed.")
    return "".join(output)


def _reference(text: str, start: int) -> tuple[str, int]:
    """The name after a `$` at `start`, and where it ends: `{…}`, or letters and digits only (dotenvy stops at `_`)."""
    if text.startswith("{", start):
        end = text.find("}", start)
        if end < 0:
            raise _LineError("A ${ is not closed.")
        return text[start + 1 : end], end + 1
    end = start
    while end < len(text) and text[end].isalnum():
        end += 1
    return text[start:end], end
