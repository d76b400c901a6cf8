"""What waits for approval, what a deployment came to, and what a scheduled run found, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import differences_tree
from neon_migrate.render.markdown_text import Section, block, bullets, code, details, escaped, fitted, table
from neon_migrate.render.page import duration, listing, plural
from neon_migrate.render.plain import text as plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.compare import CompareReport
    from neon_migrate.deployment import DeploymentPlan, DeployReport, MaintenanceReport, StateBefore
    from neon_migrate.report import Failure

_OUTCOME, _END = "<!-- neon-migrate:outcome -->\n", "<!-- /neon-migrate:outcome -->\n"
_DEPLOYED = "## ✅ neon-migrate: deployed"
_LATER = "<!-- neon-migrate:later -->\n"
"""What follows is of a later run that did nothing, so that the outcome before it still stands."""


def plan_markdown(plan: DeploymentPlan, environment: str) -> str:
    """What would run, with the digest that is approved."""
    if not plan.pending:
        return f"## ✅ neon-migrate: nothing to deploy\n\nNo migration is pending for {code(plan.database)}.\n"
    rows = [(str(one.version), escaped(one.description), code(one.path)) for one in plan.pending]
    return (
        f"## ⏳ neon-migrate: {plural(len(plan.pending), 'migration')} wait for approval\n\n"
        f"They would run on {code(plan.database)}, in this order, once the environment {code(environment)} is "
        "approved. If anything of this has changed until then, nothing is run.\n\n"
        + table(("version", "migration", "file"), rows)
        + f"\n<sub>digest {code(plan.digest)} · schema {code(plan.fingerprint[:12])} · "
        f"{plural(plan.applied, 'row')} in the ledger</sub>\n"
    )


def unplanned_markdown(failure: Failure, environment: str) -> str:
    """Why there is no plan."""
    return f"## ⛔ neon-migrate: the deployment to {escaped(environment)} can't be planned\n\n{_failed(failure)}"


def outcome_markdown(report: DeployReport, run_url: str) -> str:
    """What was done and what was not."""
    return "\n".join(_outcome(report, run_url))


def with_outcome(report: DeployReport, run_url: str, comment: str, review_url: str, most: int) -> str:
    """A pull request's comment with the outcome of its deployment before it, in place of an earlier one.

    A run that stopped before it did anything takes no success back: an old run that is run again, say.

    review_url  where the review is found that has no room beside the outcome
    """
    outcome, earlier = outcome_markdown(report, run_url), ""
    if comment.startswith(_OUTCOME):
        earlier, _, rest = comment.removeprefix(_OUTCOME).partition(_END)
        comment = rest.lstrip("\n")
    if earlier.startswith(_DEPLOYED) and report.stopped:
        outcome = f"{earlier.partition(_LATER)[0]}{_LATER}{_stopped(report, run_url)}"
    head = f"{_OUTCOME}{outcome}{_END}"
    gone = (
        "_The review stood here, and is too long to stand beside the outcome: "
        f"[the checks of this pull request]({review_url}) have it, as job summary and artifact._\n"
    )
    return fitted((Section((head,)), Section((comment, gone) if len(comment) > len(gone) else (comment,))), most)


def drift_markdown(report: CompareReport, run_url: str, most: int) -> str:
    """The body of the drift issue."""
    tree = plain((differences_tree("Differences", report.differences),))
    counted = plural(len(report.differences), "difference")
    head = (
        f"{code(report.database)} is not what its {len(report.applied)} applied migrations make: {counted}.\n\n"
        "Somebody changed it by hand, or a migration was changed after it was applied. Either take the change back, "
        "or put it into schema.json and a migration.\n"
    )
    in_line = details("SQL that would bring the database in line", block(report.sql, "sql")) if report.sql else ""
    losses = "".join(f"- loses data: {escaped(loss)}\n" for loss in report.losses)
    losses += "".join(f"- {escaped(warning)}\n" for warning in report.warnings)
    losses += "".join(f"- Postgres has no way to bring it in line: {escaped(one)}\n" for one in report.impossible)
    foot = f"<sub>[last looked at by this run]({run_url}); closed by the first run that finds none</sub>\n"
    left_out = f"_Too long to be shown; `neon-migrate compare` does. ({counted})_\n"
    parts = (Section((head,)), Section((block(tree, "text"), left_out)), Section((losses, "")), Section((in_line, "")))
    return fitted((*parts, Section((foot,))), most)


def maintenance_markdown(report: MaintenanceReport) -> str:
    """The job summary of a scheduled run."""
    return "\n".join(_maintenance(report))


def _outcome(report: DeployReport, run_url: str) -> Iterator[str]:
    plan = report.plan
    database = code(plan.database) if plan else "production"
    if plan is not None and not plan.pending and report.succeeded:
        yield f"## ✅ neon-migrate: nothing to deploy\n\nNo migration is pending for {database}.\n"
        return
    if report.succeeded:
        by = f", approved by {escaped(listing(report.approved_by))}" if report.approved_by else ""
        yield f"{_DEPLOYED}\n\n{plural(len(report.applied), 'migration')} applied to {database}{by}.\n"
    else:
        yield f"## ⛔ neon-migrate: the deployment failed\n\n{_how_far(report)}\n"
    if report.failure is not None:
        yield _failed(report.failure)
    if report.missing:
        yield "### Missing afterwards\n\n" + bullets(map(escaped, report.missing[:20]))
    rows = [
        (str(one.version), escaped(one.description), _took(one.execution_time_ns), "applied" + " ✅" * one.verified)
        for one in report.applied
    ]
    rows += [(str(one.version), escaped(one.description), "", "**not applied**") for one in report.not_applied]
    if rows:
        yield table(("version", "migration", "took", "state"), rows)
    if report.drift:
        tree = plain((differences_tree("Not as the migrations make it", report.drift),))
        title = f"Drift: {plural(len(report.drift), 'difference')}"
        yield details(title, block("\n".join(tree.splitlines()[:200]), "text"))
    if report.warnings:
        yield bullets(map(escaped, report.warnings))
    state = f" · {_before(report.before)}" if report.before else ""
    yield f"<sub>[run]({run_url}){state}</sub>\n"


def _stopped(report: DeployReport, run_url: str) -> str:
    why = f": {escaped(report.failure.what)}" if report.failure else ""
    return f"⚠️ [A later run]({run_url}) stopped before it began, and nothing was done{why}\n"


def _how_far(report: DeployReport) -> str:
    if report.before is None:
        return "**Nothing was done to the database.**"
    done, left = len(report.applied), len(report.not_applied)
    ready = " The ways on are in the job summary and the artifact."
    return f"**{plural(done, 'migration')} applied, {left} not.**{ready}"


def _failed(failure: Failure) -> str:
    place = ":".join(str(part) for part in (failure.path, failure.line, failure.column) if part)
    code_of = f" ({failure.sqlstate})" if failure.sqlstate else ""
    lines = [f"**{escaped(failure.what)}**{code_of}" + (f" at {code(place)}" if place else "")]
    lines += [f"- {escaped(line)}" for line in failure.why.splitlines() if line]
    if failure.remedy:
        lines.append(f"\n{escaped(failure.remedy)}")
    return "\n".join(lines) + "\n"


def _told(failure: Failure) -> tuple[str, ...]:
    return failure.what.rstrip("."), failure.why.rstrip("."), failure.remedy


def _before(before: StateBefore) -> str:
    moment = before.at.isoformat(sep=" ", timespec="seconds")
    window = "" if before.window_s is None else f" · history of {before.window_s / 3600:g} hours"
    backup = f" · backup {code(before.backup)}" if before.backup else ""
    return f"before: {moment}, LSN {code(before.lsn)}{window}{backup}"


def _took(nanoseconds: int) -> str:
    return duration(nanoseconds) if nanoseconds >= 0 else "not known"


def _maintenance(report: MaintenanceReport) -> Iterator[str]:
    yield "## neon-migrate: maintenance\n"
    items = []
    if report.compared is not None:
        found = plural(len(report.compared.differences), "difference")
        issue = f" ([issue]({report.issue_url}))" if report.issue_url else ""
        items.append(f"⚠️ Drift: {found}{issue}" if report.compared.different else f"✅ No drift{issue}")
    if report.exported is not None:
        proven = "proven by restoring it" if report.exported.proven else "**not proven**"
        urls = {"pull request": report.proposal_url, "commit": report.commit_url}
        where = "".join(f" ([{what}]({url}))" for what, url in urls.items() if url)
        items.append(f"✅ Schema exported: {code(report.exported.path.name)}, {proven}{where}")
    if report.swept is not None:
        items.append(f"✅ {plural(len(report.swept), 'expired Neon branch', 'expired Neon branches')} removed")
    items += [f"⚠️ Not removed: {escaped(each)}" for each in report.remaining]
    items += [f"⛔ {'. '.join(map(escaped, filter(None, _told(failure))))}" for failure in report.failures]
    items += [f"⚠️ {escaped(warning)}" for warning in report.warnings]
    yield bullets(items)
