"""dry-run on a scratch and on a Neon branch, each a real Postgres; production is looked at before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import stamina

from neon_migrate.apply import apply
from neon_migrate.dry_run import dry_run
from neon_migrate.errors import ExitCode, HistoryError, RefusedError, StatementError, UsageError
from neon_migrate.events import DriftFound, MigrationApplied, Notice, Step
from neon_migrate.neon.errors import NotOurBranchError
from neon_migrate.report import Report, decode, digest, encode
from tests.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neon.fake_api import FakeNeon
    from neon_migrate.postgres.target import Target

SECRET = "a.lice@example.org"

BASE = "CREATE TABLE users (id int PRIMARY KEY, email text, plan text);"


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    """A project whose first migration is applied."""
    return _applied(tmp_path, database)


@pytest.fixture
def on_neon(tmp_path: Path, neon_api: FakeNeon) -> Iterator[Workbench]:
    """The same with production on a branch of the fake Neon, with rows."""
    stamina.set_testing(True, attempts=30)
    bench = _applied(tmp_path, neon_api.target)
    bench.query(f"INSERT INTO users SELECT g, '{SECRET}', 'free' FROM generate_series(1, 500) g")
    bench.query("ANALYZE users")
    yield bench
    stamina.set_testing(False)


def _applied(root: Path, target: Target) -> Workbench:
    bench = Workbench(root, target)
    bench.write(_1_base__up=BASE, _1_base__down="DROP TABLE users;")
    apply(bench.project)
    bench.events.clear()
    return bench


def _state(bench: Workbench) -> object:
    """What a dry run must leave as it is: schema, ledger and rows of production."""
    return (
        bench.query("SELECT relname, relfilenode, xmin::text FROM pg_class WHERE oid >= 16384 ORDER BY 1"),
        bench.query("SELECT * FROM _sqlx_migrations"),
        bench.query("SELECT count(*), min(xmin::text) FROM users"),
    )


def _scratch(bench: Workbench, **options: bool) -> Report:
    return dry_run(bench.project, environment={}, **options)


def test_without_a_key_it_runs_on_a_scratch(bench: Workbench) -> None:
    """The report says so; production has neither the migration nor a row of it afterwards."""
    before = _state(bench)
    bench.write(_2_more__up="ALTER TABLE users ADD age int;", _2_more__down="ALTER TABLE users DROP age;")
    report = _scratch(bench)
    assert (report.rehearsed_on, report.branch, report.project_id) == ("scratch", "", "")
    assert [(one.version, one.path) for one in report.pending] == [(2, "migrations/2_more.up.sql")]
    assert [(one.kind, one.name, one.state) for one in report.differences] == [
        ("column", "public.users.age", "missing")
    ]
    assert report.failure is None
    assert report.faults == ()
    assert report.exit_code is ExitCode.OK
    assert "ALTER TABLE users ADD age int;" in report.sql
    assert _state(bench) == before
    assert bench.told(MigrationApplied) == []
    assert "scratch" in bench.told(Notice)[-1].text


def test_a_report_goes_through_json_both_ways(bench: Workbench) -> None:
    """Nothing of it is lost, and the verdict stands beside it."""
    bench.write(_2_more="ALTER TABLE users ADD age int NOT NULL DEFAULT 0; CREATE INDEX ON users (age);")
    report = _scratch(bench)
    text = encode(report)
    assert decode(text) == report
    assert f'"verdict": "{report.verdict}"' in text


def test_nothing_pending_is_in_order(bench: Workbench) -> None:
    """A report all the same, with production's state and a digest."""
    report = _scratch(bench)
    assert (report.verdict, report.pending, report.timings, report.diagram) == ("in order", (), (), "")
    assert report.production.lsn
    assert report.production.major in range(14, 19)


def test_each_statement_is_timed_at_its_place(bench: Workbench) -> None:
    """Also in the middle of a line; with its locks, its command and its rows."""
    bench.write(_2_more="ALTER TABLE users ADD age int; UPDATE users SET age = 1;\n\n  CREATE INDEX ON users (age);")
    (timing,) = _scratch(bench).timings
    places = [(one.line, one.column, one.command) for one in timing.statements]
    assert places == [(1, 1, "ALTER TABLE"), (1, 32, "UPDATE"), (3, 3, "CREATE INDEX")]
    assert ("public.users", "ACCESS EXCLUSIVE") in [(one.relation, one.mode) for one in timing.statements[0].locks]
    assert timing.duration_ns == sum(one.duration_ns for one in timing.statements) > 0


def test_a_hazard_stands_at_its_statement(bench: Workbench) -> None:
    """What a rule saw in the Catalog is traced to the statement behind it, with what the table holds in production."""
    bench.query("INSERT INTO users SELECT generate_series(1, 3)")
    bench.query("ANALYZE users")
    bench.write(_2_more="CREATE TABLE n ();\nALTER TABLE users ADD a int; ALTER TABLE users DROP plan;\nDROP TABLE n;")
    (dropped,) = [one for one in _scratch(bench).hazards if one.code == "dropped-column"]
    assert (dropped.path, dropped.line, dropped.column) == ("migrations/2_more.sql", 2, 30)
    assert dropped.severity == "danger"
    assert dropped.evidence == "public.users has about 3 rows in production"
    assert dropped.remedy


def test_the_diagram_has_changed_tables_and_their_neighbours(bench: Workbench) -> None:
    """The neighbour by name alone; what does not touch them is left out."""
    bench.write(
        _2_more="CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users); CREATE VIEW v AS SELECT 1;"
    )
    diagram = _scratch(bench).diagram
    assert diagram.startswith("erDiagram\n")
    assert '    public__orders["public.orders (new)"] {\n        integer id PK\n        integer user_id FK\n' in diagram
    assert '    public__users["public.users"]\n' in diagram
    assert 'public__users ||--o{ public__orders : "orders_user_id_fkey (new)"' in diagram


@pytest.mark.parametrize(
    ("up", "down", "grade", "word"),
    [
        ("CREATE INDEX i ON users (plan);", "DROP INDEX i;", "exact", ""),
        ("ALTER TABLE users DROP plan;", "ALTER TABLE users ADD plan text;", "lossy", "users.plan"),
        ("ALTER TABLE users ADD age int;", "ALTER TABLE users DROP age;", "lossy", "users.age"),
        ("UPDATE users SET email = 'x';", "SELECT 1;", "lossy", "users.email"),
        ("ALTER TABLE users ADD age int;", "SELECT nope;", "impossible", "nope"),
        ("ALTER TABLE users ADD age int;", "SELECT 1;", "impossible", "users.age"),
        ("ALTER TABLE users ALTER plan SET NOT NULL;", None, "exact", "no down file"),
    ],
)
def test_the_way_back_is_graded_by_running_it(
    bench: Workbench, up: str, down: str | None, grade: str, word: str
) -> None:
    """Also one that is computed; what it loses, or why it fails, is said."""
    if down is None:
        bench.write(_2_more=up)
    else:
        bench.write(_2_more__up=up, _2_more__down=down)
    (way,) = _scratch(bench).way_back
    assert way.grade == grade
    assert word in " ".join(way.what)


def test_a_way_back_that_only_rows_stop_is_impossible(bench: Workbench) -> None:
    """It runs on empty tables, as it did in the rehearsal, and not on generated rows."""
    bench.write(_2_more__up="ALTER TABLE users DROP plan;", _2_more__down="ALTER TABLE users ADD plan text NOT NULL;")
    bench.query("ALTER TABLE users ALTER plan SET NOT NULL")
    (way,) = _scratch(bench).way_back
    assert way.grade == "impossible"
    assert way.what[0].startswith("Fails where tables have rows: ")


def test_a_migration_that_fails_is_part_of_the_report(bench: Workbench) -> None:
    """With its place; what ran before it is reported as ever."""
    bench.write(_2_more="ALTER TABLE users ADD age int;", _3_bad="SELECT 1;\n  SELECT nope FROM users;")
    report = _scratch(bench)
    assert report.failure is not None
    assert (report.failure.version, report.failure.sqlstate) == (3, "42703")
    assert (report.failure.path, report.failure.line, report.failure.column) == ("migrations/3_bad.sql", 2, 10)
    assert report.failure.remedy.startswith("Production was not touched.")
    assert [one.version for one in report.timings] == [2, 3]
    assert [one.version for one in report.way_back] == [2]
    assert (report.verdict, report.exit_code) == ("stop", ExitCode.FAILED)


def test_an_edited_or_deleted_migration_stops_it(bench: Workbench) -> None:
    """Nothing is rehearsed on a history that is not production's."""
    bench.write(_2_gone="SELECT 1;")
    apply(bench.project)
    (bench.settings.migrations / "2_gone.sql").unlink()
    bench.write(_1_base__up=BASE + " -- edited", _3_more="SELECT 1;")
    report = _scratch(bench)
    assert [(one.version, one.fault, one.path) for one in report.applied_edited] == [
        (1, "edited", "migrations/1_base.up.sql"),
        (2, "deleted", ""),
    ]
    assert (report.verdict, report.exit_code, report.timings) == ("stop", ExitCode.HISTORY, ())


def test_a_dirty_ledger_is_refused(bench: Workbench) -> None:
    """As apply refuses it."""
    bench.query("UPDATE _sqlx_migrations SET success = false")
    with pytest.raises(HistoryError, match="contradict"):
        _scratch(bench)


def test_drift_is_told_and_rehearsed_on(bench: Workbench) -> None:
    """A migration that works only on production as it has drifted works; what it finds there is no fault of its own."""
    bench.query("CREATE TABLE by_hand (i int)")
    bench.write(_2_more="ALTER TABLE by_hand ADD j int;")
    report = _scratch(bench)
    assert {one.name for one in report.drift} == {"public.by_hand", "public.by_hand.i"}
    assert report.failure is None
    assert len(bench.told(DriftFound)) == 1
    assert report.verdict != "in order"


def test_what_stops_is_settled(bench: Workbench) -> None:
    """By default hazards warn and allow; the settings say which severities don't."""
    bench.write(_2_more="ALTER TABLE users DROP plan;")
    assert _scratch(bench).exit_code is ExitCode.OK
    strict = Workbench(bench.root, bench.target, stops_at=("danger",))
    report = _scratch(strict)
    assert (report.verdict, report.exit_code) == ("stop", ExitCode.REFUSED)
    assert [one.code for one in report.stopping] == ["dropped-column"]


def test_the_digest_changes_with_what_decides_alone(bench: Workbench) -> None:
    """Two runs agree; another file, another ledger and another schema don't."""
    bench.write(_2_more="ALTER TABLE users ADD age int;")
    first, again = _scratch(bench), _scratch(bench)
    assert first.digest == again.digest
    assert first.production.lsn
    bench.write(_2_more="ALTER TABLE users ADD age bigint;")
    other_file = _scratch(bench)
    bench.query("CREATE TABLE by_hand ()")
    other_schema = _scratch(bench)
    bench.query("DELETE FROM _sqlx_migrations")
    bench.query("DROP TABLE users")
    other_ledger = _scratch(bench)
    assert len({one.digest for one in (first, other_file, other_schema, other_ledger)}) == 4


def test_the_digest_is_of_the_database_too() -> None:
    """The same plan for another database is another one; the order of the ledger's rows is none."""
    rows = [(1, b"a", True), (2, b"b", False)]
    known = digest([(3, b"c")], rows, "f", "one")
    assert digest([(3, b"c")], rows[::-1], "f", "one") == known
    assert digest([(3, b"c")], rows, "f", "other") != known
    assert digest([(3, b"c")], [(1, b"a", True), (2, b"b", True)], "f", "one") != known


@pytest.mark.parametrize(
    "migration",
    [
        f"INSERT INTO users VALUES (1, '{SECRET}'), (1, 'b');",
        f"INSERT INTO users SELECT 1, '{SECRET}'; ALTER TABLE users ALTER email TYPE int USING email::int;",
        f"DO $$ BEGIN RAISE EXCEPTION 'what of %', '{SECRET.upper()}'; END $$;",
        f"DO $$ BEGIN RAISE EXCEPTION 'what of %', lower('{SECRET.upper()}') USING ERRCODE = '23514'; END $$;",
        f"INSERT INTO users VALUES (1, '{SECRET}'); ALTER TABLE users ADD CHECK (email <> '{SECRET}');",
    ],
)
def test_no_value_of_a_row_is_in_the_report(bench: Workbench, migration: str) -> None:
    """Whatever Postgres says of it: DETAIL, CONTEXT, the message itself. The file's own text is the file's."""
    bench.write(_2_more=migration)
    report = _scratch(bench)
    assert report.failure is not None
    said = report.failure.what + report.failure.why + report.failure.remedy
    assert SECRET not in said.lower()
    assert "--show-values" in said
    assert SECRET not in repr(bench.events).lower()


def test_values_are_shown_where_asked_for(bench: Workbench) -> None:
    """On one's own machine."""
    bench.write(
        _2_more=f"INSERT INTO users SELECT 1, '{SECRET}'; ALTER TABLE users ALTER email TYPE int USING email::int;"
    )
    report = _scratch(bench, show_values=True)
    assert report.failure is not None
    assert SECRET in report.failure.what


def test_notices_of_a_migration_stay_in(bench: Workbench) -> None:
    """RAISE NOTICE may print a row."""
    bench.write(_2_more=f"DO $$ BEGIN RAISE NOTICE 'row %', lower('{SECRET.upper()}'); END $$;")
    _scratch(bench)
    assert SECRET not in repr(bench.events)


def test_keep_needs_a_branch(bench: Workbench) -> None:
    """A scratch can't be kept."""
    with pytest.raises(UsageError, match="--keep"):
        _scratch(bench, keep=True)


def test_a_key_without_a_project_is_refused(bench: Workbench) -> None:
    """It is not taken for a wish to run on a scratch."""
    with pytest.raises(UsageError, match="NEON_PROJECT_ID"):
        dry_run(bench.project, environment={"NEON_API_KEY": "napi_x"})


def test_with_a_key_it_runs_on_a_branch_that_goes_again(on_neon: Workbench, neon_api: FakeNeon) -> None:
    """A copy of production with its rows; production stays as it is, and the branch is removed."""
    before = _state(on_neon)
    on_neon.write(_2_more__up="UPDATE users SET plan = 'new';", _2_more__down="UPDATE users SET plan = 'free';")
    report = dry_run(on_neon.project, environment={**neon_api.environment, "GITHUB_REF": "refs/pull/7/merge"})
    assert (report.rehearsed_on, report.branch) == ("neon_branch", "pr-7")
    assert report.project_id == neon_api.environment["NEON_PROJECT_ID"]
    assert report.timings[0].statements[0].rows == 500
    assert report.tables[0].rows == 500
    assert neon_api.named("pr-7") is None
    assert any(request.startswith("POST") and "branches" in request for request in neon_api.requests)
    assert _state(on_neon) == before


def test_the_copy_is_of_production_as_it_was_read(on_neon: Workbench, neon_api: FakeNeon) -> None:
    """Not as somebody changes it between the reading and the branching."""

    def meanwhile(event: object) -> None:
        if isinstance(event, Step) and event.what.startswith("making the Neon branch"):
            neon_api.checkpoint()
            on_neon.query("ALTER TABLE users ADD age int")

    on_neon.write(_2_more="ALTER TABLE users ADD age int;")
    report = dry_run(replace(on_neon.project, observer=meanwhile), environment=neon_api.environment)
    assert (report.rehearsed_on, report.failure, report.faults) == ("neon_branch", None, ())


def test_production_is_read_and_nothing_else(bench: Workbench) -> None:
    """Even where reading its ledger would write: what is read may be a view of anything."""
    bench.query("CREATE TABLE looked ()")
    bench.query("ALTER TABLE _sqlx_migrations RENAME TO ledger")
    bench.query(
        "CREATE FUNCTION seen() RETURNS SETOF ledger LANGUAGE sql AS"
        " $$ INSERT INTO looked DEFAULT VALUES; SELECT * FROM ledger $$"
    )
    bench.query("CREATE VIEW _sqlx_migrations AS SELECT * FROM seen()")
    with pytest.raises(StatementError) as caught:
        _scratch(bench)
    assert caught.value.sqlstate == "25006"
    assert bench.query("SELECT count(*) FROM looked") == [(0,)]


def test_in_a_workflow_no_values_are_shown(bench: Workbench) -> None:
    """Whoever can see the repository can read its logs and artifacts."""
    with pytest.raises(RefusedError, match="--show-values"):
        dry_run(bench.project, show_values=True, environment={"GITHUB_ACTIONS": "true"})


def test_a_copy_of_a_protected_production_is_reached_by_its_own_password(
    on_neon: Workbench, neon_api: FakeNeon
) -> None:
    """Neon gives the copy's roles new ones: forward, the second connection that looks, and the way back all have it."""
    neon_api.production.protected = True
    on_neon.write(
        _2_more__up="ALTER TABLE users ADD age int; UPDATE users SET age = 7;",
        _2_more__down="ALTER TABLE users DROP age;",
    )
    report = dry_run(on_neon.project, environment=neon_api.environment)
    assert (report.rehearsed_on, report.failure, report.faults) == ("neon_branch", None, ())
    assert [statement.rows for statement in report.timings[0].statements] == [0, 500]
    assert [way.grade for way in report.way_back] == ["lossy"]
    assert neon_api.named("neon-migrate-dry-run") is None


def test_nothing_pending_needs_no_branch(on_neon: Workbench, neon_api: FakeNeon) -> None:
    """A pull request without migrations is green though Neon is down or full; one that is to be kept is made."""
    neon_api.fail("GET", ".*", status=500, times=99)
    report = dry_run(on_neon.project, environment=neon_api.environment)
    assert (report.verdict, report.pending, report.rehearsed_on) == ("in order", (), "scratch")
    assert neon_api.requests == []
    assert on_neon.told(Notice)[-1].text == "No migration is pending; production was only read."
    neon_api.faults.clear()
    assert dry_run(on_neon.project, keep=True, environment=neon_api.environment).rehearsed_on == "neon_branch"


def test_a_failure_that_only_rows_show_is_found_on_a_branch(on_neon: Workbench, neon_api: FakeNeon) -> None:
    """A scratch has none, so it can't; and the row is not quoted."""
    on_neon.write(_2_unique="ALTER TABLE users ADD UNIQUE (email);")
    assert _scratch(on_neon).failure is None
    report = dry_run(on_neon.project, environment=neon_api.environment)
    assert report.failure is not None
    assert report.failure.sqlstate == "23505"
    assert SECRET not in encode(report)
    assert neon_api.named("neon-migrate-dry-run") is None


def test_a_branch_that_is_kept_has_the_migrations(on_neon: Workbench, neon_api: FakeNeon) -> None:
    """Under the name asked for, expiring; the next run replaces it."""
    on_neon.write(_2_more__up="ALTER TABLE users ADD age int;", _2_more__down="ALTER TABLE users DROP age;")
    for _ in range(2):
        report = dry_run(on_neon.project, branch_name="look", keep=True, environment=neon_api.environment)
        assert report.failure is None
    branch = neon_api.named("look")
    assert branch is not None
    kept = Workbench(on_neon.root, on_neon.target.__class__(neon_api.uri(branch, neon_api.database)))
    assert kept.versions() == [1, 2]
    assert kept.query("SELECT count(age) FROM users") == [(0,)]
    assert on_neon.versions() == [1]
    expires = datetime.fromisoformat(str(branch.expires_at))
    assert timedelta(days=6) < expires - datetime.now(UTC) < timedelta(days=8)


def test_two_rehearsals_at_once_do_not_meet(
    on_neon: Workbench, neon_api: FakeNeon, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another developer's, or another database's of the same pull request: each has a branch, and both are gone."""
    other = Workbench(tmp_path_factory.mktemp("other"), on_neon.target)
    branches = []

    def meanwhile(event: object) -> None:
        if isinstance(event, Step) and event.what.startswith("rehearsing") and not branches:
            branches.append("")
            branches[0] = dry_run(other.project, branch_name="look", environment=neon_api.environment).branch

    for bench in (on_neon, other):
        bench.write(_1_base__up=BASE, _1_base__down="DROP TABLE users;", _2_more="ALTER TABLE users ADD age int;")
    watched = replace(on_neon.project, observer=meanwhile)
    report = dry_run(watched, branch_name="look", environment=neon_api.environment)
    assert report.failure is None
    assert report.branch == "look"
    assert branches[0].startswith("look-")
    assert list(neon_api.branches.values()) == [neon_api.production]


def test_a_branch_that_somebody_else_made_is_left_alone(on_neon: Workbench, neon_api: FakeNeon) -> None:
    """One of that name without our annotation stops it."""
    neon_api.add_branch("look", parent_id=neon_api.production.id)
    on_neon.write(_2_more="SELECT 1;")
    with pytest.raises(NotOurBranchError):
        dry_run(on_neon.project, branch_name="look", environment=neon_api.environment)
    assert neon_api.named("look") is not None
