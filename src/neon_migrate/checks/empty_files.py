"""Files without a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, Verdict, verdict
from neon_migrate.errors import Location
from neon_migrate.script import shape

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    return verdict(
        "every file has a statement",
        (
            Finding(
                "has no statement",
                Location(inspection.shown(file)),
                "Write what it was meant to do, or remove it while it is applied nowhere.",
                "warned",
            )
            for file in inspection.migration_files
            if shape(file.sql).statements == 0
        ),
    )


CHECK = Check("empty files", 50, run)
