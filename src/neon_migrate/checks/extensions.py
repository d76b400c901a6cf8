"""Extensions that the scratch server lacks and only stands in for: what they do was not tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, verdict
from neon_migrate.sources.migrations import replay

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    if inspection.run.failed is not None:
        raise NotKnownError("the migrations do not run")
    server = inspection.server
    database = replay(server, inspection.migrations, inspection.settings).database
    try:
        names = server.stand_ins(database)
    finally:
        server.drop(database)
    findings = [
        Finding(
            f"{name} was only stood in for: {server.source} does not have it",
            remedy=f"Where it matters, install a PostgreSQL {server.major} with {name} and set postgres-bindir.",
            weight="warned",
        )
        for name in names
    ]
    return verdict("every extension is the real one", findings)


CHECK = Check("extensions", 95, run)
