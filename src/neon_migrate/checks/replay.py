"""The whole history, on an empty database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Verdict, counted, finding_of, verdict

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    done = inspection.run
    findings = [finding_of(done.failed[1])] if done.failed is not None else []
    known = f", {done.reused} of them as seen before" if done.reused else ""
    return verdict(f"{counted(len(inspection.migrations), 'migration')} run on an empty database{known}", findings)


CHECK = Check("replay", 90, run)
