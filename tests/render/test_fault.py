"""Errors: what, where with a caret, why and what to do, on one screen."""

from __future__ import annotations

from neon_migrate.errors import Location, RefusedError, StatementError
from neon_migrate.render.fault import fault_page
from neon_migrate.render.plain import text


def test_an_error_says_what_where_why_and_what_to_do() -> None:
    """All four answers, with the source line and the caret under the column."""
    error = StatementError(
        'type "txet" does not exist',
        sqlstate="42704",
        statement="CREATE TABLE t (name txet)",
        where=Location("migrations/0002_t.up.sql", 900, 22, "CREATE TABLE t (name txet);"),
        why='HINT: did you mean "text"?',
        remedy="Correct the file.",
    )
    assert text(fault_page(error)) == (
        'error: type "txet" does not exist (42704)\n'
        "  at migrations/0002_t.up.sql:900:22\n"
        "  900 | CREATE TABLE t (name txet);\n"
        "      |                      ^\n"
        '  HINT: did you mean "text"?\n'
        "  what to do: Correct the file.\n"
    )


def test_a_statement_of_many_lines_is_shown_by_its_first_ones() -> None:
    """Where the line with the caret is not the whole statement, its beginning is shown as well."""
    statement = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n" + "SELECT 1;\n" * 300 + "$$"
    shown = text(fault_page(StatementError("no", statement=statement)))
    assert "CREATE FUNCTION f()" in shown
    assert "lines more" in shown


def test_any_error_fits_one_screen() -> None:
    """Whatever Postgres or a file puts into an error, at most 40 lines of bearable width come out."""
    error = StatementError(
        "x" * 100_000,
        statement="SELECT 1;\n" * 10_000,
        where=Location("f.sql", 1, 50_000, "y" * 100_000),
        why="because\n" * 5_000,
        remedy="do this\n" * 5_000,
    )
    lines = text(fault_page(error)).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) < 450


def test_an_error_without_a_place_has_no_place() -> None:
    """Only what is known is shown."""
    assert text(fault_page(RefusedError("Data would be lost", remedy="Use --allow-data-loss."))) == (
        "error: Data would be lost\n  what to do: Use --allow-data-loss.\n"
    )
