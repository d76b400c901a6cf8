"""File names of migrations, by sqlx's rules (sqlx-core/src/migrate/source.rs, sqlx-cli/src/migrate.rs)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neon_migrate.errors import Location, MigrationFileError

if TYPE_CHECKING:
    from pathlib import Path

Direction = Literal["simple", "up", "down"]

DEFAULT_WIDTH = 4
"""Digits of a sequential version where no earlier one says otherwise: sqlx starts with `0001_`."""

NAME_HELP = "A migration is named <version>_<description>.sql, .up.sql or .down.sql: 0007_add_user_name.up.sql"

_SUFFIXES: dict[Direction, str] = {"up": ".up.sql", "down": ".down.sql", "simple": ".sql"}
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_VERSIONS = range(-(1 << 63), 1 << 63)


@dataclass(frozen=True, slots=True)
class FileName:
    """What the name of a migration file says.

    digits       the version as written, leading zeros included
    description  as the ledger stores it, with spaces
    slug         the description as written
    """

    path: Path
    digits: str
    version: int
    slug: str
    direction: Direction

    @property
    def description(self) -> str:
        return self.slug.replace("_", " ")


def parse(path: Path) -> FileName | None:
    """What the name says; None where sqlx passes the file over (no `_`, or no `.sql` at the end).

    Raises MigrationFileError where sqlx would refuse the folder: what stands before the first `_` is no 64-bit integer.
    """
    digits, underscore, rest = path.name.partition("_")
    if not underscore or not rest.endswith(".sql"):
        return None
    # Rust's i64::from_str: an optional sign and ASCII digits. Python's int() takes more (spaces, 1_0, other scripts).
    version = int(digits) if _INTEGER.fullmatch(digits) else None
    if version is None or version not in _VERSIONS:
        raise MigrationFileError(
            f"{digits!r} is not a version",
            where=Location(str(path)),
            why="What stands before the first underscore of a migration's name must be a 64-bit integer; sqlx refuses "
            "the whole folder otherwise.",
            remedy=f"{NAME_HELP}. Rename the file, or move it out of the folder.",
        )
    direction = next(direction for direction, suffix in _SUFFIXES.items() if rest.endswith(suffix))
    return FileName(path, digits, version, _without_suffix(rest, _SUFFIXES[direction]), direction)


def _without_suffix(rest: str, suffix: str) -> str:
    """Rust's trim_end_matches takes the suffix off as often as it is there."""
    while rest.endswith(suffix):
        rest = rest[: -len(suffix)]
    return rest


def file_name(version: int, slug: str, direction: Direction, width: int = DEFAULT_WIDTH) -> str:
    """The name of a migration file, such as `0007_add_user_name.up.sql`."""
    return f"{version:0{width}}_{slug}{_SUFFIXES[direction]}"
