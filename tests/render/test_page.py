"""Pages: the same blocks as plain text and on a terminal."""

from __future__ import annotations

from io import StringIO

import pytest

from neon_migrate.render.page import (
    Document,
    Excerpt,
    Heading,
    Line,
    Span,
    Sql,
    Table,
    Tree,
    duration,
    listing,
    plural,
)
from neon_migrate.render.plain import clip, excerpt, text
from neon_migrate.render.terminal import console, draw

PAGE = (
    Heading("A heading"),
    Line(("plain ", Span("green", "good")), indent=2),
    Table(("name", "rows"), (("users", "12"), (Span("a_longer_name", "bad"), "3")), right=frozenset({1})),
    Tree("table users", (Tree("column id"), Tree("column name", (Tree("type: text"),)))),
    Sql("SELECT 1;\n"),
    Excerpt(12, "CREATE TABEL t ();", 8),
    Document('{"a": 1}\n'),
)


def test_plain_text_aligns_tables_and_puts_the_caret_under_its_column() -> None:
    """Plain text has no colour, no trailing blanks, and no line of its own making."""
    assert text(PAGE) == (
        "A heading\n"
        "  plain green\n"
        "name           rows\n"
        "users            12\n"
        "a_longer_name     3\n"
        "table users\n"
        "  column id\n"
        "  column name\n"
        "    type: text\n"
        "SELECT 1;\n"
        "   12 | CREATE TABEL t ();\n"
        "      |        ^\n"
        '{"a": 1}\n'
    )


def test_a_terminal_shows_the_same_words() -> None:
    """Drawing changes how blocks look, never what they say."""
    stream = StringIO()
    draw(PAGE, console(stream, colour=False))
    drawn = stream.getvalue()
    for word in ("A heading", "plain green", "a_longer_name", "column name", "SELECT 1;", "CREATE TABEL", '{"a": 1}'):
        assert word in drawn
    caret_line = next(line for line in drawn.splitlines() if line.strip("| ").startswith("^"))
    source_line = next(line for line in drawn.splitlines() if "TABEL" in line)
    assert caret_line.index("^") == source_line.index("TABEL")


@pytest.mark.parametrize("column", [1, 60, 2_000, 4_000])
def test_the_caret_of_a_very_long_line_stays_with_its_character(column: int) -> None:
    """A line of 4,000 characters is cut around the caret, which still stands under the same character."""
    source = "".join(chr(ord("a") + position % 26) for position in range(4_000))
    cut, moved = clip(source, column)
    assert moved is not None
    assert len(cut) < 120
    assert cut[moved - 1] == source[column - 1]


def test_tabs_do_not_move_the_caret() -> None:
    """A tab counts as the one character that it is for Postgres and for editors."""
    source, caret = excerpt(Excerpt(3, "\tname\ttxet,", 7))
    assert caret.index("^") == source.index("txet")


@pytest.mark.parametrize(
    ("nanoseconds", "words"),
    [(0, "0 µs"), (480_000, "480 µs"), (12_400_000, "12 ms"), (1_250_000_000, "1.25 s"), (200 * 10**9, "3 min 20 s")],
)
def test_durations_read_as_a_person_would_say_them(nanoseconds: int, words: str) -> None:
    """The unit follows the size."""
    assert duration(nanoseconds) == words


def test_counts_and_lists_are_english() -> None:
    """One table, two tables, two indexes; a, b and c."""
    assert (plural(1, "table"), plural(1_200, "table"), plural(2, "index", "indexes")) == (
        "1 table",
        "1,200 tables",
        "2 indexes",
    )
    assert (listing(()), listing(("a",)), listing(("a", "b")), listing(("a", "b", "c"))) == (
        "",
        "a",
        "a and b",
        "a, b and c",
    )
