"""What a statement was seen to do: every expectation is the measured one of PostgreSQL's documentation of locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import StatementError
from neon_migrate.postgres.observe import IndexBuilt, StatementObserver, StatementSeen
from neon_migrate.runner import locked
from tests.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target

BEFORE = """
CREATE TABLE r (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, a varchar(10), b int, c int CHECK (c IS NOT NULL));
CREATE INDEX t_a ON t (a);
INSERT INTO r SELECT generate_series(1, 100);
INSERT INTO t SELECT g, g::text, g, g FROM generate_series(1, 100) g;
"""

AX, SRE, S = "ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE"


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    bench = Workbench(tmp_path, database)
    bench.query(BEFORE)
    return bench


def observe(bench: Workbench, migration: str) -> tuple[StatementSeen, ...]:
    """What is seen of a migration's statements."""
    bench.write(_1_change=migration)
    watching: list[StatementObserver] = []

    def probe(connect: Callable[[], Session], pid: int) -> StatementObserver:
        watching.append(StatementObserver(connect, pid))
        return watching[0]

    with locked(bench.project, probe) as run:
        try:
            watching[0].begin()
            run.up(bench.migrations(), together=False)
        finally:
            watching[0].close()
    return watching[0].seen()


def tables(seen: StatementSeen) -> dict[str, str]:
    """The locks on tables, with their modes."""
    return {lock.relation.removeprefix("public."): lock.mode for lock in seen.locks if lock.kind == "r"}


@pytest.mark.parametrize(
    ("statement", "locks", "rewritten", "scanned"),
    [
        ("ALTER TABLE t ADD d int", {"t": AX}, (), ()),
        ("ALTER TABLE t ADD d int DEFAULT 1", {"t": AX}, (), ()),
        ("ALTER TABLE t ADD d float DEFAULT random()", {"t": AX}, ("public.t",), ("public.t",)),
        ("ALTER TABLE t ADD d int GENERATED ALWAYS AS IDENTITY", {"t": AX}, ("public.t",), ("public.t",)),
        ("ALTER TABLE t ALTER b TYPE bigint", {"t": AX}, ("public.t",), ("public.t",)),
        ("ALTER TABLE t ALTER a TYPE varchar(20)", {"t": AX}, (), ()),
        ("ALTER TABLE t ALTER a TYPE varchar(5)", {"t": AX}, ("public.t",), ("public.t",)),
        ("ALTER TABLE t ALTER b SET NOT NULL", {"t": AX}, (), ("public.t",)),
        ("ALTER TABLE t ALTER c SET NOT NULL", {"t": AX}, (), ()),
        ("ALTER TABLE t ADD CHECK (b > 0)", {"t": AX}, (), ("public.t",)),
        ("ALTER TABLE t ADD CHECK (b > 0) NOT VALID", {"t": AX}, (), ()),
        ("ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES r", {"r": SRE, "t": SRE}, (), ("public.r", "public.t")),
        ("ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES r NOT VALID", {"r": SRE, "t": SRE}, (), ()),
        ("ALTER TABLE t ADD UNIQUE (b)", {"t": AX}, (), ("public.t",)),
        ("CREATE INDEX t_b ON t (b)", {"t": S}, (), ("public.t",)),
        ("CREATE TABLE n (id int REFERENCES r)", {"r": SRE}, (), ()),
        ("CREATE TABLE n (id int)", {}, (), ()),
        ("DROP TABLE r", {"r": AX}, (), ()),
        (
            "DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER b TYPE big' || 'int'; END $$",
            {"t": AX},
            ("public.t",),
            ("public.t",),
        ),
        ("COMMENT ON TABLE t IS 'x'", {"t": "SHARE UPDATE EXCLUSIVE"}, (), ()),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", {"t": AX}, (), ()),
    ],
)
def test_what_a_statement_does_is_seen(
    bench: Workbench, statement: str, locks: dict[str, str], rewritten: tuple[str, ...], scanned: tuple[str, ...]
) -> None:
    """Locks on what was there before, new files, and tables read as a whole."""
    (seen,) = observe(bench, statement)
    assert tables(seen) == locks
    assert seen.rewritten == rewritten
    assert set(scanned) <= set(seen.scanned)
    assert bool(seen.scanned) == bool(scanned)
    assert seen.duration_ns > 0


def test_statements_are_known_by_place_command_and_rows(bench: Workbench) -> None:
    """Each by itself, also where several stand in one line."""
    text = "-- first\nUPDATE t SET b = 0 WHERE id <= 7; CREATE TABLE n ();\n\n  INSERT INTO r VALUES (101), (102);"
    seen = observe(bench, text)
    assert [(one.command, one.rows) for one in seen] == [("UPDATE", 7), ("CREATE TABLE", 0), ("INSERT", 2)]
    assert [text[one.offset :].split()[0] for one in seen] == ["UPDATE", "CREATE", "INSERT"]
    assert bench.versions() == [1]


def test_a_lock_is_told_where_it_is_taken(bench: Workbench) -> None:
    """Later statements of the transaction hold it too; what they take beyond it is theirs."""
    first, second, third = observe(
        bench, "CREATE INDEX t_b ON t (b); CREATE INDEX t_c ON t (c); ALTER TABLE t ADD d int;"
    )
    assert [tables(one) for one in (first, second, third)] == [{"t": S}, {}, {"t": AX}]
    assert first.transaction == third.transaction


def test_an_index_is_known_as_new_or_built_again(bench: Workbench) -> None:
    """ALTER TYPE gives an index a new OID: with its old file it was not built, with another it was."""
    widened, collated, new, rewritten = observe(
        bench,
        'ALTER TABLE t ALTER a TYPE varchar(20); ALTER TABLE t ALTER a TYPE varchar(20) COLLATE "C";'
        "ALTER TABLE t ADD CONSTRAINT one UNIQUE (b); ALTER TABLE t ALTER c TYPE bigint;",
    )
    assert widened.built == ()
    assert collated.built == (IndexBuilt("public.t_a", "public.t", again=True),)
    assert new.built == (IndexBuilt("public.one", "public.t", "u"),)
    assert [one.again for one in rewritten.built] == [True, True, True]


def test_truncate_is_no_rewrite(bench: Workbench) -> None:
    """It gives a new file, and an empty one."""
    (seen,) = observe(bench, "TRUNCATE r")
    assert (seen.truncated, seen.rewritten) == (("public.r",), ())


def test_what_is_new_in_the_migration_is_nobodys(bench: Workbench) -> None:
    """Locks on, scans of and indexes on a table that nobody else can see."""
    *_, last = observe(
        bench, "CREATE TABLE n AS SELECT * FROM t; CREATE INDEX ON n (b); ALTER TABLE n ALTER b TYPE text"
    )
    assert (last.locks, last.rewritten, last.scanned, last.built) == ((), (), (), ())


def test_a_no_transaction_file_is_seen_piece_by_piece(bench: Workbench) -> None:
    """Pieces in transactions of their own, and CONCURRENTLY forms from outside."""
    first, second, third = observe(
        bench, "-- no-transaction\nALTER TABLE t ADD d int;\nCREATE INDEX CONCURRENTLY t_d ON t (d);\nVACUUM FULL t;"
    )
    assert (tables(first), first.whole) == ({"t": AX}, True)
    assert (second.built, second.whole) == ((IndexBuilt("public.t_d", "public.t"),), False)
    assert (third.rewritten, third.whole) == (("public.t",), False)
    assert len({one.transaction for one in (first, second, third)}) == 3


def test_the_locks_of_a_statement_outside_a_transaction_are_seen_in_passing(bench: Workbench) -> None:
    """A build that somebody's old transaction holds up is looked at while it waits."""
    with bench.session() as other:
        other.script("BEGIN; UPDATE t SET b = b WHERE id = 1")
        stopper = _ends_when_waited_for(bench, other)
        next(stopper)
        seen = observe(bench, "-- no-transaction\nCREATE INDEX CONCURRENTLY t_b ON t (b);")
        next(stopper, None)
    assert tables(seen[0]) == {"t": "SHARE UPDATE EXCLUSIVE"}


def _ends_when_waited_for(bench: Workbench, other: Session) -> Iterator[None]:
    import threading
    import time

    def wait() -> None:
        with bench.session() as watching:
            while not watching.query("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'virtualxid'"):
                time.sleep(0.01)
            time.sleep(0.1)
        other.script("COMMIT")

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


def test_a_file_with_a_transaction_of_its_own_is_seen_statement_by_statement(bench: Workbench) -> None:
    """Each at its place, with its locks and what it built: its BEGIN and COMMIT change nothing of that."""
    text = "BEGIN;\nALTER TABLE t ADD d int;\nSAVEPOINT s;\nCREATE INDEX t_d ON t (d);\nCOMMIT;\n"
    first, second = observe(bench, text)
    assert [text[each.offset :].partition(";")[0] for each in (first, second)] == [
        "ALTER TABLE t ADD d int",
        "CREATE INDEX t_d ON t (d)",
    ]
    assert (tables(first), first.whole, first.transaction) == ({"t": AX}, True, second.transaction)
    assert (second.built, second.whole) == ((IndexBuilt("public.t_d", "public.t"),), True)


def test_a_transaction_in_a_no_transaction_file_is_seen_statement_by_statement(bench: Workbench) -> None:
    """Between what runs outside of any, at its place in the file, and recorded as one piece."""
    inside = "BEGIN;\nALTER TABLE t ADD d int;\nCREATE INDEX t_d ON t (d);\nCOMMIT;\n"
    text = f"-- no-transaction\nSELECT 1;\n{inside}SELECT 2;\n"
    _, first, second, _ = observe(bench, text)
    assert text[first.offset :].startswith("ALTER TABLE t ADD d int;")
    assert text[second.offset :].startswith("CREATE INDEX t_d ON t (d);")
    assert (tables(first), first.whole, first.transaction) == ({"t": AX}, True, second.transaction)
    assert (second.built, second.whole) == ((IndexBuilt("public.t_d", "public.t"),), True)
    assert bench.versions() == [1]


def test_an_error_in_such_a_transaction_has_its_place(bench: Workbench) -> None:
    """And the transaction leaves nothing."""
    with pytest.raises(StatementError) as caught:
        observe(bench, "-- no-transaction\nBEGIN;\nALTER TABLE t ADD d int;\n  SELECT nope FROM t;\nCOMMIT;")
    assert str(caught.value.where) == "migrations/1_change.sql:4:10"
    assert bench.query("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'd'") == [(0,)]


def test_transactions_of_a_file_are_told_apart(bench: Workbench) -> None:
    """A lock lasts until the COMMIT in the middle; what is rolled back did not happen."""
    first, second = observe(
        bench,
        "ALTER TABLE t ADD d int; COMMIT AND CHAIN; CREATE TABLE n (); ROLLBACK; BEGIN;"
        "ALTER TABLE t ALTER b TYPE bigint; COMMIT;",
    )
    assert (tables(first), tables(second)) == ({"t": AX}, {"t": AX})
    assert first.transaction != second.transaction
    assert (second.rewritten, second.whole) == (("public.t",), True)
    assert bench.versions() == [1]


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE t ADD d int; COMMIT; ALTER TABLE t ALTER b TYPE bigint;",
        "COMMIT; ALTER TABLE t ALTER b TYPE bigint; BEGIN; SELECT 1; COMMIT;",
    ],
)
def test_what_stands_after_a_commit_is_seen_as_one(bench: Workbench, text: str) -> None:
    """Sent by itself it would be committed by itself; what it left behind is seen."""
    (seen,) = observe(bench, text)
    assert (seen.rewritten, seen.whole, seen.command) == (("public.t",), False, "")


def test_what_apply_could_not_run_after_a_commit_is_not_run_here_either(bench: Workbench) -> None:
    """CREATE INDEX CONCURRENTLY by itself could."""
    with pytest.raises(StatementError, match="CREATE INDEX CONCURRENTLY cannot"):
        observe(bench, "COMMIT; CREATE INDEX CONCURRENTLY ON t (b); SELECT 1;")


def test_an_error_has_its_place_and_leaves_nothing(bench: Workbench) -> None:
    """As in a run that nobody looks at."""
    with pytest.raises(StatementError) as caught:
        observe(bench, "ALTER TABLE t ADD d int;\nCREATE TABLE n ();\n  SELECT nope FROM t;")
    assert str(caught.value.where) == "migrations/1_change.sql:3:10"
    assert caught.value.statement == "SELECT nope FROM t"
    assert bench.versions() == []
    assert bench.query("SELECT to_regclass('n')::text") == [(None,)]


def test_an_error_at_commit_is_one_of_the_file(bench: Workbench) -> None:
    """A deferred constraint fails after the last statement."""
    bench.query("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES r DEFERRABLE INITIALLY DEFERRED")
    with pytest.raises(StatementError) as caught:
        observe(bench, "INSERT INTO t VALUES (1000, '', 1000, 1)")
    assert str(caught.value.where) == "migrations/1_change.sql"
    assert "when the transaction was committed" in caught.value.why
