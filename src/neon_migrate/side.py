"""One side of a comparison, as a person names it: a database, a schema.json, a migrations folder, a file of SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from neon_migrate.errors import UsageError
from neon_migrate.events import Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neon_migrate.catalog import Catalog
    from neon_migrate.ledger.migration import Migration, MigrationFile
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.target import Target
    from neon_migrate.project import Project
    from neon_migrate.settings import Settings
    from neon_migrate.sources.schema_json.document import Document

Place = Literal["FROM", "TO"]

LIVE = "live"
"""The word for the project's own database."""

KINDS = (
    "A side is a database URL, live, a schema.json, a migrations folder (with @VERSION: up to that version), or a .sql "
    "file."
)


class TextSide(Protocol):
    """A side that becomes a schema by being run on a scratch server.

    label     as it was named
    warnings  what makes it less than certain that it means what it says
    wanted    keys of kept databases, best first (see ScratchServer.keep)
    """

    @property
    def label(self) -> str: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...

    @property
    def wanted(self) -> Sequence[str]: ...

    def load(self, server: ScratchServer) -> str:
        """A new database with the schema; its name. The caller may change it."""


@dataclass(frozen=True, slots=True)
class DatabaseSide:
    """A database that is there; it is only read."""

    target: Target

    @property
    def label(self) -> str:
        """Its name and host, without the password."""
        return str(self.target)

    def read(self, project: Project) -> tuple[Catalog, int, frozenset[str]]:
        """Its Catalog, the server's major version and roles. Raises UnreachableError, StatementError."""
        from neon_migrate.sources.database import catalog_of
        from neon_migrate.sources.roles import roles_in

        project.observer(Step(f"reading {self.label}"))
        with replace(project, target=self.target).session() as session:
            return catalog_of(session, project.settings), session.major, roles_in(session)


@dataclass(frozen=True, slots=True)
class SchemaSide:
    """A schema.json."""

    label: str
    document: Document
    wanted: Sequence[str] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has no effect in it, or not the one it seems to have."""
        return tuple(map(str, self.document.warnings))

    def load(self, server: ScratchServer) -> str:
        """Raises SchemaError with line and column."""
        from neon_migrate.sources.schema_json.load import loaded

        return loaded(server, self.document)


@dataclass(frozen=True, slots=True)
class MigrationsSide:
    """The migrations of a folder, replayed as sqlx runs them."""

    label: str
    migrations: tuple[Migration, ...]
    settings: Settings
    warnings: tuple[str, ...] = ()

    @property
    def wanted(self) -> Sequence[str]:
        """The keys of its history."""
        from neon_migrate.sources.migrations import snapshot_keys

        return snapshot_keys(self.migrations, self.settings)

    def load(self, server: ScratchServer) -> str:
        """Raises StatementError with file, line and column."""
        from neon_migrate.sources.migrations import replay

        return replay(server, self.migrations, self.settings).database


@dataclass(frozen=True, slots=True)
class ScriptSide:
    """A file of SQL, such as one of pg_dump --schema-only."""

    label: str
    file: MigrationFile
    settings: Settings
    warnings: tuple[str, ...] = ()
    wanted: Sequence[str] = ()

    def load(self, server: ScratchServer) -> str:
        """Raises StatementError with file, line and column."""
        from neon_migrate.sources.sql_file import load_sql_file

        return load_sql_file(server, self.file, self.settings)


Side = DatabaseSide | TextSide


def find_side(word: str, place: Place, project: Project, base: Path) -> Side:
    """The side that `word` names; what is a file is read, and nothing is run or connected to.

    base  the folder that a relative path starts from

    Raises UsageError (no such file, folder or version; a URL that can't be read; no database named), SchemaError and
    MigrationFileError. No message repeats what may hold a password.
    """
    from neon_migrate.postgres.target import SCHEMES, read_target

    if word == LIVE:
        return DatabaseSide(project.require_target())
    if word.startswith(SCHEMES):
        return DatabaseSide(read_target(word, place))
    path = base / word
    if path.is_dir():
        return _migrations(word, path, None, project.settings)
    if path.exists():
        return _file(word, place, path, project.settings)
    head, at, version = word.rpartition("@")
    if at and (base / head).is_dir():
        return _migrations(word, base / head, version, project.settings)
    if "://" in word:
        read_target(word, place)
    raise _missing(word, place, project.settings)


def _file(word: str, place: Place, path: Path, settings: Settings) -> Side:
    suffix = path.suffix.lower()
    if suffix == ".json":
        from neon_migrate.sources.schema_json.document import read_document

        return SchemaSide(word, read_document(path))
    if suffix == ".sql":
        from neon_migrate.sources.sql_file import read_sql_file

        return ScriptSide(word, read_sql_file(path), settings)
    raise UsageError(f"{place} is {word}, which is neither a .json nor a .sql file", remedy=KINDS)


def _migrations(word: str, path: Path, version: str | None, settings: Settings) -> MigrationsSide:
    from neon_migrate.ledger import folder
    from neon_migrate.ledger.naming import NAME_HELP

    settings = replace(settings, migrations=path.resolve())
    found = folder.read(settings)
    warnings = tuple(f"{stray.what}. {stray.remedy}" for stray in found.strays)
    if not found.migrations:
        passed_over = "\n".join(stray.what for stray in found.strays)
        raise UsageError(f"{word} holds no migrations", why=passed_over, remedy=f"{NAME_HELP}. {KINDS}")
    if version is None:
        return MigrationsSide(word, found.migrations, settings, warnings)
    versions = [migration.version for migration in found.migrations]
    wanted = int(version) if version.isascii() and version.isdecimal() else None
    if wanted not in versions:
        raise UsageError(
            f"{word}: there is no version {version!r}",
            why=f"Its versions go from {versions[0]} to {versions[-1]}.",
            remedy="neon-migrate status lists the versions of the project's folder.",
        )
    return MigrationsSide(word, found.migrations[: versions.index(wanted) + 1], settings, warnings)


def _missing(word: str, place: Place, settings: Settings) -> UsageError:
    if "=" in word or "://" in word or ("@" in word and ":" in word.partition("@")[0]):
        return UsageError(
            f"{place} can't be understood",
            why="It looks like a connection string and is not repeated here, since it may hold a password.",
            remedy="Write it as postgresql://user:password@host/database",
        )
    folder = settings.migrations
    name = folder.relative_to(settings.root) if folder.is_relative_to(settings.root) else folder
    return UsageError(
        f"{place}: there is no file or folder {word!r}", remedy=f"{KINDS} The project's migrations are in {name}."
    )
