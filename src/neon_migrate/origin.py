"""Where this neon-migrate was installed from: the repository on GitHub and the commit, for workflows to run it too."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

_GITHUB = re.compile(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def installed_from() -> str | None:
    """`OWNER/REPOSITORY@COMMIT`; None where it came from elsewhere than GitHub, or from a checkout that git can't read.

    What an installer noted is in direct_url.json (packaging.python.org, "Recording the Direct URL Origin").
    """
    try:
        text = distribution("neon-migrate").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    noted = json.loads(text or "{}")
    url = str(noted.get("url", ""))
    commit = str(noted.get("vcs_info", {}).get("commit_id", ""))
    if url.startswith("file://"):
        folder = Path(unquote(urlsplit(url).path))
        url, commit = _git(folder, "remote", "get-url", "origin"), _git(folder, "rev-parse", "HEAD")
    found = _GITHUB.search(url)
    return f"{found[1]}@{commit}" if found and commit else None


def _git(folder: Path, *arguments: str) -> str:
    """What git prints; nothing where it fails or is not there."""
    try:
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
