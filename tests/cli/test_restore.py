"""`restore` as a command: the question, the answers, JSON, and no password anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.errors import ExitCode
from workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon.fake_api import FakeNeon
    from tests.cli.conftest import Ran


@pytest.fixture
def bench(folder: Path, neon_api: FakeNeon) -> Workbench:
    """Production with a table of ten rows."""
    neon_api.polls = 0
    found = Workbench(folder, neon_api.target)
    with found.session() as session:
        session.script("CREATE TABLE pets (id int); INSERT INTO pets SELECT g FROM generate_series(1, 10) g")
    return found


def _written(bench: Workbench, neon_api: FakeNeon) -> str:
    """Remember production, then remove a row from it and change five; gives the LSN before."""
    lsn = neon_api.checkpoint()
    with bench.session() as session:
        session.script("DELETE FROM pets WHERE id = 1; UPDATE pets SET id = -id WHERE id > 5")
    return lsn


def _command(neon_api: FakeNeon, run: Callable[..., Ran], *arguments: str, stdin: str = "") -> Any:
    return run("restore", *arguments, env=neon_api.environment, stdin=stdin)


def test_the_command_asks_for_the_branchs_name(bench: Workbench, neon_api: FakeNeon, run: Callable[..., Ran]) -> None:
    """Another answer is a no (4); the name, or --yes, is a yes; JSON needs --yes; no password is shown."""
    lsn = _written(bench, neon_api)
    for answer in ("yes\n", ""):
        done = _command(neon_api, run, "--lsn", lsn, stdin=answer)
        assert (done.code, "not confirmed" in done.out + done.err) == (ExitCode.REFUSED, True)
    assert "public.pets" in done.out + done.err
    assert _command(neon_api, run, "--lsn", lsn, "--format", "json").code == ExitCode.USAGE
    assert bench.query("SELECT count(*) FROM pets") == [(9,)]
    done = _command(neon_api, run, "--lsn", lsn, "--preserve-under-name", "kept", stdin="main\n")
    assert done.code == 0, done.err
    assert "kept" in done.out
    assert "pr0duction" not in done.out + done.err
    assert bench.query("SELECT count(*) FROM pets") == [(10,)]


def test_the_command_as_json(bench: Workbench, neon_api: FakeNeon, run: Callable[..., Ran], tmp_path: Path) -> None:
    """The report has the plan with every count."""
    lsn = _written(bench, neon_api)
    record = {"before": {"lsn": lsn, "at": "2026-01-01T00:00:00Z"}}
    (tmp_path / "old.json").write_text(json.dumps(record))
    done = _command(neon_api, run, "--plan", "old.json", "--yes", "--format", "json")
    assert done.code == ExitCode.REFUSED
    assert "does not reach back" in done.json["error"]["what"]
    done = _command(neon_api, run, "--lsn", lsn, "--yes", "--format", "json")
    report = done.json["report"]
    assert report["confirmed"] is True
    assert report["plan"]["writes"][0]["tables"][0]["written"] == 5
