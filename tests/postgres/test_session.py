"""Asking many things of one connection at once."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.postgres.session import Rows, Session


def test_streamed_rows_are_those_of_each_statement(session: Session) -> None:
    """In order, typed as those of `query`, none for a statement without a result."""
    statements = ("CREATE TABLE t (a integer, b text[])", "INSERT INTO t VALUES (1, '{x,NULL}')", "TABLE t")
    with closing(session.stream(statements)) as answers:
        rows: list[list[object]] = [[], [], []]
        for number, some in answers:
            rows[number] += some()
    assert rows == [[], [], [(1, ["x", None])]]
    assert session.query("TABLE t") == [(1, ["x", None])]


def test_many_rows_come_in_parts_and_keep_until_they_are_called_for(session: Session) -> None:
    """In order, and none is lost when they are called for after the last has come."""
    with closing(session.stream(("SELECT generate_series(1, 2345)", "SELECT 'x'"))) as answers:
        parts = list(answers)
    assert [row for number, rows in parts for row in rows() if number == 0] == [(i,) for i in range(1, 2346)]
    assert [row for number, rows in parts for row in rows() if number == 1] == [("x",)]


def test_rows_can_be_had_while_the_next_statement_runs(session: Session) -> None:
    """The first answer does not wait for the last; what is not asked for any more is passed over."""
    with closing(session.stream(("SELECT 1", "SELECT pg_sleep(0.3)", "SELECT 2"))) as answers:
        assert _rows(next(answers)) == (0, [(1,)])
    assert session.query("SELECT 3") == [(3,)]


def test_an_error_ends_the_stream_and_not_the_session(session: Session) -> None:
    """What was asked after it is not run."""
    with closing(session.stream(("SELECT 1", "SELECT 1 / 0", "CREATE TABLE t ()"))) as answers:
        assert _rows(next(answers)) == (0, [(1,)])
        with pytest.raises(StatementError) as caught:
            next(answers)
    assert caught.value.sqlstate == "22012"
    assert session.query("SELECT to_regclass('t')") == [(None,)]


def test_a_place_within_one_of_several_statements_is_not_told_as_one_in_all(session: Session) -> None:
    """It would point at another statement."""
    with pytest.raises(StatementError) as caught:
        session.queries([("SELECT 1", ()), ("SELECT nope", ())])
    assert caught.value.where is None
    with pytest.raises(StatementError) as caught:
        session.query("SELECT nope")
    assert caught.value.where is not None
    assert caught.value.where.column == 8


def _rows(answer: tuple[int, Callable[[], Rows]]) -> tuple[int, Rows]:
    number, rows = answer
    return number, rows()
