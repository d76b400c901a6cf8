"""Every down file, run on what its up file made, and the Catalog afterwards against the one before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, Verdict, counted, verdict
from neon_migrate.errors import Location
from neon_migrate.walk import ACTIVE_TRANSACTION
from neon_migrate.way_back import says

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection
    from neon_migrate.ledger.migration import Migration, MigrationFile
    from neon_migrate.walk import DownProof

_CONFESSION = "-- Does not bring back"
"""How the comment at the head of a down file begins that says what it can't give back; `generate` writes it so."""

_SAY_SO = "If that is meant, put these words at its head (no checksum covers it), each sentence behind `-- `."

_SHOWN = 5


def run(inspection: Inspection) -> Verdict:
    findings = []
    restoring = 0
    for one in inspection.migrations:
        proven = inspection.run.proven.get(one.version)
        if one.down is None or proven is None or proven.down is None:
            continue
        if proven.down.restores:
            restoring += 1
        else:
            findings.append(_finding(inspection, one, one.down, proven.down))
    downs = restoring + len(findings)
    findings += [
        Finding(
            "has no down file", Location(inspection.shown(one.up)), "Write one, or name it as a simple .sql.", "warned"
        )
        for one in inspection.migrations
        if one.reversible and one.down is None
    ]
    ways = inspection.ways_back
    for one in inspection.migrations:
        worth = ways.get(one.version)
        if one.down is None or worth is None or worth.grade != "impossible" or says(one.down.sql, worth):
            continue
        findings.append(Finding(str(worth), Location(inspection.shown(one.down)), _SAY_SO, "warned"))
    if not downs and not findings:
        return Verdict("skipped", "there are no down files")
    reason = f"{restoring} of {counted(downs, 'down file')} {'gives' if downs == 1 else 'give'} back the schema before"
    if ways:
        reason += "; with rows: " + ", ".join(f"{version} {worth.grade}" for version, worth in sorted(ways.items()))
    return replace(verdict(reason, findings), reason=reason)


def _finding(inspection: Inspection, migration: Migration, file: MigrationFile, proof: DownProof) -> Finding:
    name = inspection.shown(file)
    if proof.error:
        alone = proof.sqlstate == ACTIVE_TRANSACTION
        remedy = "Make `-- no-transaction` its first line." if alone else "Correct it: no checksum covers it."
        return Finding(f"fails: {proof.error}", proof.where or Location(name), remedy)
    shown = [*proof.differences[:_SHOWN]]
    if len(proof.differences) > _SHOWN:
        shown.append(f"and {len(proof.differences) - _SHOWN} more")
    confessed = any(line.startswith(_CONFESSION) for line in file.sql.splitlines())
    return Finding(
        "does not give back the schema before:\n" + "\n".join(shown),
        Location(name),
        f"Correct it (no checksum covers it), or say so in its head: `{_CONFESSION} …`",
        "warned" if confessed or migration.version not in inspection.new else "failed",
    )


CHECK = Check("downs", 100, run)
