"""What is installed: locked versions with hashes, and a wheel with everything in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;~! ]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


def _locked(name: str) -> dict[str, str]:
    """Each pinned package of a lock file with the text of its entry."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {
        entry.partition("==")[0]: entry
        for entry in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
        if "==" in entry
    }


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", [*PROJECT["project"]["dependencies"], *GROUPS["build"]]),
        ("requirements-dev.lock", [*PROJECT["project"]["dependencies"], *GROUPS["build"], *GROUPS["dev"][1:]]),
    ],
)
def test_every_dependency_is_locked_by_hash(lock: str, wanted: list[str]) -> None:
    """`./lock.sh` writes the files; they name no package index."""
    locked = _locked(lock)
    assert _names(wanted) <= set(locked)
    assert all("--hash=sha256:" in entry for entry in locked.values())
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


def test_both_locks_agree() -> None:
    """What is tested is what is installed."""
    development = _locked("requirements-dev.lock")
    for name, entry in _locked("requirements.lock").items():
        assert development[name].split()[0] == entry.split()[0]


def test_the_wheel_holds_templates_types_and_licence(tmp_path: Path) -> None:
    """A wheel that was built, not the source tree, is what users get."""
    hatchling = Path(sys.executable).with_name("hatchling")
    subprocess.run([hatchling, "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        held = set(content.namelist())
    templates = {
        f"neon_migrate/templates/{path.relative_to(ROOT / 'src/neon_migrate/templates').as_posix()}"
        for path in (ROOT / "src/neon_migrate/templates").rglob("*")
        if path.is_file()
    }
    assert len(templates) == 9
    assert templates | {"neon_migrate/py.typed"} <= held
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in held)
