"""Which migrations are new, asked of a real git."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from histories import migrations_of, write_project
from neon_migrate.ledger.history import History
from neon_migrate.unreleased import above, by_git, by_ledger, changed_since_release

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.settings import Settings

ONE = {"1_a.sql": "SELECT 1;"}
TWO = ONE | {"2_b.sql": "SELECT 1;"}
THREE = TWO | {"3_c.sql": "SELECT 1;"}


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", ".")
    git(root, "commit", "-m", "change")


def new(settings: Settings) -> tuple[list[int], str]:
    found = by_git(migrations_of(settings), settings.migrations)
    return [one.version for one in found.migrations], found.reason


def test_without_git_the_newest_is_new(tmp_path: Path) -> None:
    """And it is said that nothing better was known."""
    versions, reason = new(write_project(tmp_path, THREE).settings)
    assert versions == [3]
    assert "newest" in reason


@pytest.mark.parametrize("default", ["main", "master"])
def test_on_a_branch_those_that_the_default_branch_has_not_are_new(tmp_path: Path, default: str) -> None:
    """Committed or not."""
    settings = write_project(tmp_path, ONE).settings
    git(tmp_path, "init", "-b", default)
    commit(tmp_path)
    git(tmp_path, "checkout", "-b", "feature")
    write_project(tmp_path, TWO)
    commit(tmp_path)
    write_project(tmp_path, THREE)
    versions, reason = new(settings)
    assert versions == [2, 3]
    assert reason.endswith(f"branch {default}")


def test_what_the_default_branch_got_since_is_not_held_against_the_branch(tmp_path: Path) -> None:
    """The merge base counts, not the branch's tip; what only main has is not there at all."""
    settings = write_project(tmp_path, ONE).settings
    git(tmp_path, "init", "-b", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "-b", "feature")
    write_project(tmp_path, TWO)
    commit(tmp_path)
    git(tmp_path, "checkout", "main")
    write_project(tmp_path, {"2_b.sql": "SELECT 1;", "9_other.sql": "SELECT 1;"})
    commit(tmp_path)
    git(tmp_path, "checkout", "feature")
    assert new(settings)[0] == [2]


def test_what_origin_says_comes_first(tmp_path: Path) -> None:
    """On main itself, what was not pushed is new."""
    settings = write_project(tmp_path / "clone", ONE).settings
    root = tmp_path / "clone"
    git(root, "init", "-b", "main")
    commit(root)
    git(tmp_path, "clone", "--bare", "clone", "origin.git")
    git(root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(root, "fetch", "origin")
    write_project(root, TWO)
    commit(root)
    versions, reason = new(settings)
    assert versions == [2]
    assert reason.endswith("origin/main")


def test_a_folder_that_the_default_branch_has_not_is_new_as_a_whole(tmp_path: Path) -> None:
    """Also where the repository starts above the project."""
    (tmp_path / "README").write_text("x")
    git(tmp_path, "init", "-b", "main")
    commit(tmp_path)
    settings = write_project(tmp_path / "service", TWO).settings
    assert new(settings)[0] == [1, 2]


def test_a_repository_without_a_commit_knows_nothing(tmp_path: Path) -> None:
    """The newest is taken then."""
    settings = write_project(tmp_path, TWO).settings
    git(tmp_path, "init", "-b", "main")
    assert new(settings)[0] == [2]


def test_the_ledger_and_the_caller_say_it_too(tmp_path: Path) -> None:
    """Those that are pending; those above a version."""
    migrations = migrations_of(write_project(tmp_path, THREE).settings)
    assert [one.version for one in by_ledger(History(migrations, ())).migrations] == [1, 2, 3]
    found = above(migrations, 1)
    assert [one.version for one in found.migrations] == [2, 3]
    assert 2 in found
    assert 1 not in found


def changed(settings: Settings) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    found = changed_since_release(migrations_of(settings), settings.migrations)
    return None if found is None else (found.edited, found.deleted)


def test_what_the_default_branch_has_is_seen_to_change(tmp_path: Path) -> None:
    """Edited, renamed with another text, deleted, committed or not; what is new or only renamed is no matter."""
    settings = write_project(tmp_path, {f"{each}_a.sql": f"SELECT {each};" for each in range(1, 6)}).settings
    assert changed(settings) is None
    git(tmp_path, "init", "-b", "main")
    commit(tmp_path)
    assert changed(settings) == ((), ())
    git(tmp_path, "checkout", "-b", "feature")
    for each in (2, 3, 4):
        (settings.migrations / f"{each}_a.sql").unlink()
    write_project(tmp_path, {"1_a.sql": "SELECT 7;", "3_b.sql": "SELECT 3;", "4_b.sql": "SELECT 7;"})
    commit(tmp_path)
    write_project(tmp_path, {"5_a.sql": "SELECT 7;", "6_a.sql": "SELECT 6;"})
    assert changed(settings) == (("1_a.sql", "4_a.sql", "5_a.sql"), ("2_a.sql",))
