"""Fixtures for all tests: a real throw-away Postgres, databases in it, and the inputs that others wrote."""

from __future__ import annotations

import fcntl
import os
import tarfile
from collections import Counter
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import pytest

import act
import npm
from neon_migrate.postgres.scratch import ScratchServer, scratch_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.terminal import TerminalReporter

    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target

pytest_plugins = ["golden_files", "secure_server", "neon.fake_api"]

_SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python before 3.11.4 can't be asked to."""

SEED = os.environ.setdefault("NEON_MIGRATE_TEST_SEED", str(SystemRandom().getrandbits(32)))
"""Of random schemas and of the order of pairs, for all workers: set it to have a run again."""

INPUTS = Path(__file__).parents[2] / "shared" / "inputs"


@pytest.fixture(scope="session")
def scratch() -> Iterator[ScratchServer]:
    """A throw-away server, one for each worker."""
    with scratch_server() as server:
        yield server


@pytest.fixture
def database(scratch: ScratchServer) -> Iterator[Target]:
    """A fresh, empty database."""
    name = scratch.create()
    yield scratch.target(name)
    scratch.drop(name)


@pytest.fixture
def session(database: Target) -> Iterator[Session]:
    """A connection to a fresh, empty database."""
    from neon_migrate.postgres.session import connect

    with connect(database) as connected:
        yield connected


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `histories/`, `pairs/` and `schemas/`, unpacked once a run; a skip where they are absent."""
    archives = sorted(INPUTS.glob("*.tar.gz"))
    if not archives:
        pytest.skip(f"no inputs in {INPUTS}")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "inputs"
    with (shared / "inputs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = shared / "inputs.part"
            for archive in archives:
                with tarfile.open(archive) as content:
                    content.extractall(part, **_SAFELY)
            part.rename(folder)
    return folder


def pytest_report_header() -> str:
    """What is needed to have this run again."""
    return f"NEON_MIGRATE_TEST_SEED={SEED}"


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """How many inputs were run and what came of them, summed over what the tests recorded as `inputs: …`."""
    totals: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, counts in report.user_properties:
                if name.startswith("inputs: "):
                    totals.setdefault(name, Counter()).update(counts)
    for name, counts in sorted(totals.items()):
        found = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
        terminalreporter.write_line(f"{name}: {counts.total()} run, {found}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI, with the inputs at hand, nothing may skip, but for what can't be had there: else it has failed."""
    report = yield
    unavoidable = any(reason in str(report.longrepr) for reason in (npm.UNAVAILABLE, act.UNAVAILABLE))
    skipped = report.skipped and not hasattr(report, "wasxfail") and not unavoidable
    if skipped and os.environ.get("CI") and INPUTS.is_dir():
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
