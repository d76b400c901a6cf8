"""What a rehearsal and a validation have to say of single places: the one list behind annotations and SARIF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.report import Report
    from neon_migrate.validate import ValidateReport

RemarkLevel = Literal["error", "warning", "note"]

_LEVELS: dict[str, RemarkLevel] = {
    "danger": "error",
    "warning": "warning",
    "note": "note",
    "failed": "error",
    "warned": "warning",
}
BREAKING = "breaking changes"
"""The check of `validate` that a rehearsal looks at more closely."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say of one place.

    code     in kebab-case: a rule's or a check's name
    message  what there is to say, and `remedy` what to do
    path     from the repository's top folder; empty for a remark on no file
    line     from 1, as `column`; None for the whole file
    """

    level: RemarkLevel
    code: str
    message: str
    remedy: str = ""
    path: str = ""
    line: int | None = None
    column: int | None = None


def remarks(report: Report | None, validation: ValidateReport, *, folder: str = "") -> tuple[Remark, ...]:
    """All remarks: what stops a deployment first.

    folder  the project's, from the repository's top folder; empty where it is the same
    """
    found = [*(() if report is None else _of_report(report, folder)), *_of_validation(validation, report, folder)]
    order = list(dict.fromkeys(_LEVELS.values()))
    return tuple(sorted(dict.fromkeys(found), key=lambda remark: order.index(remark.level)))


def _of_report(report: Report, folder: str) -> Iterator[Remark]:
    for edited in report.applied_edited:
        code = f"applied-migration-{edited.fault}"
        yield Remark("error", code, edited.what, edited.remedy, _below(folder, edited.path))
    if (failure := report.failure) is not None:
        message = "\n".join(filter(None, (failure.what, failure.why)))
        path = _below(folder, failure.path)
        yield Remark("error", "rehearsal-failed", message, failure.remedy, path, failure.line, failure.column)
    for fault in report.faults:
        yield Remark("error", "not-as-migrated", fault)
    for hazard in report.hazards:
        message = "\n".join(filter(None, (hazard.message, hazard.evidence)))
        yield Remark(
            _LEVELS[hazard.severity],
            hazard.code,
            message,
            hazard.remedy,
            _below(folder, hazard.path),
            hazard.line,
            hazard.column,
        )


def _of_validation(validation: ValidateReport, report: Report | None, folder: str) -> Iterator[Remark]:
    for check in validation.checks:
        if report is not None and check.name == BREAKING:
            continue
        code = check.name.replace(" ", "-")
        for finding in check.findings:
            where = finding.where
            place = (_below(folder, where.file), where.line, where.column) if where else ("", None, None)
            yield Remark(_LEVELS[finding.weight], code, finding.message, finding.remedy, *place)


def _below(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder and path else path
