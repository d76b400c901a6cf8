"""What partitions and inheriting tables have of their own is left them when their parent's column changes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from both_ways import assert_both_ways
from majors import NEWEST, bindir_of
from neon_migrate.errors import ImpossibleError, StatementError
from neon_migrate.plan import plan
from neon_migrate.postgres.scratch import scratch_server
from schema_pairs import catalog_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.scratch import ScratchServer

FUNCTION = "CREATE FUNCTION f() RETURNS {0} LANGUAGE sql AS 'SELECT 1::{0}';"
PARTITIONED = "CREATE TABLE p (k integer, a {}) PARTITION BY LIST (k); CREATE TABLE q PARTITION OF p FOR VALUES IN (1);"
OWN = "CREATE TABLE r PARTITION OF p (a {}) FOR VALUES IN (2); INSERT INTO p VALUES (1, 3), (2, 4)"
INHERITED = "CREATE TABLE p (k integer, a {}); CREATE TABLE q (a {}) INHERITS (p); INSERT INTO q VALUES (1, 2)"
NESTED = (
    "CREATE TABLE p (k integer, a {}) PARTITION BY LIST (k); CREATE TABLE q PARTITION OF p (a {}) DEFAULT PARTITION BY"
    " LIST (k); CREATE TABLE r PARTITION OF q FOR VALUES IN (1); INSERT INTO p VALUES (1, 2)"
)
COMPUTED = (
    "CREATE TABLE p (k integer, g integer GENERATED ALWAYS AS ({}) STORED) PARTITION BY LIST (k); CREATE TABLE q"
    " PARTITION OF p (g GENERATED ALWAYS AS (k + 2) STORED) FOR VALUES IN (1); INSERT INTO p (k) VALUES (1)"
)


def _of_a_partition(old: str, new: str, own: str, then: str | None = None) -> tuple[str, str]:
    then = own if then is None else then
    return (f"{PARTITIONED.format(old)} {OWN.format(own)}", f"{PARTITIONED.format(new)} {OWN.format(then)}")


CASES = {
    "a default, and the parent's changes": _of_a_partition("int DEFAULT 1", "int DEFAULT 5", "DEFAULT 7"),
    "a default, and the parent's goes": _of_a_partition("int DEFAULT 1", "int", "DEFAULT 7"),
    "a default, and the parent's changes to it": _of_a_partition("int DEFAULT 1", "int DEFAULT 7", "DEFAULT 7"),
    "a default, and the type changes": _of_a_partition("int DEFAULT 1", "bigint DEFAULT 1", "DEFAULT 7"),
    "a default, and the type changes to one that it does not fit": _of_a_partition(
        "text DEFAULT '1'", "varchar(1) DEFAULT '1'", "DEFAULT '77'"
    ),
    "a default where the parent has none, and the type changes": _of_a_partition("text", "integer", "DEFAULT '7'"),
    "a default that gives way to the parent's with the type": _of_a_partition(
        "text", "integer DEFAULT 1", "DEFAULT '7'", "DEFAULT 1"
    ),
    "no default, and the parent gets one": _of_a_partition("integer", "bigint DEFAULT 1", "DEFAULT NULL"),
    "a default of a table that inherits": (
        INHERITED.format("integer DEFAULT 1", "integer DEFAULT 2"),
        INHERITED.format("bigint DEFAULT 1", "bigint DEFAULT 2"),
    ),
    "a default of a partition that is divided": (
        NESTED.format("integer DEFAULT 1", "DEFAULT 2"),
        NESTED.format("bigint DEFAULT 3", "DEFAULT 2"),
    ),
    "a default that calls a function made anew": (
        f"{FUNCTION.format('integer')} {PARTITIONED.format('int DEFAULT f()')} {OWN.format('DEFAULT 7')}",
        f"{FUNCTION.format('bigint')} {PARTITIONED.format('int DEFAULT f()')} {OWN.format('DEFAULT 7')}",
    ),
    "NOT NULL of a partition": _of_a_partition("integer NOT NULL", "integer", "NOT NULL"),
    "NOT NULL of a table that inherits": (
        INHERITED.format("integer NOT NULL", "integer NOT NULL"),
        INHERITED.format("integer", "integer NOT NULL"),
    ),
    "numbers of a table that its child has too": (
        "CREATE TABLE p (k integer, a serial); CREATE TABLE q () INHERITS (p); INSERT INTO q VALUES (1)",
        "CREATE TABLE p (k integer, a integer GENERATED ALWAYS AS IDENTITY); CREATE TABLE q () INHERITS (p);"
        " INSERT INTO q VALUES (1, 2)",
    ),
    "numbers of a table whose child has none": (
        "CREATE TABLE p (k integer, a integer NOT NULL); CREATE TABLE q () INHERITS (p); INSERT INTO q VALUES (1, 2)",
        "CREATE TABLE p (k integer, a integer GENERATED ALWAYS AS IDENTITY); CREATE TABLE q () INHERITS (p);"
        " INSERT INTO q VALUES (1, 2)",
    ),
}
"""By what one has of its own: before and after."""


@pytest.fixture(scope="module", params=[14, 16, NEWEST])
def server(request: pytest.FixtureRequest) -> Iterator[ScratchServer]:
    """One of an older major version, or the newest."""
    with ExitStack() as servers:
        yield servers.enter_context(scratch_server(major=request.param, bindir=bindir_of(request.param)))


@pytest.mark.parametrize(("old", "new"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("in_use", [True, False], ids=["online", "offline"])
def test_what_is_its_own_stays(server: ScratchServer, old: str, new: str, in_use: bool) -> None:
    """Be it a default, NOT NULL or none: on each version, there and back."""
    assert_both_ways(server, old, new, in_use=in_use)


@pytest.mark.parametrize("in_use", [True, False], ids=["online", "offline"])
def test_an_expression_stays(scratch: ScratchServer, in_use: bool) -> None:
    """A partition is computed as before when the parent's expression is another."""
    assert_both_ways(scratch, COMPUTED.format("k + 1"), COMPUTED.format("k + 3"), in_use=in_use)


def test_not_null_that_stays_is_not_read_again(scratch: ScratchServer) -> None:
    """It comes to be the partition's own before the parent's goes: since PostgreSQL 18 that is a constraint."""
    name = scratch.create()
    try:
        with scratch.session(name) as session:
            old, new = (catalog_of(session, ddl) for ddl in CASES["NOT NULL of a partition"])
    finally:
        scratch.drop(name)
    assert [statement.sql for statement in plan(old, new).statements] == [
        "ALTER TABLE public.r ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE public.p ALTER COLUMN a DROP NOT NULL",
    ]


SEVERAL = "CREATE TABLE p (a {0}); CREATE TABLE q (a {0}); CREATE TABLE r () INHERITS (p, q)"
DIVIDED = PARTITIONED.replace("IN (1);", "IN (1) PARTITION BY RANGE (a);")


@pytest.mark.parametrize(
    ("ddl", "old", "new", "what", "said"),
    [
        (
            DIVIDED,
            "integer",
            "bigint",
            "public.p.a can't become bigint: table public.q is partitioned by it",
            "partition key",
        ),
        (
            "CREATE TABLE p (a text {}) PARTITION BY LIST (a)",
            "",
            'COLLATE "C"',
            'public.p.a can\'t become text COLLATE pg_catalog."C": table public.p is partitioned by it',
            "partition key",
        ),
        (
            SEVERAL,
            "integer",
            "bigint",
            "public.p.a can't become bigint: column public.r.a is inherited from another",
            "inherited",
        ),
    ],
    ids=["a partition's key", "the collation of a key", "several parents"],
)
def test_what_postgres_has_no_way_for(
    scratch: ScratchServer, ddl: str, old: str, new: str, what: str, said: str
) -> None:
    """Is said before anything is run; Postgres says it too."""
    name = scratch.create()
    retype = f"ALTER TABLE p ALTER COLUMN a TYPE {new if not new.startswith('COLLATE') else f'text {new}'}"
    try:
        with scratch.session(name) as session:
            before, after = (catalog_of(session, ddl.format(type_)) for type_ in (old, new))
            with pytest.raises(ImpossibleError) as caught:
                plan(before, after).require_way()
            assert str(caught.value).startswith(f"column {what}")
            with pytest.raises(StatementError, match=said):
                session.script(f"{ddl.format(old)}; {retype}")
    finally:
        scratch.drop(name)


def test_types_of_several_parents_are_not_swapped(scratch: ScratchServer) -> None:
    """A value that goes needs another type, which no column gets that is inherited from two tables."""
    name = scratch.create()
    ddl = f"CREATE TYPE e AS ENUM ({{}}); {SEVERAL.format('e')}"
    try:
        with scratch.session(name) as session:
            before, after = (catalog_of(session, ddl.format(labels)) for labels in ("'a', 'b'", "'b'"))
    finally:
        scratch.drop(name)
    with pytest.raises(ImpossibleError, match=r"column public\.r\.a is inherited from another table"):
        plan(before, after).require_way()


@pytest.mark.parametrize(
    ("old", "new"), [("integer", "bigint"), ("text", 'text COLLATE "C"')], ids=["its type", "its collation"]
)
def test_rows_of_a_partition_that_are_values(scratch: ScratchServer, old: str, new: str) -> None:
    """No column gets another type, or collation, while rows of a partition are stored elsewhere; Postgres says so."""
    name = scratch.create()
    ddl = f"{PARTITIONED} CREATE TABLE u (x q[])"
    try:
        with scratch.session(name) as session:
            before, after = (catalog_of(session, ddl.format(type_)) for type_ in (old, new))
            with pytest.raises(ImpossibleError, match=r"column public\.u\.x holds rows of table public\.q"):
                plan(before, after).require_way()
            with pytest.raises(StatementError, match="its row type"):
                session.script(f"{ddl.format(old)}; ALTER TABLE p ALTER COLUMN a TYPE {new}")
    finally:
        scratch.drop(name)
