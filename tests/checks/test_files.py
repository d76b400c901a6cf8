"""The checks that look at files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from checks.conftest import Validated

GOOD = {"0001_a.up.sql": "CREATE TABLE a ();\n", "0001_a.down.sql": "DROP TABLE a;\n"}


def test_a_good_project_passes_every_check_that_applies(validated: Validated) -> None:
    """And what does not apply says why."""
    results = validated(GOOD)
    assert {name: result.state for name, result in results.items()} == {
        "naming": "passed",
        "duplicates": "passed",
        "encoding": "passed",
        "line ends": "passed",
        "empty files": "passed",
        "syntax": "passed",
        "transactions": "passed",
        "history": "skipped",
        "server version": "passed",
        "replay": "passed",
        "extensions": "passed",
        "sqlx": "passed",
        "downs": "passed",
        "seeds": "skipped",
        "schema.json": "skipped",
        "breaking changes": "passed",
    }
    assert all(result.reason for result in results.values())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("abc_x.sql", "'abc' is not a version"),
        ("0002-x.sql", "not a migration"),
        ("0002_AddX.sql", "does not match"),
        ("0002_add-x.sql", "does not match"),
    ],
)
def test_a_name_that_is_none_fails_and_is_named(validated: Validated, name: str, message: str) -> None:
    """With what a name looks like."""
    result = validated(GOOD | {name: "SELECT 1;"})["naming"]
    assert result.state == "failed"
    (finding,) = result.findings
    assert message in finding.message
    assert str(finding.where) == f"migrations/{name}"
    assert finding.remedy


def test_older_names_only_warn_and_the_convention_can_be_changed(validated: Validated) -> None:
    """What is applied somewhere is not to be renamed."""
    odd = {"0001_Add-A.sql": "SELECT 1;", "0002_b.sql": "SELECT 1;"}
    assert validated(odd)["naming"].state == "warned"
    settings = {"neon-migrate.toml": "naming = '[A-Za-z_-]+'\n"}
    assert validated(odd | settings)["naming"].state == "passed"


def test_a_convention_that_is_no_regular_expression_is_a_fault_of_the_settings(validated: Validated) -> None:
    """Not of the migrations."""
    with pytest.raises(SettingsError, match="naming"):
        validated(GOOD | {"neon-migrate.toml": "naming = '['\n"})


def test_versions_of_two_widths_warn(validated: Validated) -> None:
    """sqlx sorts them as numbers, everybody else as text."""
    result = validated(GOOD | {"2_b.sql": "SELECT 1;"})["naming"]
    assert result.state == "warned"
    assert "2_b.sql" in result.findings[0].message


def test_migrations_in_folders_are_named(validated: Validated) -> None:
    """The layout of other tools: sqlx does not look into folders."""
    result = validated(GOOD | {"migrations/0002_b/up.sql": "SELECT 1;"})["naming"]
    assert result.state == "warned"
    assert "0002_b" in result.findings[0].message


def test_two_files_of_one_version_fail(validated: Validated) -> None:
    """Both are named."""
    result = validated(GOOD | {"0001_b.sql": "SELECT 1;"})["duplicates"]
    assert result.state == "failed"
    assert "0001_a.up.sql" in result.findings[0].message
    assert "0001_b.sql" in result.findings[0].message


def test_a_down_without_an_up_fails(validated: Validated) -> None:
    """Nothing ever runs it: somebody has lost a file, or mistyped a version."""
    result = validated(GOOD | {"0002_b.down.sql": "SELECT 1;"})["duplicates"]
    assert (result.state, str(result.findings[0].where)) == ("failed", "migrations/0002_b.down.sql")


@pytest.mark.parametrize(
    ("raw", "message", "place"),
    [
        (b"\xef\xbb\xbfSELECT 1;", "byte order mark", ":1:1"),
        (b"SELECT 1;\nSELECT '\xe9';", "not UTF-8: byte 0xe9", ":2:9"),
        ("SELECT 1;".encode("utf-16-le"), "NUL byte", ":1:2"),
    ],
)
def test_bytes_that_sqlx_or_postgres_do_not_read_fail(
    validated: Validated, tmp_path: Path, raw: bytes, message: str, place: str
) -> None:
    """With line and column."""
    validated(GOOD)
    (tmp_path / "migrations" / "0002_b.sql").write_bytes(raw)
    result = validated(GOOD)["encoding"]
    assert result.state == "failed"
    assert message in result.findings[0].message
    assert str(result.findings[0].where) == f"migrations/0002_b.sql{place}"


def test_a_file_that_cannot_be_read_leaves_the_other_checks_standing(validated: Validated, tmp_path: Path) -> None:
    """Those that need the migrations are skipped and say why."""
    validated(GOOD)
    (tmp_path / "migrations" / "0002_b.sql").write_bytes(b"\xff")
    results = validated(GOOD)
    assert results["encoding"].state == "failed"
    assert results["replay"].state == "skipped"
    assert "0xff" in results["replay"].reason


def test_crlf_warns_with_its_first_line(validated: Validated) -> None:
    """And the line for .gitattributes."""
    result = validated(GOOD | {"0002_b.sql": "SELECT 1;\nSELECT 2;\r\n"})["line ends"]
    assert (result.state, str(result.findings[0].where)) == ("warned", "migrations/0002_b.sql:2")
    assert "eol=lf" in result.findings[0].remedy


@pytest.mark.parametrize("text", ["", "\n\n", "-- nothing yet\n", "/* nothing */"])
def test_a_file_without_a_statement_warns(validated: Validated, text: str) -> None:
    """sqlx runs it all the same."""
    results = validated(GOOD | {"0002_b.sql": text})
    assert results["empty files"].state == "warned"
    assert results["replay"].state == "passed"


def test_without_a_folder_nothing_can_be_said(validated: Validated, tmp_path: Path) -> None:
    """That fails, and every check that needs it is skipped."""
    results = validated({"neon-migrate.toml": "migrations-dir = 'elsewhere'\n"})
    assert results["naming"].state == "failed"
    assert "elsewhere" in results["naming"].reason
    assert results["replay"].state == "skipped"
