"""The JSON envelope."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from neon_migrate.errors import ExitCode, Location, StatementError
from neon_migrate.render.json_text import envelope


@dataclass(frozen=True, slots=True)
class Report:
    path: Path
    moment: datetime
    versions: tuple[int, ...]


def test_a_report_is_wrapped_with_its_command_and_exit_code() -> None:
    """Paths, moments and nested values come out as a program expects them."""
    report = Report(Path("a/b.sql"), datetime(2026, 1, 2, tzinfo=UTC), (1, 2))
    found = json.loads(envelope("status", ExitCode.DIFFERENT, report=report, warnings=["careful"]))
    assert found == {
        "command": "status",
        "ok": False,
        "exit_code": 3,
        "report": {"path": "a/b.sql", "moment": "2026-01-02T00:00:00Z", "versions": [1, 2]},
        "error": None,
        "notices": [],
        "warnings": ["careful"],
    }


def test_an_error_keeps_its_four_answers_apart() -> None:
    """A program gets what, where, why, remedy, SQLSTATE and statement each under its name."""
    error = StatementError("bad", sqlstate="42601", statement="SELEC", where=Location("f.sql", 3, 1, "SELEC"), why="w")
    found = json.loads(envelope("apply", ExitCode.FAILED, error=error))["error"]
    assert found == {
        "type": "StatementError",
        "what": "bad",
        "where": {"file": "f.sql", "line": 3, "column": 1, "source": "SELEC"},
        "why": "w",
        "remedy": "",
        "sqlstate": "42601",
        "statement": "SELEC",
    }
