"""`restore`: what is said before production goes back, that it needs a yes, and where it leads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.apply import apply
from neon_migrate.errors import ExitCode, UsageError
from neon_migrate.neon.errors import NeonNotFoundError, NotRestorableError
from neon_migrate.neon.model import RestorePoint
from neon_migrate.postgres import writes
from neon_migrate.postgres.target import Target
from neon_migrate.render.plain import text
from neon_migrate.render.restore import plan_page, restore_page
from neon_migrate.restore import RestorePlan, planned_point, restore, restore_point
from neon_migrate.sql import identifier
from workbench import Workbench

if TYPE_CHECKING:
    from neon.fake_api import FakeNeon


@pytest.fixture
def bench(tmp_path: Path, neon_api: FakeNeon) -> Workbench:
    """A project whose database is production's on the fake Neon."""
    neon_api.polls = 0
    found = Workbench(tmp_path, neon_api.target)
    found.write(
        _1_pets="CREATE TABLE pets (id int PRIMARY KEY, name text);"
        "INSERT INTO pets SELECT g FROM generate_series(1, 10) g;"
    )
    apply(found.project)
    return found


def _written(bench: Workbench, neon_api: FakeNeon) -> str:
    """Remember production, then write to it: insert 3, update 2, delete 4, and make a table; gives the LSN before."""
    with bench.session() as session:
        session.script("CREATE TABLE still (id int); INSERT INTO still VALUES (1)")
    lsn = neon_api.checkpoint()
    with bench.session() as session:
        session.script("INSERT INTO pets SELECT g FROM generate_series(11, 13) g")
        session.script("UPDATE pets SET name = 'Rex' WHERE id IN (1, 2)")
        session.script("DELETE FROM pets WHERE id > 2 AND id < 7")
        session.script("CREATE TABLE later (id int); INSERT INTO later VALUES (1), (2)")
    return lsn


def test_what_was_written_is_counted_by_table_before_the_question(bench: Workbench, neon_api: FakeNeon) -> None:
    """Ten rows then and nine now, five of them new versions; what did not change is only counted; nothing is done."""
    lsn = _written(bench, neon_api)
    shown: list[RestorePlan] = []
    report = restore(
        bench.project,
        RestorePoint(lsn),
        environment=neon_api.environment,
        confirm=lambda plan: bool(shown.append(plan)),
    )
    assert not report.confirmed
    (plan,) = shown
    assert (plan.branch, plan.point) == ("main", f"LSN {lsn}")
    (database,) = plan.writes
    assert {(one.name, one.then, one.now, one.written) for one in database.tables} == {
        ("public.pets", 10, 9, 5),
        ("public.later", None, 2, 2),
    }
    assert database.unchanged == 2
    assert [branch.name for branch in neon_api.branches.values()] == ["main"]
    assert bench.query("SELECT count(*) FROM pets") == [(9,)]


def test_every_database_of_the_branch_is_named_and_counted(bench: Workbench, neon_api: FakeNeon) -> None:
    """A restore takes all of them back, not only the one in the URL."""
    neon_api.add_database("analytics")
    lsn = _written(bench, neon_api)
    with neon_api.scratch.session(neon_api.production.databases["analytics"]) as session:
        session.script("CREATE TABLE clicks (id int); INSERT INTO clicks VALUES (1)")
    report = restore(bench.project, RestorePoint(lsn), environment=neon_api.environment, confirm=lambda plan: False)
    found = {one.database: [table.name for table in one.tables] for one in report.plan.writes}
    assert found == {neon_api.database: ["public.later", "public.pets"], "analytics": ["public.clicks"]}


def test_confirmed_it_goes_back_and_the_state_of_now_is_kept(bench: Workbench, neon_api: FakeNeon) -> None:
    """The migration applied since is pending again; the kept branch has what was written."""
    lsn = _written(bench, neon_api)
    bench.write(_2_toys="CREATE TABLE toys ();")
    apply(bench.project)
    report = restore(
        bench.project,
        RestorePoint(lsn),
        environment=neon_api.environment,
        confirm=lambda plan: True,
        preserve_under_name="kept",
    )
    assert report.status is not None
    assert [entry.version for entry in report.status.pending] == [2]
    assert bench.query("SELECT count(*), count(name) FROM pets") == [(10, 0)]
    kept = neon_api.named("kept")
    assert kept is not None
    with neon_api.scratch.session(kept.databases[neon_api.database]) as session:
        assert session.query("SELECT count(*) FROM toys") == [(0,)]


@pytest.mark.parametrize("by", ["lsn", "time"])
def test_a_database_that_lets_nobody_in_is_restored(bench: Workbench, neon_api: FakeNeon, by: str) -> None:
    """That is when a restore is needed: the branch is known by its endpoint, what can't be looked at is said."""
    lsn = _written(bench, neon_api)
    point = RestorePoint(lsn) if by == "lsn" else RestorePoint(timestamp=datetime.now(UTC))
    with neon_api.scratch.session("postgres") as session:
        session.query(f"ALTER DATABASE {identifier(neon_api.database)} ALLOW_CONNECTIONS false")
    shown: list[RestorePlan] = []

    def confirm(plan: RestorePlan) -> bool:
        shown.append(plan)
        return True

    report = restore(bench.project, point, environment=neon_api.environment, confirm=confirm)
    (plan,) = shown
    assert plan.branch == "main"
    assert [(one.database, one.tables) for one in plan.writes] == [(neon_api.database, ())]
    assert "not currently accepting connections" in plan.writes[0].uncounted
    assert ("not counted: " in text(plan_page(plan))) and "nothing was written" not in text(plan_page(plan))
    assert any("can't be asked, so Neon alone tells" in warning for warning in plan.warnings) is (by == "lsn")
    assert report.confirmed and report.status is not None
    assert bench.query("SELECT count(*) FROM pets") == [(10,)]


def test_a_dropped_database_is_named_among_those_that_come_back(bench: Workbench, neon_api: FakeNeon) -> None:
    """Neon lists it no more, and it is the one that matters; the others are counted."""
    neon_api.add_database("analytics")
    lsn = _written(bench, neon_api)
    database = neon_api.database
    with neon_api.scratch.session("postgres") as session:
        session.query(f"DROP DATABASE {identifier(neon_api.production.databases.pop(database))}")
    report = restore(bench.project, RestorePoint(lsn), environment=neon_api.environment, confirm=lambda plan: False)
    found = {one.database: one.uncounted for one in report.plan.writes}
    assert found.keys() == {database, "analytics"}
    assert "does not exist" in found[database] and not found["analytics"]


def test_a_restore_of_another_project_is_refused_without_a_connection(bench: Workbench, neon_api: FakeNeon) -> None:
    """Which branch is production is asserted all the same: by the endpoint in the URL."""
    elsewhere = Target("postgresql://me@ep-other.us-east-2.aws.neon.tech/db")
    with pytest.raises(NeonNotFoundError, match="has no endpoint"):
        restore(
            replace(bench.project, target=elsewhere),
            RestorePoint("0/1"),
            environment=neon_api.environment,
            confirm=lambda plan: True,
        )


def test_an_lsn_with_its_time_is_held_against_the_window(bench: Workbench, neon_api: FakeNeon) -> None:
    """Neon alone knows of an LSN when it was; the time that was recorded with it can be checked here."""
    long_ago = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    asked: dict[str, Any] = {"environment": neon_api.environment, "confirm": lambda plan: False}
    with pytest.raises(NotRestorableError, match="does not reach back to LSN 0/1, recorded at"):
        restore(bench.project, restore_point(lsn="0/1", time=long_ago), **asked)
    lsn = _written(bench, neon_api)
    timed = restore(bench.project, restore_point(lsn=lsn, time=datetime.now(UTC).isoformat()), **asked)
    assert timed.plan.warnings == ()
    alone = restore(bench.project, restore_point(lsn=lsn), **asked)
    assert "--time beside --lsn" in alone.plan.warnings[0]


def test_a_restore_is_done_though_the_database_can_not_be_looked_at(bench: Workbench, neon_api: FakeNeon) -> None:
    """Neon has cut the connections, and none can be had yet: the report is of a restore, with a warning."""
    lsn = _written(bench, neon_api)
    neon_api.restored = Path(neon_api.host(neon_api.production)).unlink
    report = restore(bench.project, RestorePoint(lsn), environment=neon_api.environment, confirm=lambda plan: True)
    assert (report.confirmed, report.status) == (True, None)
    assert "could not be looked at" in report.warnings[0]
    shown = text(restore_page(report))
    assert "main is back at" in shown and "do not run it again" in shown and "not confirmed" not in shown


def test_a_restore_is_done_though_looking_at_it_is_a_fault_of_ours(
    bench: Workbench, neon_api: FakeNeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong after production went back, the report is of a restore; what was raised is not quoted."""

    def fail(project: object) -> None:
        raise KeyError("ann@example.com")

    lsn = _written(bench, neon_api)
    monkeypatch.setattr("neon_migrate.restore.status", fail)
    report = restore(bench.project, RestorePoint(lsn), environment=neon_api.environment, confirm=lambda plan: True)
    assert (report.confirmed, report.status) == (True, None)
    assert "KeyError" in report.warnings[0] and "ann@example.com" not in report.warnings[0]


def test_the_same_restore_again_is_refused(bench: Workbench, neon_api: FakeNeon) -> None:
    """Its default name says where it went back to: who did not hear that it was done loses nothing by asking twice."""
    lsn = _written(bench, neon_api)
    asked: dict[str, Any] = {"environment": neon_api.environment, "confirm": lambda plan: True}
    assert restore(bench.project, RestorePoint(lsn), **asked).confirmed
    with bench.session() as session:
        session.script("INSERT INTO pets VALUES (99)")
    with pytest.raises(NotRestorableError, match=f"before-restore-to-{lsn.lower().replace('/', '-')} already"):
        restore(bench.project, RestorePoint(lsn), **asked)
    assert bench.query("SELECT count(*) FROM pets") == [(11,)]


def test_what_can_not_be_counted_says_why(bench: Workbench, neon_api: FakeNeon) -> None:
    """Without a branch to count on, the restore can still be decided about."""
    lsn = _written(bench, neon_api)
    neon_api.limit = 1
    report = restore(bench.project, RestorePoint(lsn), environment=neon_api.environment, confirm=lambda plan: False)
    (database,) = report.plan.writes
    assert "as many branches as its plan allows" in database.uncounted


def test_what_takes_too_long_is_not_counted_short(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is locked is given up after a time, and all of them after a longer one: reasons, not zeros."""
    monkeypatch.setattr(writes, "TIMEOUT_S", 1)
    with bench.session() as first, bench.session() as second, bench.session() as blocking:
        blocking.script("BEGIN; LOCK TABLE pets")
        found = {table.name: table for table in writes.writes_since(first, second)}
        assert "timeout" in found["public.pets"].uncounted and found["public.pets"].changed
        assert not found["public._sqlx_migrations"].changed
        monkeypatch.setattr(writes, "BUDGET_S", 0)
        assert all("was ended after 0 seconds" in table.uncounted for table in writes.writes_since(first, second))


def test_rows_that_policies_hide_are_not_left_out(bench: Workbench) -> None:
    """Somebody who may not see all rows gets a reason, not a count of some."""
    with bench.session() as session:
        session.script("ALTER TABLE pets ENABLE ROW LEVEL SECURITY; GRANT SELECT ON pets TO pg_monitor")
    with bench.session() as first, bench.session() as second:
        for session in (first, second):
            session.script("SET ROLE pg_monitor")
        found = {table.name: table for table in writes.writes_since(first, second)}
    assert "row-level security" in found["public.pets"].uncounted


@pytest.mark.parametrize(
    ("how", "said"), [("restricted", "does not let the branch main be restored"), ("window", "does not reach back to")]
)
def test_what_neon_would_refuse_is_refused_before_anything_is_asked_or_made(
    bench: Workbench, neon_api: FakeNeon, how: str, said: str
) -> None:
    """A restriction of the branch, and a point before its history: nobody confirms what can't be done."""
    lsn = neon_api.checkpoint()
    if how == "restricted":
        neon_api.production.restricted = [{"name": "restore", "reason": "it is being moved"}]
    neon_api.retention_s = 3600
    neon_api.production.created_at -= timedelta(days=3)
    point = RestorePoint(lsn, datetime.now(UTC) - timedelta(minutes=30 if how == "restricted" else 90))

    def confirm(plan: RestorePlan) -> bool:
        pytest.fail("nobody is asked")

    with pytest.raises(NotRestorableError, match=said) as raised:
        restore(bench.project, point, environment=neon_api.environment, confirm=confirm)
    assert raised.value.exit_code is ExitCode.REFUSED
    assert not any(request.startswith("POST") for request in neon_api.requests)


@pytest.mark.parametrize("lsn", ["FFFFFFFF/0"])
def test_a_point_in_the_future_is_refused(bench: Workbench, neon_api: FakeNeon, lsn: str) -> None:
    """An LSN that the branch has not reached belongs to another branch."""
    with pytest.raises(NotRestorableError, match="lies in the future"):
        restore(bench.project, RestorePoint(lsn), environment=neon_api.environment, confirm=lambda plan: True)
    assert not any(request.startswith("POST") for request in neon_api.requests)


def test_without_a_key_there_is_no_restore(bench: Workbench) -> None:
    """It is Neon's, and says which variables it needs."""
    with pytest.raises(UsageError, match="NEON_API_KEY"):
        restore(bench.project, RestorePoint("0/1"), environment={}, confirm=lambda plan: True)


@pytest.mark.parametrize(
    "named",
    [{}, {"lsn": "0/1", "time": "2026-01-01"}, {"lsn": "12"}, {"time": "2026-01-01"}, {"time": "now"}],
)
def test_a_point_that_is_not_one(named: dict[str, str]) -> None:
    """None, no LSN, a time without its zone."""
    with pytest.raises(UsageError):
        restore_point(**named)


def test_the_point_of_a_deployment(tmp_path: Path) -> None:
    """The record that `ci deploy` leaves names LSN and time; one without them, or another file, is refused."""
    from neon_migrate.deployment import DeployReport, StateBefore
    from neon_migrate.render.json_text import as_json

    moment = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    path = tmp_path / "neon-migrate-deployment.json"

    def record(before: StateBefore | None) -> None:
        report = DeployReport(None, "production", before, (), (), (), (), None, ExitCode.FAILED)
        path.write_text(as_json(report))

    record(StateBefore("0/16B3748", moment, "main"))
    assert planned_point(path) == RestorePoint("0/16B3748", moment)
    for before in (None, StateBefore("", moment)):
        record(before)
        with pytest.raises(UsageError, match="holds no state"):
            planned_point(path)
    path.write_text("[]")
    with pytest.raises(UsageError, match="can't be read"):
        planned_point(path)
