"""Settings from neon-migrate.toml, pyproject.toml and sqlx.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import ExitCode, SettingsError
from neon_migrate.settings import find_root, load

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_without_settings_has_the_defaults(tmp_path: Path) -> None:
    """They are sqlx's own where sqlx has such a setting."""
    settings = load(tmp_path)
    assert settings.root == tmp_path
    assert settings.migrations == tmp_path / "migrations"
    assert settings.schema == tmp_path / "schema.json"
    assert (settings.table_name, settings.migration_type) == ("_sqlx_migrations", "inferred")


def test_own_settings_are_read(tmp_path: Path) -> None:
    """Paths are relative to the file."""
    (tmp_path / "neon-migrate.toml").write_text(
        'migrations-dir = "db"\nschema = "db/schema.json"\nlock-timeout-ms = 100\nwait-for-lock-s = 2\n'
        'ignore = ["public.cron_*"]\nmigration-type = "simple"\nowners = true\n'
    )
    settings = load(tmp_path)
    assert settings.migrations == tmp_path / "db"
    assert settings.schema == tmp_path / "db" / "schema.json"
    assert (settings.lock_timeout_ms, settings.wait_for_lock_s) == (100, 2)
    assert (settings.ignore, settings.migration_type) == (("public.cron_*",), "simple")
    assert settings.owners is True


def test_pyproject_is_read_where_there_is_no_file_of_our_own(tmp_path: Path) -> None:
    """A neon-migrate.toml wins over `[tool.neon-migrate]`."""
    (tmp_path / "pyproject.toml").write_text('[tool.neon-migrate]\ntable-name = "ledger"\n')
    assert load(tmp_path).table_name == "ledger"
    (tmp_path / "neon-migrate.toml").write_text('table-name = "mine"\n')
    assert load(tmp_path).table_name == "mine"


def test_sqlx_settings_are_honoured_and_ours_win(tmp_path: Path) -> None:
    """sqlx.toml's other sections are none of our business."""
    (tmp_path / "sqlx.toml").write_text(
        '[common]\ndatabase-url-var = "DB"\n[migrate]\ntable-name = "x.ledger"\ncreate-schemas = ["x"]\n'
        'ignored-chars = ["\\r"]\nmigrations-dir = "sql"\n'
        '[migrate.defaults]\nmigration-type = "reversible"\nmigration-versioning = "sequential"\n'
    )
    settings = load(tmp_path)
    assert (settings.table_name, settings.create_schemas, settings.ignored_chars) == ("x.ledger", ("x",), ("\r",))
    assert (settings.migration_type, settings.migration_versioning) == ("reversible", "sequential")
    assert settings.migrations == tmp_path / "sql"
    assert settings.database_url_var == "DB"
    (tmp_path / "neon-migrate.toml").write_text('table-name = "mine"\n')
    assert load(tmp_path).table_name == "mine"


def test_schema_json_is_found_where_others_keep_it(tmp_path: Path) -> None:
    """tools/schema-generator/schema.json is one of the places."""
    place = tmp_path / "tools" / "schema-generator" / "schema.json"
    place.parent.mkdir(parents=True)
    place.write_text("{}")
    assert load(tmp_path).schema == place


def test_the_root_is_the_nearest_folder_above_with_a_sign_of_a_project(tmp_path: Path) -> None:
    """The search ends at the repository's root."""
    (tmp_path / "migrations").mkdir()
    inner = tmp_path / "src" / "deep"
    inner.mkdir(parents=True)
    assert find_root(inner) == tmp_path
    (tmp_path / "src" / ".git").mkdir()
    assert find_root(inner) == inner


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("table-nam = 'x'", "no setting 'table-nam'", "'table-name'"),
        ("zzz = 1", "no setting 'zzz'", "Known settings"),
        ("lock-timeout-ms = 'soon'", "lock-timeout-ms is 'soon'", "Correct"),
        ("lock-timeout-ms = true", "lock-timeout-ms is True", "Correct"),
        ("owners = 1", "owners is 1", "Correct"),
        ("ignore = 'all'", "ignore is 'all'", "Correct"),
        ("ignore = [1]", "ignore is [1]", "Correct"),
        ("migration-type = 'both'", "migration-type is 'both'", ""),
        ("table-name = ", "not valid TOML", "Correct"),
    ],
)
def test_a_fault_is_named_with_its_remedy(tmp_path: Path, text: str, message: str, remedy: str) -> None:
    """Exit code 2, the file named."""
    (tmp_path / "neon-migrate.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert message in caught.value.what
    assert "neon-migrate.toml" in caught.value.what
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "wrong", "meant"),
    [
        ("[migrate]\ntable_name = 'x'", "table_name", "table-name"),
        ("[migrate.defaults]\nmigration-typ = 'simple'", "migration-typ", "migration-type"),
    ],
)
def test_a_slip_in_sqlx_settings_is_no_silent_default(tmp_path: Path, text: str, wrong: str, meant: str) -> None:
    """sqlx refuses it as well; with the default instead, all migrations would go into another ledger."""
    (tmp_path / "sqlx.toml").write_text(f"[common]\ndatabase-url-var = 'URL'\n{text}\n")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert caught.value.what == f"sqlx.toml: there is no setting {wrong!r}"
    assert caught.value.remedy == f"Did you mean {meant!r}?"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / "neon-migrate.toml").write_bytes(b'\xef\xbb\xbftable-name = "mine"\r\n')
    assert load(tmp_path).table_name == "mine"


def test_what_stops_a_deployment_is_settled(tmp_path: Path) -> None:
    """By severity; a word that is none is refused, also within a list."""
    (tmp_path / "neon-migrate.toml").write_text(
        'stops-at = ["danger", "warning"]\napproval = "none"\nbackup = "branch"\n'
    )
    settings = load(tmp_path)
    assert (settings.stops_at, settings.approval, settings.backup) == (("danger", "warning"), "none", "branch")
    for text in ('stops-at = ["danger", "dangerous"]', 'approval = "maybe"', 'backup = "tape"'):
        (tmp_path / "neon-migrate.toml").write_text(text)
        with pytest.raises(SettingsError, match="Known: "):
            load(tmp_path)
