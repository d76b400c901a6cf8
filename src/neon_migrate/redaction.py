"""What Postgres says of an error, without the values of rows: a Report goes where the rows themselves must not.

DETAIL and CONTEXT may quote rows, so neither is kept. A message quotes names and values alike: which is which is told
by its SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) and by the names that are known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from neon_migrate.errors import StatementError

WITHHELD = "…"
HOW_TO_SEE = "Values of rows are withheld; run neon-migrate dry-run --show-values on your own machine to see them."

_ABOUT_STATEMENTS = frozenset({"0A", "25", "28", "2B", "2D", "3D", "3F", "40", "42", "53", "54", "55", "57"})
"""Classes of errors whose messages quote what stands in the statement or in the Catalog, never a row."""

_ABOUT_NAMES = "23"
"""Integrity constraint violations: Postgres's own messages name relations, columns and constraints alone."""

_ABOUT_VALUES = "22"
"""Data exceptions: the value stands in quotes or after a colon."""

_RAISED = "at RAISE"
"""Where CONTEXT says so, somebody's own function made the message, whatever its SQLSTATE."""

_QUOTED = re.compile(r'"([^"]*)"|\'([^\']*)\'')


def without_values(error: StatementError, known: Container[str] = ()) -> tuple[str, str]:
    """The message and the hint of an error, without values of rows.

    known  names that may be shown
    """
    message, hint = _message(error, known), ""
    if error.sqlstate[:2] in _ABOUT_STATEMENTS and _RAISED not in error.why:
        hint = "\n".join(line for line in error.why.splitlines() if line.startswith("HINT: "))
    withheld = message != error.what or any(line.startswith("DETAIL: ") for line in error.why.splitlines())
    return message, "\n".join(filter(None, (hint, HOW_TO_SEE if withheld else "")))


def _message(error: StatementError, known: Container[str]) -> str:
    kind = error.sqlstate[:2]
    if _RAISED in error.why:
        return f"{WITHHELD} (a message of the migration's own, SQLSTATE {error.sqlstate})"
    if kind in _ABOUT_STATEMENTS:
        return error.what
    if kind == _ABOUT_NAMES:
        return _masked(error.what, known)
    if kind == _ABOUT_VALUES:
        head, colon, _ = _masked(error.what, known).partition(": ")
        return f"{head}{colon}{WITHHELD}" if colon else head
    return f"{WITHHELD} (SQLSTATE {error.sqlstate or 'unknown'})"


def _masked(text: str, known: Container[str]) -> str:
    def mask(found: re.Match[str]) -> str:
        name = found[1] if found[1] is not None else found[2]
        quote = found[0][0]
        return found[0] if name in known else f"{quote}{WITHHELD}{quote}"

    return _QUOTED.sub(mask, text)
