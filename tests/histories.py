"""Migration folders for tests: small ones written on the spot, and the real ones of the inputs."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from neon_migrate.ledger import folder
from neon_migrate.project import Project
from neon_migrate.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.target import Target


def write_project(root: Path, files: Mapping[str, str], target: Target | None = None) -> Project:
    """A project with these files: migrations by name, anything with a slash or another ending relative to the root."""
    (root / "migrations").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = root / name if "/" in name or not name.endswith(".sql") else root / "migrations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return Project(load(root), target)


def migrations_of(settings: Settings) -> tuple[Migration, ...]:
    """What is in the folder."""
    return folder.read(settings).migrations


def history_project(inputs: Path, name: str, root: Path, target: Target | None = None) -> Project:
    """A history of the inputs as a project of its own; one in diesel's layout is given sqlx's names."""
    source = inputs / "histories" / name / "migrations"
    destination = root / "migrations"
    destination.mkdir(parents=True)
    for entry in sorted(source.iterdir()):
        if entry.is_file():
            shutil.copy(entry, destination)
        elif (entry / "up.sql").exists():
            _copy_diesel(entry, destination)
    return Project(load(root), target)


def _copy_diesel(entry: Path, destination: Path) -> None:
    """diesel orders by the name without dashes, the way that its versions are compared."""
    version, _, rest = entry.name.partition("_")
    digits = re.sub(r"\D", "", version)
    for direction in ("up", "down"):
        file = entry / f"{direction}.sql"
        if file.exists():
            shutil.copy(file, destination / f"{digits}_{rest}.{direction}.sql")


def history_names(inputs: Path) -> list[str]:
    """The histories there are."""
    return sorted(path.name for path in (inputs / "histories").iterdir() if path.is_dir())
