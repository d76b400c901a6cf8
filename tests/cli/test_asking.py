"""Questions are asked where somebody can answer them: in a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = {"id": {"type": "integer", "primary": True}, "email": {"type": "text"}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder whose schema.json has a column under another name than its migrations."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_a.sql").write_text("CREATE TABLE users (id integer PRIMARY KEY, mail text);\n")
    (tmp_path / "schema.json").write_text(json.dumps({"tables": {"users": {"fields": FIELDS}}}))
    return tmp_path


def in_a_terminal(folder: Path, *arguments: str, typed: str) -> tuple[int, str]:
    """Exit code and screen of a command whose three streams are a terminal, with something typed into it."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb"}
    command = [sys.executable, "-m", "neon_migrate", *arguments]
    with subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        screen = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux's way of saying that the other end is closed
                part = b""
            if not part:
                break
            screen += part
    os.close(ours)
    return process.returncode, screen.decode()


def test_a_rename_is_asked_about(project: Path) -> None:
    """On yes it is one, and nothing has to be allowed."""
    code, screen = in_a_terminal(project, "generate", typed="y\n")
    assert code == ExitCode.OK, screen
    assert "column public.users.mail may be email now: both are text" in screen
    assert "Is it a rename? [y/N]" in screen
    (written,) = (project / "migrations").glob("0002_*.sql")
    assert "RENAME COLUMN mail TO email" in written.read_text()


@pytest.mark.parametrize("answer", ["\n", "n\n", "what\n"])
def test_any_other_answer_is_no(project: Path, answer: str) -> None:
    """Then the column goes, and that has to be allowed."""
    code, screen = in_a_terminal(project, "generate", typed=answer)
    assert code == ExitCode.REFUSED, screen
    assert [file.name for file in (project / "migrations").iterdir()] == ["0001_a.sql"]


def test_with_check_and_in_json_nothing_is_asked(project: Path) -> None:
    """What may be a rename is in the report."""
    code, screen = in_a_terminal(project, "generate", "--check", typed="")
    assert code == ExitCode.DIFFERENT
    assert "Is it" not in screen
    assert '"renamed_from": "mail"' in screen
    code, screen = in_a_terminal(project, "generate", "--check", "--format", "json", typed="")
    assert code == ExitCode.DIFFERENT
    assert json.loads(screen)["report"]["rename_candidates"][0]["old"] == "mail"
