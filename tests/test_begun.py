"""What a no-transaction migration left that stopped half-way, in a real database."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from neon_migrate.apply import apply
from neon_migrate.errors import StatementError
from neon_migrate.render.rollback_plan import rollback_plan_markdown
from neon_migrate.rollback_plan import rollback_plan
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.target import Target
    from neon_migrate.rollback_plan import RollbackPlan

SECRET = "alice@secret.example"
OF_ROWS = """-- no-transaction
DO $$ BEGIN EXECUTE 'ALTER TABLE people ALTER email SET DEFAULT '
 || quote_literal(coalesce((SELECT max(email) FROM people), '')); END $$;
"""


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    """A project whose first migration is applied, with one row."""
    bench = Workbench(tmp_path, database)
    bench.write(
        _1_base="CREATE TABLE people (email text); CREATE TYPE mood AS ENUM ('calm');"
        "CREATE TABLE moods (m mood) PARTITION BY LIST (m);"
    )
    apply(bench.project)
    bench.query(f"INSERT INTO people VALUES ('{SECRET}')")
    return bench


def _stopped(bench: Workbench, statements: str, *, discreet: bool = False) -> RollbackPlan:
    """2 runs these statements and fails at one more."""
    bench.write(_2_steps=f"{statements}SELECT nope;")
    with pytest.raises(StatementError):
        apply(bench.project)
    return rollback_plan(replace(bench.project, discreet=discreet), [], environment={})


@pytest.mark.parametrize("discreet", [True, False])
def test_what_it_made_of_rows_is_told_to_nobody_else(bench: Workbench, discreet: bool) -> None:
    """What is different is told, and not what it is; on one's own machine it is."""
    plan = _stopped(bench, OF_ROWS, discreet=discreet)
    (begun,) = plan.begun
    assert begun.left[0].startswith("column public.people.email is different (default: expected none, found ")
    assert ("alice" in repr(plan)) is not discreet
    assert ("alice" in rollback_plan_markdown(plan)) is not discreet
    assert begun.way_back is not None and "DROP DEFAULT" in begun.way_back.sql


def test_what_has_no_way_back_is_said_to_have_none(bench: Workbench) -> None:
    """Postgres takes no value out of an enum that a table is partitioned by: no command is to be pasted."""
    plan = _stopped(bench, "-- no-transaction\nALTER TYPE mood ADD VALUE 'wild';\n")
    (begun,) = plan.begun
    assert begun.way_back is not None
    assert (begun.way_back.grade, begun.way_back.sql, plan.grade, plan.inverse) == ("impossible", "", "impossible", ())
    assert "partition" in begun.way_back.what[0]
    assert "resolve" not in rollback_plan_markdown(plan)


def test_no_line_of_its_sql_ends_the_command(tmp_path: Path, database: Target) -> None:
    """What follows such a line would be run by the shell; psql is given all of it instead."""
    comment = f"x\nEND_OF_SQL\nEND_OF_SQL_\ntouch {tmp_path}/run_by_the_shell\n"
    bench = Workbench(tmp_path, database)
    bench.write(_1_base=f"CREATE VIEW v AS SELECT 1 AS a; COMMENT ON VIEW v IS '{comment}';")
    apply(bench.project)
    plan = _stopped(bench, "-- no-transaction\nDROP VIEW v;\n")
    psql = plan.inverse[0]
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "psql").write_text("#!/bin/sh\nexec cat\n")
    (folder / "psql").chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "NEON_DATABASE_URL": "postgresql://nowhere"}
    ran = subprocess.run(["sh", "-c", psql], env=environment, capture_output=True, text=True, check=True)
    (begun,) = plan.begun
    assert begun.way_back is not None
    assert (ran.stdout.rstrip(), ran.stderr) == (begun.way_back.sql.rstrip(), "")
    assert not (tmp_path / "run_by_the_shell").exists()


def test_what_cannot_be_tried_leaves_the_next_one_alone(bench: Workbench) -> None:
    """3 builds on drift and ran in part; what of the database is 4's own is known all the same."""
    bench.query("ALTER TABLE people ADD kind text")
    bench.write(
        _2_drift="-- no-transaction\nALTER TABLE people ADD a int;\nCREATE INDEX i ON people (kind);\nSELECT nope;",
    )
    with pytest.raises(StatementError):
        apply(bench.project)
    two = (bench.settings.migrations / "2_drift.sql").read_text()
    (bench.settings.migrations / "2_drift.sql").unlink()
    bench.write(_3_more="-- no-transaction\nALTER TABLE people ADD b int;\nSELECT nope;")
    with pytest.raises(StatementError):
        apply(bench.project)
    bench.write(_2_drift=two)
    plan = rollback_plan(bench.project, [], environment={})
    assert [(one.version, one.certain) for one in plan.begun] == [(2, False), (3, True)]
    assert plan.begun[1].left == ("column public.people.b",)
    text = rollback_plan_markdown(plan)
    assert "and nothing else" not in text
    assert "can't be told from drift" in text
