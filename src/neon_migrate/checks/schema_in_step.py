"""schema.json and the migrations: whether they give the same schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, finding_of, verdict
from neon_migrate.errors import Location, NeonMigrateError

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection

_SHOWN = 10


def run(inspection: Inspection) -> Verdict:
    from neon_migrate.generate import out_of_step

    settings = inspection.settings
    if not settings.schema.is_file():
        raise NotKnownError(f"there is no {settings.schema.name}")
    if inspection.run.failed is not None:
        raise NotKnownError("the migrations don't run")
    try:
        report = out_of_step(inspection.project, inspection.server)
    except NeonMigrateError as error:
        return verdict("", [finding_of(error)])
    name = inspection.shown(settings.schema)
    if report.in_step:
        return Verdict("passed", f"{name} and the migrations give the same schema")
    texts = [*map(str, report.differences), *report.renames, *(f"seeds of {table}" for table, _ in report.seeds)]
    more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
    message = "\n".join(("the migrations don't give what it asks for:", *texts[:_SHOWN], *more))
    return verdict(
        "", [Finding(message, Location(name), "neon-migrate generate writes the migration that is missing.")]
    )


CHECK = Check("schema.json", 120, run)
