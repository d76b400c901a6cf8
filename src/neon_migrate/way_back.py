"""How much of what a migration changes its way back restores: the grade at the head of a down file."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neon_migrate.ledger.migration import NO_TRANSACTION

if TYPE_CHECKING:
    from collections.abc import Iterable

Grade = Literal["exact", "lossy", "impossible"]

_WIDTH = 100
_GRADE = "-- Way back: "


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the way back from one migration is worth.

    grade  exact: the schema and every value are as before, and nothing goes · lossy: the schema is as before, and data
           goes · impossible: it does not run where tables have rows
    what   the data that goes, or why it does not run, as sentences
    """

    grade: Grade
    what: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((f"Way back: {self.grade}.", *self.what))


def way_back(not_brought_back: Iterable[str], loses: Iterable[str], *, fails: str = "") -> WayBack:
    """The grade of a way back whose Catalog is proven.

    not_brought_back  data that the way there takes for good
    loses             data that was not there before, and goes on the way back
    fails             why it does not run where tables have rows; empty where it does
    """
    what = (
        *([f"Fails where tables have rows: {fails}."] if fails else ()),
        *(f"Does not bring back {loss}." for loss in not_brought_back),
        *(f"Loses {loss}." for loss in loses),
    )
    return WayBack("impossible" if fails else "lossy" if what else "exact", tuple(dict.fromkeys(what)))


def with_way_back(down: str, way_back: WayBack) -> str:
    """The text of a down file with its grade at the head, and what its head does not say yet of what goes."""
    first = NO_TRANSACTION + "\n" if down.startswith(NO_TRANSACTION + "\n") else ""
    rest = down.removeprefix(first).lstrip("\n")
    sentences = (f"Way back: {way_back.grade}.", *way_back.what)
    comments = ("\n".join(f"-- {line}" for line in textwrap.wrap(one, _WIDTH - 3)) for one in sentences)
    head = "".join(f"{comment}\n" for comment in comments if f"{comment}\n" not in rest)
    return f"{first}{head}{rest}" if rest.startswith("--") or not rest else f"{first}{head}\n{rest}"


def says(down: str, way_back: WayBack) -> bool:
    """Whether the comment lines of a down file name this grade."""
    return any(line.startswith(f"{_GRADE}{way_back.grade}") for line in down.splitlines())


def without_grade(down: str) -> str:
    """The text of a down file for another purpose: what it says that it loses stays, the grade goes."""
    lines = (line for line in down.splitlines(keepends=True) if not line.startswith(_GRADE))
    return "".join(lines).lstrip("\n")
