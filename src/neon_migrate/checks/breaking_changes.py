"""What new migrations do to applications that still run: seen in the Catalogs when they ran, not in their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, counted, verdict
from neon_migrate.errors import Location

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    new, proven = inspection.new, inspection.run.proven
    looked_at = [one for one in new.migrations if one.version in proven]
    if new.migrations and not looked_at:
        raise NotKnownError("the migrations don't run")
    findings = [
        Finding(f"{hazard.what} [{hazard.rule}]", Location(inspection.shown(one.up)), hazard.remedy, "warned")
        for one in looked_at
        for hazard in proven[one.version].hazards
    ]
    scope = f"{counted(len(looked_at), 'migration')} looked at: {new.reason}"
    found = verdict(f"none; {scope}", findings)
    return Verdict(found.state, f"{len(findings)} found; {scope}" if findings else found.reason, found.findings)


CHECK = Check("breaking changes", 130, run)
