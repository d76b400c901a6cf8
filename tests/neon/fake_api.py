"""A fake of Neon's API: branches are databases of a real Postgres, and each message is held to Neon's own document.

It does what the reference says that Neon does (operations that take time and lock the project, pages of a hundred,
annotations, names that are taken, children of protected branches with passwords of their own) and can be told to fail
as Neon fails (`Fault`).
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from neon import shapes
from neon.own_cluster import OwnCluster
from neon.project import PROJECT, ROLE, FakeProject, RefusalError
from neon_migrate.sql import identifier
from npm import npm_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neon_migrate.postgres.scratch import ScratchServer
    from openapi import Contract

KEY = "napi_s3cret_of_the_tests"
PAGE = 100
OFFICIAL = "https://console.neon.tech/api/v2"

_PACKAGE = (
    "@neondatabase/api-client",
    "2.7.3",
    "86a26671df2a78236372c48d973efba5e188c01f522e3f0d0ba90ae808cf4726"
    "f86d4bd707e4c299f7f1e7cf77ff4a111d88eaa6e6b49c12dae6a97ccfa69c9b",
)
Body = dict[str, Any]


@dataclass
class Fault:
    """How requests that match are answered, `times` times, before Neon is itself again.

    status  an HTTP status; 0: the connection is cut
    done    whether the request is carried out all the same, so that only its answer is lost
    """

    method: str
    path: str
    status: int = 0
    times: int = 1
    done: bool = False
    code: str = ""
    message: str = "the fake was told to fail"
    headers: dict[str, str] = field(default_factory=dict)
    html: bool = False


class FakeNeon(FakeProject):
    """The API of one project.

    requests  every request that came, as `METHOD path`
    faults    how the next ones are answered (see `fail`)
    """

    def __init__(self, scratch: ScratchServer, contract: Contract) -> None:
        super().__init__(scratch)
        self.contract = contract
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self._lock = RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    # What tests use

    @property
    def url(self) -> str:
        """The base URL for NEON_API_HOST."""
        return f"http://127.0.0.1:{self._server.server_port}/api/v2"

    @property
    def environment(self) -> dict[str, str]:
        """What a job that may deploy has in its environment."""
        return {
            "NEON_API_KEY": KEY,
            "NEON_PROJECT_ID": PROJECT,
            "NEON_API_HOST": self.url,
            "NEON_DATABASE_URL": self.production_url,
        }

    def fail(self, method: str, path: str, **how: Any) -> Fault:
        """Answer the next requests whose path (a regular expression) matches as `Fault` says."""
        fault = Fault(method, path, **how)
        self.faults.append(fault)
        return fault

    def close(self) -> None:
        """Stop, and remove every database."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        super().close()

    # The server

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The answer to a request; status 0 stands for a connection that is cut."""
        parts = urlsplit(target)
        path, query = parts.path.removeprefix("/api/v2"), dict(parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            self.requests.append(f"{method} {path}")
            request = self.contract.check_request(method, path, query, headers, body)
            fault = next((one for one in self.faults if one.method == method and re.fullmatch(one.path, path)), None)
            if fault is not None:
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                if fault.done:
                    self._carried_out(method, path, query, headers, body)
                if fault.html:
                    return fault.status, {"Content-Type": "text/html"}, b"<html>a timeout occurred</html>"
                status, content = fault.status, shapes.error(fault.message, fault.code)
                extra = fault.headers
            else:
                status, content = self._carried_out(method, path, query, headers, body)
                extra = {}
            text = b"" if status == 204 else json.dumps(content).encode()
            if status:
                self.contract.check_response(request, path, status, text)
            return status, {"Content-Type": "application/json", **extra}, text

    def _carried_out(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> tuple[int, Body]:
        try:
            if headers.get("Authorization") != f"Bearer {KEY}":
                raise RefusalError(401, "This request requires authentication")
            if not path.startswith(f"/projects/{PROJECT}"):
                raise RefusalError(404, "project not found")
            if method != "GET" and self._busy():
                raise RefusalError(
                    423, "project already has running conflicting operations, scheduling of new ones is prohibited"
                )
            for wanted, pattern, handle in self._routes():
                found = re.fullmatch(pattern, path.removeprefix(f"/projects/{PROJECT}"))
                if wanted == method and found:
                    return handle(query, json.loads(body or b"{}"), *found.groups())
        except RefusalError as refusal:
            return refusal.status, shapes.error(refusal.message, refusal.code)
        raise AssertionError(f"the fake does not know {method} {path}")

    def _routes(self) -> tuple[tuple[str, str, Callable[..., tuple[int, Body]]], ...]:
        branch = "/branches/([a-z0-9-]+)"
        return (
            ("GET", "", self._get_project),
            ("GET", "/endpoints", self._get_endpoints),
            ("GET", "/branches", self._get_branches),
            ("POST", "/branches", self._create),
            ("GET", branch, self._get_branch),
            ("DELETE", branch, self._delete),
            ("POST", f"{branch}/restore", self._restore),
            ("POST", f"{branch}/snapshot", self._snapshot),
            ("GET", "/snapshots", self._get_snapshots),
            ("GET", f"{branch}/databases", self._get_databases),
            ("GET", "/connection_uri", self._get_uri),
            ("GET", "/operations/([a-z0-9-]+)", self._get_operation),
        )

    # What only reads

    def _get_project(self, query: dict[str, str], body: Body) -> tuple[int, Body]:
        project = shapes.project(PROJECT, self.pg_version, self.retention_s, store_passwords=self.store_passwords)
        return 200, {"project": project}

    def _get_endpoints(self, query: dict[str, str], body: Body) -> tuple[int, Body]:
        return 200, {"endpoints": [self._reached(branch) for branch in self.branches.values() if branch.compute]}

    def _get_branches(self, query: dict[str, str], body: Body) -> tuple[int, Body]:
        search, start = query.get("search", ""), int(query.get("cursor") or 0)
        found = [one for one in self.branches.values() if search in one.name or search in one.id]
        page = found[start : start + min(PAGE, int(query.get("limit", PAGE)))]
        more = start + len(page) < len(found)
        pagination = {"next": str(start + len(page)), "sort_by": "created_at", "sort_order": "ASC"} if more else {}
        annotations = {one.id: shapes.annotation(one) for one in page if one.annotation}
        answer = {"branches": [self._shown(one) for one in page], "annotations": annotations}
        return 200, {**answer, **({"pagination": pagination} if pagination else {})}

    def _get_branch(self, query: dict[str, str], body: Body, branch_id: str) -> tuple[int, Body]:
        branch = self._known(branch_id)
        self._busy()
        return 200, {"branch": self._shown(branch), "annotation": shapes.annotation(branch)}

    def _get_databases(self, query: dict[str, str], body: Body, branch_id: str) -> tuple[int, Body]:
        return 200, {"databases": shapes.databases(self._known(branch_id), ROLE)}

    def _get_uri(self, query: dict[str, str], body: Body) -> tuple[int, Body]:
        if not self.store_passwords:
            raise RefusalError(412, "Store passwords feature is not enabled for the project")
        branch = self._known(query.get("branch_id", self.production.id))
        if query["database_name"] not in branch.databases:
            raise RefusalError(404, "database not found")
        if query["role_name"] not in self.roles:
            raise RefusalError(404, "role not found")
        pooled = query.get("pooled", "false") == "true"
        return 200, {"uri": self.uri(branch, query["database_name"], query["role_name"], pooled=pooled)}

    def _get_operation(self, query: dict[str, str], body: Body, operation_id: str) -> tuple[int, Body]:
        if operation_id not in self._operations:
            raise RefusalError(404, "operation not found")
        self._tick(operation_id)
        return 200, {"operation": self._operations[operation_id][0]}

    # What changes something

    def _create(self, query: dict[str, str], body: Body) -> tuple[int, Body]:
        wanted = body.get("branch", {})
        parent = self._known(wanted.get("parent_id", self.production.id))
        if self.named(wanted["name"]):
            raise RefusalError(409, f"branch name {wanted['name']} already exists", "BRANCH_ALREADY_EXISTS")
        if len(self.branches) >= self.limit:
            raise RefusalError(422, "branches limit exceeded", "BRANCHES_LIMIT_EXCEEDED")
        if expires_at := wanted.get("expires_at"):
            ahead = datetime.fromisoformat(expires_at) - datetime.now(UTC)
            if not timedelta() < ahead <= timedelta(days=30):
                raise RefusalError(400, "expires_at must be in the future, and at most 30 days ahead")
        databases = self._at(parent, wanted.get("parent_lsn"), wanted.get("parent_timestamp"))
        password, cluster = parent.password, None
        if parent.protected:  # its roles get passwords of their own, which one cluster can't give them
            password = secrets.token_hex(8)
            cluster = OwnCluster(self.scratch, databases, password)
        branch = self.add_branch(
            wanted["name"],
            parent_id=parent.id,
            parent_lsn=wanted.get("parent_lsn") or self._lsn(),
            expires_at=expires_at,
            annotation=body.get("annotation_value", {}),
            databases=databases,
            password=password,
            compute=bool(body.get("endpoints")),
            cluster=cluster,
        )
        operations = [self._operation("create_branch", branch)]
        operations += [self._operation("start_compute", branch)] * branch.compute
        answer = {
            "branch": self._shown(branch),
            "endpoints": [self._reached(branch)] * branch.compute,
            "operations": operations,
            "roles": [shapes.role(branch, ROLE)],
            "databases": shapes.databases(branch, ROLE),
        }
        if len(databases) == 1 and branch.compute:
            answer["connection_uris"] = [shapes.details(self.uri(branch, next(iter(databases))), self.host(branch))]
        return 201, answer

    def _delete(self, query: dict[str, str], body: Body, branch_id: str) -> tuple[int, Body]:
        branch = self.branches.get(branch_id)
        if branch is None:
            return 204, {}
        if branch.default or branch.protected or any(one.parent_id == branch_id for one in self.branches.values()):
            raise RefusalError(422, "cannot delete a default or protected branch, or one with children")
        answer = {"branch": self._shown(branch), "operations": [self._operation("delete_timeline", branch)]}
        del self.branches[branch_id]
        self._forget(branch)
        return 200, answer

    def _restore(self, query: dict[str, str], body: Body, branch_id: str) -> tuple[int, Body]:
        branch, name = self._known(branch_id), body.get("preserve_under_name")
        if branch.restricted:
            raise RefusalError(422, branch.restricted[0]["reason"])
        if not name:
            raise RefusalError(400, "preserve_under_name is required")
        if self.named(name):
            raise RefusalError(409, f"branch name {name} already exists")
        past = self._past_at(branch, body.get("source_lsn"), body.get("source_timestamp"))
        preserved = self.add_branch(name, password=branch.password)
        for logical, real in branch.databases.items():
            self._made.append(f"preserved_{len(self._made)}")
            preserved.databases[logical] = self._made[-1]
            with self.scratch.session("postgres") as session:
                cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
                session.query(cut, (real,))
                session.query(f"ALTER DATABASE {identifier(real)} RENAME TO {preserved.databases[logical]}")
                session.query(f"CREATE DATABASE {identifier(real)} TEMPLATE {past.databases[logical]}")
        for child in self.branches.values():
            if child.parent_id == branch.id:
                child.parent_id = preserved.id
        self.restored()
        return 200, {"branch": self._shown(branch), "operations": [self._operation("create_branch", branch)]}

    def _snapshot(self, query: dict[str, str], body: Body, branch_id: str) -> tuple[int, Body]:
        branch = self._known(branch_id)
        made = {"id": f"snap-{len(self.requests)}", "name": query["name"], "created_at": shapes.text(datetime.now(UTC))}
        self.snapshots.append(made)
        return 200, {"snapshot": made, "operations": [self._operation("create_branch", branch)]}

    def _get_snapshots(self, query: dict[str, str], body: Body) -> tuple[int, Body]:
        return 200, {"snapshots": self.snapshots}


def _handler(fake: FakeNeon) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, headers, content = fake.answer(self.command, self.path, dict(self.headers), body)
            except Exception as error:
                fake.contract.breaches.append(f"{self.command} {self.path}: {type(error).__name__}: {error}")
                status, headers, content = 0, {}, b""
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            """Nothing is printed."""

    return Handler


@pytest.fixture(scope="session")
def neon_document() -> Body:
    """Neon's own OpenAPI document: its npm package is fetched, and nothing of it is kept in the repository."""
    import yaml

    text = (npm_package(*_PACKAGE) / "public-v2-for-users.gen.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    found: Body = json.loads(json.dumps(document))  # in YAML the statuses are numbers
    return found


@pytest.fixture(scope="session")
def _neon_contract(neon_document: Body) -> Contract:
    from openapi import Contract

    return Contract(neon_document, OFFICIAL)


@pytest.fixture
def neon_api(scratch: ScratchServer, _neon_contract: Contract) -> Iterator[FakeNeon]:
    """A fake Neon; a message that Neon's document does not allow, either way, fails the test."""
    _neon_contract.breaches.clear()
    fake = FakeNeon(scratch, _neon_contract)
    yield fake
    fake.close()
    assert not _neon_contract.breaches
