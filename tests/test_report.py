"""A Report as a value: its verdict, its exit code, its JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from neon_migrate.differences import Difference
from neon_migrate.errors import ExitCode
from neon_migrate.report import (
    EditedMigration,
    Failure,
    Finding,
    Production,
    Report,
    ReportFileError,
    WayBack,
    decode,
    document,
    encode,
)

PRODUCTION = Production("f", "0/1", 18, datetime(2026, 11, 22, tzinfo=UTC))
PLAIN = Report("shop on host", "", "scratch", "", PRODUCTION, (), (), (), "", "", (), (), (), (), (), "d")
HAZARD = Finding("dropped-column", "danger", "a column goes", "", "not now", "m/1.sql", 1, 1)


@pytest.mark.parametrize(
    ("report", "verdict", "code"),
    [
        (PLAIN, "in order", ExitCode.OK),
        (replace(PLAIN, hazards=(replace(HAZARD, severity="note"),)), "in order", ExitCode.OK),
        (replace(PLAIN, way_back=(WayBack(1, "exact"),)), "in order", ExitCode.OK),
        (replace(PLAIN, hazards=(HAZARD,)), "look", ExitCode.OK),
        (replace(PLAIN, way_back=(WayBack(1, "lossy"),)), "look", ExitCode.OK),
        (replace(PLAIN, drift=(Difference("table", "public.t", "unexpected"),)), "look", ExitCode.OK),
        (replace(PLAIN, warnings=("another major version",)), "look", ExitCode.OK),
        (replace(PLAIN, hazards=(HAZARD,), stops_at=("danger",)), "stop", ExitCode.REFUSED),
        (replace(PLAIN, hazards=(HAZARD,), stops_at=("warning",)), "look", ExitCode.OK),
        (replace(PLAIN, failure=Failure(1, "it fails")), "stop", ExitCode.FAILED),
        (replace(PLAIN, faults=("table public.t is missing",)), "stop", ExitCode.FAILED),
        (
            replace(PLAIN, applied_edited=(EditedMigration(1, "a", "edited", "m/1.sql", "what", "remedy"),)),
            "stop",
            ExitCode.HISTORY,
        ),
    ],
)
def test_the_verdict_is_the_worst_that_was_found(report: Report, verdict: str, code: ExitCode) -> None:
    """And the exit code goes with it; all of it survives JSON."""
    assert (report.verdict, report.exit_code) == (verdict, code)
    assert document(report)["verdict"] == verdict
    assert decode(encode(report)) == report


def test_members_that_are_not_known_yet_are_read_past() -> None:
    """A later version may add some; this one reads what it knows."""
    assert decode(encode(PLAIN).replace('"format": 1', '"format": 1, "later": [1]')) == PLAIN


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"database": 1}', "not JSON"])
def test_another_file_is_refused_by_its_name(text: str) -> None:
    """What it is not, and how to get it."""
    with pytest.raises(ReportFileError, match=r"^out\.json is not a report") as caught:
        decode(text, "out.json")
    assert "dry-run" in caught.value.remedy
