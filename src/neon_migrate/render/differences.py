"""Differences between two Catalogs as a tree: what belongs to a table stands under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING

from neon_migrate.differences import in_lines
from neon_migrate.render.page import Line, Span, Tree, listing, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neon_migrate.catalog import Unmodelled
    from neon_migrate.differences import Detail, Difference
    from neon_migrate.rename_candidates import RenameCandidate
    from neon_migrate.render.page import Inline, Page, Tone

Words = Mapping[str, tuple[str, str, "Tone"]]
"""For each state of a Difference the mark before it, the word after it, and the tone of both."""

AGAINST_MIGRATIONS: Words = {
    "missing": ("- ", "missing", "bad"),
    "unexpected": ("+ ", "unexpected", "warn"),
    "different": ("~ ", "different", "warn"),
    "renamed": ("> ", "renamed", "warn"),
}
"""What was found in a database, seen from its migrations."""

TO_BE_MADE: Words = {
    "missing": ("+ ", "new", "good"),
    "unexpected": ("- ", "goes", "bad"),
    "different": ("~ ", "changes", "warn"),
    "renamed": ("> ", "renamed", "warn"),
}
"""What a new migration changes."""

_MOST_COVERAGE = 10
_AROUND = 2
"""How many lines that both texts have are shown before and after those that they do not."""

_COUNTED = ("column", "primary_key", "unique", "foreign_key", "check", "exclusion", "index")
"""The order in which the parts of a table are counted; other kinds come after these."""
_SAID = {"comment": "on ", "owner": "of "}
"""What is said of another object, and the word before that one's name."""


def differences_tree(title: str, differences: Sequence[Difference], words: Words = AGAINST_MIGRATIONS) -> Tree:
    """One tree of all differences, by table; of a table that is new or gone as a whole only what it has is counted."""
    owners = {difference.name: difference.owner for difference in differences if difference.owner}
    ordered = sorted(differences, key=lambda difference: (_top(difference, owners), difference.kind, difference.name))
    groups = [(top, tuple(members)) for top, members in groupby(ordered, key=lambda each: _top(each, owners))]
    return Tree(Span(title, "strong"), tuple(tree for top, group in groups for tree in _group(top, group, words)))


def renames_tree(renames: Sequence[str]) -> tuple[Tree, ...]:
    """What `renamed_from` says, as leaves of a tree of differences."""
    return tuple(Tree((Span("> ", "warn"), "renames ", rename)) for rename in renames)


def candidate_lines(candidates: Sequence[RenameCandidate]) -> Page:
    """What looks like a rename and was not said to be one, with what to write if it is."""
    return tuple(Line((Span("rename? ", "warn"), f"{one}. If it is: {one.advice}")) for one in candidates)


def coverage_lines(coverage: Sequence[Unmodelled]) -> Page:
    """What was found and is not compared, by name."""
    if not coverage:
        return ()
    lines = [Line(f"{found.type} {found.identity}: {found.reason}", 2) for found in coverage[:_MOST_COVERAGE]]
    if len(coverage) > _MOST_COVERAGE:
        lines.append(Line(f"and {len(coverage) - _MOST_COVERAGE} more (all of them with --format json)", 2))
    return (Line((Span("warning: ", "warn"), f"{plural(len(coverage), 'object')} not compared:")), *lines)


def counted_lines(differences: Sequence[Difference], coverage: Sequence[Unmodelled], renames: int, sql: str) -> Page:
    """How many there are, and where the SQL is (`sql`, a sentence): none comes for what is only named."""
    named = {(found.type, found.identity) for found in coverage}
    only_named = sum((difference.kind, difference.name) in named for difference in differences)
    others = len(differences) + renames - only_named
    lines = [Line((Span(plural(others, "difference"), "warn"), f". {sql}".rstrip()))] if others else []
    if only_named:
        counted = Span(plural(only_named, "difference"), "warn")
        lines.append(Line((counted, " in what is only named: no SQL is written for that.")))
    return tuple(lines)


def _top(difference: Difference, owners: Mapping[str, str]) -> str:
    """The table (or other object of its own) that the difference is shown under."""
    owner = difference.owner or difference.name
    return owners.get(owner, owner)


def _group(top: str, group: Sequence[Difference], words: Words) -> Iterator[Tree]:
    own = [difference for difference in group if not difference.owner]
    parts = [difference for difference in group if difference.owner]
    if not own:
        yield Tree(top, tuple(_leaf(part, words) for part in parts))
        return
    yield from (_leaf(difference, words) for difference in own[:-1])
    whole = own[-1].state in ("missing", "unexpected")
    counted = Counter(part.kind for part in parts if whole and part.state == own[-1].state)
    shown = [part for part in parts if part.kind not in counted or part.state != own[-1].state]
    kinds = sorted(counted, key=lambda kind: (_COUNTED.index(kind) if kind in _COUNTED else len(_COUNTED), kind))
    leaf = _leaf(own[-1], words, listing(tuple(_counted(kind, counted[kind]) for kind in kinds)))
    yield Tree(leaf.label, (*leaf.children, *(_leaf(part, words) for part in shown)))


def _leaf(difference: Difference, words: Words, with_parts: str = "") -> Tree:
    mark, word, tone = words[difference.state]
    name = f"{_kind(difference.kind)} {_short(difference)} "
    label = (Span(mark, tone), name, Span(word, tone), Span(f" with {with_parts}" if with_parts else "", "dim"))
    if difference.state in ("missing", "unexpected"):
        return Tree(label)
    details = (_detail(part, words) for part in difference.details)
    return Tree(label, tuple(details))


def _detail(detail: Detail, words: Words) -> Tree:
    if in_lines(detail):
        return Tree(f"{detail.property}:", tuple(map(Tree, _lines(detail, words))))
    if words is TO_BE_MADE:
        return Tree(f"{detail.property}: {detail.found} to {detail.expected}")
    return Tree(str(detail))


def _lines(detail: Detail, words: Words) -> Iterator[Inline]:
    """The lines that only one of two texts has, each with its mark, and those about them."""
    found, expected = detail.found.splitlines(), detail.expected.splitlines()
    (less, _, bad), (more, _, good) = words["unexpected"], words["missing"]
    for number, group in enumerate(SequenceMatcher(None, found, expected).get_grouped_opcodes(_AROUND)):
        if number:
            yield Span("…", "dim")
        for tag, start, end, other_start, other_end in group:
            if tag == "equal":
                yield from (Span(f"  {line}", "dim") for line in found[start:end])
                continue
            yield from (Span(f"{less}{line}", bad) for line in found[start:end])
            yield from (Span(f"{more}{line}", good) for line in expected[other_start:other_end])


def _short(difference: Difference) -> str:
    """The name as it needs to be said under what it belongs to."""
    if difference.kind in _SAID:
        schema, _, rest = difference.name.partition(".")
        return _SAID[difference.kind] + (difference.name if " " in schema else rest)
    return difference.name.removeprefix(f"{difference.owner}.") if difference.owner else difference.name


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


def _counted(kind: str, count: int) -> str:
    noun = f"{_kind(kind)} constraint" if kind in ("unique", "check", "exclusion") else _kind(kind)
    return plural(count, noun, {"index": "indexes"}.get(kind, ""))
