"""Where this neon-migrate comes from, as its installer noted it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate import origin

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Distribution:
    def __init__(self, noted: dict[str, Any] | None) -> None:
        self._noted = noted

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self._noted is None else json.dumps(self._noted)


@pytest.mark.parametrize(
    ("noted", "found"),
    [
        ({"url": "https://github.com/a/b.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}, f"a/b@{COMMIT}"),
        ({"url": "ssh://git@github.com/a/b", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}, f"a/b@{COMMIT}"),
        ({"url": "https://gitlab.com/a/b", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}, None),
        ({"url": "https://github.com/a/b/archive.zip", "archive_info": {}}, None),
        ({"url": "file:///nonexistent", "dir_info": {}}, None),
        (None, None),
    ],
)
def test_what_the_installer_noted(
    noted: dict[str, Any] | None, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit of a repository on GitHub, or nothing."""
    monkeypatch.setattr(origin, "distribution", lambda name: _Distribution(noted))
    assert origin.installed_from() == found


def test_a_checkout_says_its_remote_and_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed from a folder, it is what git says of that folder."""

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(["git", *who, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("remote", "add", "origin", "git@github.com:a/b.git")
    noted = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    monkeypatch.setattr(origin, "distribution", lambda name: _Distribution(noted))
    assert origin.installed_from() == f"a/b@{git('rev-parse', 'HEAD')}"
