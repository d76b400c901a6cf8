"""What is kept of an error of a real Postgres, and what is withheld."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import StatementError
from neon_migrate.redaction import HOW_TO_SEE, WITHHELD, without_values

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

SECRET = "s3cret"

BEFORE = f"""CREATE TABLE t (id int PRIMARY KEY, a text, n int CHECK (n < 100), m varchar(20));
INSERT INTO t VALUES (1, '{SECRET}', 1, '{SECRET}');
CREATE TYPE mood AS ENUM ('ok');
CREATE FUNCTION look() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT a::int FROM t); END $$;
CREATE FUNCTION tell() RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the value is %', (SELECT a FROM t); END $$;
CREATE FUNCTION tell_as(code text) RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the value is %', (SELECT a FROM t) USING ERRCODE = code; END $$;"""


def refused(session: Session, statement: str) -> StatementError:
    session.script(BEFORE)
    with pytest.raises(StatementError) as caught:
        session.script(statement)
    return caught.value


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE t ALTER a TYPE int USING a::int",
        "ALTER TABLE t ALTER a TYPE mood USING a::mood",
        "ALTER TABLE t ALTER a TYPE date USING a::date",
        "ALTER TABLE t ALTER a TYPE jsonb USING a::jsonb",
        "ALTER TABLE t ALTER a TYPE uuid USING a::uuid",
        "INSERT INTO t SELECT 2, a, 200 FROM t",
        "SELECT look()",
        "SELECT tell()",
        "SELECT tell_as('23514')",
        "SELECT tell_as('42601')",
        "SELECT tell_as('55P03')",
        "SELECT tell_as('ZZ999')",
    ],
)
def test_a_value_of_a_row_is_withheld(session: Session, statement: str) -> None:
    """Postgres quotes it, in the message, in DETAIL or in CONTEXT; what is kept says how to see it."""
    error = refused(session, statement)
    assert SECRET in error.what + error.why
    what, why = without_values(error, {"t", "t_pkey"})
    assert SECRET not in what + why
    assert HOW_TO_SEE in why


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("SELECT nope FROM t", 'column "nope" does not exist'),
        ("CREATE TABLE t ()", 'relation "t" already exists'),
        ("INSERT INTO t VALUES (1)", 'duplicate key value violates unique constraint "t_pkey"'),
        ("SELECT 1/0", "division by zero"),
        ("VACUUM; SELECT 1", "VACUUM cannot run inside a transaction block"),
    ],
)
def test_what_names_no_value_is_kept(session: Session, statement: str, what: str) -> None:
    """Names of what the statement or the Catalog has tell what happened."""
    assert without_values(refused(session, statement), {"t", "t_pkey"})[0] == what


def test_a_name_that_is_not_known_may_be_a_value(session: Session) -> None:
    """It is left out where the error is about rows."""
    what, _ = without_values(refused(session, "INSERT INTO t VALUES (1)"))
    assert what == f'duplicate key value violates unique constraint "{WITHHELD}"'


def test_a_hint_about_the_statement_is_kept(session: Session) -> None:
    """It says what to write."""
    _, why = without_values(refused(session, "ALTER TABLE t ALTER a TYPE int"))
    assert "USING" in why
    assert HOW_TO_SEE not in why
