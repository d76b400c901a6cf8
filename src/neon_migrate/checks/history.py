"""The files against the ledger of the named database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, verdict
from neon_migrate.errors import Location

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    history = inspection.history
    if history is None:
        raise NotKnownError("no database was named")
    files = {one.version: Location(inspection.shown(one.up)) for one in inspection.migrations}
    return verdict(
        f"{len(history.applied)} applied, {len(history.pending)} pending",
        (
            Finding(
                fault.what,
                files.get(fault.version) if fault.version is not None else None,
                fault.remedy,
                "failed" if fault.blocks else "warned",
            )
            for fault in history.faults
            if fault.code not in ("not-a-migration", "duplicate-version", "down-without-up")
        ),
    )


CHECK = Check("history", 80, run)
