"""Neon's objects, reduced to what is used here; names and meaning are the API's own.

Fields that Neon adds, and values it has not had before, are read past.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (msgspec reads the annotations)
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003

OURS = "neon-migrate"
"""The value of the annotation `created-by` on branches that we made."""


@dataclass(frozen=True, slots=True)
class RestrictedAction:
    """Something that Neon does not let anybody do to a branch for now, such as `restore`, and why."""

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a project.

    current_state  `init`, `resetting`, `ready`, `archived`, or one that is not known yet
    default        whether it is the project's default branch
    parent_lsn     the LSN on the parent at which it was branched off
    expires_at     when Neon deletes it by itself
    annotation     what its maker wrote on it
    """

    id: str
    name: str
    current_state: str = ""
    pending_state: str | None = None
    default: bool = False
    protected: bool = False
    parent_id: str | None = None
    parent_lsn: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    restricted_actions: tuple[RestrictedAction, ...] = ()
    annotation: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def ours(self) -> bool:
        """Whether neon-migrate made it, as its annotation says: only such a branch is ever reset or deleted."""
        return self.annotation.get("created-by") == OURS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A compute endpoint: `host` is where to connect, `type` is `read_write` or `read_only`."""

    id: str
    branch_id: str
    host: str
    type: str = "read_write"


@dataclass(frozen=True, slots=True)
class Operation:
    """A piece of work that Neon has accepted.

    status  `scheduling`, `running`, `finished`, `failed`, `error`, `cancelling`, `cancelled`, `skipped`, or a new one
    """

    id: str
    action: str = ""
    status: str = ""
    error: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it ended as it should; a skipped one was not needed."""
        return self.status in ("finished", "skipped")

    @property
    def failed(self) -> bool:
        """Whether it has ended otherwise. (`error` is tried again by Neon itself.)"""
        return self.status in ("failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a branch, and the role that owns it."""

    name: str
    owner_name: str = ""


@dataclass(frozen=True, slots=True)
class NeonProject:
    """A project.

    history_retention_seconds  how far back its branches can be restored
    store_passwords            whether Neon can tell how to connect to a branch
    """

    id: str
    name: str = ""
    pg_version: int = 0
    history_retention_seconds: int = 0
    store_passwords: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of a root branch."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class NewBranch:
    """A branch to be made.

    expires_at  when Neon deletes it by itself: at most 30 days ahead
    annotation  a few short texts, to be found again by
    parent_lsn  the parent's state to copy, or `parent_timestamp`; without either it is the present one
    compute     whether it can be connected to; one that only keeps a state needs none
    """

    name: str
    parent_id: str
    expires_at: datetime
    annotation: Mapping[str, str]
    parent_lsn: str | None = None
    parent_timestamp: datetime | None = None
    compute: bool = True


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """A state of a branch in its past: either `lsn` or `timestamp` says which.

    timestamp  with an LSN: when it was recorded, so that it can be compared with the history window
    """

    lsn: str | None = None
    timestamp: datetime | None = None

    def __str__(self) -> str:
        moment = self.timestamp.isoformat(timespec="seconds") if self.timestamp else ""
        if self.lsn is None:
            return moment
        return f"LSN {self.lsn}" + (f", recorded at {moment}" if moment else "")


@dataclass(frozen=True, slots=True)
class HistoryWindow:
    """How far back a branch can be restored: `seconds` of history, so not to before `earliest`."""

    seconds: int
    earliest: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether that moment can still be gone back to."""
        return moment >= self.earliest


@dataclass(frozen=True, slots=True)
class RehearsalBranch:
    """A copy of production to rehearse on.

    url      how to connect to it directly, with its own password: a secret, so never shown
    branch   as Neon described it when it was ready; its `parent_lsn` is production's LSN that it was made from
    """

    id: str
    name: str
    url: str = field(repr=False)
    branch: Branch


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore left: the branch as it is now, and the one that keeps what was before."""

    branch: Branch
    preserved: Branch


@dataclass(frozen=True, slots=True)
class Sweep:
    """The branches of ours that were removed, and those that should have gone and why they have not."""

    removed: tuple[Branch, ...]
    remaining: tuple[tuple[Branch, str], ...] = ()
