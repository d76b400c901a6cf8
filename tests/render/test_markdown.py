"""What a pull request shows: all of it in order, safe for any text, and never longer than there is room for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.differences import Difference
from neon_migrate.render.markdown import review
from neon_migrate.render.markdown_text import Section, block, code, details, escaped, fitted, table
from neon_migrate.render.page import duration
from neon_migrate.report import EditedMigration, Failure, Finding, MigrationTiming, PendingMigration, Report
from tests.render.reports import FILE, INVALID, RUN, VALID, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.validate import ValidateReport

PLENTY = 60_000


def _review(found: Report | None, validation: ValidateReport = VALID, most: int = PLENTY, **more: Any) -> str:
    return review(found, validation, run_url=RUN, most=most, **more)


def test_the_whole_comment(golden: Callable[[str, str], None]) -> None:
    """As a reviewer reads it."""
    golden("comment.md", _review(report()))


def test_the_verdict_comes_first_and_the_parts_in_order() -> None:
    """What changes, what is dangerous, how long, the way back, the deploy order."""
    text = _review(report())
    assert text.startswith("## ⚠️ neon-migrate: look\n")
    heads = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert heads == [
        "What changes",
        "What is dangerous, and what to write instead",
        "How long, and what waits",
        "The way back",
        "Deploy order",
    ]
    assert text.index("🔴 danger `dropped-column`") < text.index("🟠 warning `changed-type`")
    assert "**Instead:** Stop using it first." in text


def test_a_scratch_says_that_it_has_no_rows() -> None:
    """Its durations say nothing of production's data."""
    text = _review(report(rehearsed_on="scratch", branch=""))
    assert "**no rows**" in text
    assert "Neon branch" not in text


def test_what_stops_stands_above_everything_else() -> None:
    """Edited migrations, a failed rehearsal, what is not as migrated, and severities that the settings name."""
    edited = EditedMigration(1, "users", "edited", "migrations/0001_users.sql", "0001 was changed", "Bring it back.")
    failure = Failure(2, "relation does not exist", "why", "remedy", "42P01", FILE, 4, 7)
    stopped = report(applied_edited=(edited,), failure=failure, faults=("x is missing",), stops_at=("danger",))
    text = _review(stopped)
    assert text.startswith("## ⛔ neon-migrate: stop\n")
    part = text[text.index("### What stops it") : text.index("### What changes")]
    for words in ("0001 was changed", "Bring it back.", f"`{FILE}:4:7`", "x is missing", "1 hazard of a severity"):
        assert words in part


def test_a_failed_validation_stops_and_is_shown_at_its_place() -> None:
    """Without a rehearsal too."""
    text = _review(None, INVALID, unrehearsed="it comes from a fork")
    assert text.startswith("## ⛔ neon-migrate: stop\n")
    assert "**Validation failed:** naming." in text
    assert "`migrations/0002_X.sql:3:7`: Not snake_case: \\|x\\|" in text
    assert "it comes from a fork" in text


def test_a_rehearsal_that_did_not_end_says_why() -> None:
    """Neon's limit of branches is no fault of the migrations."""
    text = _review(None, failure=Failure(None, "No more branches", "The plan's limit.", "Remove some."))
    for words in ("did not come to an end:** No more branches", "The plan's limit.", "Remove some."):
        assert words in text


def test_a_failed_rehearsal_says_how_far_it_came() -> None:
    """No duration and no way back of what did not run."""
    failure = Failure(2, "relation does not exist", path=FILE, line=4, column=7)
    ended = MigrationTiming(2, 0, report().timings[0].statements)
    text = _review(report(failure=failure, timings=(ended,), way_back=()))
    assert "None of them ran to its end." in text
    assert "0 µs" not in text and "not known" not in text and "| did not end |" in text
    two = (*report().pending, PendingMigration(3, "more", "cd" * 48, FILE))
    text = _review(report(failure=failure, pending=two, timings=(*report().timings, replace(ended, version=3))))
    assert f"1 of 2 ran to the end, in {duration(2_500_000_000)}. The way back: ⚠️ lossy." in text


def test_what_was_not_rehearsed_is_not_told_as_if_it_was() -> None:
    """Neither beside edited migrations, nor without a database."""
    edited = EditedMigration(1, "users", "edited", "migrations/0001_users.sql", "0001 was changed", "Bring it back.")
    text = _review(report(applied_edited=(edited,), hazards=(), timings=(), way_back=()))
    assert "were not rehearsed" in text
    assert "It took" not in text and "rehearsed on" not in text
    passed = replace(VALID, checks=VALID.checks[:2])
    text = _review(None, passed, unrehearsed="it comes from a fork")
    assert text.startswith("## ✅ neon-migrate: validated, not rehearsed\n")


def test_what_is_left_out_is_no_row_of_a_table() -> None:
    """As a Markdown parser reads it, in each table that can be cut."""
    many = range(1, 400)
    cut = report(
        pending=tuple(PendingMigration(each, "email " * 20, "ab" * 48, FILE) for each in many),
        timings=tuple(replace(report().timings[0], version=each) for each in many),
        way_back=tuple(replace(report().way_back[0], version=each) for each in many),
    )
    text = _review(cut, most=14_000)
    assert text.count("Left out here") >= 3
    assert text.count("|\n\n_Left out here") == 3
    assert "Left out here" not in "".join(_cells(text))


def _cells(text: str) -> list[str]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    opened = [token.type == "td_open" for token in tokens]
    return [token.content for token, is_cell in zip(tokens[1:], opened, strict=False) if is_cell]


def test_nothing_pending_is_short() -> None:
    """No empty headings."""
    nothing = report(pending=(), differences=(), sql="", diagram="", hazards=(), timings=(), way_back=(), tables=())
    text = _review(nothing, replace(VALID, checks=VALID.checks[:2]))
    assert text.startswith("## ✅ neon-migrate: in order\n")
    assert "No migration is pending" in text
    assert "###" not in text


def _large() -> Report:
    hazards = tuple(
        Finding(f"rule-{number}", "danger", "what happens " * 20, "seen " * 20, "instead " * 20, FILE, number, 1)
        for number in range(1, 400)
    )
    many = tuple(Difference("table", f"public.table_{number}", "missing") for number in range(2000))
    return report(hazards=hazards, differences=many, sql="SELECT 1;\n" * 20_000, diagram="erDiagram\n" + "x\n" * 9_000)


@pytest.mark.parametrize("most", [64_536, 20_000, 4_000])
def test_a_long_report_is_cut_by_whole_parts(most: int) -> None:
    """Every fence and every folded part that is opened is closed; what is left out is said, with where it is."""
    text = _review(_large(), most=most)
    assert len(text) <= most
    assert text.startswith("## ⚠️ neon-migrate: look")
    assert RUN in text
    assert "Left out here" in text
    assert len(re.findall(r"^```", text, re.MULTILINE)) % 2 == 0
    assert text.count("<details>") == text.count("</details>")
    assert text.rstrip().endswith("</sub>")


def test_names_and_messages_are_no_markup() -> None:
    """Whatever a schema calls its things: nobody is mentioned, nothing is folded away or linked."""
    evil = "@octocat #1 <img src=x> </details> [a](http://evil) | `x` *b* __c__ https://evil.example"
    hazard = Finding(evil, "danger", evil, evil, evil, f"migrations/{evil}.sql", 1, 1)
    changed = report(hazards=(hazard,), database=evil, branch=evil, warnings=(evil,), faults=(evil,))
    html, links, prose = _parsed(_review(changed, INVALID))
    assert {re.sub(r">.*", ">", tag, flags=re.DOTALL) for tag in html} == {"<details>", "</details>", "<sub>", "</sub>"}
    assert set(links) == {RUN}
    assert prose.count("octocat") > 4
    for reference in ("@octocat", "#1", "https://evil"):
        assert reference not in prose


def _parsed(text: str) -> tuple[list[str], list[str], str]:
    """The HTML and the links that a Markdown parser finds, and the text that it shows outside code."""
    from markdown_it import MarkdownIt

    html, links, prose = [], [], []
    for outer in MarkdownIt("commonmark").enable("table").parse(text):
        for token in [outer, *(outer.children or ())]:
            if token.type.startswith("html"):
                html.append(token.content.strip())
            elif token.type == "link_open":
                links.append(str(token.attrs["href"]))
            elif token.type == "text":
                prose.append(token.content)
    return html, links, "".join(prose)


def test_sql_cannot_end_its_block() -> None:
    """A comment with backticks, or a function body that holds Markdown."""
    assert block("SELECT '```';\n</details>", "sql") == "````sql\nSELECT '```';\n</details>\n````\n"
    assert code("a`b") == "``a`b``"
    assert code("`") == "`` ` ``"
    assert code("") == "`  `"
    assert code("a\n|b") == "`a \\|b`"


def test_prose_keeps_its_words() -> None:
    """An underscore within a name is no markup, so it stays as it is."""
    assert escaped("table user_name, _x_ and *") == "table user_name, \\_x\\_ and \\*"
    assert details("a < b & c", "x") == "<details><summary>a &lt; b &amp; c</summary>\n\nx\n\n</details>\n"
    assert table(("a",), [("1",)]) == "| a |\n| --- |\n| 1 |\n"


def test_the_longest_part_gives_way_first() -> None:
    """And only as far as it has to."""
    sections = [Section(("a" * 10, "A")), Section(("b" * 30, "b" * 15, "B")), Section(("c" * 5,))]
    assert fitted(sections, 100) == "\n".join(["a" * 10, "b" * 30, "c" * 5])
    assert fitted(sections, 40) == "\n".join(["a" * 10, "b" * 15, "c" * 5])
    assert fitted(sections, 20) == "\n".join(["a" * 10, "B", "c" * 5])
    assert fitted(sections, 12) == "\n".join(["A", "B", "c" * 5])
    assert fitted(sections, 4) == "A\nB\n"
