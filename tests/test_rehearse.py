"""A rehearsal itself: the same runner as apply, on another database, with everything looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.apply import apply
from neon_migrate.errors import StatementError
from neon_migrate.events import MigrationApplied, MigrationReverted, MigrationStarted
from neon_migrate.ledger import folder
from neon_migrate.rehearse import Rehearsal, Setting, rehearse
from neon_migrate.standin import read_live, repeat_progress, stand_in
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.target import Target

BASE = """CREATE TABLE users (id int PRIMARY KEY, email text);
INSERT INTO users SELECT g, 'a' || g FROM generate_series(1, 50) g;"""


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    """A project whose first migration is applied; its database is production."""
    bench = Workbench(tmp_path, database)
    bench.write(_1_base=BASE)
    apply(bench.project)
    bench.events.clear()
    return bench


def run(bench: Workbench, scratch: ScratchServer, *, again: bool = False) -> tuple[Rehearsal, Workbench]:
    """Rehearse what is pending; gives what was seen, and the copy as it is afterwards."""
    found = folder.read(bench.settings)
    live = read_live(bench.project)
    history = live.history(found)
    made = stand_in(scratch, live, history.applied, bench.settings)
    repeat_progress(scratch, made.database, live, history.pending, bench.settings.table_name)
    copy = scratch.create(template=made.database)
    setting = Setting(scratch.target(copy), False, live, history.applied, scratch, made, again=again, show_values=True)
    return rehearse(bench.project, history.pending, setting), Workbench(bench.root, scratch.target(copy))


def test_the_copy_goes_forward_and_back(bench: Workbench, scratch: ScratchServer) -> None:
    """It ends where it began; who watches hears of no migration that was applied, since none was to production."""
    bench.write(_2_more__up="CREATE INDEX i ON users (email);", _2_more__down="DROP INDEX i;", _3_plain="SELECT 1;")
    shown, copy = run(bench, scratch)
    assert [way.grade for way in shown.way_back] == ["exact", "exact"]
    assert copy.versions() == [1]
    assert copy.query("SELECT to_regclass('i')::text") == [(None,)]
    assert bench.told(MigrationApplied) == bench.told(MigrationReverted) == []
    assert {event.version for event in bench.told(MigrationStarted)} == {2, 3}


def test_the_copy_can_be_left_with_the_migrations(bench: Workbench, scratch: ScratchServer) -> None:
    """Also where the way back of one of them fails half-way."""
    bench.write(
        _2_more__up="ALTER TABLE users ADD a int;",
        _2_more__down="SELECT nope;",
        _3_other="ALTER TABLE users ADD b int;",
    )
    shown, copy = run(bench, scratch, again=True)
    assert [way.grade for way in shown.way_back] == ["impossible", "lossy"]
    assert copy.versions() == [1, 2, 3]
    assert copy.query("SELECT count(a), count(b) FROM users") == [(0, 0)]
    assert shown.warnings == ()


def test_a_no_transaction_migration_goes_on_where_production_stands(bench: Workbench, scratch: ScratchServer) -> None:
    """What is committed in production is not run again; the statements still to come are timed at their places."""
    bench.write(_2_steps="-- no-transaction\nALTER TABLE users ADD a int;\nSELECT 1/0;\n")
    with pytest.raises(StatementError):
        apply(bench.project)
    bench.write(_2_steps="-- no-transaction\nALTER TABLE users ADD a int;\nCREATE INDEX CONCURRENTLY i ON users (a);\n")
    shown, _ = run(bench, scratch)
    assert shown.failure is None
    assert [(one.line, one.column) for one in shown.timings[0].statements] == [(3, 1)]
    assert shown.faults == ()


def test_a_migration_whose_outcome_depends_on_the_data_is_a_fault(bench: Workbench, scratch: ScratchServer) -> None:
    """Afterwards the database is not what its migrations make on an empty one."""
    bench.query("CREATE TABLE by_hand ()")
    bench.write(
        _2_maybe="DO $$ BEGIN IF to_regclass('by_hand') IS NOT NULL THEN CREATE TABLE only_here (); END IF; END $$;"
    )
    shown, _ = run(bench, scratch)
    assert shown.faults == ("table public.only_here is unexpected",)


def test_a_computed_way_back_is_run_too(bench: Workbench, scratch: ScratchServer) -> None:
    """Its SQL is part of what is shown."""
    bench.write(_2_more="ALTER TABLE users ALTER email SET NOT NULL;")
    shown, copy = run(bench, scratch)
    (way,) = shown.way_back
    assert (way.grade, way.sql) == ("exact", "ALTER TABLE public.users ALTER COLUMN email DROP NOT NULL;\n")
    assert copy.versions() == [1]


def test_an_expression_that_is_only_written_otherwise_is_no_difference(
    bench: Workbench, scratch: ScratchServer
) -> None:
    """Postgres deparses its own text otherwise than it read it first."""
    bench.query("ALTER TABLE users ADD state varchar(9) CONSTRAINT known CHECK (state IN ('new', 'old'))")
    bench.write(_2_more="ALTER TABLE users DROP CONSTRAINT known;")
    shown, _ = run(bench, scratch)
    (way,) = shown.way_back
    assert "ADD CONSTRAINT known CHECK" in way.sql
    assert (way.grade, way.what) == ("exact", ("There is no down file; computed.",))


def test_what_a_newer_way_back_leaves_is_not_held_against_an_older(bench: Workbench, scratch: ScratchServer) -> None:
    """Each is graded by what it does itself."""
    bench.write(
        _2_index__up="CREATE INDEX i ON users (email);",
        _2_index__down="DROP INDEX i;",
        _3_more__up="ALTER TABLE users ADD a int;",
        _3_more__down="SELECT 1;",
    )
    shown, _ = run(bench, scratch)
    assert [way.grade for way in shown.way_back] == ["exact", "impossible"]


def test_what_a_migration_sets_holds_for_the_next_as_with_apply(bench: Workbench, scratch: ScratchServer) -> None:
    """One run is one session: a search_path that is left empty makes the next one fail, and UTC stays UTC."""
    bench.write(
        _2_zone="DO $$ BEGIN ASSERT current_setting('TimeZone') = 'UTC'; END $$;",
        _3_path="SELECT set_config('search_path', '', false);",
        _4_zone="DO $$ BEGIN ASSERT current_setting('TimeZone') = 'UTC'; END $$;",
        _5_lost="ALTER TABLE users ADD a int;",
    )
    shown, _ = run(bench, scratch)
    assert shown.failure is not None
    assert (shown.failure.version, shown.failure.sqlstate) == (5, "42P01")
    with pytest.raises(StatementError) as caught:
        apply(bench.project)
    assert (str(caught.value.where), caught.value.sqlstate) == ("migrations/5_lost.sql:1:1", "42P01")


def test_a_failure_at_the_first_leaves_nothing_to_take_back(bench: Workbench, scratch: ScratchServer) -> None:
    """And nothing that changed."""
    bench.write(_2_bad="ALTER TABLE users ADD a int; SELECT nope;")
    shown, copy = run(bench, scratch)
    assert shown.failure is not None
    assert (shown.differences, shown.way_back, shown.diagram) == ((), (), "")
    assert [one.command for one in shown.timings[0].statements] == ["ALTER TABLE"]
    assert copy.versions() == [1]


def test_what_was_touched_is_known_by_its_tables(bench: Workbench, scratch: ScratchServer) -> None:
    """Those that change, and those that are only locked."""
    bench.query("CREATE TABLE r (id int PRIMARY KEY)")
    bench.write(_2_more="CREATE TABLE n (id int REFERENCES r);")
    shown, _ = run(bench, scratch)
    assert shown.touched == {"public.n", "public.r"}
