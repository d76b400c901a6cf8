"""Quoting, judged by the server's own functions, and splitting a file into its statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from neon_migrate.errors import StatementError
from neon_migrate.keywords import KEYWORDS
from neon_migrate.sql import comment, identifier, literal, location, qualified, split

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
IN_ONE_SESSION = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)


@IN_ONE_SESSION
@given(name=TEXT | st.sampled_from(sorted(KEYWORDS)) | st.from_regex(r"[a-zA-Z_][a-z0-9_$]*", fullmatch=True))
@example(name="")
@example(name='"')
@example(name="Users")
@example(name="1st")
@example(name="user")
def test_identifiers_are_quoted_so_that_postgres_reads_them_back(session: Session, name: str) -> None:
    """As `quote_ident` does, with quotes for more keywords at most."""
    ((in_parts, theirs),) = session.query(
        "SELECT CASE WHEN %s <> '' THEN parse_ident(%s) END, quote_ident(%s)", (name, identifier(name), name)
    )
    assert in_parts in ([name], None)
    assert identifier(name) == theirs or (name in KEYWORDS and identifier(name) == f'"{name}"')


def test_every_keyword_can_be_a_name(session: Session) -> None:
    """Of a table, of a column and of an alias."""
    (answer,) = session.query("SELECT array_agg(word) FROM pg_get_keywords()")
    for word in {*answer[0], *KEYWORDS}:
        name = identifier(word)
        session.script(f"CREATE TABLE {name} ({name} integer); SELECT {name}.{name} FROM {name}; DROP TABLE {name}")


@IN_ONE_SESSION
@given(value=TEXT)
@example(value="back\\slash")
@example(value="it's")
@example(value="\\'")
def test_literals_give_the_same_value_with_any_setting(session: Session, value: str) -> None:
    """`standard_conforming_strings` on or off."""
    for setting in ("on", "off"):
        session.script(f"SET standard_conforming_strings = {setting}; SET escape_string_warning = off")
        assert session.query(f"SELECT {literal(value)}") == [(value,)]


def test_qualified_leaves_out_what_is_empty() -> None:
    """An object of no schema has only its name."""
    assert qualified("public", "My Table", "id") == 'public."My Table".id'
    assert qualified("", "users") == "users"


def test_split_gives_each_statement_with_its_place() -> None:
    """Without the comments before it; what is inside strings, dollar quotes and comments ends no statement."""
    text = """-- a comment; with a semicolon
/* another; /* nested; */ */ CREATE TABLE t (a text DEFAULT ';');

CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM 1; -- é
END $body$;
 SELECT 'ä;', "x;" FROM t -- the end
"""
    found = split(text)
    assert [(one.line, one.column) for one in found] == [(2, 30), (4, 1), (8, 2)]
    assert [one.text.split()[0] for one in found] == ["CREATE", "CREATE", "SELECT"]
    assert all(text[one.offset :].startswith(one.text) for one in found)


def test_split_of_nothing_is_nothing() -> None:
    """Neither white space nor comments nor lone semicolons are statements."""
    assert split("") == split(" \n;; -- c\n/* d */ ;") == ()


def test_split_reads_what_windows_wrote() -> None:
    """A byte order mark is passed over and lines end with CRLF; places are as an editor shows them."""
    found = split("\ufeff-- é\r\nSELECT 1;\r\n\r\n  SELECT 2;\r\n")
    assert [(one.text, one.line, one.column) for one in found] == [("SELECT 1", 2, 1), ("SELECT 2", 4, 3)]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ("SELECT 1", "SELECT ';'", "SELECT $$;$$", "SELECT $é$;$é$", 'SELECT 1 AS "é;"', "SELECT /* ; */ 1")
        ),
        max_size=5,
    ),
    st.sampled_from((";", ";\n", "; -- é;\n", ";\r\n/* é; */\t")),
)
def test_joined_statements_come_apart_again(statements: list[str], between: str) -> None:
    """Whatever stands between them."""
    assert [one.text for one in split(between.join(statements))] == statements


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("SELECT 1;\nSELEC 2;", 2, 1),
        ("SELECT 'é',\r\n  'é' FORM t", 2, 12),
        ("\ufeffSELEC 1", 1, 2),
        ("SELECT 'open", 1, 8),
    ],
)
def test_a_syntax_error_has_its_place(text: str, line: int, column: int) -> None:
    """Line and column in characters, the line itself for the caret, and Postgres's code."""
    with pytest.raises(StatementError) as caught:
        split(text, "0001_x.sql")
    where = caught.value.where
    assert where is not None
    assert (where.file, where.line, where.column) == ("0001_x.sql", line, column)
    assert where.source == text.removeprefix("\ufeff").splitlines()[line - 1] or text.startswith("\ufeff")
    assert caught.value.sqlstate == "42601"


def test_a_place_beyond_the_text_is_its_end() -> None:
    """Postgres may name the end of the text."""
    assert str(location("f.sql", "ab\ncd", 99)) == "f.sql:2:3"


@given(text=TEXT)
@example(text="table public.odd\nDROP TABLE a; -- with all its rows")
@example(text="\rSELECT 2; /*")
def test_a_comment_holds_no_statement(text: str) -> None:
    """Whatever line breaks a name has, Postgres reads on after it."""
    assert [found.text for found in split(comment(text) + "SELECT 1;")] == ["SELECT 1"]
