"""Keeping secrets out of everything that is printed or published: the last gate, whatever a message was made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.errors import NeonMigrateError

URL_VARIABLES = ("NEON_DATABASE_URL", "DATABASE_URL")
SECRET_VARIABLES = ("PGPASSWORD", "NEON_API_KEY", "SLACK_WEBHOOK", "GITHUB_TOKEN")
_HIDDEN = "***"
_IN_URL = re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/]*@", re.IGNORECASE)
_SHORT, _PLAIN = 4, 8
"""Shorter secrets, and words of at most so many letters (`postgres`), stand in many an innocent word."""
_ESCAPED = r"(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2})"
"""What the character before a secret may belong to where something has written a text down, as a URL or repr() does."""
_IN_PARAMETER = re.compile(r"(\bpassword\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&'\"]+)", re.IGNORECASE)


class Secrets:
    """The passwords this run may come across."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._known: set[str] = set()
        for name in URL_VARIABLES:
            self.learn(environment.get(name))
        for name in SECRET_VARIABLES:
            given = environment.get(name, "")
            # One that was pasted with line breaks turns up in messages by the line.
            self._known |= {given, *map(str.strip, given.splitlines())}

    def learn(self, conninfo: str | None) -> None:
        """Remember the password of a connection URL or string, as it is written and as it is sent."""
        if not conninfo:
            return
        for written in _passwords(conninfo):
            decoded = unquote(written)
            self._known |= {written, decoded, quote(decoded, safe="")}

    def known(self) -> frozenset[str]:
        """Every spelling of every password that was come across."""
        return frozenset(filter(None, self._known))

    def redact(self, text: str) -> str:
        """`text` without any known password, nor anything that stands where a URL has its password.

        One that might be part of a word is left out where it stands by itself: inside a word it tells nobody anything,
        and leaving it out would spoil the text, and give it away by the gaps.
        """
        for secret in sorted(filter(None, self._known), key=len, reverse=True):
            text = _alone(secret).sub(_HIDDEN, text) if _is_common(secret) else text.replace(secret, _HIDDEN)
        return _IN_PARAMETER.sub(rf"\1{_HIDDEN}", _IN_URL.sub(rf"\1{_HIDDEN}@", text))

    def clean(self, error: NeonMigrateError) -> NeonMigrateError:
        """The same error with every text redacted, in place: it is about to be shown, and the run to end."""
        error.what, error.why, error.remedy = map(self.redact, (error.what, error.why, error.remedy))
        if (statement := getattr(error, "statement", None)) is not None:
            error.statement = self.redact(statement)  # type: ignore[attr-defined]
        return error


def _is_common(secret: str) -> bool:
    return len(secret) < _SHORT or (len(secret) <= _PLAIN and secret.isalpha() and secret.islower())


def _alone(secret: str) -> re.Pattern[str]:
    """Where it is a word; one that begins or ends with another character, where space or quotes are beside that."""
    before = rf"(?:(?<!\w)|{_ESCAPED})" if _is_in_words(secret[0]) else rf"(?:(?<![^\s'\"`])|{_ESCAPED})"
    after = r"(?!\w)" if _is_in_words(secret[-1]) else r"(?![^\s'\"`])"
    return re.compile(before + re.escape(secret) + after)


def _is_in_words(character: str) -> bool:
    return character.isalnum() or character == "_"


def _passwords(conninfo: str) -> set[str]:
    from neon_migrate.errors import UsageError
    from neon_migrate.postgres.target import Target

    found = set()
    try:
        found.add(Target(conninfo).parameters().get("password", ""))
    except UsageError:
        found |= {match.group(2).strip("'") for match in _IN_PARAMETER.finditer(conninfo)}
    try:
        found.add(urlsplit(conninfo).password or "")
    except ValueError:
        found.add(conninfo.partition("://")[2].rpartition("@")[0].partition(":")[2])
    return found - {""}
