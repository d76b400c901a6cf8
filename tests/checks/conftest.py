"""A project of a few files, validated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from histories import write_project
from neon_migrate.validate import CheckResult, validate

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.target import Target

Validated = Callable[..., dict[str, CheckResult]]


@pytest.fixture
def validated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Validated:
    """Writes the files into the project and gives what each check says, by its name."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    def run(files: dict[str, str], *, target: Target | None = None, since: int | None = None) -> dict[str, CheckResult]:
        report = validate(write_project(tmp_path, files, target), since=since)
        return {check.name: check for check in report.checks}

    return run
