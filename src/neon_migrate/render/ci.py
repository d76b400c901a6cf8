"""The pages of the steps of a workflow, as its log shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import differences_tree
from neon_migrate.render.page import BLANK, Heading, Line, Span, Table, duration, listing, plural
from neon_migrate.render.validate import validate_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.deployment import DeployReport, MaintenanceReport, PlanReport, PullRequestReport
    from neon_migrate.render.page import Block, Inline, Page, Tone
    from neon_migrate.report import Failure

_VERDICTS: dict[str, Tone] = {"in order": "good", "look": "warn", "stop": "bad"}


def pull_request_page(report: PullRequestReport) -> Page:
    """The checks, what the rehearsal came to, and where the comment is."""
    return tuple(_pull_request(report))


def plan_page(report: PlanReport) -> Page:
    """What waits for approval."""
    plan = report.plan
    if not plan.pending:
        return (Line((Span("nothing to do: ", "good"), f"no migration is pending for {plan.database}.")),)
    rows: tuple[tuple[Inline, ...], ...] = tuple((str(one.version), one.description) for one in plan.pending)
    return (
        Heading(f"{plural(len(plan.pending), 'migration')} for {plan.database} wait for approval"),
        Table(("version", "description"), rows, right=frozenset({0})),
        Line(f"digest {plan.digest}"),
    )


def deploy_page(report: DeployReport) -> Page:
    """What was done and what was not."""
    return tuple(_deploy(report))


def maintenance_page(report: MaintenanceReport) -> Page:
    """What each part came to."""
    return tuple(_maintenance(report))


def _pull_request(report: PullRequestReport) -> Iterator[Block]:
    if report.validation.checks:
        yield from validate_page(report.validation)
        yield BLANK
    if report.failure is not None:
        yield from _failed(report.failure)
    if report.unrehearsed:
        yield Line((Span("not rehearsed: ", "warn"), f"{report.unrehearsed}."))
    for remark in report.remarks if report.report is not None else ():
        place = ":".join(str(part) for part in (remark.path, remark.line, remark.column) if part)
        yield Line((Span(f"{remark.level} ", "bad" if remark.level == "error" else "warn"), f"{remark.code} ", place))
        yield Line(remark.message, 2)
    yield Line(
        (Span(f"{report.verdict}: ", _VERDICTS[report.verdict]), report.comment_url or "no comment was written.")
    )


def _deploy(report: DeployReport) -> Iterator[Block]:
    if report.failure is not None:
        yield from _failed(report.failure)
    yield from (Line((Span("missing: ", "bad"), fault)) for fault in report.missing)
    rows: list[tuple[Inline, ...]] = [
        (str(one.version), one.description, _took(one.execution_time_ns), Span("applied", "good"))
        for one in report.applied
    ]
    rows += [(str(one.version), one.description, "", Span("not applied", "bad")) for one in report.not_applied]
    if rows:
        yield Table(("version", "description", "took", "state"), tuple(rows), right=frozenset({0, 2}))
    if report.drift:
        yield differences_tree("The database is not what its applied migrations make", report.drift)
    database = report.plan.database if report.plan else "production"
    if not report.succeeded:
        ready = " The rollback plan is in the job summary and the artifact." if report.rollback else ""
        yield Line((Span("failed: ", "bad"), f"{plural(len(report.applied), 'migration')} applied.{ready}"))
    elif report.applied:
        by = f", approved by {listing(report.approved_by)}" if report.approved_by else ""
        yield Line((Span("deployed: ", "good"), f"{plural(len(report.applied), 'migration')} to {database}{by}."))
    else:
        yield Line((Span("nothing to do: ", "good"), f"no migration is pending for {database}."))


def _maintenance(report: MaintenanceReport) -> Iterator[Block]:
    if (compared := report.compared) is not None and compared.different:
        yield differences_tree(f"{compared.database} is not what its migrations make", compared.differences)
    elif compared is not None:
        yield Line((Span("in line: ", "good"), f"{compared.database} is what its migrations make."))
    if report.exported is not None:
        yield Line((Span("wrote ", "good"), str(report.exported.path)))
    if report.swept is not None:
        counted = plural(len(report.swept), "expired Neon branch", "expired Neon branches")
        yield Line((Span("swept: ", "good"), f"{counted} removed."))
    yield from (Line((Span("not removed: ", "warn"), each)) for each in report.remaining)
    for failure in report.failures:
        yield from _failed(failure)


def _failed(failure: Failure) -> Iterator[Block]:
    place = ":".join(str(part) for part in (failure.path, failure.line, failure.column) if part)
    yield Line((Span("failed: ", "bad"), Span(failure.what, "strong"), f" at {place}" if place else ""))
    if failure.why:
        yield Line(failure.why, 2)
    if failure.remedy:
        yield Line((Span("what to do: ", "good"), failure.remedy), 2)


def _took(nanoseconds: int) -> str:
    return duration(nanoseconds) if nanoseconds >= 0 else "not known"
