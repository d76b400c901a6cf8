"""Taking a branch back to an earlier state of its own, with the state before kept under a name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from neon_migrate.neon.errors import NeonOperationError, NotRestorableError
from neon_migrate.neon.messages import restore_sent
from neon_migrate.neon.model import HistoryWindow, Restored

if TYPE_CHECKING:
    from neon_migrate.neon.client import NeonClient
    from neon_migrate.neon.model import Branch, RestorePoint


def history_window(
    client: NeonClient, project_id: str, branch: Branch, *, now: datetime | None = None
) -> HistoryWindow:
    """How far back `branch` can be restored, counted from `now`."""
    seconds = client.project(project_id).history_retention_seconds
    earliest = (now or datetime.now(UTC)) - timedelta(seconds=seconds)
    if branch.created_at is not None and branch.parent_id is None:
        earliest = max(earliest, branch.created_at)
    return HistoryWindow(seconds, earliest)


def require_restorable(
    client: NeonClient, project_id: str, branch: Branch, point: RestorePoint, *, now: datetime | None = None
) -> HistoryWindow:
    """The history window, once it is known that `branch` can be taken back to `point`.

    Raises NotRestorableError: Neon restricts it, or the point lies before the window or in the future.
    """
    for action in branch.restricted_actions:
        if action.name == "restore":
            raise NotRestorableError(
                f"Neon does not let the branch {branch.name} be restored for now",
                why=action.reason,
                remedy="Remove the cause, or go forward with a new migration: neon-migrate undo.",
            )
    now = now or datetime.now(UTC)
    window = history_window(client, project_id, branch, now=now)
    moment = point.timestamp
    if moment is not None and not window.holds(moment):
        raise NotRestorableError(
            f"The history of {branch.name} does not reach back to {point}",
            why=f"It reaches back to {window.earliest.isoformat(timespec='seconds')} ({window.seconds} seconds).",
            remedy="Restore a snapshot or a backup branch, if there is one; else go forward: neon-migrate undo.",
        )
    if moment is not None and moment > now:
        raise NotRestorableError(f"{point} lies in the future", remedy="Name a moment that has passed, with its zone.")
    return window


def restore(
    client: NeonClient, project_id: str, branch: Branch, point: RestorePoint, *, preserve_under_name: str
) -> Restored:
    """Take `branch`, with every database on it, back to `point`; its id and its connection details stay.

    preserve_under_name  a new branch of this name keeps the state before, so that nothing is gone; branches that were
                         children of `branch` become its children

    Raises NotRestorableError (see `require_restorable`, which the caller runs first, or the name is taken), and
    subclasses of NeonApiError.
    """
    if client.branch_named(project_id, preserve_under_name) is not None:
        raise NotRestorableError(
            f"There is a branch {preserve_under_name} already",
            why="It may keep the state before an earlier restore, so that this restore may be done already.",
            remedy="neon-migrate status shows where the database stands. To restore now, keep the present state under "
            "another name: --preserve-under-name.",
        )
    restored = client.restore_branch(
        project_id, branch.id, point, source_id=branch.id, preserve_under_name=preserve_under_name
    )
    with restore_sent(preserve_under_name):
        preserved = client.branch_named(project_id, preserve_under_name)
    if preserved is None:
        raise NeonOperationError(
            f"{branch.name} was restored, and no branch {preserve_under_name} keeps the state before",
            remedy="Look at the project's branches in Neon's console before anything is written.",
        )
    return Restored(restored, preserved)
