"""What a team is told of a run that somebody started by hand."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from neon_migrate.errors import UsageError, as_ours
from neon_migrate.events import Warned
from neon_migrate.notify import Message, notifiers, tell
from neon_migrate.redaction import publishable
from neon_migrate.render.page import duration, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.apply import ApplyReport
    from neon_migrate.cli.invocation import Invocation
    from neon_migrate.errors import NeonMigrateError
    from neon_migrate.project import Project

_MOST_LINES = 10


def require_recipient() -> None:
    """Raises UsageError where no environment variable says whom to tell."""
    variables = [notifier.variable for notifier in notifiers()]
    if not any(os.environ.get(variable, "").strip() for variable in variables):
        raise UsageError("--notify tells nobody", remedy=f"Set {' or '.join(variables)}.")


@contextmanager
def failures_told(invocation: Invocation, project: Project) -> Iterator[None]:
    """Tell the team of an error that ends what is done here, a fault of ours too; the error goes on."""
    try:
        yield
    except Exception as error:
        announce(invocation, failed(str(project.require_target()), as_ours(error)))
        raise


def announce(invocation: Invocation, message: Message) -> None:
    """Tell the team; that it can't be told is a warning."""
    for warning in tell(message, os.environ):
        invocation.observer(Warned(warning))


def applied(report: ApplyReport) -> Message:
    """A run that went well, also one that found the database other than it should be."""
    lines = [
        f"{one.version} {one.description}, {duration(max(one.execution_time_ns, 0))}"
        + ("" if one.verified else ", not verified")
        for one in report.applied[:_MOST_LINES]
    ]
    if len(report.applied) > _MOST_LINES:
        lines.append(f"and {len(report.applied) - _MOST_LINES} more")
    if report.drift:
        lines.append(f"The database is not what its migrations make: {plural(len(report.drift), 'difference')}.")
    title = f"{plural(len(report.applied), 'migration')} applied to {report.status.database}"
    return Message("drift" if report.drift else "success", title, tuple(lines))


def failed(database: str, error: NeonMigrateError) -> Message:
    """A run that an error ended, without the values of rows that it may quote."""
    what, _ = publishable(error)
    where = f" at {error.where}" if error.where else ""
    return Message(
        "failure", f"apply failed on {database}", (f"{what}{where}", *error.remedy.splitlines()[:_MOST_LINES])
    )
