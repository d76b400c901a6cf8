"""The documentation: every example is run, every generated page is fresh, every link leads somewhere."""

from __future__ import annotations

import html
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.cli.application import application
from neon_migrate.postgres.local import stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
WITH_EXAMPLES = [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CHANGING = re.compile(r"\d[\d.]* (?:µs|ms|s|min)\b|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|[0-9a-f]{96}|\d+\.\d+ \([^)]*\)")
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _examples(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each command of a page's console blocks, with the output shown under it."""
    command, shown = "", list[str]()
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line[2:], []
            elif line.startswith(">") and not shown:
                command += "\n" + line[2:]
            else:
                shown.append(line)
    if command:
        yield command, shown


def _settled(line: str) -> str:
    """A line without what differs from run to run: durations, moments, checksums, and the blanks they shift."""
    return " ".join(_CHANGING.sub("#", line).split())


def _agrees(shown: list[str], printed: list[str]) -> bool:
    """Whether the lines shown are those printed, in order; `...` stands for any number of lines."""
    if not shown:
        return not printed
    if shown[0] == "...":
        return any(_agrees(shown[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and _agrees(shown[1:], printed[1:])


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_every_example_prints_what_is_shown(page: Path, tmp_path: Path) -> None:
    """The console blocks of a page are one session, run in order in an empty repository."""
    (tmp_path / ".git").mkdir()
    environment = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    try:
        for command, shown in _examples(page):
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            wanted = [_settled(line) for line in shown if line.strip()]
            printed = [_settled(line) for line in done.stdout.splitlines() if line.strip()]
            assert _agrees(wanted, printed), f"$ {command}\n{done.stdout}"
    finally:
        stop(tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    """Links within the repository name files that exist."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_commands_page_is_what_the_code_says() -> None:
    """docs/commands.md and the table in README.md; `python docs/make_commands.py` writes both."""
    script = _script("make_commands")
    assert script.PAGE.read_text(encoding="utf-8") == script.page()
    assert script.README.read_text(encoding="utf-8") == script.readme()


def test_the_exit_codes_in_the_readme_are_those_of_the_code() -> None:
    """Every exit code is documented once in the list under the commands."""
    from neon_migrate.errors import ExitCode

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sentence = readme.partition("The exit codes are the same everywhere:")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"\b\d+\b", sentence)] == sorted(ExitCode)


def test_every_command_is_told_of_in_the_daily_workflow() -> None:
    """docs/workflow.md shows each command at work or at least names it."""
    workflow = (ROOT / "docs" / "workflow.md").read_text(encoding="utf-8")
    group = application()
    missing = [
        name
        for name in group.list_commands(None)  # type: ignore[arg-type]
        if f"neon-migrate {name}" not in workflow
    ]
    assert missing == []


def test_the_walk_through_the_main_job_runs(tmp_path: Path) -> None:
    """`try-it.sh` after its installation: every step ends well, and the database is back where it was."""
    environment = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    try:
        done = subprocess.run(
            [ROOT / "examples" / "shop" / "walk.sh", tmp_path / "shop"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        stop(tmp_path / "shop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "proven: restored into an empty database" in done.stdout
    assert done.stdout.rstrip().endswith("1 migration applied, 3 pending on the local database.")


def test_the_picture_shows_what_a_terminal_shows() -> None:
    """docs/picture.svg is real output of today's code; `python docs/make_picture.py` draws it."""

    def words(picture: str) -> list[str]:
        lines = re.findall(r"<text [^>]*>([^<]*)</text>", picture)
        shown = " ".join(html.unescape(line).replace("\xa0", " ") for line in lines).replace("─", "")
        return _settled(shown).split()

    script = _script("make_picture")
    assert words(script.PICTURE.read_text(encoding="utf-8")) == words(script.draw())


def test_shell_scripts_parse_in_a_posix_shell() -> None:
    """Every script is sh, not bash, and is executable."""
    scripts = [*ROOT.glob("*.sh"), *(ROOT / "examples").rglob("*.sh"), ROOT / ".ci" / "run"]
    for script in scripts:
        assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
        assert os.access(script, os.X_OK)
        subprocess.run(["sh", "-n", script], check=True)
