"""A Report and a validation as a pull request would have them, for tests of what is made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from neon_migrate.check import Finding as CheckFinding
from neon_migrate.differences import Detail, Difference
from neon_migrate.errors import Location
from neon_migrate.report import (
    Finding,
    LockTaken,
    MigrationTiming,
    PendingMigration,
    Production,
    Report,
    StatementTiming,
    TableSize,
    WayBack,
)
from neon_migrate.validate import CheckResult, ValidateReport

FILE = "migrations/0002_email.up.sql"
RUN = "https://github.com/octo/shop/actions/runs/99"

VALID = ValidateReport(
    (
        CheckResult("syntax", "passed", "2 files"),
        CheckResult("schema in step", "skipped", "there is no schema.json"),
        CheckResult("breaking changes", "warned", "1 found", (CheckFinding("column goes", Location(FILE)),)),
    )
)
INVALID = ValidateReport(
    (
        CheckResult(
            "naming",
            "failed",
            "1 finding",
            (CheckFinding("Not snake_case: |x|", Location("migrations/0002_X.sql", 3, 7), "Rename it."),),
        ),
    )
)


def report(**changes: Any) -> Report:
    """A Report of one migration that drops a column, as a Neon branch showed it."""
    locks = (LockTaken("public.users", "ACCESS EXCLUSIVE"), LockTaken("public.users_pkey", "ACCESS SHARE"))
    statements = (StatementTiming(FILE, 4, 1, 1_500_000, locks, ("public.users",), 12, "ALTER TABLE"),)
    made = Report(
        database="shop on ep-one.neon.tech",
        project_id="quiet-sea-1",
        rehearsed_on="neon_branch",
        branch="pr-7",
        production=Production("f" * 64, "0/16B3748", 17, datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        pending=(PendingMigration(2, "email", "ab" * 48, FILE),),
        applied_edited=(),
        differences=(
            Difference("column", "public.users.mail", "unexpected", owner="public.users"),
            Difference("column", "public.users.email", "missing", owner="public.users"),
            Difference(
                "column", "public.users.name", "different", (Detail("type", "text", "varchar(10)"),), "public.users"
            ),
        ),
        sql="-- migrations/0002_email.up.sql\nALTER TABLE users DROP COLUMN mail;\n",
        diagram='erDiagram\n    "users" {\n        text email\n    }\n',
        hazards=(
            Finding(
                "changed-type",
                "warning",
                "column public.users.name changes its type",
                "users was rewritten",
                "Add a column of the new type.",
                FILE,
                6,
                3,
            ),
            Finding(
                "dropped-column", "danger", "column public.users.mail goes", "", "Stop using it first.", FILE, 4, 1
            ),
        ),
        timings=(MigrationTiming(2, 2_500_000_000, statements),),
        way_back=(
            WayBack(
                2,
                "lossy",
                ("Does not bring back column public.users.mail with its values.",),
                "ALTER TABLE users ADD mail text;\n",
            ),
        ),
        tables=(TableSize("public.users", 1_234_567, 98_765_432),),
        faults=(),
        digest="d" * 64,
    )
    return replace(made, **changes)
