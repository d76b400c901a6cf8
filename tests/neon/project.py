"""A Neon project as the fake API has it: branches whose databases are real, operations, and states to go back to."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from neon import shapes
from neon.shapes import FakeBranch
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.postgres.scratch import ScratchServer

PROJECT = "quiet-sound-123456"
ROLE = "postgres"

Body = dict[str, Any]


@dataclass(frozen=True)
class _Past:
    """A state of a branch that can be gone back to: copies of its databases by name."""

    lsn: str
    moment: datetime
    databases: dict[str, str]


class RefusalError(Exception):
    """An answer of the API that is no success."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class FakeProject:
    """A project; `production` is its default branch, with one database of the scratch server.

    polls            how often an operation has to be asked for until it has ended
    ends             the statuses that it has from then on, each for one look, the last one for good
    limit            how many branches the plan allows
    store_passwords  whether connection URIs can be had
    retention_s      how many seconds back a branch can be restored
    roles            those that connection URIs can be had of
    restored         called once a branch was restored: where what follows goes wrong
    """

    def __init__(self, scratch: ScratchServer) -> None:
        self.scratch, self.pg_version = scratch, scratch.major
        self.polls, self.limit, self.store_passwords, self.retention_s = 2, 1000, True, 86_400
        self.ends: list[str] = ["finished"]
        self.roles = [ROLE]
        self.restored: Callable[[], None] = lambda: None
        self.branches: dict[str, FakeBranch] = {}
        self.snapshots: list[Body] = []
        self._operations: dict[str, tuple[Body, int]] = {}
        self._past: dict[str, list[_Past]] = {}
        self._made: list[str] = []
        self._folder = Path(tempfile.mkdtemp(prefix="ep-"))
        self._parameters = scratch.target("postgres").parameters()
        database = self._database(None)
        self.production = self.add_branch(
            "main", default=True, databases={database: database}, password="pr0duction-pw"
        )

    @property
    def production_url(self) -> str:
        """The database URL of production."""
        return self.uri(self.production, self.database)

    @property
    def target(self) -> Target:
        """The same as a Target."""
        return Target(self.production_url, "NEON_DATABASE_URL")

    @property
    def database(self) -> str:
        """The name of production's first database, on every branch."""
        return next(iter(self.production.databases))

    def add_branch(self, name: str, **attributes: Any) -> FakeBranch:
        """A branch that is there already."""
        number = len(self.branches) + len(self._made)
        branch = FakeBranch(f"br-fake-{number:04}", name, **attributes)
        self.branches[branch.id] = branch
        place = self._folder / branch.endpoint_id
        if not place.exists():
            place.symlink_to(branch.cluster.sockets if branch.cluster else self._parameters["host"])
        return branch

    def named(self, name: str) -> FakeBranch | None:
        """The branch of that name."""
        return next((branch for branch in self.branches.values() if branch.name == name), None)

    def add_database(self, name: str) -> None:
        """One more database on production."""
        self.production.databases[name] = self._database(None)

    def checkpoint(self) -> str:
        """Remember production as it is now, so that it can be branched off or gone back to; gives the LSN."""
        with connect(self.target) as session:
            ((lsn,),) = session.query("SELECT pg_current_wal_flush_lsn()::text")
        copies = {name: self._database(real) for name, real in self.production.databases.items()}
        self._past.setdefault(self.production.id, []).append(_Past(lsn, datetime.now(UTC), copies))
        return str(lsn)

    def uri(self, branch: FakeBranch, database: str, role: str = ROLE, *, pooled: bool = False) -> str:
        """How to connect to a database of a branch; by its pooler, which nobody answers at, where that is asked for."""
        host = quote(self.host(branch), safe="") + "-pooler" * pooled
        real, port = branch.databases[database], branch.cluster.port if branch.cluster else self._parameters["port"]
        return f"postgresql://{role}:{branch.password}@/{real}?host={host}&port={port}"

    def host(self, branch: FakeBranch) -> str:
        """The host of a branch's endpoint; each has its own, though most lead to one server."""
        return str(self._folder / branch.endpoint_id)

    def close(self) -> None:
        """Remove every database."""
        for branch in self.branches.values():
            self._forget(branch)
        for database in self._made:
            self.scratch.drop(database)
        shutil.rmtree(self._folder)

    def _forget(self, branch: FakeBranch) -> None:
        """Remove what is behind a branch."""
        if branch.cluster is not None:
            branch.cluster.close()
        else:
            for real in branch.databases.values():
                self.scratch.drop(real)

    def _known(self, branch_id: str) -> FakeBranch:
        if branch_id not in self.branches:
            raise RefusalError(404, "branch not found")
        return self.branches[branch_id]

    def _busy(self) -> bool:
        """Whether an operation is running; asking lets time pass."""
        running = [one for one, (_, polls) in self._operations.items() if polls > 0]
        for operation_id in running:
            self._tick(operation_id)
        return bool(running)

    def _tick(self, operation_id: str) -> None:
        operation, polls = self._operations[operation_id]
        polls = max(0, polls - 1)
        status = "running" if polls else self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        self._operations[operation_id] = ({**operation, "status": status}, polls)

    def _operation(self, action: str, branch: FakeBranch) -> Body:
        made = shapes.operation(PROJECT, branch.id, action, "scheduling" if self.polls else "finished")
        self._operations[made["id"]] = (made, self.polls)
        return made

    def _at(self, parent: FakeBranch, lsn: str | None, moment: str | None) -> dict[str, str]:
        """Copies of the parent's databases, as they are or as they were."""
        source = self._past_at(parent, lsn, moment).databases
        return {name: self._database(real) for name, real in source.items()}

    def _past_at(self, branch: FakeBranch, lsn: str | None, moment: str | None) -> _Past:
        """The remembered state that is the nearest after an LSN or before a moment; else the state of now."""
        known = self._past.get(branch.id, [])
        if lsn is not None:
            known = [past for past in known if _number(past.lsn) >= _number(lsn)][:1]
        elif moment is not None:
            wanted = datetime.fromisoformat(moment) + timedelta(seconds=1)
            known = [past for past in known if past.moment <= wanted]
            if not known:
                raise RefusalError(400, "the point in time is outside of the history window")
        else:
            known = []
        return known[-1] if known else _Past("", datetime.now(UTC), branch.databases)

    def _database(self, template: str | None) -> str:
        """A new real database, a copy of `template`."""
        made = self.scratch.create(template=template)
        self._made.append(made)
        return made

    def _lsn(self) -> str:
        with self.scratch.session("postgres") as session:
            return str(session.query("SELECT pg_current_wal_flush_lsn()::text")[0][0])

    def _shown(self, branch: FakeBranch) -> Body:
        running = any(
            polls and operation["branch_id"] == branch.id and operation["action"] != "delete_timeline"
            for operation, polls in self._operations.values()
        )
        return shapes.branch(PROJECT, branch, "init" if running else "ready")

    def _reached(self, branch: FakeBranch) -> Body:
        return shapes.endpoint(PROJECT, branch, self.host(branch))


def _number(lsn: str) -> int:
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
