"""A small client of Neon's API v2: typed methods, waiting, and nothing sent twice that may be done."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from neon_migrate.errors import UsageError
from neon_migrate.events import CredentialsReceived, silent
from neon_migrate.neon.answers import may_be_done
from neon_migrate.neon.errors import NeonAmbiguousError, NeonApiError, NeonNotFoundError
from neon_migrate.neon.messages import (
    annotation_in,
    operation_error,
    operations_in,
    part,
    restore_sent,
    rfc3339,
)
from neon_migrate.neon.model import (
    Branch,
    Database,
    Endpoint,
    NeonProject,
    NewBranch,
    Operation,
    RestorePoint,
    Snapshot,
)
from neon_migrate.neon.transport import BASE_URL, HOST_VARIABLE, KEY_VARIABLE, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from neon_migrate.events import Observer

T = TypeVar("T")

PROJECT_VARIABLE = "NEON_PROJECT_ID"

PAGE_SIZE = 100
"""What is asked for at once: the API takes larger numbers, and does not say that it gives as many."""

_PATIENCE_S = 180.0
"""How long a request waits for other operations of the project, and how long an operation may take."""
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Access:
    """The way to a project: an open client and the project's id."""

    client: NeonClient
    project_id: str


def access(environment: Mapping[str, str], *, observer: Observer = silent) -> Access | None:
    """The way that NEON_API_KEY, NEON_PROJECT_ID and NEON_API_HOST name; None without a key.

    An empty key is none: a secret that a fork's pull request does not get arrives as an empty text.

    Raises UsageError: a key without a project, a host that is no URL.
    """
    key = environment.get(KEY_VARIABLE, "").strip()
    if not key:
        return None
    project_id = environment.get(PROJECT_VARIABLE, "").strip()
    if not project_id:
        raise UsageError(
            f"{KEY_VARIABLE} is set and {PROJECT_VARIABLE} is not",
            remedy=f"Set {PROJECT_VARIABLE}: Neon's console shows it under the project's settings.",
        )
    base_url = environment.get(HOST_VARIABLE, "").strip() or BASE_URL
    return Access(NeonClient(key, base_url=base_url, observer=observer), project_id)


class NeonClient:
    """Neon's API with one key.

    Every method raises a subclass of NeonApiError. 423, 429 and 503 are waited out, for minutes; what only reads is
    also sent again when it failed on the way. A change whose answer was lost is looked for, and never sent again
    (NeonAmbiguousError when looking does not tell).
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = BASE_URL,
        observer: Observer = silent,
        patience_s: float = _PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = Transport(api_key, base_url, observer=observer, patience_s=patience_s)
        self._observer = observer
        self._patience_s = patience_s
        self._sleep = sleep

    def __enter__(self) -> NeonClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"NeonClient(base_url={self._transport.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    # What only reads

    def project(self, project_id: str) -> NeonProject:
        """The project."""
        return part(self._transport.get(f"/projects/{project_id}"), "project", NeonProject)

    def endpoints(self, project_id: str) -> tuple[Endpoint, ...]:
        """Every compute endpoint of the project."""
        return part(self._transport.get(f"/projects/{project_id}/endpoints"), "endpoints", tuple[Endpoint, ...])

    def branches(self, project_id: str, *, search: str = "") -> tuple[Branch, ...]:
        """Every branch, page after page; with `search` those whose name or id contains it."""
        return tuple(self._branches(project_id, search))

    def branch(self, project_id: str, branch_id: str) -> Branch:
        """One branch, with its annotation."""
        answer = self._transport.get(f"/projects/{project_id}/branches/{branch_id}")
        found = part(answer, "branch", Branch)
        return replace(found, annotation=annotation_in(answer.get("annotation")))

    def branch_named(self, project_id: str, name: str) -> Branch | None:
        """The branch of exactly that name: the API's own search also finds parts of names and ids."""
        return next((branch for branch in self.branches(project_id, search=name) if branch.name == name), None)

    def databases(self, project_id: str, branch_id: str) -> tuple[Database, ...]:
        """Every database on a branch."""
        path = f"/projects/{project_id}/branches/{branch_id}/databases"
        return part(self._transport.get(path), "databases", tuple[Database, ...])

    def connection_uri(self, project_id: str, branch_id: str, *, database: str, role: str) -> str:
        """How to connect directly (not pooled) to a database of a branch, with the password: a secret.

        The observer hears of it, since the password may be the branch's own and known to nobody yet.
        Raises NeonPasswordError where Neon keeps no passwords.
        """
        wanted = {"branch_id": branch_id, "database_name": database, "role_name": role, "pooled": "false"}
        uri = part(self._transport.get(f"/projects/{project_id}/connection_uri", wanted), "uri", str)
        self._observer(CredentialsReceived(uri))
        return uri

    # What changes something

    def create_branch(self, project_id: str, new: NewBranch) -> Branch:
        """Make a branch, with a compute where one is wanted, and wait until both are ready.

        One that does not get ready is removed again.
        Raises NeonConflictError (the name is taken), NeonCapacityError (the plan's limit).
        """
        branch: dict[str, str] = {
            "name": new.name,
            "parent_id": new.parent_id,
            "expires_at": rfc3339(new.expires_at),
        }
        if new.parent_lsn is not None:
            branch["parent_lsn"] = new.parent_lsn
        elif new.parent_timestamp is not None:
            branch["parent_timestamp"] = rfc3339(new.parent_timestamp)
        body: dict[str, Any] = {"branch": branch, "annotation_value": dict(new.annotation)}
        if new.compute:
            body["endpoints"] = [{"type": "read_write"}]
        path = f"/projects/{project_id}/branches"
        try:
            answer = self._transport.send("POST", path, body=body)
        except NeonApiError as error:
            if not may_be_done(error):
                raise
            made = self._looked_up(lambda: self._made(project_id, new), f"the branch {new.name} was made", error)
            return self._ready(project_id, new, made, ())
        return self._ready(project_id, new, part(answer, "branch", Branch), operations_in(answer))

    def delete_branch(self, project_id: str, branch_id: str) -> None:
        """Remove a branch, and wait until it is gone; one that is gone already is fine."""
        path = f"/projects/{project_id}/branches/{branch_id}"
        try:
            answer = self._transport.send("DELETE", path)
        except NeonNotFoundError:
            return
        except NeonApiError as error:
            if not may_be_done(error):
                raise
            self._looked_up(lambda: self._gone(project_id, branch_id), f"the branch {branch_id} was removed", error)
            return
        self.wait(project_id, operations_in(answer))

    def restore_branch(
        self, project_id: str, branch_id: str, point: RestorePoint, *, source_id: str, preserve_under_name: str
    ) -> Branch:
        """Put a branch back to a point in the history of `source_id`, and wait until it is ready.

        preserve_under_name  the branch that keeps what was before
        """
        source = {"source_lsn": point.lsn} if point.lsn else {}
        if not point.lsn and point.timestamp is not None:
            source = {"source_timestamp": rfc3339(point.timestamp)}
        body = {"source_branch_id": source_id, "preserve_under_name": preserve_under_name, **source}
        path = f"/projects/{project_id}/branches/{branch_id}/restore"
        answer, lost = dict[str, Any](), None
        try:
            answer = self._transport.send("POST", path, body=body)
        except NeonApiError as error:
            if not may_be_done(error):
                raise
            lost = error
        with restore_sent(preserve_under_name):
            if lost is not None:
                kept = partial(self.branch_named, project_id, preserve_under_name)
                self._looked_up(kept, f"{branch_id} was restored", lost)
            self.wait(project_id, operations_in(answer))
            return self.wait_ready(project_id, branch_id)

    def create_snapshot(self, project_id: str, branch_id: str, *, name: str, expires_at: datetime) -> Snapshot:
        """Take a snapshot of a root branch as it is now; an older one may have the same name."""
        path = f"/projects/{project_id}/branches/{branch_id}/snapshot"
        older = frozenset(snapshot.id for snapshot in self._snapshots(project_id))
        try:
            answer = self._transport.send("POST", path, query={"name": name, "expires_at": rfc3339(expires_at)})
        except NeonApiError as error:
            if not may_be_done(error):
                raise
            taken = partial(self._snapshot, project_id, name, older)
            return self._looked_up(taken, f"the snapshot {name} was taken", error)
        self.wait(project_id, operations_in(answer))
        return part(answer, "snapshot", Snapshot)

    # Waiting

    def wait(self, project_id: str, operations: Sequence[Operation]) -> None:
        """Wait until every operation has ended. Raises NeonOperationError when one fails or takes too long."""
        until = time.monotonic() + self._patience_s
        for operation in operations:
            current = operation
            while not current.succeeded:
                if current.failed:
                    raise operation_error(current, f"ended as {current.status}")
                if time.monotonic() > until:
                    raise operation_error(current, f"is still {current.status}")
                self._sleep(_POLL_S)
                answer = self._transport.get(f"/projects/{project_id}/operations/{operation.id}")
                current = part(answer, "operation", Operation)

    def wait_ready(self, project_id: str, branch_id: str) -> Branch:
        """Wait until a branch can be used, and give it as it is then. Raises NeonOperationError."""
        until = time.monotonic() + self._patience_s
        while True:
            branch = self.branch(project_id, branch_id)
            if branch.current_state not in ("init", "resetting") and branch.pending_state is None:
                return branch
            if time.monotonic() > until:
                raise operation_error(Operation(branch_id, "the branch"), f"is still {branch.current_state}")
            self._sleep(_POLL_S)

    # How it is done

    def _ready(self, project_id: str, new: NewBranch, made: Branch, operations: Sequence[Operation]) -> Branch:
        """A branch that was made, once it can be used; where it never can, it does not stay until it expires."""
        try:
            self.wait(project_id, operations)
            return self.wait_ready(project_id, made.id)
        except BaseException:
            if made.parent_id == new.parent_id != made.id and not made.default:
                with suppress(NeonApiError):
                    self.delete_branch(project_id, made.id)
            raise

    def _made(self, project_id: str, new: NewBranch) -> Branch | None:
        """The branch that a lost answer was about: only one with all of the annotation that was sent."""
        found = self.branch_named(project_id, new.name)
        return found if found and dict(found.annotation) == dict(new.annotation) else None

    def _snapshot(self, project_id: str, name: str, older: Container[str]) -> Snapshot | None:
        """The snapshot that a lost answer was about: none that was there before it was asked for."""
        taken = self._snapshots(project_id)
        return next((snapshot for snapshot in taken if snapshot.name == name and snapshot.id not in older), None)

    def _snapshots(self, project_id: str) -> tuple[Snapshot, ...]:
        return part(self._transport.get(f"/projects/{project_id}/snapshots"), "snapshots", tuple[Snapshot, ...])

    def _gone(self, project_id: str, branch_id: str) -> bool | None:
        try:
            self.branch(project_id, branch_id)
        except NeonNotFoundError:
            return True
        return None

    def _looked_up(self, look: Callable[[], T | None], what: str, lost: NeonApiError) -> T:
        """What `look` finds, looking again for a while: what was lost on the way may still be on its way."""
        for number in range(6):
            found = look()
            if found is not None:
                return found
            self._sleep(_POLL_S * 2**number)
        raise NeonAmbiguousError(
            f"It is not known whether {what}: Neon's answer was lost",
            status=lost.status,
            request_id=lost.request_id,
            why=lost.why,
            remedy="Run the same command again: it looks at what is there first. Nothing was sent twice.",
        ) from None

    def _branches(self, project_id: str, search: str) -> Iterator[Branch]:
        query = {"limit": str(PAGE_SIZE), "sort_by": "created_at", "sort_order": "asc"}
        if search:
            query["search"] = search
        seen: set[str] = set()
        while True:
            answer = self._transport.get(f"/projects/{project_id}/branches", query)
            page = part(answer, "branches", tuple[Branch, ...])
            annotations = answer.get("annotations") or {}
            new = [branch for branch in page if branch.id not in seen]
            for branch in new:
                seen.add(branch.id)
                yield replace(branch, annotation=annotation_in(annotations.get(branch.id)))
            cursor = (answer.get("pagination") or {}).get("next")
            if not cursor or not new:
                return
            query["cursor"] = cursor
