"""The server on which all this was tried, against the one that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, Verdict, verdict

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    server = inspection.server
    findings = []
    asked = server.requested_major
    if asked not in (None, server.major):
        findings.append(
            Finding(
                f"tried on PostgreSQL {server.version}, since {asked} is not to be had here",
                remedy=f"Install PostgreSQL {asked}, or set postgres-bindir to a folder that has it.",
                weight="warned",
            )
        )
    if inspection.unanswered:
        findings.append(
            Finding(
                f"the database could not be asked for its version: {inspection.unanswered}",
                remedy="neon-migrate doctor shows step by step where it fails; or set postgres-major.",
                weight="warned",
            )
        )
    return verdict(f"PostgreSQL {server.version} ({server.source})", findings)


CHECK = Check("server version", 85, run)
