"""`init`: the files a project starts with. Nothing that exists is ever changed."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from neon_migrate.errors import NeonMigrateError
from neon_migrate.settings import SCHEMA_PLACES, SETTINGS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON_SCHEMA_FILE = "neon-migrate.schema.json"
"""Committed beside schema.json, which names it as `$schema`: every clone's editor has it, without a network."""

_COPIES = (
    ("neon-migrate.toml", SETTINGS_FILE),
    ("gitattributes", ".gitattributes"),
    ("gitignore", ".gitignore"),
    ("scripts/neon-migrate.sh", "scripts/neon-migrate.sh"),
    ("scripts/validate-schema-locally.sh", "scripts/validate-schema-locally.sh"),
    ("generate_schema.sh", "generate_schema.sh"),
)
_LINES = {".gitattributes": ("*.sql text eol=lf",), ".gitignore": (".neon-migrate/", ".env")}
"""What matters in files that a repository may have already."""


@dataclass(frozen=True, slots=True)
class InitReport:
    """What `init` did.

    created  the files and folders it made
    existing those that were there, and were left as they are
    advice   what to do by hand, a sentence each
    """

    root: Path
    created: tuple[Path, ...]
    existing: tuple[Path, ...]
    advice: tuple[str, ...]


def init(root: Path, *, github: bool = False, action: str | None = None) -> InitReport:
    """Make `root` a project of neon-migrate; run again, it adds what has gone missing and changes nothing else.

    github  also write the workflows of GitHub Actions
    action  what they run, as `OWNER/REPOSITORY@COMMIT`; None: the checkout that this neon-migrate was installed from

    Raises NeonMigrateError where a file can't be written, and UsageError where it can't be told what the workflows run.
    """
    root = root.resolve()
    wanted = list(_wanted(root))
    if github:
        from neon_migrate.workflows import workflows

        wanted += [(file.path, file.content) for file in workflows(root, action)]
    created: list[Path] = []
    existing: list[Path] = []
    try:
        for path, content in wanted:
            (created if _make(path, content) else existing).append(path)
    except OSError as error:
        raise NeonMigrateError(
            f"{error.filename} could not be made: {error.strerror}",
            remedy="Make the folder writable and run init again.",
        ) from None
    return InitReport(root, tuple(created), tuple(existing), tuple(_advice(root, frozenset(created))))


def json_schema_text(document: dict[str, Any]) -> str:
    """The JSON Schema as a file's text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _wanted(root: Path) -> Iterator[tuple[Path, str | None]]:
    """Every file with its content, and every folder with None, in the order in which they are made."""
    from neon_migrate.sources.schema_json.json_schema import schema_document

    templates = files("neon_migrate") / "templates"
    migrations = root / "migrations"
    schema = next((root / place for place in SCHEMA_PLACES if (root / place).is_file()), root / SCHEMA_PLACES[0])
    if schema.is_file() or not _has_migrations(migrations):
        yield schema, (templates / "schema.json").read_text(encoding="utf-8")
    yield schema.parent / JSON_SCHEMA_FILE, json_schema_text(schema_document())
    yield migrations, None
    for template, name in _COPIES:
        if name != SETTINGS_FILE or not _has_settings(root):
            yield root / name, (templates / template).read_text(encoding="utf-8")


def _has_migrations(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.sql"))


def _make(path: Path, content: str | None) -> bool:
    """Make a file or folder; False when there is one already."""
    if content is None:
        present = path.is_dir()
        path.mkdir(parents=True, exist_ok=True)
        return not present
    path.parent.mkdir(parents=True, exist_ok=True)
    executable = content.startswith("#!")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if executable else 0o666)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(content)
    return True


def _advice(root: Path, created: frozenset[Path]) -> Iterator[str]:
    for name, lines in _LINES.items():
        path = root / name
        if path in created:
            continue
        present = {line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()}
        for line in lines:
            if line not in present:
                yield f"Add this line to {name}: {line}"
    if not any((root / place).is_file() for place in SCHEMA_PLACES):
        yield "There are migrations and no schema.json: neon-migrate import --from migrations -o schema.json writes it."


def _has_settings(root: Path) -> bool:
    """Whether pyproject.toml holds the settings, so that a file of their own would hide them."""
    pyproject = root / "pyproject.toml"
    if not pyproject.is_file():
        return False
    try:
        return "neon-migrate" in tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
