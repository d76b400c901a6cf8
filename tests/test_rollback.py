"""rollback, on real Postgres, with sqlx's own CLI as its peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.apply import apply
from neon_migrate.errors import HistoryError, RefusedError, StatementError
from neon_migrate.events import MigrationReverted
from neon_migrate.rollback import RollbackPlan, rollback
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.target import Target


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    bench = Workbench(tmp_path, database)
    bench.write(_1_a__up="CREATE TABLE a (i int);", _1_a__down="DROP TABLE a;")
    bench.write(_2_b__up="CREATE INDEX a_i ON a (i);", _2_b__down="DROP INDEX a_i;")
    bench.write(_3_c__up="ALTER TABLE a ADD COLUMN j int;", _3_c__down="ALTER TABLE a DROP COLUMN j;")
    apply(bench.project)
    return bench


def agreed(plan: RollbackPlan) -> bool:
    return True


def test_downs_run_newest_first_each_with_its_row(bench: Workbench) -> None:
    """VERSION and all that were applied after it go; sqlx sees them as pending and can run them again."""
    report = rollback(bench.project, 2, confirm=agreed, allow_data_loss=True)
    assert [one.version for one in report.reverted] == [3, 2]
    assert [event.version for event in bench.told(MigrationReverted)] == [3, 2]
    assert report.drift == ()
    assert bench.versions() == [1]
    assert bench.sqlx("info").count("pending") == 2
    bench.sqlx("run")
    assert bench.versions() == [1, 2, 3]


def test_the_plan_tells_what_goes_and_how_many_rows(bench: Workbench) -> None:
    """Counted in the live database: rows of tables, values of columns."""
    bench.query("INSERT INTO a VALUES (1, 1), (2, NULL), (3, 3)")
    plans: list[RollbackPlan] = []
    report = rollback(bench.project, 1, confirm=lambda plan: bool(plans.append(plan)), allow_data_loss=True)
    assert not report.confirmed
    assert report.reverted == ()
    (plan,) = plans
    assert [(step.version, step.way) for step in plan.steps] == [(3, "down file"), (2, "down file"), (1, "down file")]
    assert [(loss.what, loss.rows) for loss in plan.losses] == [
        ("column public.a.j with its values", 2),
        ("table public.a with all its rows", 3),
    ]
    assert bench.versions() == [1, 2, 3]


def test_data_loss_needs_its_own_word(bench: Workbench) -> None:
    """A confirmation alone does not cover it, and nothing is asked before."""
    with pytest.raises(RefusedError) as caught:
        rollback(bench.project, 3, confirm=lambda plan: pytest.fail("asked"))
    assert "public.a.j" in caught.value.why
    assert "--allow-data-loss" in caught.value.remedy
    assert bench.versions() == [1, 2, 3]


def test_a_migration_without_a_down_is_computed_and_needs_its_own_word(bench: Workbench) -> None:
    """The statements are shown in the refusal; with the option they give the schema before."""
    bench.write(_4_d="CREATE INDEX a_j ON a (j); ALTER TABLE a ALTER COLUMN i SET NOT NULL;")
    apply(bench.project)
    with pytest.raises(RefusedError) as caught:
        rollback(bench.project, 4, confirm=agreed)
    assert "DROP INDEX public.a_j;" in caught.value.why
    report = rollback(bench.project, 4, confirm=agreed, computed_downs=True)
    assert [step.way for step in report.plan.steps] == ["computed"]
    assert report.drift == ()
    assert bench.versions() == [1, 2, 3]


def test_tracking_only_deletes_rows_and_says_what_is_left_to_do(bench: Workbench) -> None:
    """The schema stays, so the database differs from its ledger until that is done."""
    report = rollback(bench.project, 2, confirm=agreed, tracking_only=True)
    assert [step.way for step in report.plan.steps] == ["ledger only"] * 2
    assert "DROP INDEX public.a_i;" in report.plan.by_hand
    assert bench.versions() == [1]
    assert {one.name for one in report.drift} >= {"public.a_i"}


def test_a_down_that_fails_on_the_scratch_never_reaches_the_database(bench: Workbench) -> None:
    """Its place is named."""
    bench.write(_3_c__down="SELECT 1;\nALTER TABLE a DROP COLUMN nope;")
    with pytest.raises(StatementError) as caught:
        rollback(bench.project, 2, confirm=agreed, allow_data_loss=True)
    assert str(caught.value.where) == "migrations/3_c.down.sql:2:1"
    assert "not touched" in caught.value.remedy
    assert bench.versions() == [1, 2, 3]


def test_what_does_not_run_on_a_scratch_leaves_the_ledger_to_be_set_right(bench: Workbench) -> None:
    """It was applied because of something by hand: no way back can be tried, and the message names the way that is."""
    bench.query("CREATE TABLE by_hand ()")
    bench.write(_4_d__up="ALTER TABLE by_hand ADD COLUMN i int;", _4_d__down="ALTER TABLE by_hand DROP COLUMN i;")
    apply(bench.project)
    with pytest.raises(StatementError, match="by_hand") as caught:
        rollback(bench.project, 4, confirm=agreed, allow_data_loss=True)
    assert "--tracking-only" in caught.value.remedy
    rollback(bench.project, 4, confirm=agreed, tracking_only=True)
    assert bench.versions() == [1, 2, 3]


def test_a_down_that_fails_on_live_data_keeps_what_was_reverted_before(bench: Workbench) -> None:
    """One transaction a migration: those before it are gone with their rows, it and the rest are there."""
    bench.write(_2_b__down="ALTER TABLE a ADD CONSTRAINT small CHECK (i < 10);\nDROP INDEX a_i;")
    bench.query("INSERT INTO a VALUES (100)")
    with pytest.raises(StatementError) as caught:
        rollback(bench.project, 2, confirm=agreed, allow_data_loss=True)
    assert "Reverted in this run: 3." in caught.value.remedy
    assert "Not reverted: 2." in caught.value.remedy
    assert bench.versions() == [1, 2]
    assert bench.query("SELECT to_regclass('a_i')::text") == [("a_i",)]


def test_a_down_that_does_not_restore_the_schema_is_a_warning(bench: Workbench) -> None:
    """The plan says so before anything is done."""
    bench.write(_3_c__down="SELECT 1;")
    plans: list[RollbackPlan] = []
    rollback(bench.project, 3, confirm=lambda plan: bool(plans.append(plan)))
    assert ["does not restore" in text for text in plans[0].warnings] == [True]


def test_a_down_outside_a_transaction(bench: Workbench) -> None:
    """Its statements go one by one, and the row after them."""
    bench.write(_2_b__down="-- no-transaction\nDROP INDEX CONCURRENTLY a_i;")
    rollback(bench.project, 2, confirm=agreed, allow_data_loss=True)
    assert bench.versions() == [1]
    assert bench.query("SELECT to_regclass('a_i')::text, to_regclass('_neon_migrate_progress')::text") == [(None, None)]


def test_a_version_that_is_not_applied_is_refused(bench: Workbench) -> None:
    """What is applied is named."""
    with pytest.raises(HistoryError, match="9 is not applied") as caught:
        rollback(bench.project, 9, confirm=agreed)
    assert "1, 2, 3" in caught.value.why


def test_a_ledger_that_moved_while_the_plan_was_read_stops_it(bench: Workbench) -> None:
    """What was confirmed is what is done, or nothing is."""

    def meanwhile(plan: RollbackPlan) -> bool:
        bench.sqlx("revert")
        return True

    with pytest.raises(HistoryError, match="changed while"):
        rollback(bench.project, 2, confirm=meanwhile, allow_data_loss=True)
    assert bench.versions() == [1, 2]


def test_a_column_that_only_gets_its_name_back_is_no_loss(bench: Workbench) -> None:
    """Renames are known by the addresses of the objects in one database."""
    bench.write(_4_d__up="ALTER TABLE a RENAME COLUMN j TO k;", _4_d__down="ALTER TABLE a RENAME COLUMN k TO j;")
    apply(bench.project)
    report = rollback(bench.project, 4, confirm=agreed)
    assert report.plan.losses == ()
    assert bench.versions() == [1, 2, 3]


def test_what_is_computed_is_not_run_on_a_database_that_drifted(bench: Workbench) -> None:
    """It starts from what the migrations make; the differences are named, and a down file is the way around."""
    bench.write(_4_d="CREATE TABLE d (i int);")
    apply(bench.project)
    bench.query("CREATE TABLE by_hand ()")
    with pytest.raises(RefusedError, match="way back of 4 would be computed") as caught:
        rollback(bench.project, 4, confirm=agreed, computed_downs=True, allow_data_loss=True)
    assert caught.value.why == "table public.by_hand is unexpected"
    assert bench.versions() == [1, 2, 3, 4]
    (bench.settings.migrations / "4_d.sql").rename(bench.settings.migrations / "4_d.up.sql")
    bench.write(_4_d__down="DROP TABLE d;")
    rollback(bench.project, 4, confirm=agreed, allow_data_loss=True)
    assert bench.versions() == [1, 2, 3]


def test_what_is_computed_is_not_run_on_a_database_that_was_changed_meanwhile(bench: Workbench) -> None:
    """Between the confirmation and the lock: nothing is done. The plan says which Catalog it starts from."""
    bench.write(_4_d="CREATE INDEX a_j ON a (j);")
    apply(bench.project)
    plans: list[RollbackPlan] = []

    def meanwhile(plan: RollbackPlan) -> bool:
        plans.append(plan)
        bench.query("CREATE TABLE by_hand ()")
        return True

    with pytest.raises(RefusedError, match="not the one that this plan starts from"):
        rollback(bench.project, 3, confirm=meanwhile, computed_downs=True, allow_data_loss=True)
    assert bench.versions() == [1, 2, 3, 4]
    assert len(plans[0].fingerprint) == 64


def test_an_expression_that_is_written_down_in_another_way_is_restored(bench: Workbench) -> None:
    """Postgres deparses `IN` on a varchar otherwise once it has read its own text again: here that is no doubt, and the
    next way back does not make it again. Nor is it drift in a database that came from a dump.
    """
    bench.write(_4_d="CREATE TABLE d (s varchar(9), CONSTRAINT c CHECK (s IN ('x', 'y')));")
    bench.write(_5_e="ALTER TABLE d ADD n int;", _6_f="ALTER TABLE d DROP CONSTRAINT c;")
    apply(bench.project)
    report = rollback(bench.project, 5, confirm=agreed, computed_downs=True, allow_data_loss=True)
    assert not any("does not restore" in warning for warning in report.plan.warnings)
    assert [len(step.statements) for step in report.plan.steps] == [1, 1]
    assert report.drift == ()
    assert rollback(bench.project, 4, confirm=agreed, computed_downs=True, allow_data_loss=True).drift == ()


def test_a_computed_way_back_that_takes_long_says_so(bench: Workbench) -> None:
    """It is one transaction: the index that comes back is built under a lock; `undo` is named. What goes is quick."""
    bench.write(_4_d="DROP INDEX a_i;", _5_e="CREATE INDEX a_j ON a (j);")
    apply(bench.project)
    report = rollback(bench.project, 4, confirm=agreed, computed_downs=True)
    (warning,) = report.plan.warnings
    assert "way back of 4 is one transaction" in warning
    assert "neon-migrate undo 4" in warning


def test_what_was_begun_and_not_finished_is_told_as_the_reason(bench: Workbench) -> None:
    """A no-transaction migration that stopped half-way: `compare` expects what it did, so it is no way out there."""
    bench.write(_4_d="CREATE TABLE d (i int);", _5_e="-- no-transaction\nALTER TABLE d ADD j int;\nSELECT 1/0;")
    with pytest.raises(StatementError, match="division by zero"):
        apply(bench.project)
    with pytest.raises(RefusedError) as caught:
        rollback(bench.project, 4, confirm=agreed, computed_downs=True, allow_data_loss=True)
    assert caught.value.why.startswith("migrations/5_e.sql was begun and is not finished: 1 of its 2 statements")
    assert caught.value.remedy.startswith("Finish what was begun (neon-migrate apply)")
