"""A stand-in for GitHub's API on a local port: every request and every answer is held to GitHub's own document."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest

from npm import npm_file
from openapi import Contract, ContractError
from tests.github.repository import REPOSITORY, ROUTES, FakeRepository, as_told, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.github.repository import Answer

TOKEN = "ghs_a-token-of-the-run"
BOT = {"login": "github-actions[bot]", "type": "Bot"}
PERSON = {"login": "octocat", "type": "User"}

_ROUTES = {
    "GET /issues/(?P<number>[^/]+)/comments": "list_comments",
    "POST /issues/(?P<number>[^/]+)/comments": "create_comment",
    "PATCH /issues/comments/(?P<id>[^/]+)": "update_comment",
    "DELETE /issues/comments/(?P<id>[^/]+)": "delete_comment",
    "GET /issues": "list_issues",
    "POST /issues": "create_issue",
    "PATCH /issues/(?P<number>[^/]+)": "update_issue",
    "GET /environments/(?P<name>[^/]+)": "get_environment",
    "GET /actions/runs/(?P<id>[^/]+)/approvals": "list_approvals",
    "GET /commits": "list_commits",
    "GET /commits/(?P<sha>[^/]+)/pulls": "list_pull_requests",
    **ROUTES,
}
"""What the fake can do, below `/repos/OWNER/NAME`, and the method that does it."""

_USED = (
    "",
    "/git/ref/{ref}",
    "/git/refs",
    "/git/refs/{ref}",
    "/git/blobs",
    "/git/trees",
    "/git/commits",
    "/git/commits/{commit_sha}",
    "/contents/{path}",
    "/pulls",
    "/pulls/{pull_number}",
    "/issues",
    "/issues/{issue_number}",
    "/issues/{issue_number}/comments",
    "/issues/comments/{comment_id}",
    "/environments/{environment_name}",
    "/actions/runs/{run_id}/approvals",
    "/commits",
    "/commits/{commit_sha}/pulls",
)
_ERRORS = {"401": "requires_authentication", "403": "forbidden", "404": "not_found"}
_ERRORS |= dict.fromkeys(("409", "422", "429", "500", "502", "503", "504"), "forbidden")
"""What any request may meet ("Troubleshooting the REST API"), though the document lists them for few."""


class Document:
    """The part of GitHub's OpenAPI document that is used here: all of it takes long to be read."""

    def __init__(self, path: Path) -> None:
        self._whole = json.loads(path.read_text(encoding="utf-8"))
        prefix = "/repos/{owner}/{repo}"
        self.part = {
            **{name: value for name, value in self._whole.items() if name not in ("paths", "components", "webhooks")},
            "paths": {path: self._whole["paths"][path] for path in ("/user", *(prefix + path for path in _USED))},
            "components": {},
        }
        for operations in self.part["paths"].values():
            for operation in operations.values():
                for status, name in _ERRORS.items():
                    operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{name}"})
        self._take(self.part["paths"])

    def example(self, name: str) -> Any:
        """A fresh copy of one of the document's examples."""
        return json.loads(json.dumps(self._whole["components"]["examples"][name]["value"]))

    def _take(self, node: Any) -> None:
        """Take over every component that is referred to."""
        if isinstance(node, list):
            for each in node:
                self._take(each)
        elif isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                sort, name = reference.removeprefix("#/components/").split("/")
                taken = self.part["components"].setdefault(sort, {})
                if name not in taken:
                    taken[name] = self._whole["components"][sort][name]
                    self._take(taken[name])
            for each in node.values():
                self._take(each)


@dataclass
class Fault:
    """An answer given instead of the right one, once; status 0 carries the request out and cuts the connection."""

    method: str
    status: int
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class FakeGitHub(FakeRepository):
    """One repository.

    user       whose token it is; empty for that of a run, which is an app's
    environments  the required reviewers of each
    approved   who approved the run, by environment
    merged     the pull request that was merged as a commit, or brought it
    history    the commits that changed a file, by its path
    branches   the files of each, by path; `pulls` the open pull requests that were made
    requests   `METHOD path` of each, in order
    faults     answers to give instead, each to the first request of its method
    before     called before a request is carried out, with its method and path: where another run comes in between
    spoil      changes an answer's body before it is checked: how a test shows that a wrong answer is noticed
    """

    def __init__(self, document: Document, contract: Contract) -> None:
        super().__init__(document)
        self.contract = contract
        self.url = ""
        self.user = ""
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.issues: list[dict[str, Any]] = []
        self.environments: dict[str, list[str]] = {}
        self.approved: dict[str, str] = {}
        self.merged: dict[str, int] = {}
        self.history: dict[str, list[str]] = {}
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.before: Callable[[str, str], None] = lambda method, path: None
        self.spoil: Callable[[Any], Any] = lambda body: body
        self.lock = threading.RLock()
        self._last_id = 1000

    def add_comment(self, number: int, body: str, user: dict[str, str] = PERSON, association: str = "NONE") -> int:
        """A comment that somebody wrote; its id."""
        with self.lock:
            self._last_id += 1
            made = self.document.example("issue-comment")
            made |= {"id": self._last_id, "body": body, "author_association": association}
            made["user"] |= user
            made["html_url"] = f"https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{self._last_id}"
            self.comments.setdefault(number, []).append(made)
            return self._last_id

    def bodies(self, number: int, beginning: str = "<!-- neon-migrate:") -> list[str]:
        """The bodies of a pull request's comments that begin so."""
        return [each["body"] for each in self.comments.get(number, ()) if each["body"].startswith(beginning)]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Carry a request out that was checked."""
        repository = f"/repos/{REPOSITORY}"
        if (method, path) == ("GET", "/user"):
            return self._get_user()
        if path != repository and not path.startswith(f"{repository}/"):
            return not_found()
        for route, name in _ROUTES.items():
            if found := re.fullmatch(route, f"{method} {path.removeprefix(repository)}"):
                with self.lock:
                    handler: Callable[..., Answer] = getattr(self, f"_{name}")
                    return handler(*map(unquote, found.groups()), query=query, body=body)
        raise ContractError(f"the fake can't {method} {path}")

    def _get_user(self) -> Answer:
        if not self.user:
            return 403, {"message": "Resource not accessible by integration", "documentation_url": "d"}
        made = self.document.example("private-user-response-with-public-profile-information")
        return 200, made | {"login": self.user, "user_view_type": "public"}  # the example lacks the latter

    def _list_comments(self, number: str, query: dict[str, str], body: Any) -> Answer:
        return 200, list(self.comments.get(int(number), ()))

    def _create_comment(self, number: str, query: dict[str, str], body: Any) -> Answer:
        if len(body["body"]) > 65_536:
            return 422, {"message": "Body is too long (maximum is 65536 characters)", "documentation_url": "d"}
        author = {"login": self.user, "type": "User"} if self.user else BOT
        self.add_comment(int(number), body["body"], author)
        return 201, self.comments[int(number)][-1]

    def _update_comment(self, number: str, query: dict[str, str], body: Any) -> Answer:
        if len(body["body"]) > 65_536:
            return 422, {"message": "Body is too long (maximum is 65536 characters)", "documentation_url": "d"}
        comment = self._comment(int(number))
        if comment is None:
            return not_found()
        comment["body"] = body["body"]
        return 200, comment

    def _delete_comment(self, number: str, query: dict[str, str], body: Any) -> Answer:
        comment = self._comment(int(number))
        if comment is None:
            return not_found()
        for comments in self.comments.values():
            comments[:] = [each for each in comments if each is not comment]
        return 204, None

    def _comment(self, number: int) -> dict[str, Any] | None:
        every = (each for comments in self.comments.values() for each in comments)
        return next((each for each in every if each["id"] == number), None)

    def _list_issues(self, query: dict[str, str], body: Any) -> Answer:
        labels = set(filter(None, query.get("labels", "").split(",")))
        state = query.get("state", "open")
        return 200, [
            each
            for each in self.issues
            if state in ("all", each["state"]) and labels <= {label["name"] for label in each["labels"]}
        ]

    def _create_issue(self, query: dict[str, str], body: Any) -> Answer:
        made = self.document.example("issue")
        number = len(self.issues) + 1
        label = made["labels"][0]
        labels = [{**label, "name": name} for name in body.get("labels", ())]
        made |= {"number": number, "title": body["title"], "body": body.get("body"), "state": "open", "labels": labels}
        made["html_url"] = f"https://github.com/{REPOSITORY}/issues/{number}"
        made["user"] |= BOT
        made.pop("pull_request", None)
        self.issues.append(made)
        return 201, made

    def _update_issue(self, number: str, query: dict[str, str], body: Any) -> Answer:
        if int(number) > len(self.issues):
            return not_found()
        issue = self.issues[int(number) - 1]
        issue |= body
        return 200, issue

    def _get_environment(self, name: str, query: dict[str, str], body: Any) -> Answer:
        if name not in self.environments:
            return not_found()
        made = self.document.example("environment") | {"name": name}
        rules = [rule for rule in made["protection_rules"] if rule["type"] != "required_reviewers"]
        user = self.document.example("issue-comment")["user"]
        reviewers = [{"type": "User", "reviewer": {**user, "login": login}} for login in self.environments[name]]
        if reviewers:
            rules.append({"id": 1, "node_id": "n", "type": "required_reviewers", "reviewers": reviewers})
        return 200, made | {"protection_rules": rules}

    def _list_approvals(self, run: str, query: dict[str, str], body: Any) -> Answer:
        (review,) = self.document.example("environment-approvals-items")
        made = []
        for environment, login in self.approved.items():
            told = json.loads(json.dumps(review))
            told["environments"][0]["name"] = environment
            told["user"]["login"] = login
            made.append(told)
        return 200, made

    def _list_commits(self, query: dict[str, str], body: Any) -> Answer:
        shas = self.history.get(query["path"], ())
        return 200, [self.document.example("commit-items")[0] | {"sha": sha} for sha in shas]

    def _list_pull_requests(self, sha: str, query: dict[str, str], body: Any) -> Answer:
        number = self.merged.get(sha)
        if number is None:
            return 200, []
        made = [as_told(self.document.example("pull-request-simple-items")[0])]
        made[0] |= {"number": number, "merged_at": "2026-11-22T10:00:00Z", "state": "closed"}
        return 200, made


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    github: FakeGitHub

    def _run(self) -> None:
        split = urlsplit(self.path)
        query = dict(parse_qsl(split.query))
        length = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(length)
        body = json.loads(content) if length else None
        github, method = self.github, self.command
        github.requests.append(f"{method} {split.path}")
        github.before(method, split.path)
        contract, path = github.contract, split.path
        fault = next((each for each in github.faults if each.method == method), None)
        if fault is not None:
            github.faults.remove(fault)
        try:
            request = contract.check_request(method, path, query, dict(self.headers), content)
            headers: dict[str, str] = {}
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "Bad credentials", "documentation_url": "d"}
            elif fault is not None and fault.status:
                status, answer, headers = fault.status, {"message": fault.message}, fault.headers
            else:
                status, answer = github.answer(method, path, query, body)
                answer, headers = self._page(path, query, answer)
            answer = github.spoil(answer)
            contract.check_response(request, path, status, b"" if answer is None else json.dumps(answer).encode())
        except ContractError as error:
            self._send(422, {"message": str(error)})
            return
        if fault is not None and not fault.status:
            self.close_connection = True  # carried out, and nobody hears of it
            return
        self._send(status, answer, headers)

    def _page(self, path: str, query: dict[str, str], answer: Any) -> tuple[Any, dict[str, str]]:
        if not isinstance(answer, list):
            return answer, {}
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        headers = {}
        if len(answer) > size * page:
            following = urlencode({**query, "page": page + 1})
            headers["Link"] = f'<{self.github.url}{path}?{following}>; rel="next"'
        return answer[size * (page - 1) : size * page], headers

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        if content:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _run  # noqa: N815  (http.server's names)

    def log_message(self, *arguments: object) -> None:
        """Nothing is written to standard error."""


@contextmanager
def serve(document: Document, contract: Contract) -> Iterator[FakeGitHub]:
    """A fake on a free port."""
    github = FakeGitHub(document, contract)
    handler = type("Handler", (_Handler,), {"github": github})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def github_document() -> Document:
    """GitHub's own OpenAPI document."""
    return Document(npm_file("@octokit/openapi", "23.0.2", "generated/api.github.com.json"))


@pytest.fixture(scope="session")
def _github_contract(github_document: Document) -> Contract:
    return Contract(github_document.part, "https://api.github.com")


@pytest.fixture
def github_contract(_github_contract: Contract) -> Contract:
    """The document, nothing breached so far."""
    _github_contract.breaches.clear()
    return _github_contract


@pytest.fixture
def github_api(github_document: Document, github_contract: Contract) -> Iterator[FakeGitHub]:
    """A fake that fails the test when anything went against the document."""
    with serve(github_document, github_contract) as github:
        yield github
    assert github_contract.breaches == []
