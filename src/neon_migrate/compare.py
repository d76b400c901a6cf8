"""`compare`: everything in which a database and the replay of its applied migrations differ, both ways."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.differences import Difference, differences, of_other_kinds
from neon_migrate.disclosure import KEPT_BACK
from neon_migrate.events import Warned
from neon_migrate.expected import expect
from neon_migrate.online import online
from neon_migrate.plan import plan
from neon_migrate.planned import PlannedBatch, planned, script

if TYPE_CHECKING:
    from neon_migrate.catalog import Unmodelled
    from neon_migrate.disclosure import Disclosure
    from neon_migrate.project import Project


@dataclass(frozen=True, slots=True)
class CompareReport:
    """A database against its applied migrations.

    database     its name and host, without the password
    applied      versions, ascending
    differences  what is missing, unexpected or different in the database
    batches      would bring the database in line with its migrations, in order
    sql          the same as one script for psql
    fingerprint  of the Catalog of the database, which they start from
    losses       the data that running them could lose, in words
    impossible   what Postgres has no way to bring in line, in words; there are no batches then
    coverage     what was found in the database and is of no kind that is compared, named
    warnings     what makes the comparison less than certain
    """

    database: str
    applied: tuple[int, ...]
    differences: tuple[Difference, ...]
    batches: tuple[PlannedBatch, ...]
    sql: str
    fingerprint: str
    losses: tuple[str, ...]
    impossible: tuple[str, ...]
    coverage: tuple[Unmodelled, ...]
    warnings: tuple[str, ...]

    @property
    def different(self) -> bool:
        """Whether there is any difference."""
        return bool(self.differences)


def compare(project: Project) -> CompareReport:
    """Compare the database with the replay of its applied migrations; writes nothing to it.

    Raises UsageError (no database named), UnreachableError, MigrationFileError, ScratchError, and StatementError where
    an applied migration can't be replayed.
    """
    with project.session() as session:
        compared = expect(project, session)
    for fault in compared.faults:
        project.observer(Warned(fault))
    in_line = plan(compared.found, compared.expected)
    batches = () if in_line.refusals else planned(online(in_line))
    report = CompareReport(
        compared.database,
        compared.applied,
        (*differences(in_line.changes), *of_other_kinds(compared.found, compared.expected)),
        batches,
        script(batches),
        compared.fingerprint,
        () if in_line.refusals else in_line.losses,
        tuple(map(str, in_line.refusals)),
        compared.found.unmodelled,
        (*compared.faults, *compared.warnings),
    )
    return report if compared.disclosure is None else _told(report, compared.disclosure)


def _told(report: CompareReport, disclosure: Disclosure) -> CompareReport:
    """What may be told of it. Statements with a gap in them are none that anybody should run, so they go altogether."""
    told = disclosure.told(report)
    if told.sql != report.sql or told.batches != report.batches:
        told = replace(told, batches=(), sql="")
    return replace(told, warnings=(*told.warnings, KEPT_BACK)) if disclosure.withheld else told
