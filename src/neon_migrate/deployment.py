"""What the steps on the road to production come to, as values: pull request, plan, deployment, maintenance.

`neon_migrate.ci` makes them, `render` shows them. None holds a value of any row, nor a secret.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  (msgspec reads the annotations, here and below)
from pathlib import Path  # noqa: TC003
from typing import TYPE_CHECKING

from neon_migrate.apply import AppliedMigration  # noqa: TC001
from neon_migrate.compare import CompareReport  # noqa: TC001
from neon_migrate.differences import Difference  # noqa: TC001
from neon_migrate.errors import ExitCode, UsageError
from neon_migrate.export import ExportReport  # noqa: TC001
from neon_migrate.remarks import Remark  # noqa: TC001
from neon_migrate.report import Failure, PendingMigration, Report, digest
from neon_migrate.rollback_plan import RollbackPlan  # noqa: TC001
from neon_migrate.validate import ValidateReport  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.ledger.migration import LedgerRow


_MOST_CHARACTERS = 128 * 1024 - 1


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """What a deployment would do. It is made when approval is asked for, and once more when it was given.

    database     its name and host, without the password
    fingerprint  of production's Catalog
    applied      how many rows the ledger has, and `ledger` their SHA-256
    digest       see `neon_migrate.report.digest`: the same digest, the same deployment
    """

    database: str
    fingerprint: str
    applied: int
    ledger: str
    pending: tuple[PendingMigration, ...]
    digest: str


def deployment_plan(
    database: str, fingerprint: str, rows: Sequence[LedgerRow], pending: Sequence[PendingMigration]
) -> DeploymentPlan:
    """The plan for a database that has this Catalog and this ledger."""
    ledger = sorted((row.version, row.checksum, row.success) for row in rows)
    waiting = [(one.version, bytes.fromhex(one.checksum)) for one in pending]
    return DeploymentPlan(
        database,
        fingerprint,
        len(rows),
        hashlib.sha256(repr(ledger).encode()).hexdigest(),
        tuple(pending),
        digest(waiting, ledger, fingerprint, database),
    )


def encode_plan(plan: DeploymentPlan) -> str:
    """The plan as one word, to be handed from the job that plans to the job that deploys.

    Raises UsageError where it is longer than Linux lets one argument of a program be (execve(2), MAX_ARG_STRLEN).
    """
    import msgspec

    text = base64.b64encode(zlib.compress(msgspec.json.encode(plan), 9)).decode()
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(
            f"{len(plan.pending):,} migrations are more than one deployment takes",
            why=f"Their plan has {len(text):,} characters, and the job that deploys is handed {_MOST_CHARACTERS:,}.",
            remedy="Bring the database nearer by hand first: `neon-migrate apply --to VERSION`.",
        )
    return text


def decode_plan(text: str) -> DeploymentPlan:
    """The plan that `encode_plan` wrote. Raises UsageError."""
    import msgspec

    try:
        return msgspec.json.decode(zlib.decompress(base64.b64decode(text, validate=True)), type=DeploymentPlan)
    except (msgspec.MsgspecError, zlib.error, ValueError) as error:
        raise UsageError(
            "What was approved can't be read",
            why=str(error),
            remedy="--plan takes the output `plan` of `neon-migrate ci plan`, as it is.",
        ) from None


def changes_since(approved: DeploymentPlan, now: DeploymentPlan) -> tuple[str, ...]:
    """In what a deployment would do other than what was approved, in words; empty where it is the same."""
    if approved.digest == now.digest:
        return ()
    found = []
    if approved.database != now.database:
        found.append(f"It would go to {now.database}; approved was {approved.database}.")
    was = {one.version: one for one in approved.pending}
    will = {one.version: one for one in now.pending}
    found += [f"{_named(one)} would run too." for version, one in will.items() if version not in was]
    found += [f"{_named(one)} would not run any more." for version, one in was.items() if version not in will]
    found += [
        f"{_named(will[version])} has another text."
        for version, one in was.items()
        if version in will and will[version].checksum != one.checksum
    ]
    if approved.ledger != now.ledger:
        found.append(f"The ledger has changed: it had {approved.applied} rows and has {now.applied}.")
    if approved.fingerprint != now.fingerprint:
        found.append("The schema of production has changed.")
    return tuple(found) or ("The digest differs.",)


def _named(migration: PendingMigration) -> str:
    return f"{migration.version} ({migration.description})"


@dataclass(frozen=True, slots=True)
class StateBefore:
    """Production right before a deployment: what a restore goes back to.

    lsn       its write-ahead log position; empty where it could not be read
    branch    production's Neon branch, by name; empty where the Neon API was not asked
    window_s  how many seconds back that branch can be restored; None where the Neon API was not asked
    backup    the name of the backup branch or snapshot that was made; empty for none
    """

    lsn: str
    at: datetime
    branch: str = ""
    window_s: int | None = None
    backup: str = ""


@dataclass(frozen=True, slots=True)
class PullRequestReport:
    """What a pull request was told.

    validation   every check, on a scratch; without any where it did not come to an end, which `failure` tells
    report       the rehearsal; None where there was none: `failure` or `unrehearsed` says why
    verdict      `in order`, `look` or `stop`
    remarks      what there is to say of single places
    comment_url  the comment's page; empty where none was written
    files        the artifacts
    warnings     what else did not go as it should, such as a comment that GitHub refused
    """

    validation: ValidateReport
    report: Report | None
    verdict: str
    failure: Failure | None
    exit_code: ExitCode
    remarks: tuple[Remark, ...] = ()
    unrehearsed: str = ""
    comment_url: str = ""
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What waits for approval; `warnings` is who could not be told."""

    plan: DeploymentPlan
    environment: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeployReport:
    """What a deployment did, and where it stopped.

    plan          None where it did not come to one
    before        None where it did not come to applying
    applied       committed, in order
    not_applied   what the plan had and was not run to its end
    missing       what verifying found missing
    drift         what comparing found different
    rollback      the ways on; None where all went well, or nothing was begun
    approved_by   login names; empty where nobody had to approve
    comment_urls  of the pull requests' comments, first that of the run's own commit
    files         the artifacts
    """

    plan: DeploymentPlan | None
    environment: str
    before: StateBefore | None
    applied: tuple[AppliedMigration, ...]
    not_applied: tuple[PendingMigration, ...]
    missing: tuple[str, ...]
    drift: tuple[Difference, ...]
    failure: Failure | None
    exit_code: ExitCode
    rollback: RollbackPlan | None = None
    approved_by: tuple[str, ...] = ()
    comment_urls: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether all was applied and the database has all that its migrations make."""
        return self.failure is None and not self.missing

    @property
    def stopped(self) -> bool:
        """Whether it failed before it came to changing anything."""
        return not self.succeeded and self.before is None


@dataclass(frozen=True, slots=True)
class MaintenanceReport:
    """What a scheduled run found and did; a part that was not asked for is None.

    issue_url     of the drift issue that is open, or was closed; empty for none
    proposal_url  of the pull request with the exported schema; empty where none is open or none was asked for
    commit_url    of the commit with the exported schema; empty where the file was so already or none was asked for
    swept         names of the Neon branches of ours that were removed, `remaining` those that could not be, and why
    failures      of each part that failed; the others were done all the same
    """

    compared: CompareReport | None
    exported: ExportReport | None
    swept: tuple[str, ...] | None
    remaining: tuple[str, ...] = ()
    issue_url: str = ""
    proposal_url: str = ""
    commit_url: str = ""
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.OK
