"""Differences as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.catalog import Unmodelled
from neon_migrate.diff import diff
from neon_migrate.differences import Difference, differences
from neon_migrate.render.differences import AGAINST_MIGRATIONS, TO_BE_MADE, counted_lines, differences_tree
from neon_migrate.render.plain import text
from schema_pairs import catalog_of

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

_FUNCTION = "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS 'BEGIN\n  -- one\n  RETURN {};\nEND'"


def test_of_a_text_of_several_lines_those_are_shown_that_differ(session: Session) -> None:
    """Each with the mark of what is new or goes, and the lines about it; in a sentence the text is not said at all."""
    found, expected = (catalog_of(session, _FUNCTION.format(number)) for number in (1, 2))
    (difference,) = differences(diff(found, expected))
    assert text((differences_tree("x", (difference,), TO_BE_MADE),)) == (
        "x\n"
        "  ~ function public.f() changes\n"
        "    definition:\n"
        "        AS $function$BEGIN\n"
        "          -- one\n"
        "      -   RETURN 1;\n"
        "      +   RETURN 2;\n"
        "        END$function$\n"
    )
    assert "      +   RETURN 1;\n      -   RETURN 2;\n" in text(
        (differences_tree("x", (difference,), AGAINST_MIGRATIONS),)
    )
    assert str(difference) == "function public.f() is different (another definition)"


def test_lists_of_pairs_are_read_as_words(session: Session) -> None:
    """The attributes of a composite type, the checks of a domain."""
    found, expected = (
        catalog_of(
            session, f"CREATE TYPE p AS (a integer, x {type_}); CREATE DOMAIN d AS integer CHECK (VALUE > {low})"
        )
        for type_, low in (("integer", 1), ("bigint", 2))
    )
    assert [str(difference) for difference in differences(diff(found, expected))] == [
        "composite type public.p is different (attributes: expected a integer, x bigint, found a integer, x integer)",
        "domain public.d is different (checks: expected d_check CHECK (VALUE > 2), found d_check CHECK (VALUE > 1))",
    ]


def test_sql_is_promised_for_what_is_compared_alone() -> None:
    """What is only named on one side is a difference, and no statement removes it."""
    table, shell = Difference("table", "public.a", "missing"), Difference("type", "public.shell", "missing")
    coverage = (Unmodelled("type", "public.shell"),)
    both = text(counted_lines((table, shell), coverage, 1, "x --sql prints it."))
    assert (
        both == "2 differences. x --sql prints it.\n1 difference in what is only named: no SQL is written for that.\n"
    )
    assert text(counted_lines((shell,), coverage, 0, "x --sql prints it.")).startswith("1 difference in what is only")
