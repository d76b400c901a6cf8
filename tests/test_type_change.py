"""Changes of a column's type, judged by what Postgres does to real values."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import StatementError
from neon_migrate.type_change import casts_by_itself, conversion, keeps_file, keeps_values, what_goes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.session import Session

_NUMBERS = ("0", "1", "-1", "12", "-32768", "32767")
_WORDS = ("", "a", " a", "ab  ", "é", "12345")
_MOMENTS = ("2024-02-29 23:59:59.123456", "0001-01-01 00:00:00", "infinity")
SAMPLES = {
    "smallint": _NUMBERS,
    "integer": (*_NUMBERS, "2147483647", "-2147483648", "16777217"),
    "bigint": (*_NUMBERS, "9223372036854775807", "-9223372036854775808", "9007199254740993"),
    "numeric": (*_NUMBERS, "1e40", "0.12345678901234567890", "NaN"),
    "numeric(5,0)": ("99999", "-99999", "0"),
    "numeric(7,2)": ("99999.99", "0.01"),
    "numeric(8,2)": ("999999.99", "0.01"),
    "numeric(8,3)": ("99999.999", "0.001"),
    "real": ("0", "0.1", "3.4e38", "1e-37", "NaN", "Infinity"),
    "double precision": ("0", "0.1", "1.7e308", "NaN", "-Infinity"),
    "boolean": ("true", "false"),
    "text": (*_WORDS, "long enough for none of the limits"),
    "character varying": (*_WORDS, "long enough for none of the limits"),
    "character varying(5)": _WORDS,
    "character varying(8)": (*_WORDS, "12345678"),
    "character(5)": _WORDS,
    "character(8)": (*_WORDS, "12345678"),
    "name": (*_WORDS, "n" * 63),
    '"char"': ("a", "Z"),
    "date": ("2024-02-29", "0001-01-01", "infinity", "294276-12-31"),  # later ones no timestamp takes: an error
    "timestamp without time zone": _MOMENTS,
    "timestamp(3) without time zone": _MOMENTS,
    "timestamp with time zone": _MOMENTS,
    "time without time zone": ("00:00:00", "23:59:59.999999"),
    "time(0) without time zone": ("00:00:00", "23:59:59"),
    "time with time zone": ("00:00:00+02", "23:59:59.999999-05"),
    "interval": ("1 mon 2 days 03:04:05.678", "-1 year"),
    "uuid": ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",),
    "json": ('{"b": 1, "a":  2, "a": 3}', "1e3"),
    "jsonb": ('{"b": 1, "a": 2}', "null"),
    "inet": ("10.0.0.1/8", "::1"),
    "cidr": ("10.0.0.0/8", "::/0"),
    "macaddr": ("08:00:2b:01:02:03",),
    "bytea": (r"\x00ff",),
    "bit(3)": ("101",),
    "bit(5)": ("10101",),
    "bit varying": ("1", "1010101"),
    "bit varying(3)": ("1", "101"),
    "bit varying(5)": ("1", "10101"),
    "money": ("1.23",),
    "oid": ("0", "4294967295"),
    "integer[]": ("{1,NULL,2147483647}", "{}"),
    "bigint[]": ("{9223372036854775807}",),
    "text[]": ('{a,"b c",NULL}',),
    "character varying(5)[]": ("{12345}",),
    "character varying(8)[]": ("{12345678}",),
}
PAIRS = tuple(permutations(SAMPLES, 2))


@pytest.fixture
def open_session(session: Session) -> Iterator[Session]:
    """A session with an open transaction."""
    session.script("BEGIN; SET LOCAL TimeZone = 'Europe/Vienna'")
    yield session
    session.script("ROLLBACK")


def _alter(old: str, new: str) -> str:
    using = "" if casts_by_itself(old, new) else f" USING {conversion('v', old, new)}"
    return f"ALTER TABLE t ALTER COLUMN v TYPE {new}{using}"


def test_what_is_said_to_keep_values_keeps_them(open_session: Session) -> None:
    """Each sample survives the change, and the change back gives the same value."""
    checked = [(old, new) for old, new in PAIRS if keeps_values(old, new)]
    assert len(checked) > 80
    for old, new in checked:
        open_session.script(f"SAVEPOINT pair; CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY, v {old})")
        for value in SAMPLES[old]:
            open_session.query("INSERT INTO t (v) VALUES (%s)", (value,))
        read = "SELECT v::text FROM t ORDER BY id"
        before = open_session.query(read)
        try:
            open_session.script(_alter(old, new))
            open_session.script(_alter(new, old))
        except StatementError as error:
            pytest.fail(f"{old} to {new}: {error}")
        assert open_session.query(read) == before, f"{old} to {new}"
        open_session.script("ROLLBACK TO pair")


def test_what_is_said_to_keep_the_file_rewrites_nothing(open_session: Session) -> None:
    """Neither the table nor an index on the column gets a new file; where that is not said, one of them does."""
    files = "SELECT pg_relation_filenode('t'), pg_relation_filenode('i')"
    kept = []
    for old, new in PAIRS:
        if not keeps_values(old, new) or "json" in (old, new):
            continue
        open_session.script(f"SAVEPOINT pair; CREATE TABLE t (v {old}); CREATE INDEX i ON t (v)")
        before = open_session.query(files)
        open_session.script(_alter(old, new))
        if open_session.query(files) == before:
            kept.append((old, new))
        open_session.script("ROLLBACK TO pair")
    assert kept == [pair for pair in PAIRS if keeps_file(*pair) and "json" not in pair]
    assert len(kept) > 10


def test_every_change_of_type_is_written_so_that_postgres_takes_it(open_session: Session) -> None:
    """Between all pairs of types ALTER COLUMN TYPE runs on a table without rows, with USING only where it is needed."""
    refused = []
    for old, new in PAIRS:
        open_session.script(f"SAVEPOINT pair; CREATE TABLE t (v {old})")
        try:
            open_session.script(_alter(old, new))
        except StatementError as error:
            refused.append(f"{old} to {new}: {error.what}")
        open_session.script("ROLLBACK TO pair")
    assert "\n".join(refused) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bigint", "integer"),
        ("integer", "real"),
        ("numeric(7,2)", "numeric(8,3)[]"),
        ("numeric(8,3)", "numeric(8,2)"),
        ("numeric(8,2)", "numeric(8,3)"),
        ("numeric", "numeric(8,2)"),
        ("character varying(8)", "character varying(5)"),
        ("text", "character varying(5)"),
        ("text", "integer"),
        ("timestamp without time zone", "date"),
        ("timestamp without time zone", "timestamp(3) without time zone"),
        ("json", "jsonb"),
        ("bit(3)", "bit(5)"),
        ("double precision", "real"),
        ("public.mood", "integer"),
    ],
)
def test_what_may_lose_values_is_not_said_to_keep_them(old: str, new: str) -> None:
    """Narrower, rounder or reordered values are no longer the values that were there."""
    assert not keeps_values(old, new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("integer", "bigint", ""),
        ("bigint", "integer", "values of column t.c that do not fit when bigint becomes integer"),
        ("text", "name", "values of column t.c that do not fit when text becomes name"),
        ("text", "uuid", "values of column t.c that uuid does not take: where there are any, it fails"),
        (
            "timestamp without time zone",
            "timestamp with time zone",
            "which moments the values of column t.c are, but in the time zone of the session that changes them",
        ),
    ],
)
def test_what_goes_with_a_type_is_said_as_it_is(old: str, new: str, said: str) -> None:
    """Nothing is cut where Postgres refuses it, and every moment fits that is read in another zone."""
    assert what_goes("t.c", old, new) == said
