"""Running the command line as a person does: as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Path(sys.executable).with_name("neon-migrate")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder that is the top of a repository, so that no project is looked for above it."""
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Callable[..., Ran]:
    """Run neon-migrate in `folder` without any database in the environment (but what `env` adds)."""

    def runner(*arguments: str, env: dict[str, str] | None = None, stdin: str = "") -> Ran:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PG") and "DATABASE_URL" not in name
        }
        done = subprocess.run(
            [PROGRAM, *arguments],
            cwd=folder,
            env=inherited | {"TERM": "xterm"} | (env or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return runner
