"""Differences between two Catalogs as a tree: what belongs to a table stands under it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from neon_migrate.render.page import Line, Span, Tree, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neon_migrate.catalog import Unmodelled
    from neon_migrate.differences import Difference
    from neon_migrate.render.page import Page, Tone

_MARKS: dict[str, tuple[str, Tone]] = {
    "missing": ("- ", "bad"),
    "unexpected": ("+ ", "good"),
    "different": ("~ ", "warn"),
    "renamed": ("> ", "warn"),
}
_MOST_COVERAGE = 10


def differences_tree(title: str, differences: Sequence[Difference]) -> Tree:
    """One tree of all differences, by table."""
    ordered = sorted(differences, key=lambda difference: (_table(difference), difference.kind, difference.name))
    return Tree(Span(title, "strong"), tuple(_groups(ordered)))


def coverage_lines(coverage: Sequence[Unmodelled]) -> Page:
    """What was found and is not compared, by name."""
    if not coverage:
        return ()
    lines = [Line(f"{found.type} {found.identity} ({found.reason})", 2) for found in coverage[:_MOST_COVERAGE]]
    if len(coverage) > _MOST_COVERAGE:
        lines.append(Line(f"and {len(coverage) - _MOST_COVERAGE} more (all of them with --format json)", 2))
    return (Line((Span("warning: ", "warn"), f"{plural(len(coverage), 'object')} not compared:")), *lines)


def _table(difference: Difference) -> str:
    """The table (or other object) that the difference is shown under: its name without the part in it."""
    parts = difference.name.split(".")
    return ".".join(parts[:2])


def _groups(ordered: Sequence[Difference]) -> Iterator[Tree]:
    for table, members in groupby(ordered, key=_table):
        found = list(members)
        own = [difference for difference in found if difference.name == table]
        parts = tuple(_leaf(difference) for difference in found if difference.name != table)
        if own:
            yield from map(_leaf, own[:-1])
            last = _leaf(own[-1])
            yield Tree(last.label, last.children + parts)
        else:
            yield Tree(table, parts)


def _leaf(difference: Difference) -> Tree:
    mark, tone = _MARKS[difference.state]
    label = (Span(mark, tone), f"{difference.kind.replace('_', ' ')} {difference.name} ", Span(difference.state, tone))
    details = (Tree(f"{part.property}: expected {part.expected}, found {part.found}") for part in difference.details)
    return Tree(label, tuple(details))
