"""What this tool runs and sqlx does not: a service that migrates at boot, or sqlx-cli, would stop there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, Verdict, verdict
from neon_migrate.errors import Location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    return verdict("sqlx can run every file too", _findings(inspection))


def _findings(inspection: Inspection) -> Iterator[Finding]:
    for one in inspection.migrations:
        proven, where = inspection.run.proven.get(one.version), Location(inspection.shown(one.up))
        if proven is None:
            continue
        if proven.as_message:
            yield Finding(
                f"sqlx can't run it: it sends the file as one message, and {proven.as_message}",
                where,
                "Give each statement a `-- no-transaction` file of its own; this tool sends them one by one.",
                "warned",
            )
        if proven.hides:
            yield Finding(
                f"sqlx can't record it: it leaves search_path as {proven.hides}, where "
                f"{inspection.settings.table_name} is not found",
                where,
                "Take the setting of search_path out (pg_dump writes one), or end with RESET search_path.",
                "warned",
            )


CHECK = Check("sqlx", 75, run)
