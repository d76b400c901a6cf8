"""What is kept of an error of a real Postgres, and what is withheld."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import LockTimeoutError, StatementError, UnreachableError
from neon_migrate.redaction import HOW_TO_SEE, WITHHELD, publishable, without_values

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


def executed(command: str) -> str:
    """A statement that makes another one of a row's value."""
    return f"DO $$ BEGIN EXECUTE (SELECT format({command}, a) FROM t); END $$"


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
        "ALTER TABLE t ADD q tsquery GENERATED ALWAYS AS (to_tsquery('simple', a || ' owes &')) STORED",
        "ALTER TABLE t ALTER a TYPE tsquery USING (a || ' (')::tsquery",
        "ALTER TABLE t ALTER a TYPE tsquery USING ('t\" ' || a || ' \"t (')::tsquery",
        "ALTER TABLE t ALTER a TYPE regclass USING a::regclass",
        "ALTER TABLE t ALTER a TYPE regclass USING (a || '.t')::regclass",
        "ALTER TABLE t ALTER a TYPE regclass USING (a || '.x.t')::regclass",
        "ALTER TABLE t ALTER a TYPE regclass USING (a || '.x.t.a')::regclass",
        "ALTER TABLE t ALTER a TYPE regoper USING a::regoper",
        "ALTER TABLE t ALTER a TYPE regtype USING a::regtype",
        executed("'GRANT SELECT ON t TO %I'"),
        executed("'SELECT %I(1)'"),
        executed("'SELECT t.%I FROM t'"),
        executed("'SELECT NULL::%I'"),
        executed("'SELECT %s %1$s %1$s'"),
        executed("'SET ROLE %I'"),
        executed("'SET %I = 1'"),
    ],
)
def test_a_value_of_a_row_is_withheld(session: Session, statement: str) -> None:
    """Postgres quotes it, in the message, in DETAIL or in CONTEXT; what is kept says how to see it."""
    error = refused(session, statement)
    assert SECRET in error.what + error.why
    what, why = without_values(error, {"t", "t_pkey"}, statement)
    assert SECRET not in what + why
    assert HOW_TO_SEE in why


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("SELECT nope FROM t", 'column "nope" does not exist'),
        ("SELECT t.nope FROM t", "column t.nope does not exist"),
        ("SELECT nope(1, 'a'::text)", "function nope(integer, text) does not exist"),
        ("SELECT 1 = 'a'::text", "operator does not exist: integer = text"),
        ("SELECT )", 'syntax error at or near ")"'),
        ("ALTER TABLE T ADD a text", 'column "a" of relation "t" already exists'),
        ("INSERT INTO t (m, id) SELECT repeat(m, 9), 2 FROM t", "value too long for type character varying(20)"),
        ("DO $$ BEGIN EXECUTE 'SELECT nope FROM t'; END $$", 'column "nope" does not exist'),
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


def test_a_quoted_value_that_has_quotes_is_left_out_to_its_end(session: Session) -> None:
    """It can't be told which of the quotes is the value's own."""
    error = refused(session, f"""DO $$ BEGIN EXECUTE 'SET ROLE "a"" {SECRET} ""t"'; END $$""")
    assert error.what == f'role "a" {SECRET} "t" does not exist'
    assert without_values(error, {"t"})[0] == f'role "{WITHHELD}" does not exist'


def test_the_migrations_own_text_may_be_quoted(session: Session) -> None:
    """What another statement of the file has made is no value of a row."""
    error = refused(session, "SELECT tell_a_tale()")
    error.statement = ""
    assert without_values(error)[0] == f"function {WITHHELD} does not exist"
    assert without_values(error, text="SELECT Tell_a_Tale()")[0] == "function tell_a_tale() does not exist"


@pytest.mark.parametrize("said", ["Relation »{}« existiert nicht", "la relation « {} » n'existe pas"])
def test_a_server_that_speaks_another_language_quotes_otherwise(said: str) -> None:
    """Its quotes count as well."""
    what, _ = without_values(StatementError(said.format(SECRET), sqlstate="42P01"))
    assert SECRET not in what
    assert what.startswith(said[:10])


def test_a_lock_that_was_not_had_tells_no_row(session: Session) -> None:
    """Its reason is Postgres's CONTEXT where nobody was seen in the way; and a function may raise its code."""
    refusal = refused(session, "SELECT tell_as('55P03')")
    error = LockTimeoutError(refusal, blockers="", remedy="")
    assert SECRET in error.what + error.why
    assert SECRET not in "".join(publishable(error))
    seen = LockTimeoutError(refusal, blockers="It waited for pid 7", remedy="")
    assert publishable(seen)[1] == "It waited for pid 7"


def test_a_lost_connection_tells_no_row(session: Session) -> None:
    """What the server said last may have a CONTEXT with the statement that a function made."""
    session.script(BEFORE)
    ending = "'SELECT pg_terminate_backend(pg_backend_pid()), %L'"
    with pytest.raises(UnreachableError) as caught:
        session.script(executed(ending))
    assert SECRET in caught.value.why
    what, why = publishable(caught.value)
    assert SECRET not in what + why
    assert "terminating connection" in why
