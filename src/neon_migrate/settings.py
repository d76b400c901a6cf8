"""What a project has settled: neon-migrate.toml, `[tool.neon-migrate]` in pyproject.toml, and sqlx.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from neon_migrate.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SETTINGS_FILE = "neon-migrate.toml"
SCHEMA_PLACES = ("schema.json", "tools/schema-generator/schema.json")

MigrationType = Literal["inferred", "simple", "reversible"]
MigrationVersioning = Literal["inferred", "timestamp", "sequential"]
Severity = Literal["note", "warning", "danger"]
Approval = Literal["required", "none"]
Backup = Literal["none", "branch", "snapshot"]


@dataclass(frozen=True, slots=True)
class Settings:
    """A project's settings; paths are absolute.

    Names, defaults and meaning of the ledger's own come from sqlx (sqlx-core/src/config/migrate.rs).
    """

    root: Path
    migrations: Path
    schema: Path
    table_name: str = "_sqlx_migrations"
    """The ledger: may be qualified or quoted, and is used as written, as sqlx does."""
    create_schemas: tuple[str, ...] = ()
    ignored_chars: tuple[str, ...] = ()
    migration_type: MigrationType = "inferred"
    migration_versioning: MigrationVersioning = "inferred"
    ignore: tuple[str, ...] = ()
    """Tables (shell patterns over `schema.name`) that are none of ours: left out of every comparison."""
    owners: bool = False
    """Whether it is compared who owns an object, where that is not the role that runs the migrations."""
    naming: str = r"[a-z0-9]+(_[a-z0-9]+)*"
    """A regular expression that a migration's description must match as a whole."""
    lock_timeout_ms: int = 5_000
    lock_retries: int = 5
    wait_for_lock_s: float = 60.0
    """How long `apply` polls for sqlx's migration lock."""
    database_url_var: str = "DATABASE_URL"
    """The environment variable that names the database where NEON_DATABASE_URL does not (sqlx's `[common]`)."""
    postgres_major: int | None = None
    """The target's major version, where no database says it."""
    postgres_bindir: Path | None = None
    """A folder with `postgres` and `initdb` to be used for scratch databases."""
    stops_at: tuple[Severity, ...] = ()
    """The severities of hazards that keep a pull request from being deployed; by default they warn and allow."""
    approval: Approval = "required"
    """Whether `ci deploy` refuses a GitHub environment without required reviewers."""
    backup: Backup = "none"
    """What `ci deploy` makes of production's Neon branch before it applies, to be kept for a while."""


_NAMES = {
    "migrations": "migrations-dir",
    "table_name": "table-name",
}
_TOML_TYPES = {str: "a text", list: "a list of texts", int: "a whole number", float: "a number", bool: "true or false"}
_PATHS = frozenset({"migrations", "schema", "postgres_bindir"})


def toml_name(attribute: str) -> str:
    """How a setting is spelled in TOML."""
    return _NAMES.get(attribute, attribute.replace("_", "-"))


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds settings, migrations or a schema.json; else `start`."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / name).exists() for name in (SETTINGS_FILE, "sqlx.toml", "migrations", *SCHEMA_PLACES)):
            return folder
        if (folder / ".git").exists():
            break
    return start


def load(start: Path) -> Settings:
    """The settings of the project around `start`.

    Raises SettingsError: not TOML, an unknown key (with the nearest known one), a value of the wrong type.
    """
    root = find_root(start)
    schema = next((root / place for place in SCHEMA_PLACES if (root / place).is_file()), root / SCHEMA_PLACES[0])
    settings = Settings(root=root, migrations=root / "migrations", schema=schema)
    settings = _with_sqlx(settings, root / "sqlx.toml")
    own, pyproject = root / SETTINGS_FILE, root / "pyproject.toml"
    if own.is_file():
        return _with_table(settings, _read(own), own)
    if pyproject.is_file():
        table = _read(pyproject).get("tool", {}).get("neon-migrate", {})
        return _with_table(settings, table, pyproject)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not valid TOML", why=str(error), remedy=f"Correct {path.name}.") from None


def _with_table(settings: Settings, table: dict[str, Any], path: Path) -> Settings:
    known = {toml_name(f.name): f.name for f in fields(Settings) if f.name != "root"}
    changes = {}
    for name, value in table.items():
        attribute = known.get(name)
        if attribute is None:
            raise _unknown(name, known, path)
        changes[attribute] = _typed(settings, attribute, value, path)
    return replace(settings, **changes)


def _unknown(name: str, known: Iterable[str], path: Path) -> SettingsError:
    near = get_close_matches(name, known, n=1)
    return SettingsError(
        f"{path.name}: there is no setting {name!r}",
        remedy=f"Did you mean {near[0]!r}?" if near else "Known settings: " + ", ".join(sorted(known)),
    )


def _typed(settings: Settings, attribute: str, value: Any, path: Path) -> Any:
    wanted = _wanted(attribute, getattr(settings, attribute))
    is_wanted = type(value) in wanted and not (isinstance(value, list) and any(type(one) is not str for one in value))
    if not is_wanted:
        raise SettingsError(
            f"{path.name}: {toml_name(attribute)} is {value!r}",
            why=f"It should be {' or '.join(_TOML_TYPES[t] for t in wanted)}.",
            remedy=f"Correct {toml_name(attribute)} in {path.name}.",
        )
    allowed = {
        "migration_type": ("inferred", "simple", "reversible"),
        "migration_versioning": ("inferred", "timestamp", "sequential"),
        "stops_at": ("note", "warning", "danger"),
        "approval": ("required", "none"),
        "backup": ("none", "branch", "snapshot"),
    }.get(attribute)
    if allowed and not set([value] if isinstance(value, str) else value) <= set(allowed):
        raise SettingsError(f"{path.name}: {toml_name(attribute)} is {value!r}", why="Known: " + ", ".join(allowed))
    if attribute in _PATHS:
        return (settings.root / value).resolve()
    return tuple(value) if list in wanted else value


def _wanted(attribute: str, default: Any) -> tuple[type, ...]:
    """The TOML types that a setting takes."""
    if attribute in _PATHS or isinstance(default, str):
        return (str,)
    if isinstance(default, tuple):
        return (list,)
    if isinstance(default, bool):
        return (bool,)
    return (int, float) if isinstance(default, float) else (int,)


_OF_SQLX = ("table-name", "create-schemas", "migrations-dir", "ignored-chars", "defaults")
_OF_SQLX_DEFAULTS = ("migration-type", "migration-versioning")
_OF_SQLX_COMMON = ("database-url-var",)
"""The keys of `[migrate]`, `[migrate.defaults]` and `[common]`; sqlx refuses others too: a slip would mean another
ledger, or another database."""


def _with_sqlx(settings: Settings, path: Path) -> Settings:
    if not path.is_file():
        return settings
    document = _read(path)
    migrate, common = dict(document.get("migrate", {})), document.get("common", {})
    defaults = migrate.pop("defaults", {})
    for table, known in ((migrate, _OF_SQLX), (defaults, _OF_SQLX_DEFAULTS), (common, _OF_SQLX_COMMON)):
        for name in table:
            if name not in known:
                raise _unknown(name, known, path)
    return _with_table(settings, {**migrate, **defaults, **common}, path)
