"""The migrations folder: what sqlx finds in it, what it passes over, and what the next file is called."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from neon_migrate.errors import Location, MigrationFileError
from neon_migrate.ledger import naming
from neon_migrate.ledger.migration import Migration, MigrationFile, checksum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neon_migrate.ledger.naming import Direction, FileName
    from neon_migrate.settings import Settings

_TIMESTAMP = "%Y%m%d%H%M%S"

StrayCode = Literal["not-a-migration", "duplicate-version", "down-without-up"]


@dataclass(frozen=True, slots=True)
class Stray:
    """A file in the folder that belongs to no migration."""

    code: StrayCode
    path: Path
    version: int | None
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Folder:
    """The migrations folder at one moment.

    migrations  ascending by version; of two with one version the first by name
    strays      every other file that looks as if it were meant to be a migration
    width       digits of the versions (of the latest one, where they differ), for the next file
    exists      False where there is no such folder yet
    """

    path: Path
    migrations: tuple[Migration, ...] = ()
    strays: tuple[Stray, ...] = ()
    width: int = naming.DEFAULT_WIDTH
    exists: bool = True

    def require(self) -> Folder:
        """This folder. Raises MigrationFileError where there is none, as sqlx does."""
        if self.exists:
            return self
        raise MigrationFileError(
            f"There is no folder {self.path}",
            remedy="neon-migrate init makes one; where it has another name, set migrations-dir.",
        )


def read(settings: Settings) -> Folder:
    """The folder as sqlx reads it: files directly in it, symbolic links followed.

    Raises MigrationFileError: a version that is no integer, a file that can't be read, is not UTF-8 or holds a NUL.
    """
    path = settings.migrations
    if not path.is_dir():
        return Folder(path, exists=False)
    names, strays = _names(path)
    ups = [name for name in names if name.direction != "down"]
    downs = [name for name in names if name.direction == "down"]
    kept_ups, kept_downs = _first_of_each(ups), _first_of_each(downs)
    strays += [_duplicate(name, kept) for kept, rest in kept_ups.values() for name in rest]
    strays += [_duplicate(name, kept) for kept, rest in kept_downs.values() for name in rest]
    strays += [_without_up(kept) for version, (kept, _) in kept_downs.items() if version not in kept_ups]
    migrations = [
        _migration(up, kept_downs[version][0] if version in kept_downs else None, settings)
        for version, (up, _) in sorted(kept_ups.items())
    ]
    return Folder(path, tuple(migrations), tuple(sorted(strays, key=lambda stray: stray.path.name)), _width(ups))


def sql_files(path: Path) -> tuple[Path, ...]:
    """The files that sqlx looks at, by name."""
    return tuple(sorted(entry for entry in path.iterdir() if entry.is_file()))


def _names(folder: Path) -> tuple[list[FileName], list[Stray]]:
    names, strays = [], []
    for path in sql_files(folder):
        name = naming.parse(path)
        if name is not None:
            names.append(name)
        elif path.suffix.lower() == ".sql":
            what = f"{path.name} is not a migration: sqlx passes it over"
            strays.append(Stray("not-a-migration", path, None, what, f"{naming.NAME_HELP}. Rename or move the file."))
    for path in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        if next(path.glob("*.sql"), None) is not None:
            what = f"{path.name}/ holds .sql files and sqlx does not look into folders"
            strays.append(Stray("not-a-migration", path, None, what, f"{naming.NAME_HELP}. Move the files up."))
    return names, strays


def _first_of_each(names: Iterable[FileName]) -> dict[int, tuple[FileName, list[FileName]]]:
    ordered = sorted(names, key=lambda name: (name.version, name.path.name))
    found = {}
    for version, group in groupby(ordered, key=lambda name: name.version):
        first, *rest = group
        found[version] = (first, rest)
    return found


def _duplicate(name: FileName, kept: FileName) -> Stray:
    return Stray(
        "duplicate-version",
        name.path,
        name.version,
        f"{name.path.name} and {kept.path.name} have one version, {name.version}",
        "Give the one that was not applied anywhere yet a version of its own; a version can be recorded once only.",
    )


def _without_up(name: FileName) -> Stray:
    wanted = naming.file_name(name.version, name.slug, "up", len(name.digits))
    return Stray(
        "down-without-up",
        name.path,
        name.version,
        f"{name.path.name} has no up file of version {name.version}: nothing ever runs it",
        f"Write {wanted}, or give the down file the version of the migration that it belongs to.",
    )


def _migration(up: FileName, down: FileName | None, settings: Settings) -> Migration:
    text = _text(up.path)
    return Migration(
        version=up.version,
        description=up.description,
        up=MigrationFile(up.path, text),
        down=MigrationFile(down.path, _text(down.path)) if down else None,
        reversible=up.direction == "up",
        checksum=checksum(text, settings.ignored_chars),
    )


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MigrationFileError(
            "The file can't be read", where=Location(str(path)), why=error.strerror or str(error)
        ) from None
    if b"\0" in raw:
        raise MigrationFileError(
            "The file holds a NUL byte",
            where=byte_location(str(path), raw, raw.index(b"\0")),
            why="Postgres's protocol ends a text there, so what follows would not be run. UTF-16 looks like this.",
            remedy="Save the file as UTF-8, without a byte order mark.",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MigrationFileError(
            f"The file is not UTF-8: byte 0x{raw[error.start]:02x}",
            where=byte_location(str(path), raw, error.start),
            why="sqlx reads migrations as UTF-8 and refuses the folder otherwise.",
            remedy="Save the file as UTF-8, without a byte order mark.",
        ) from None


def byte_location(file: str, raw: bytes, offset: int) -> Location:
    """Where the byte at `offset` of a file's content stands."""
    start = raw.rfind(b"\n", 0, offset) + 1
    column = len(raw[start:offset].decode("utf-8", errors="replace")) + 1
    return Location(file, raw.count(b"\n", 0, offset) + 1, column)


def _width(ups: Sequence[FileName]) -> int:
    latest = max(ups, key=lambda name: name.version, default=None)
    return len(latest.digits) if latest else naming.DEFAULT_WIDTH


def is_reversible(folder: Folder, settings: Settings) -> bool:
    """Whether the next migration gets a down file: as the settings say, else as the latest one, else yes."""
    if settings.migration_type != "inferred":
        return settings.migration_type == "reversible"
    return folder.migrations[-1].reversible if folder.migrations else True


def next_version(folder: Folder, settings: Settings, now: datetime) -> int:
    """The version of the next migration; see `next_versions`."""
    return next_versions(folder, settings, now, 1)[0]


def next_versions(folder: Folder, settings: Settings, now: datetime, count: int) -> tuple[int, ...]:
    """The versions of the next migrations, sequential or UTC timestamps as sqlx infers it; from 1 in an empty folder.

    Each is above every other. Timestamps also keep two seconds apart: from two that differ by one, sqlx would infer
    that versions are sequential.
    """
    latest = folder.migrations[-1].version if folder.migrations else None
    if _is_sequential(folder, settings):
        first = 1 if latest is None else latest + 1
        return tuple(range(first, first + count))
    found: list[int] = []
    moment = now.astimezone(UTC)
    if latest is not None and latest >= _timestamp(moment):
        # Somebody's clock is ahead, or the version is no timestamp at all: then there is nothing but to count on.
        ahead = _moment(latest)
        if ahead is None and latest >= _timestamp(moment + timedelta(days=1)):
            return tuple(range(latest + 1, latest + 1 + count))
        moment = ahead or moment
    while len(found) < count:
        version = _timestamp(moment)
        if latest is None or version - latest > 1:
            found.append(version)
            latest = version
        moment += timedelta(seconds=1)
    return tuple(found)


def _is_sequential(folder: Folder, settings: Settings) -> bool:
    if settings.migration_versioning != "inferred":
        return settings.migration_versioning == "sequential"
    match [migration.version for migration in folder.migrations[-2:]]:
        case [before, latest]:
            return latest - before == 1
        case [only]:
            return only in (0, 1)
        case _:
            return True


def _timestamp(moment: datetime) -> int:
    return int(moment.strftime(_TIMESTAMP))


def _moment(version: int) -> datetime | None:
    """The moment that a version says; None where it is no timestamp."""
    with suppress(ValueError):
        moment = datetime.strptime(str(version), _TIMESTAMP).replace(tzinfo=UTC)
        return moment if _timestamp(moment) == version else None
    return None


def write(settings: Settings, version: int, slug: str, up: str, down: str | None) -> tuple[Path, ...]:
    """Write a new migration (a simple one without `down`) and give its files' paths, up first.

    Line ends are LF. Each file appears whole or not at all, both or none; nothing existing is touched.
    Raises MigrationFileError when the version is taken or a file can't be written.
    """
    folder = read(settings)
    texts: dict[Direction, str] = {"simple": up} if down is None else {"up": up, "down": down}
    taken = next((migration for migration in folder.migrations if migration.version == version), None)
    if taken is not None:
        raise MigrationFileError(
            f"Version {version} is taken by {taken.up.path.name}",
            where=Location(str(taken.up.path)),
            remedy="Run the command again: it takes the next version.",
        )
    written: list[Path] = []
    try:
        settings.migrations.mkdir(parents=True, exist_ok=True)
        for direction, text in texts.items():
            path = settings.migrations / naming.file_name(version, slug, direction, folder.width)
            _write_new(path, text)
            written.append(path)
    except OSError as error:
        for path in written:
            path.unlink()
        raise MigrationFileError(
            "The migration can't be written", where=Location(str(settings.migrations)), why=str(error)
        ) from None
    return tuple(written)


def _write_new(path: Path, text: str) -> None:
    """A hard link appears with its whole content and never replaces a file."""
    normal = text.replace("\r\n", "\n")
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".", suffix=".tmp", encoding="utf-8", newline=""
    ) as file:
        file.write(normal if normal.endswith("\n") else normal + "\n")
        file.flush()
        os.fsync(file.fileno())
        Path(file.name).chmod(0o644)
        os.link(file.name, path)
