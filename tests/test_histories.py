"""Every migration history of the inputs: replayed, run by sqlx itself, and looked at by `status` and `validate`."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from histories import history_names, history_project, migrations_of
from neon_migrate.diff import diff
from neon_migrate.plan import plan
from neon_migrate.settled import settled
from neon_migrate.sources.database import catalog_of, scratch_catalog
from neon_migrate.sources.migrations import open_scratch, replay, run
from neon_migrate.sources.roles import make_roles
from neon_migrate.status import status
from neon_migrate.validate import validate
from peers import difference, dumped
from workbench import url

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.catalog import Catalog
    from neon_migrate.diff import Change
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target
    from neon_migrate.settings import Settings


@dataclass(frozen=True)
class Known:
    """What is known of a history.

    migrations  how many there are
    failing     versions whose down file does not run
    lossy       how many more down files run and give back something else, at least: more kinds compared, more found
    """

    migrations: int
    failing: tuple[int, ...] = ()
    lossy: int = 0


HISTORIES = {
    "bors": Known(35, lossy=1),
    "cratesio": Known(285, failing=(20170318181441, 20240412144536, 20241025112826), lossy=26),
    "docsrs": Known(33, lossy=6),
    "helium_verifier": Known(55),
    "neon_storage_controller": Known(25, failing=(20250617082247,)),
    "quickwit": Known(28, failing=(14, 19, 20), lossy=4),
    "sqlx_own_no_tx": Known(1),
    "svix": Known(16, failing=(20220428190104,), lossy=1),
    "z2p": Known(13),
    "zksync_prover": Known(18, lossy=4),
}

each_history = pytest.mark.parametrize("name", HISTORIES)


def test_no_history_is_left_out(inputs: Path) -> None:
    """What is in the inputs is in this file."""
    assert history_names(inputs) == sorted(HISTORIES)


@each_history
def test_it_runs_on_an_empty_database(
    inputs: Path, tmp_path: Path, name: str, record_property: pytest.RecordProperty
) -> None:
    """`validate` replays it, and names the down files that do not run and those that give back something else."""
    project = history_project(inputs, name, tmp_path)
    known = HISTORIES[name]
    checks = {check.name: check for check in validate(project).checks}
    assert len(migrations_of(project.settings)) == known.migrations
    assert checks["replay"].state == "passed", checks["replay"].findings
    for check in ("encoding", "duplicates", "server version"):
        assert checks[check].state == "passed", checks[check].findings
    findings = [one for one in checks["downs"].findings if one.message != "has no down file"]
    failing = [finding for finding in findings if finding.message.startswith("fails:")]
    versions = [
        int(finding.where.file.split("/")[-1].split("_")[0]) for finding in failing if finding.where is not None
    ]
    assert tuple(versions) == known.failing
    assert len(findings) - len(failing) >= known.lossy, findings
    record_property("inputs: histories replayed by validate", {"passed": 1})
    record_property("inputs: migrations replayed by validate", {"passed": known.migrations})
    record_property("inputs: down files found faulty", {"named": len(findings)})


@each_history
def test_sqlx_gives_the_same_and_status_agrees(
    inputs: Path, tmp_path: Path, name: str, scratch: ScratchServer, database: Target, session: Session
) -> None:
    """The Catalog after sqlx's own run is that of the replay, and nothing is pending or wrong."""
    project = history_project(inputs, name, tmp_path, database)
    migrations = migrations_of(project.settings)
    if name == "sqlx_own_no_tx":
        session.query("DROP DATABASE IF EXISTS test_db")
    command = [shutil.which("sqlx") or "sqlx", "migrate", "run", "--source", str(project.settings.migrations)]
    done = subprocess.run(command, env={**os.environ, "DATABASE_URL": url(database)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = status(project)
    assert [(entry.version, entry.state) for entry in report.entries] == [
        (one.version, "applied") for one in migrations
    ]
    assert report.faults == ()
    if name == "sqlx_own_no_tx":
        session.query("DROP DATABASE test_db")
    replayed = replay(scratch, migrations, project.settings).database
    assert catalog_of(session, project.settings) == scratch_catalog(scratch, replayed, project.settings)
    scratch.drop(replayed)


@each_history
def test_each_step_is_planned(
    inputs: Path, tmp_path: Path, name: str, scratch: ScratchServer, record_property: pytest.RecordProperty
) -> None:
    """A database that is only ever changed by our plans keeps up with one that runs the migrations, step by step.

    Our own Catalog is compared after each step, pg_dump's text after the last and every tenth
    (NEON_MIGRATE_TEST_PAIRS=all: after each).
    """
    project = history_project(inputs, name, tmp_path)
    settings, migrations = project.settings, migrations_of(project.settings)
    every = 1 if os.environ.get("NEON_MIGRATE_TEST_PAIRS") == "all" else 10
    make_roles(scratch, (one.up.sql for one in migrations))
    run_by_sqlx, planned = scratch.create(), scratch.create()
    before = scratch_catalog(scratch, run_by_sqlx, settings)
    with scratch.session(planned) as session:
        session.query("DROP DATABASE IF EXISTS test_db")  # one history makes it, and databases are the whole server's
    for number, migration in enumerate(migrations, start=1):
        with open_scratch(scratch, run_by_sqlx) as session:
            run(session, [migration], settings)
        after = scratch_catalog(scratch, run_by_sqlx, settings)
        with scratch.session(planned) as session:
            session.script(plan(before, after).script())
        found = scratch_catalog(scratch, planned, settings)
        assert _different(scratch, (planned, found), (run_by_sqlx, after), settings) == (), migration.up.path.name
        if number % every == 0 or number == len(migrations):
            left = difference(*(dumped(scratch.target(one)) for one in (planned, run_by_sqlx)))
            assert not left, f"{migration.up.path.name}\n{left}"
        before = after
    for one in (planned, run_by_sqlx):
        scratch.drop(one)
    record_property("inputs: steps of histories planned", {"passed": len(migrations)})


def _different(
    scratch: ScratchServer, first: tuple[str, Catalog], second: tuple[str, Catalog], settings: Settings
) -> tuple[Change, ...]:
    """What is left when expressions are in one form: settled in copies, since the databases go on."""
    if not diff(first[1], second[1]):
        return ()
    copies = [(scratch.create(template=name), catalog) for name, catalog in (first, second)]
    changes = diff(*settled(scratch, copies[0], copies[1], settings))
    for name, _ in copies:
        scratch.drop(name)
    return changes
