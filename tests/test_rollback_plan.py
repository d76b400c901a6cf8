"""The plan for the way back, after a real deployment that failed half-way."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import stamina

from neon_migrate.apply import apply
from neon_migrate.errors import StatementError
from neon_migrate.neon.model import RestorePoint
from neon_migrate.postgres.target import Target
from neon_migrate.render.rollback_plan import rollback_plan_markdown
from neon_migrate.resolve import resolve
from neon_migrate.restore import restore_point
from neon_migrate.rollback import rollback
from neon_migrate.rollback_plan import rollback_plan
from neon_migrate.sql import split
from tests.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neon.fake_api import FakeNeon


@pytest.fixture
def bench(tmp_path: Path, neon_api: FakeNeon) -> Iterator[Workbench]:
    """Production, where 2 and 3 were applied and 4 failed."""
    stamina.set_testing(True, attempts=30)
    bench = Workbench(tmp_path, neon_api.target)
    bench.write(_1_base="CREATE TABLE users (id int PRIMARY KEY, plan text);")
    apply(bench.project)
    bench.write(
        _2_index__up="CREATE INDEX i ON users (plan);",
        _2_index__down="DROP INDEX i;",
        _3_drop__up="ALTER TABLE users DROP plan;",
        _3_drop__down="ALTER TABLE users ADD plan text; CREATE INDEX i ON users (plan);",
        _4_bad="SELECT nope;",
        _5_more="SELECT 1;",
    )
    with pytest.raises(StatementError):
        apply(bench.project)
    yield bench
    stamina.set_testing(False)


def test_it_says_what_is_done_and_what_is_not(bench: Workbench) -> None:
    """And for each that is done what its way back does, run on a scratch with rows."""
    plan = rollback_plan(bench.project, [2, 3], environment={})
    assert [(one.version, one.description) for one in plan.done] == [(2, "index"), (3, "drop")]
    assert [(one.version, one.path) for one in plan.not_done] == [
        (4, "migrations/4_bad.sql"),
        (5, "migrations/5_more.sql"),
    ]
    assert [one.way_back.grade if one.way_back else None for one in plan.done] == ["exact", "lossy"]
    assert plan.grade == "lossy"
    assert plan.warnings == ()
    assert bench.versions() == [1, 2, 3]


def test_its_inverse_is_a_command_that_works(bench: Workbench) -> None:
    """It names the oldest version that goes, and the options that these ways back need."""
    plan = rollback_plan(bench.project, [2, 3], environment={})
    assert plan.inverse == ("neon-migrate rollback 2 --allow-data-loss",)
    rollback(bench.project, 2, confirm=lambda planned: True, allow_data_loss=True)
    assert bench.versions() == [1]


def test_a_way_back_without_a_file_is_computed(bench: Workbench) -> None:
    """The command says so."""
    (bench.settings.migrations / "2_index.down.sql").unlink()
    plan = rollback_plan(bench.project, [2, 3], environment={})
    assert plan.inverse == ("neon-migrate rollback 2 --allow-data-loss --computed",)
    assert plan.done[0].way_back is not None
    assert plan.done[0].way_back.sql == "DROP INDEX public.i;\n"


def test_restoring_names_all_that_goes_back(bench: Workbench, neon_api: FakeNeon) -> None:
    """The branch, every database on it, until when, and the command."""
    neon_api.add_database("billing")
    at = datetime.now(UTC)
    plan = rollback_plan(bench.project, [2, 3], lsn="0/16B3748", at=at, environment=neon_api.environment)
    way = plan.restore
    assert (way.possible, way.branch) == (True, "main")
    assert set(way.databases) == {neon_api.database, "billing"}
    assert way.until is not None
    assert abs(way.until - at - timedelta(seconds=neon_api.retention_s)) < timedelta(seconds=1)
    (command,) = way.commands
    assert command == (
        f"neon-migrate restore --lsn 0/16B3748 --time {at:%Y-%m-%dT%H:%M:%SZ}"
        f" --preserve-under-name {way.preserve_under_name}"
    )
    text = rollback_plan_markdown(plan)
    named = dict(re.findall(r"--(lsn|time) (\S+)", command))
    assert restore_point(**named) == RestorePoint("0/16B3748", at.replace(microsecond=0))
    assert "**every database on it" in text
    assert "**Every write since is lost**" in text


@pytest.mark.parametrize("how", ["restricted", "window", "no key", "not recorded", "wrong key"])
def test_where_restoring_is_not_possible_the_reason_is_said(bench: Workbench, neon_api: FakeNeon, how: str) -> None:
    """Neon restricts it, its history is too short, nobody may ask, nothing was recorded, the key is wrong."""
    at, lsn, environment = datetime.now(UTC), "0/16B3748", neon_api.environment
    word = ""
    match how:
        case "restricted":
            neon_api.production.restricted = [{"name": "restore", "reason": "it is being moved"}]
            word = "it is being moved"
        case "window":
            at, word = at - timedelta(days=3), "does not reach back"
        case "no key":
            environment, word = {}, "NEON_API_KEY"
        case "not recorded":
            at, lsn, word = None, "", "not recorded"
        case "wrong key":
            environment, word = {**environment, "NEON_API_KEY": "napi_wrong"}, "does not accept the API key"
    plan = rollback_plan(bench.project, [2, 3], lsn=lsn, at=at, environment=environment)
    assert not plan.restore.possible
    assert word in plan.restore.why_not
    assert plan.restore.commands == ()
    assert word in rollback_plan_markdown(plan).replace("\\", "")


def test_what_cant_be_found_out_is_said(bench: Workbench) -> None:
    """The database is gone, and still there is a plan."""
    gone = replace(
        bench.project, target=Target("postgresql://nobody@127.0.0.1:9/none?connect_timeout=2", "--database-url")
    )
    plan = rollback_plan(gone, [2, 3], environment={})
    assert [one.version for one in plan.done] == [2, 3]
    assert (plan.grade, plan.above) == (None, None)
    assert plan.inverse == ("neon-migrate status",)
    assert len(plan.warnings) == 2
    text = rollback_plan_markdown(plan)
    assert "### Not known" in text
    assert "which those are is not known" in text


def test_what_another_run_applied_is_not_taken_back(bench: Workbench) -> None:
    """A version above was applied before: `rollback` would take it back too, with its rows, so it is no way."""
    with pytest.raises(StatementError):
        bench.write(_4_bad="CREATE TABLE kept (id int)", _5_more="SELECT nope;")
        apply(bench.project)
    bench.query("INSERT INTO kept VALUES (1)")
    plan = rollback_plan(bench.project, [2, 3], environment={})
    assert plan.above == (4,)
    assert plan.inverse == ("neon-migrate undo 3", "neon-migrate undo 2")
    assert [one.way_back.grade if one.way_back else None for one in plan.done] == ["exact", "lossy"]
    text = rollback_plan_markdown(plan)
    assert "would take back `4` too, which this deployment did not apply" in text
    assert "--allow-data-loss" not in text
    assert "DROP INDEX i;" in text


def test_an_untried_way_back_is_not_allowed_to_lose_data(bench: Workbench) -> None:
    """One that does not run on a scratch: what it costs is not known, so nobody allows it beforehand."""
    bench.write(_4_bad="CREATE TABLE far AS SELECT 1 / count(*) AS n FROM users WHERE id = 424242;", _5_more="nope")
    bench.query("INSERT INTO users VALUES (424242)")
    with pytest.raises(StatementError):
        apply(bench.project)  # at 5
    plan = rollback_plan(bench.project, [2, 3, 4], environment={})
    assert plan.done[2].way_back is None
    assert plan.inverse == ("neon-migrate rollback 2",)


def _stopped_build(bench: Workbench, on: str = "(id / 10)") -> None:
    """4 builds one index and fails at the next, over rows of which two have the same `on`."""
    bench.write(
        _4_bad="-- no-transaction\nCREATE INDEX CONCURRENTLY one ON users (id);\n"
        f"CREATE UNIQUE INDEX CONCURRENTLY two ON users ({on});",
        _5_more="SELECT 1;",
    )
    bench.query("ALTER TABLE users ADD kind text DEFAULT 'same'")  # drift, which no way back may touch
    bench.query("INSERT INTO users VALUES (1), (2)")
    with pytest.raises(StatementError):
        apply(bench.project)


def _indexes(bench: Workbench) -> set[tuple[str, bool]]:
    return set(
        bench.query(
            "SELECT relname::text, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid"
            " WHERE indrelid = 'users'::regclass AND NOT indisprimary"
        )
    )


def _by_hand(bench: Workbench, sql: str) -> None:
    """As psql sends a script: statement by statement."""
    for statement in split(sql):
        bench.query(statement.text)


def test_a_no_transaction_migration_that_stopped_is_told(bench: Workbench) -> None:
    """How many of its statements are committed, what it left, and which of that is broken, by name."""
    _stopped_build(bench)
    assert _indexes(bench) == {("one", True), ("two", False)}
    plan = rollback_plan(bench.project, [2, 3], environment={})
    (partly,), (begun,) = plan.partly, plan.begun
    assert "1 of its 2 statements are committed" in partly
    assert "index public.one, index public.two (not valid: its build did not finish)" in partly
    assert "the next run goes on after those that are, and builds the index anew" in partly
    assert (begun.path, begun.done, begun.total, begun.invalid) == ("migrations/4_bad.sql", 1, 2, ("public.two",))
    assert partly in rollback_plan_markdown(plan).replace("\\", "")


def test_what_a_no_transaction_migration_left_is_taken_back(bench: Workbench) -> None:
    """Its SQL drops what the ledger does not know of, and no drift; `rollback` then takes back the rest."""
    _stopped_build(bench)
    plan = rollback_plan(bench.project, [2, 3], environment={})
    (begun,) = plan.begun
    assert begun.way_back is not None and begun.way_back.grade == "exact"
    psql, resolved, rolled_back = plan.inverse
    assert begun.way_back.sql.rstrip() in psql and psql.startswith("psql ")
    assert (resolved, rolled_back) == ("neon-migrate resolve 4 --reverted", "neon-migrate rollback 2 --allow-data-loss")
    assert begun.way_back.sql.count("DROP INDEX CONCURRENTLY") == 2
    _by_hand(bench, begun.way_back.sql)
    assert _indexes(bench) == set()
    resolve(bench.project, 4, applied=False)
    assert bench.query("SELECT to_regclass('_neon_migrate_progress')::text") == [(None,)]
    rollback(bench.project, 2, confirm=lambda planned: True, allow_data_loss=True)
    assert bench.versions() == [1]
    assert bench.query("SELECT count(kind) FROM users") == [(2,)]


def test_a_no_transaction_migration_goes_on_as_the_plan_says(bench: Workbench) -> None:
    """The rows are corrected: the next run builds the broken index anew and goes on."""
    _stopped_build(bench)
    bench.query("UPDATE users SET id = 10 * id")
    apply(bench.project)
    assert _indexes(bench) == {("one", True), ("two", True)}
    assert bench.versions() == [1, 2, 3, 4, 5]


def test_a_no_transaction_migration_that_stopped_alone_is_something_to_take_back(bench: Workbench) -> None:
    """Nothing of this run is in the ledger, and there is something in the database all the same; also where its
    statements can't be tried, since they build on drift.
    """
    _stopped_build(bench, on="kind")
    plan = rollback_plan(bench.project, [], environment={})
    assert [command.split()[0] for command in plan.inverse] == ["psql", "neon-migrate"]
    text = rollback_plan_markdown(plan)
    assert "nothing to take back" not in text
    assert "| `4`, as far as it ran |" in text
    assert plan.begun[0].invalid == ("public.two",)


@pytest.mark.parametrize("how", ["edited", "on drift"])
def test_what_ran_can_not_always_be_told_from_drift(bench: Workbench, how: str) -> None:
    """The file was edited since, or its statements build on drift: all that differs is named, and no SQL is to paste
    that would take drift back too.
    """
    _stopped_build(bench)
    if how == "edited":
        bench.write(_4_bad="-- no-transaction\nCREATE INDEX CONCURRENTLY other ON users (id);\nSELECT 1;")
    else:
        bench.query("DELETE FROM users")
        bench.write(_5_more="-- no-transaction\nCREATE INDEX CONCURRENTLY three ON users (kind);\nSELECT nope;")
        with pytest.raises(StatementError):
            apply(bench.project)
    plan = rollback_plan(bench.project, [2, 3], environment={})
    (begun,), (partly,) = plan.begun, plan.partly
    assert not begun.certain
    assert "can't be told from drift; both together: " in partly
    assert "column public.users.kind" in partly
    assert ("not in its file any more" in partly) is (how == "edited")
    assert plan.inverse[0] == "neon-migrate compare --sql"
    assert not any("psql" in command or "resolve" in command for command in plan.inverse)
    assert "DROP kind" not in rollback_plan_markdown(plan) and "COLUMN kind" not in rollback_plan_markdown(plan)


def test_it_reads_in_the_order_of_what_to_try(bench: Workbench) -> None:
    """Inverse SQL newest first, forward, and last Neon's history; and which variables the commands need."""
    text = rollback_plan_markdown(rollback_plan(bench.project, [2, 3], environment={}, backup="before-42"))
    order = [
        "**Applied:**",
        "**Not applied:**",
        "`NEON_DATABASE_URL`",
        "`NEON_API_KEY`",
        "1. Inverse SQL",
        "-- 3 drop",
        "-- 2 index",
        "2. Going forward",
        "$EDITOR migrations/4_bad.sql",
        "neon-migrate apply",
        "3. Neon's history",
        "before-42",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_going_forward_from_a_run_on_github_is_a_pull_request(bench: Workbench) -> None:
    """Nobody is led past review and approval: `apply` is not among the commands."""
    plan = rollback_plan(bench.project, [2, 3], environment={"GITHUB_ACTIONS": "true"})
    assert plan.by_pull_request
    (branch,) = set(re.findall(r"correct-migration-4-\d{8}-\d{6}", plan.forward[0]))
    assert plan.forward[0] == f"git fetch origin HEAD && git switch --create {branch} FETCH_HEAD"
    assert plan.forward[-2:] == (
        "git add migrations && git commit --message 'Correct migration 4'",
        f"git push --set-upstream origin {branch}",
    )
    text = rollback_plan_markdown(plan)
    assert "neon-migrate apply" not in text
    assert "open the pull request" in text


def test_a_correction_takes_the_schema_along(bench: Workbench) -> None:
    """Where there is one; from a clone that never heard of the default branch the commands work."""
    bench.settings.schema.write_text("{}")
    plan = rollback_plan(bench.project, [2, 3], environment={"GITHUB_ACTIONS": "true"})
    (origin, clone) = (bench.root / "origin", bench.root / "clone")
    bench.root.joinpath(".gitignore").write_text("origin\nclone\n")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    for command in (
        (*git, "init", "--quiet", "--bare", str(origin)),
        (*git, "init", "--quiet"),
        (*git, "add", "."),
        (*git, "commit", "--quiet", "--message", "all"),
        (*git, "push", "--quiet", str(origin), "HEAD:main"),
        (*git, "init", "--quiet", str(clone)),
        (*git, "-C", str(clone), "remote", "add", "origin", str(origin)),
    ):
        subprocess.run(command, cwd=bench.root, check=True)
    subprocess.run(("sh", "-c", plan.forward[0]), cwd=clone, check=True)
    (clone / "schema.json").write_text('{"tables": []}')
    (clone / "migrations" / "4_bad.sql").write_text("SELECT 1;")
    add, push = plan.forward[-2:]
    named = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for line in (add, push):
        subprocess.run(("sh", "-c", line), cwd=clone, check=True, env={**os.environ, **named})
    left = subprocess.run(("git", "status", "--porcelain"), cwd=clone, check=True, capture_output=True, text=True)
    assert left.stdout == ""


def test_nothing_applied_leaves_nothing_to_take_back(bench: Workbench) -> None:
    """Then going forward is all there is."""
    plan = rollback_plan(bench.project, [], environment={})
    assert (plan.done, plan.inverse, plan.grade) == ((), (), None)
    assert "nothing to take back" in rollback_plan_markdown(plan)
