"""Branches of production: made to rehearse on, removed again, and never mistaken for production itself."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, unquote

from neon_migrate.events import Notice, Warned, silent
from neon_migrate.neon.errors import (
    NeonApiError,
    NeonConflictError,
    NeonNotFoundError,
    NeonOperationError,
    NotOurBranchError,
    ProductionBranchError,
)
from neon_migrate.neon.holder import kept
from neon_migrate.neon.model import OURS, NewBranch, RehearsalBranch, Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from neon_migrate.events import Observer
    from neon_migrate.neon.client import NeonClient
    from neon_migrate.neon.holder import Holder
    from neon_migrate.neon.model import Branch, RestorePoint

_POOLER = "-pooler"
_ATTEMPTS = 3
"""How often a name that is taken again is freed again: another run of ours may be at it too."""


class Queries(Protocol):
    """What is needed of a connection; `postgres.session.Session` is one."""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of one statement."""


def production_branch(client: NeonClient, project_id: str, host: str) -> Branch:
    """The branch that owns the endpoint in the URL of production.

    host  as it stands in the URL, with or without Neon's pooler

    Raises NeonNotFoundError: the project has no such endpoint. The default branch is never taken instead.
    """
    endpoints = client.endpoints(project_id)
    wanted, label = _direct(host), _direct(host).partition(".")[0]
    for endpoint in endpoints:
        if _direct(endpoint.host) == wanted or endpoint.id == label:
            return client.branch(project_id, endpoint.branch_id)
    raise NeonNotFoundError(
        f"The Neon project {project_id} has no endpoint {host}",
        why=f"It has {len(endpoints)} endpoints, and the database URL names none of them.",
        remedy="NEON_PROJECT_ID and the database URL have to name the same project.",
    )


@contextmanager
def rehearsal_branch(
    client: NeonClient,
    project_id: str,
    production: Branch,
    name: str,
    *,
    expires_at: datetime,
    annotation: Mapping[str, str],
    holder: Holder,
    database: str,
    role: str,
    at: RestorePoint | None = None,
    observer: Observer = silent,
) -> Iterator[RehearsalBranch]:
    """A copy of production under a stable name, for as long as it is needed; it is removed at the end.

    name        one of that name that we made is replaced; while another rehearsal needs it, or somebody keeps it, this
                one gets a name beside it
    expires_at  when Neon removes it, should we not come to it
    annotation  a few short texts beside ours
    holder      who rehearses, and whether the branch is to stay there
    database    the database to connect to, and `role` the user, as in the URL of production
    at          production's state to copy; None for the present one

    Raises NotOurBranchError (one of that name that we did not make), ProductionBranchError, NeonCapacityError,
    NeonPasswordError, NeonOperationError, and other subclasses of NeonApiError.
    """
    marked = {
        **annotation,
        **holder.annotation(),
        "created-by": OURS,
        "expires-at": expires_at.astimezone(UTC).isoformat(timespec="seconds"),
        "attempt": secrets.token_hex(8),
    }
    lsn, moment = (at.lsn, at.timestamp) if at else (None, None)
    new = NewBranch(name, production.id, expires_at, marked, lsn, moment)
    made = _create(client, project_id, new, production, holder, observer)
    _require_copy(made, production)  # before the removal below is sure to run
    try:
        url = branch_url(client, project_id, made, production, database=database, role=role)
        yield RehearsalBranch(made.id, made.name, url, made)
    finally:
        if holder.kept:
            observer(Notice(f"The Neon branch {made.name} is kept until {marked['expires-at']}."))
        else:
            _discard(client, project_id, made, observer)


def branch_url(
    client: NeonClient, project_id: str, made: Branch, production: Branch, *, database: str, role: str
) -> str:
    """How to connect to a copy directly, once it was seen that the host is the copy's and not production's: a secret.

    Raises ProductionBranchError, NeonOperationError, NeonPasswordError.
    """
    uri = client.connection_uri(project_id, made.id, database=database, role=role)
    endpoints = client.endpoints(project_id)
    host = _direct(_host(uri))
    if host in {_direct(endpoint.host) for endpoint in endpoints if endpoint.branch_id == production.id}:
        raise ProductionBranchError(
            f"Neon gave production's address for the branch {made.name}",
            why=f"{host} belongs to {production.name}.",
            remedy="Nothing was run. Run it again; tell Neon's support if it stays so.",
        )
    if host not in {_direct(endpoint.host) for endpoint in endpoints if endpoint.branch_id == made.id}:
        raise NeonOperationError(
            f"Neon gave an address for the branch {made.name} that is none of its endpoints",
            why=host,
            remedy="Nothing was run. Run it again.",
        )
    return uri


def sweep(client: NeonClient, project_id: str, now: datetime) -> Sweep:
    """Remove every branch of ours that has expired; one that can't be removed is told, and the others go on.

    A branch is never removed that somebody else made, that is the default or protected, that has children, or whose
    expiry somebody took away to keep it.
    """
    branches = client.branches(project_id)
    parents = {branch.parent_id for branch in branches}
    removed, remaining = [], []
    for branch in branches:
        if not branch.ours or not _expired(branch, now):
            continue
        if branch.default or branch.protected or branch.id in parents:
            remaining.append((branch, "it is the default or protected, or has children"))
            continue
        try:
            client.delete_branch(project_id, branch.id)
        except NeonApiError as error:
            remaining.append((branch, error.what))
        else:
            removed.append(branch)
    return Sweep(tuple(removed), tuple(remaining))


def current_lsn(session: Queries) -> str:
    """How far the database's write-ahead log has come: what a restore goes back to."""
    ((lsn,),) = session.query("SELECT pg_catalog.pg_current_wal_flush_lsn()::text")
    return str(lsn)


def _create(
    client: NeonClient, project_id: str, new: NewBranch, production: Branch, holder: Holder, observer: Observer
) -> Branch:
    """Make the branch; one of that name that we made before is removed first, or left to whoever needs it."""
    name = new.name
    for attempt in range(_ATTEMPTS):
        try:
            return client.create_branch(project_id, new)
        except NeonConflictError:
            taken = client.branch_named(project_id, new.name)
            if taken is None and attempt == _ATTEMPTS - 1:
                raise
        if taken is not None:  # None: removed in between, by another run or by its expiry
            if taken.id == production.id:
                raise _is_production(taken)
            _require_ours(taken)
            if not holder.may_replace(taken, datetime.now(UTC)):
                observer(Notice(f"Another rehearsal has the Neon branch {taken.name}: {_whose(taken)}."))
                new = replace(new, name=holder.beside(name))
                continue
            if kept(taken):
                observer(Warned(f"The Neon branch {taken.name}, which was kept, is replaced: {_whose(taken)}."))
            client.delete_branch(project_id, taken.id)
    raise NeonConflictError(
        f"The branch {new.name} is made again and again by another run",
        remedy="Wait until the other run has ended and run it again.",
    )


def _whose(branch: Branch) -> str:
    made = f"it was made at {branch.created_at.isoformat(timespec='seconds')}" if branch.created_at else "it is ours"
    return made + ("" if branch.expires_at else " and has no expiry")


def _require_ours(branch: Branch) -> None:
    if not branch.ours or branch.default or branch.protected:
        raise NotOurBranchError(
            f"The Neon branch {branch.name} ({branch.id}) was not made by neon-migrate",
            why="It lacks our annotation, or is the default or protected; resetting it might lose somebody's work.",
            remedy="Remove or rename it in Neon's console, or choose another name with --name.",
        )


def _require_copy(made: Branch, production: Branch) -> None:
    """Raises ProductionBranchError unless the branch is a child of production, and not production."""
    if made.id == production.id or made.default:
        raise _is_production(made)
    if made.parent_id != production.id:
        raise ProductionBranchError(
            f"The Neon branch {made.name} is no copy of {production.name}",
            why=f"Its parent is {made.parent_id}, production is {production.id}.",
            remedy="Nothing was run. Remove that branch and run it again.",
        )


def _is_production(branch: Branch) -> ProductionBranchError:
    return ProductionBranchError(
        f"The Neon branch {branch.name} ({branch.id}) is production",
        remedy="Nothing was run. Choose another name for the copy with --name.",
    )


def _discard(client: NeonClient, project_id: str, branch: Branch, observer: Observer) -> None:
    """Remove the branch; that it can't be is no reason to fail, since it expires."""
    try:
        client.delete_branch(project_id, branch.id)
    except NeonApiError as error:
        observer(Warned(f"The Neon branch {branch.name} could not be removed ({error.what}); it expires by itself."))


def _expired(branch: Branch, now: datetime) -> bool:
    """By Neon's own field alone: whoever takes the expiry off a branch wants to keep it, whatever we wrote on it."""
    return branch.expires_at is not None and branch.expires_at <= now


def _direct(host: str) -> str:
    """A host without Neon's pooler, in lower case."""
    label, dot, rest = host.lower().rstrip(".").partition(".")
    return label.removesuffix(_POOLER) + dot + rest


def _host(uri: str) -> str:
    """The host of a database URL; of a Unix socket the folder."""
    place, _, query = uri.partition("://")[2].partition("?")
    authority = place.partition("/")[0].rpartition("@")[2]
    named: Sequence[str] = parse_qs(query).get("host", ())
    host = authority if authority.endswith("]") else authority.rpartition(":")[0] or authority
    return unquote(host) or (named[0] if named else "")
