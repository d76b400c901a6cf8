"""What Postgres says of an error, without the values of rows: a Report goes where the rows themselves must not.

DETAIL and CONTEXT may quote rows, so neither is kept. A message quotes names and values alike, in every class of errors
(a cast to regclass gives "schema … does not exist", one to tsquery "syntax error in tsquery: …"). So of what it quotes
only that is kept which the Catalog or the migration's own text has, and of the rest only what reads as prose. The
classes are those of https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neon_migrate.errors import LockTimeoutError, StatementError
from neon_migrate.keywords import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Container

    from neon_migrate.errors import NeonMigrateError

WITHHELD = "…"
HOW_TO_SEE = "Values of rows are withheld; run neon-migrate dry-run --show-values on your own machine to see them."

_OF_THE_SERVER = frozenset({"25", "28", "2B", "2D", "40", "53", "54", "57"})
"""Classes about transactions, logins, dependencies, limits and cancelling: what the server itself says there (so
without CONTEXT) is of objects, sizes and settings, never of a row."""

_OF_STATEMENTS = frozenset({"0A", "23", "3D", "3F", "42", "55"})
"""Classes about the statement and the objects it names; the migration's own text may be quoted."""

_OF_VALUES = "22"
"""Data exceptions: the value stands in quotes or after a colon."""

_HINT, _COLON, _PUNCTUATION = "HINT: ", ": ", ".,;:!?"

_RAISED = re.compile(r"\bRAISE$", re.MULTILINE)
"""Where CONTEXT has such a line, somebody's own function made the message, whatever its SQLSTATE."""

_DETAIL, _CONTEXT = re.compile("^DETAIL: ", re.MULTILINE), re.compile("^CONTEXT: ", re.MULTILINE)

_NOT_TOLD = re.compile(r"^(DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+):", re.MULTILINE)
"""The parts of the server's answer that may quote a row, or a statement that was made of one."""

_QUOTED = re.compile(
    r"""
    "[^"]*" | \u201c[^\u201d]*\u201d | \u201e[^\u201c]*\u201c | «[^»]*» | »[^«]*« | 「[^」]*」
    | (?<!\w)'[^']*'(?!\w)  # no apostrophe
    """,
    re.VERBOSE,
)
"""What messages quote, in the languages that Postgres's are translated into."""

_WORD, _TOKEN = re.compile(r"\w+"), re.compile(r"\S+")
_REPEATED = re.compile(rf"{WITHHELD}(?:\s+{WITHHELD})+")
_PROSE = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*(?:\(\d+(?:,\d+)?\))?")
"""A word of a sentence, or a type with its length: neither has what names and values have, such as _, @ and digits."""

TYPES = (
    "boolean smallint integer bigint numeric real double precision money text character varying char bpchar name bytea "
    "date time timestamp interval without with zone uuid json jsonb xml bit inet cidr macaddr oid point box path line "
    "circle polygon lseg record unknown tsvector tsquery int4range int8range numrange daterange tsrange tstzrange"
)
"""Names of types that Postgres brings along: an operator or a function that is missing is told with its types."""


def without_values(error: StatementError, known: Container[str] = (), text: str = "") -> tuple[str, str]:
    """The message and the hint of an error, without values of rows.

    known  names that may be shown
    text   the migration's own: where the error is about statements, its words may be shown, and the statement's
    """
    kind, words = error.sqlstate[:2], _Words(known, f"{text}\n{error.statement}")
    stated = "\n".join(line for line in error.why.splitlines() if line.startswith(_HINT))
    message, hint = _message(error, words, known), ""
    if _is_of_the_server(error):
        hint = stated
    elif kind in _OF_STATEMENTS | _OF_THE_SERVER and not _RAISED.search(error.why):
        hint = "\n".join(_HINT + _masked(line.removeprefix(_HINT), words.public) for line in stated.splitlines())
    withheld = message != error.what or hint != stated or bool(_DETAIL.search(error.why))
    return message, "\n".join(filter(None, (hint, HOW_TO_SEE if withheld else "")))


def publishable(error: NeonMigrateError, known: Container[str] = (), text: str = "") -> tuple[str, str]:
    """What and why of any error, without values of rows; `known` and `text` are those of `without_values`."""
    if isinstance(error, StatementError):
        return without_values(error, known, text)
    if isinstance(error, LockTimeoutError):
        what, why = without_values(error.refusal, known, text)
        return f"{what} ({error.refusal.sqlstate})", error.blockers or why
    found = _NOT_TOLD.search(error.why)
    return error.what, error.why[: found.start()].rstrip() if found else error.why


class _Words:
    """What may be shown: names that are known, and the words of a text in whatever case."""

    def __init__(self, known: Container[str], text: str) -> None:
        self._known = known
        self._text = text
        self._words = frozenset(_WORD.findall(text.lower()))

    def __contains__(self, name: object) -> bool:
        """Whether a name may be shown; one of several words, as `schema.table`, where each of them may."""
        if not isinstance(name, str):
            return False
        words = _WORD.findall(name)
        if not words:
            return name in self._text
        return name in self._known or all(word in self._known or word.lower() in self._words for word in words)

    @property
    def public(self) -> _Words:
        """These, and what SQL and Postgres bring along."""
        return _Words(self, f"{TYPES} {' '.join(KEYWORDS)}")


def _message(error: StatementError, words: _Words, known: Container[str]) -> str:
    kind = error.sqlstate[:2]
    if _RAISED.search(error.why):
        return f"{WITHHELD} (a message of the migration's own, SQLSTATE {error.sqlstate})"
    if _is_of_the_server(error):
        return error.what
    if kind in _OF_STATEMENTS | _OF_THE_SERVER:
        return _masked(error.what, words)
    if kind == _OF_VALUES:
        head, colon, _ = _masked(error.what, _Words(known, "")).partition(": ")
        return f"{head}{colon}{WITHHELD}" if colon else head
    return f"{WITHHELD} (SQLSTATE {error.sqlstate or 'unknown'})"


def _is_of_the_server(error: StatementError) -> bool:
    return error.sqlstate[:2] in _OF_THE_SERVER and not _CONTEXT.search(error.why)


def _masked(text: str, words: _Words, *, told: bool = False) -> str:
    """`text` with what may be a value left out; `told` where it follows a colon, so that it is no prose.

    A value may have quotes in it, so that it is not known where it ends: all is left out up to the last one.
    """
    shown, at = "", 0
    for found in _QUOTED.finditer(text):
        before = text[at : found.start()]
        shown, told = shown + _sentence(before, words, told=told), told or _COLON in before
        quoted = found[0]
        if quoted[1:-1] not in words:
            end = text.rindex(quoted[-1]) + 1
            return f"{shown}{quoted[0]}{WITHHELD}{quoted[-1]}{_masked(text[end:], words, told=told)}"
        shown, at = shown + quoted, found.end()
    return _REPEATED.sub(WITHHELD, shown + _sentence(text[at:], words, told=told))


def _sentence(text: str, words: _Words, *, told: bool) -> str:
    """What stands outside of quotes: prose is shown up to a colon, names where they are known."""
    prose, colon, rest = ("", "", text) if told else text.partition(_COLON)
    public = words.public

    def read(found: re.Match[str]) -> str:
        token = found[0]
        bare = token.strip(_PUNCTUATION).removeprefix("(")
        bare = bare if "(" in bare else bare.removesuffix(")")
        return token if _PROSE.fullmatch(bare) else name(found)

    def name(found: re.Match[str]) -> str:
        token = found[0]
        return token if token in public or not _WORD.search(token) else WITHHELD

    return f"{_TOKEN.sub(read, prose)}{colon}{_TOKEN.sub(name, rest)}"
