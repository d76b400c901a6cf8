"""Production as it is now: what a deployment to it would do, and what a restore would go back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING

from neon_migrate.deployment import StateBefore, deployment_plan
from neon_migrate.errors import UsageError
from neon_migrate.events import Step, Warned
from neon_migrate.execute import file_name
from neon_migrate.ledger import folder
from neon_migrate.neon.branches import current_lsn, production_branch
from neon_migrate.neon.client import access
from neon_migrate.neon.model import OURS, NewBranch
from neon_migrate.neon.restore import history_window
from neon_migrate.report import PendingMigration
from neon_migrate.runner import require_in_order
from neon_migrate.standin import read_live

if TYPE_CHECKING:
    from neon_migrate.ci.run import Run
    from neon_migrate.deployment import DeploymentPlan
    from neon_migrate.ledger.folder import Folder
    from neon_migrate.neon.client import Access
    from neon_migrate.neon.model import Branch
    from neon_migrate.project import Project

_BACKUP_KEPT = timedelta(days=7)
_SHORT_WINDOW = timedelta(hours=24)


def planned(project: Project, found: Folder | None = None) -> DeploymentPlan:
    """What a deployment would do now; production is only read.

    found  the migrations, where they were read already

    Raises UsageError (no database), UnreachableError, MigrationFileError, and HistoryError where the folder and the
    ledger contradict each other.
    """
    settings = project.settings
    if found is None:
        found = folder.read(settings).require()
    live = read_live(project)
    history = live.history(found)
    require_in_order(history)
    pending = tuple(
        PendingMigration(one.version, one.description, one.checksum.hex(), file_name(one.up, settings))
        for one in history.pending
    )
    return deployment_plan(str(live.target), live.catalog.fingerprint, history.rows, pending)


def state_before(run: Run) -> tuple[StateBefore, tuple[str, ...]]:
    """Production's state, to be gone back to, with warnings; and the backup, where the settings ask for one.

    The backup comes first: it takes a while, and what is written meanwhile is not to be gone back behind.

    Raises UnreachableError; and, where a backup is asked for that can't be made, UsageError and NeonApiError: nothing
    is applied then.
    """
    project = run.project
    neon = access(run.environment, observer=project.observer)
    if neon is None:
        _require_no_backup(project)
        return StateBefore(*_moment(project)), ()
    with neon.client:
        branch = production_branch(neon.client, neon.project_id, project.require_target().hosts[0])
        backup = _backup(run, neon, branch, datetime.now(UTC))
        lsn, now = _moment(project)
        window = timedelta(seconds=history_window(neon.client, neon.project_id, branch, now=now).seconds)
    warnings = () if window >= _SHORT_WINDOW else (_short(branch, window),)
    for warning in warnings:
        project.observer(Warned(warning))
    return StateBefore(lsn, now, branch.name, int(window.total_seconds()), backup), warnings


def _moment(project: Project) -> tuple[str, datetime]:
    with project.session() as session:
        return current_lsn(session), datetime.now(UTC)


def _require_no_backup(project: Project) -> None:
    if project.settings.backup != "none":
        raise UsageError(
            f"The settings ask for a backup ({project.settings.backup}), and there is no NEON_API_KEY",
            remedy="Give the job the secret NEON_API_KEY and NEON_PROJECT_ID, or take `backup` out of the settings.",
        )


def _backup(run: Run, neon: Access, branch: Branch, now: datetime) -> str:
    """Make what the settings ask for, under a name that nothing else has; gives it."""
    kind = run.project.settings.backup
    if kind == "none":
        return ""
    attempt = run.environment.get("GITHUB_RUN_ATTEMPT", "") or "1"
    # A run may deploy to several databases of one project, and a step may be tried again within its attempt.
    name, expires_at = f"before-run-{run.event.run_id}-{attempt}-{token_hex(3)}", now + _BACKUP_KEPT
    run.project.observer(Step(f"making a {kind} of {branch.name}"))
    if kind == "snapshot":
        return neon.client.create_snapshot(neon.project_id, branch.id, name=name, expires_at=expires_at).name or name
    marked = {"created-by": OURS, "expires-at": expires_at.isoformat(timespec="seconds"), "attempt": attempt}
    new = NewBranch(name, branch.id, expires_at, marked, compute=False)
    return neon.client.create_branch(neon.project_id, new).name


def _short(branch: Branch, window: timedelta) -> str:
    hours = window.total_seconds() / 3600
    return (
        f"The history of the Neon branch {branch.name} reaches back {hours:g} hours only: after that it can't be "
        "restored to its state before this deployment. The setting `backup` makes a branch or a snapshot of it."
    )
