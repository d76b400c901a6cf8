"""Migration folders for tests: small ones written on the spot, and the real ones of the inputs."""

from __future__ import annotations

import shutil
import tomllib
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
    diesel = [entry for entry in sorted(source.iterdir()) if (entry / "up.sql").exists()]
    for entry in diesel:
        _convert(entry, destination)
    for entry in sorted(source.glob("*.sql")) if not diesel else ():
        shutil.copy(entry, destination)
    return Project(load(root), target)


def _convert(entry: Path, destination: Path) -> None:
    """One migration of diesel's: it compares versions without their dashes, and says in a metadata.toml what sqlx
    says in the first line."""
    version, _, rest = entry.name.partition("_")
    digits = version.replace("-", "")
    metadata = entry / "metadata.toml"
    apart = metadata.exists() and tomllib.loads(metadata.read_text()).get("run_in_transaction") is False
    for direction in ("up", "down"):
        file = entry / f"{direction}.sql"
        if file.exists():
            text = file.read_text()
            (destination / f"{digits}_{rest}.{direction}.sql").write_text(
                f"-- no-transaction\n{text}" if apart else text
            )


def history_names(inputs: Path) -> list[str]:
    """The histories there are."""
    return sorted(path.name for path in (inputs / "histories").iterdir() if path.is_dir())
