"""What GitHub's Markdown is made of, safe for any text from a schema: and a document cut to fit by whole parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*{}\[\]<>|~$&]|(?<![^\W_])_|_(?![^\W_]))")
"""Markup; an underscore within a word is none."""
_REFERRING = re.compile(r"[@#](?=\w)|:(?=//)|(?<=\bwww)(?=\.)")
"""What GitHub makes a mention, a reference or a link of, wherever it stands."""

_NOTHING = "\u200b"
"""A space without width: what stands around it is read apart."""


GRADES = {"exact": "✅ exact", "lossy": "⚠️ lossy", "impossible": "⛔ impossible"}
"""How a way back's grade is shown."""


def escaped(text: str) -> str:
    """Prose that says what it says: no markup, no HTML, nobody mentioned."""
    one_line = " ".join(text.split())
    harmless = _REFERRING.sub(lambda found: found.group() + _NOTHING, one_line)
    return _SPECIAL.sub(r"\\\1", harmless)


def code(text: str) -> str:
    """A name or a piece of SQL within a line."""
    one_line = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (_longest_run(one_line) + 1)
    pad = " " if one_line.startswith("`") or one_line.endswith("`") or not one_line else ""
    return f"{fence}{pad}{one_line}{pad}{fence}"


def block(text: str, language: str = "") -> str:
    """Text as it stands, such as SQL; nothing in it can end the block."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown already."""
    lines = (columns, ("---",) * len(columns), *rows)
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def details(title: str, body: str) -> str:
    """A part that is shown when its title is clicked on; the title is plain text."""
    shown = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<details><summary>{shown}</summary>\n\n{body.rstrip()}\n\n</details>\n"


def bullets(items: Iterable[str]) -> str:
    """A list; the items are Markdown already."""
    return "".join(f"- {item}\n" for item in items)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document, from its fullest form to its shortest; the last one has to be short."""

    forms: tuple[str, ...]


def fitted(sections: Sequence[Section], most: int) -> str:
    """The document in at most `most` characters: the longest part gives way first, as a whole, to its shorter form."""
    chosen = [0] * len(sections)

    def length(place: int) -> int:
        return len(sections[place].forms[chosen[place]])

    while sum(map(length, range(len(sections)))) + len(sections) > most:
        shrinkable = [place for place, section in enumerate(sections) if chosen[place] + 1 < len(section.forms)]
        if not shrinkable:
            break
        chosen[max(shrinkable, key=length)] += 1
    text = "\n".join(form for place, section in enumerate(sections) if (form := section.forms[chosen[place]]))
    return text[:most]


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
