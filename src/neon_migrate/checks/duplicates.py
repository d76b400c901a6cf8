"""Files that claim one version, and down files that nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, Verdict, counted, verdict
from neon_migrate.errors import Location

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    return verdict(
        f"{counted(len(inspection.migrations), 'version')}, each once",
        (
            Finding(stray.what, Location(inspection.shown(stray.path)), stray.remedy)
            for stray in inspection.folder.strays
            if stray.code != "not-a-migration"
        ),
    )


CHECK = Check("duplicates", 20, run)
