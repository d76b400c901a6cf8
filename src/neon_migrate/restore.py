"""`restore`: production's Neon branch back to an earlier state, after it was said what that takes along.

It is the way back that loses every write since, of every database on the branch; so it says which databases and how
many rows those are, and keeps the state before as a branch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from neon_migrate.errors import NeonMigrateError, UsageError, as_ours
from neon_migrate.events import Step
from neon_migrate.neon import restore as neon_restore
from neon_migrate.neon.branches import branch_url, current_lsn, production_branch, rehearsal_branch
from neon_migrate.neon.client import access
from neon_migrate.neon.errors import NotRestorableError
from neon_migrate.neon.holder import holder
from neon_migrate.neon.model import RestorePoint
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from neon_migrate.postgres.writes import TableWrites, writes_since
from neon_migrate.status import StatusReport, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from neon_migrate.neon.client import Access
    from neon_migrate.neon.model import Branch, RehearsalBranch
    from neon_migrate.project import Project

_LSN = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")
_COUNTING = timedelta(hours=1)
"""How long the branch that is made for counting may stay, should it not be removed."""


@dataclass(frozen=True, slots=True)
class DatabaseWrites:
    """What was written to one database since the point that is gone back to.

    tables     those in which something changed
    unchanged  how many did not
    uncounted  why nothing could be counted; empty where it could
    """

    database: str
    tables: tuple[TableWrites, ...] = ()
    unchanged: int = 0
    uncounted: str = ""


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore is going to do; nothing is done yet.

    database             the URL's, with its host
    branch               the name of the branch that goes back: what a person types to confirm
    point                in words
    preserve_under_name  the branch that will keep the present state
    writes               for every database on the branch: all of them go back
    warnings             what makes this less than certain
    """

    project_id: str
    database: str
    branch: str
    point: str
    preserve_under_name: str
    writes: tuple[DatabaseWrites, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did.

    confirmed  whether it was done: nothing is done without
    status     of the URL's database afterwards; None where it was not confirmed, or could not be looked at
    warnings   what could not be found out once it was done
    """

    plan: RestorePlan
    confirmed: bool
    status: StatusReport | None = None
    warnings: tuple[str, ...] = ()


def restore(
    project: Project,
    point: RestorePoint,
    *,
    environment: Mapping[str, str],
    confirm: Callable[[RestorePlan], bool],
    preserve_under_name: str = "",
) -> RestoreReport:
    """Take the branch that the database URL leads to back to `point`, with every database on it.

    Which branch that is, Neon says by the host in the URL: the database itself need not let anybody in, since a
    restore may be needed for that very reason. What can't be looked at then is a warning.

    environment          NEON_API_KEY and NEON_PROJECT_ID
    confirm              is shown the plan, after the refusals below and before anything is done
    preserve_under_name  the branch that keeps the present state; by default named for `point`, so that the same restore
                         again, perhaps of somebody who did not hear that it was done, is refused

    Raises UsageError (no database, no API key), NotRestorableError (Neon restricts it, or its history does not reach
    that far), subclasses of NeonApiError.
    """
    target = project.require_target()
    neon = access(environment, observer=project.observer)
    if neon is None:
        raise UsageError(
            "A restore is Neon's, and there is no NEON_API_KEY",
            remedy="Set NEON_API_KEY and NEON_PROJECT_ID; elsewhere restore a backup by its own means.",
        )
    name = preserve_under_name or _preserving(point)
    with neon.client:
        branch = production_branch(neon.client, neon.project_id, target.hosts[0])
        neon_restore.require_restorable(neon.client, neon.project_id, branch, point)
        warnings = tuple(_doubts(project, point))
        plan = RestorePlan(
            neon.project_id,
            str(target.direct()),
            branch.name,
            str(point),
            name,
            tuple(_Counting(project, neon, branch, point).databases()),
            warnings,
        )
        if not confirm(plan):
            return RestoreReport(plan, False)
        project.observer(Step(f"restoring {branch.name} to {point}, with the state before kept as {name}"))
        neon_restore.restore(neon.client, neon.project_id, branch, point, preserve_under_name=name)
    return _done(project, plan)


def restore_point(*, lsn: str | None = None, time: str | None = None) -> RestorePoint:
    """The point that a person named: by an LSN, by a time, or by an LSN and the time when that was recorded.

    Raises UsageError: neither, or not readable.
    """
    if lsn is None and time is None:
        raise UsageError("No point to go back to is named", remedy="Give --lsn, --time, or --plan.")
    if lsn is not None and not _LSN.fullmatch(lsn):
        raise UsageError(f"{lsn!r} is no LSN", remedy="Write it as Postgres does, such as 0/16B3748.")
    return RestorePoint(lsn, None if time is None else _moment(time))


def planned_point(path: Path) -> RestorePoint:
    """The state before a deployment, from the `neon-migrate-deployment.json` that it left. Raises UsageError."""
    import msgspec

    try:
        before = msgspec.json.decode(path.read_bytes(), type=_Deployment).before
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{path} can't be read as the record of a deployment",
            why=str(error),
            remedy="It is neon-migrate-deployment.json among the artifacts of the run that failed.",
        ) from None
    if before is None or not before.lsn:
        raise UsageError(
            f"{path} holds no state to go back to",
            why="That run did not come to changing anything, or could not read the LSN.",
            remedy="Name the point with --lsn or --time.",
        )
    return RestorePoint(before.lsn, before.at)


@dataclass(frozen=True, slots=True)
class _Before:
    """Of `neon_migrate.deployment.StateBefore`, what is needed here."""

    lsn: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Deployment:
    before: _Before | None = None


def _moment(time: str) -> datetime:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise UsageError(f"{time!r} is no time with its zone", remedy="Write it like 2026-11-22T18:30:00Z.")
    return moment


def _preserving(point: RestorePoint) -> str:
    """The name of the branch that keeps the state before a restore to `point`."""
    if point.lsn is not None:
        return f"before-restore-to-{point.lsn.lower().replace('/', '-')}"
    return f"before-restore-to-{point.timestamp.astimezone(UTC):%Y%m%d-%H%M%S}" if point.timestamp else ""


def _done(project: Project, plan: RestorePlan) -> RestoreReport:
    """The report of a restore that is done, whether or not the database can be looked at right after."""
    try:
        return RestoreReport(plan, True, status(project))
    except Exception as error:  # whatever it is: the restore is done, and must not be run again
        why = f"Where the database stands now could not be looked at: {_reason(as_ours(error))}"
        return RestoreReport(plan, True, warnings=(why,))


def _reason(error: NeonMigrateError) -> str:
    return " ".join(part for part in (error.what, error.why) if part)


def _doubts(project: Project, point: RestorePoint) -> Iterator[str]:
    """What is not certain of the point. Raises NotRestorableError where the LSN is known to lie in the future."""
    if point.lsn is None:
        return
    try:
        with project.session() as session:
            now = current_lsn(session)
    except NeonMigrateError as error:
        why = _reason(error)
        yield f"How far the branch has come can't be asked, so Neon alone tells whether it had that LSN: {why}"
    else:
        _require_passed(point, now)
    if point.timestamp is None:
        yield (
            "When that LSN was written is not known here, so Neon alone tells whether its history reaches that far. "
            "--time beside --lsn says when it was recorded."
        )


def _require_passed(point: RestorePoint, now: str) -> None:
    if point.lsn is not None and _position(point.lsn) > _position(now):
        raise NotRestorableError(
            f"LSN {point.lsn} lies in the future",
            why=f"The branch has come to {now}.",
            remedy="Is it of another branch, or of before an earlier restore? Name another point.",
        )


def _position(lsn: str) -> int:
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


@dataclass(frozen=True, slots=True)
class _Counting:
    """Counts on a temporary branch at the point and on the branch as it is now."""

    project: Project
    neon: Access
    branch: Branch
    point: RestorePoint

    def databases(self) -> Iterator[DatabaseWrites]:
        """Each database of the branch; one that can't be counted says why."""
        client, project_id = self.neon.client, self.neon.project_id
        target = self.project.require_target().direct()
        parameters = target.parameters()
        own, role = parameters["dbname"], parameters.get("user", "")
        # One that was dropped is the first that a restore is for, and no longer listed.
        found = {own: role} | {one.name: one.owner_name for one in client.databases(project_id, self.branch.id)}
        self.project.observer(Step(f"counting what was written since {self.point}"))
        try:
            with rehearsal_branch(
                client,
                project_id,
                self.branch,
                f"neon-migrate-count-{self.branch.id}",
                expires_at=datetime.now(UTC) + _COUNTING,
                annotation={"purpose": "count"},
                holder=holder({}, self.project.settings.root, str(target)),
                database=own,
                role=role,
                at=self.point,
                observer=self.project.observer,
            ) as then:
                for name, owner in found.items():
                    yield self._database(then, name, role if name == own else owner)
        except NeonMigrateError as error:
            yield from (DatabaseWrites(name, uncounted=_reason(error)) for name in found)

    def _database(self, then: RehearsalBranch, name: str, role: str) -> DatabaseWrites:
        client, project_id = self.neon.client, self.neon.project_id
        named = self.project.require_target().direct()
        try:
            old = branch_url(client, project_id, then.branch, self.branch, database=name, role=role)
            is_own = name == named.parameters()["dbname"]
            now = (
                named if is_own else Target(client.connection_uri(project_id, self.branch.id, database=name, role=role))
            )
            with connect(Target(old)) as before, connect(now) as after:
                tables = writes_since(before, after)
        except NeonMigrateError as error:
            return DatabaseWrites(name, uncounted=_reason(error))
        changed = tuple(table for table in tables if table.changed)
        return DatabaseWrites(name, changed, len(tables) - len(changed))
