"""The files against the ledger of the named database; without one, against those of the default branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, verdict
from neon_migrate.errors import Location
from neon_migrate.ledger.migration import MigrationFile
from neon_migrate.unreleased import changed_since_release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.inspection import Inspection
    from neon_migrate.unreleased import Released


def run(inspection: Inspection) -> Verdict:
    history = inspection.history
    if history is None:
        return _against_git(inspection)
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


def _against_git(inspection: Inspection) -> Verdict:
    """What the default branch has may be applied, and what is applied can't be changed.

    Raises NotKnownError where nothing speaks against it: that is not to say that the ledger would not.
    """
    released = changed_since_release(inspection.migrations, inspection.settings.migrations)
    found = () if released is None else (*_findings(inspection, released),)
    if not found:
        raise NotKnownError("no database was named")
    return verdict("", found)


def _findings(inspection: Inspection, released: Released) -> Iterator[Finding]:
    why = "migrations are immutable once applied, and no database was named that could tell whether it is"
    for name in (*released.edited, *released.deleted):
        file = inspection.settings.migrations / name
        became = "has another text there" if name in released.edited else "has no file here any more"
        yield Finding(
            f"{name} is on the branch {released.branch} already, and {became}: {why}",
            Location(inspection.shown(MigrationFile(file, ""))) if file.exists() else None,
            f"Bring it back (git checkout {released.branch} -- FILE), and put the change into a new migration.",
            "warned",
        )


CHECK = Check("history", 80, run)
