"""Texts that a regular expression may match, for checks such as CHECK (code ~ '^[A-Z]{3}-[0-9]+$').

Reads the common part of Postgres's syntax (https://www.postgresql.org/docs/current/functions-matching.html); anything
else gives a text that does not match, which Postgres then refuses like any other candidate.
"""

from __future__ import annotations

from dataclasses import dataclass

_CLASSES = {"d": "5", "w": "a", "s": " ", "S": "a", "D": "a", "W": "-", "n": "\n", "t": "\t"}
_NAMED = {
    "alpha": "a",
    "digit": "5",
    "alnum": "a",
    "upper": "A",
    "lower": "a",
    "space": " ",
    "punct": "-",
    "xdigit": "a",
}
_NOTHING = ("A", "Z", "b", "B", "y", "Y", "m", "M", "<", ">")
"""Letters that after a backslash stand for a place, not for a character."""

_MOST_TIMES, _LONGEST = 255, 2_000
"""RE_DUP_MAX of Postgres; characters."""

_FORMS = (0, 2, 5)
"""How many times more than it has to something is repeated, for each text tried."""


def texts_like(pattern: str) -> list[str]:
    """A few texts that the pattern may match, short ones first."""
    found = []
    for more in _FORMS:
        reader = _Reader(pattern, more)
        found.append(reader.alternatives())
    return list(dict.fromkeys(found))


@dataclass
class _Reader:
    pattern: str
    more: int
    place: int = 0

    def alternatives(self) -> str:
        """The first of several alternatives, up to the end or a closing parenthesis."""
        first = self._sequence()
        while self._next() == "|":
            self.place += 1
            self._sequence()
        return first

    def _next(self) -> str:
        return self.pattern[self.place : self.place + 1]

    def _take(self) -> str:
        taken = self._next()
        self.place += 1
        return taken

    def _sequence(self) -> str:
        parts = []
        while self._next() not in ("", "|", ")"):
            atom = self._atom()
            parts.append(atom * min(self._times(), _MOST_TIMES))
        return "".join(parts)[:_LONGEST]

    def _atom(self) -> str:
        taken = self._take()
        match taken:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "\\":
                letter = self._take()
                return "" if letter in _NOTHING else _CLASSES.get(letter, letter)
            case "[":
                return self._bracket()
            case "(":
                return self._group()
        return taken

    def _group(self) -> str:
        ignored = False
        if self.pattern.startswith("?", self.place):
            ignored = self.pattern[self.place + 1 : self.place + 2] in ("=", "!", "<")
            self.place += 2
        inside = self.alternatives()
        self.place += 1
        return "" if ignored else inside

    def _bracket(self) -> str:
        """A character of a bracket expression: the first, or for a negated one any that is not in it."""
        negated = self._next() == "^"
        self.place += negated
        members: list[str] = []
        while self._next() and (self._next() != "]" or not members):
            if self.pattern.startswith("[:", self.place):
                end = self.pattern.find(":]", self.place)
                members.append(_NAMED.get(self.pattern[self.place + 2 : end], "a"))
                self.place = end + 2 if end > 0 else len(self.pattern)
            elif self._next() == "\\":
                self.place += 1
                members.append(_CLASSES.get(self._next(), self._next()))
                self.place += 1
            else:
                members.append(self._take())
        self.place += 1
        if negated:
            return next((one for one in "aA5-x" if one not in members), "~")
        return members[0] if members else ""

    def _times(self) -> int:
        """How often the atom before is repeated."""
        match self._next():
            case "*" | "?":
                least, most = 0, 1 if self._next() == "?" else None
            case "+":
                least, most = 1, None
            case "{":
                end = self.pattern.find("}", self.place)
                low, _, high = self.pattern[self.place + 1 : end].partition(",")
                if end < 0 or not low.isdigit():
                    return 1
                least = int(low)
                most = int(high) if high.isdigit() else None if "," in self.pattern[self.place : end] else least
                self.place = end
            case _:
                return 1
        self.place += 1
        self.place += self._next() == "?"
        return min(least + self.more, 1_000 if most is None else most)
