"""The branches and pull requests of a repository on the fake GitHub: a commit is its files, named by their content."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.github.fake_api import Document

REPOSITORY = "octo/shop"

Answer = tuple[int, Any]
Files = dict[str, bytes]

ROUTES = {
    "GET ": "get_repository",
    "GET /git/ref/heads%2F(?P<branch>[^/]+)": "get_branch",
    "GET /git/commits/(?P<sha>[^/]+)": "get_commit",
    "POST /git/blobs": "create_blob",
    "POST /git/trees": "create_tree",
    "POST /git/commits": "create_commit",
    "POST /git/refs": "create_branch",
    "PATCH /git/refs/heads%2F(?P<branch>[^/]+)": "move_branch",
    "GET /contents/(?P<path>[^/]+)": "get_file",
    "GET /pulls": "list_pulls",
    "POST /pulls": "create_pull",
    "PATCH /pulls/(?P<number>[^/]+)": "update_pull",
}


class FakeRepository:
    """What can be asked of a repository's files.

    branches  the files of each
    ruled     what GitHub says to whoever pushes to `main`; empty where it may be pushed to
    pulls     its pull requests, closed ones too; each from a branch to `main`
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.branches: dict[str, Files] = {"main": {"README.md": b"shop"}}
        self.pulls: list[dict[str, Any]] = []
        self._blobs: dict[str, bytes] = {}
        self._trees: dict[str, Files] = {}
        self._commits: dict[str, Files] = {}
        self._parents: dict[str, list[str]] = {}
        self.ruled = ""

    def _get_repository(self, query: dict[str, str], body: Any) -> Answer:
        made = self.document.example("full-repository-default-response")
        for example in ("source", "parent", "template_repository"):
            del made[example]  # they lack what is required, as `language`
        return 200, made | {"default_branch": "main", "language": "SQL"}

    def _get_branch(self, branch: str, query: dict[str, str], body: Any) -> Answer:
        return (200, self._ref(branch)) if branch in self.branches else not_found()

    def _get_commit(self, sha: str, query: dict[str, str], body: Any) -> Answer:
        made = self.document.example("git-commit-2") | {"sha": sha}
        made["tree"]["sha"] = self._tree(self._commits[sha])
        return 200, made

    def _create_blob(self, query: dict[str, str], body: Any) -> Answer:
        content = b64decode(body["content"]) if body.get("encoding") == "base64" else body["content"].encode()
        self._blobs[blob_sha(content)] = content
        return 201, self.document.example("short-blob") | {"sha": blob_sha(content)}

    def _create_tree(self, query: dict[str, str], body: Any) -> Answer:
        files = {**self._trees[body["base_tree"]], **{one["path"]: self._blobs[one["sha"]] for one in body["tree"]}}
        return 201, self.document.example("git-tree") | {"sha": self._tree(files)}

    def _create_commit(self, query: dict[str, str], body: Any) -> Answer:
        assert set(body["parents"]) <= set(self._commits)
        sha = self._commit(self._trees[body["tree"]])
        self._parents[sha] = body["parents"]
        page = f"https://github.com/{REPOSITORY}/commit/{sha}"
        return 201, self.document.example("git-commit") | {"message": body["message"], "sha": sha, "html_url": page}

    def _create_branch(self, query: dict[str, str], body: Any) -> Answer:
        branch = body["ref"].removeprefix("refs/heads/")
        if branch in self.branches:
            return 422, {"message": "Reference already exists", "documentation_url": "d"}
        self.branches[branch] = dict(self._commits[body["sha"]])
        return 201, self._ref(branch)

    def _move_branch(self, branch: str, query: dict[str, str], body: Any) -> Answer:
        """GitHub closes the open pull request of a branch that comes to have nothing that its base lacks."""
        if branch == "main" and self.ruled:
            return 422, {"message": self.ruled, "documentation_url": "d"}
        if not body["force"] and self._commit(self.branches[branch]) not in self._parents[body["sha"]]:
            return 422, {"message": "Update is not a fast forward", "documentation_url": "d"}
        assert body["force"] is (branch != "main")
        self.branches[branch] = dict(self._commits[body["sha"]])
        if branch != "main" and self.branches[branch] == self.branches["main"]:
            for pull in self.pulls:
                if pull["head"]["ref"] == branch:
                    pull["state"] = "closed"
        return 200, self._ref(branch)

    def _get_file(self, path: str, query: dict[str, str], body: Any) -> Answer:
        content = self.branches.get(query["ref"], {}).get(path)
        if content is None:
            return not_found()
        made = self.document.example("content-file-response-if-content-is-a-file")
        return 200, made | {"path": path, "sha": blob_sha(content), "content": b64encode(content).decode()}

    def _list_pulls(self, query: dict[str, str], body: Any) -> Answer:
        wanted = query["head"], query["state"]
        return 200, [each for each in self.pulls if (f"octo:{each['head']['ref']}", each["state"]) == wanted]

    def _create_pull(self, query: dict[str, str], body: Any) -> Answer:
        head = body["head"]
        if self.branches[head] == self.branches["main"]:
            return 422, {"message": f"No commits between main and {head}", "documentation_url": "d"}
        made, number = as_told(self.document.example("pull-request-simple-items")[0]), len(self.pulls) + 70
        made |= {"number": number, "title": body["title"], "state": "open"}
        made["html_url"] = f"https://github.com/{REPOSITORY}/pull/{number}"
        made["head"]["ref"] = head
        self.pulls.append(made)
        return 201, self._told(made)

    def _update_pull(self, number: str, query: dict[str, str], body: Any) -> Answer:
        pull = next(each for each in self.pulls if each["number"] == int(number))
        pull |= body
        return 200, self._told(pull)

    def _told(self, pull: dict[str, Any]) -> dict[str, Any]:
        shown = {name: pull[name] for name in ("number", "title", "state", "html_url")}
        return self.document.example("pull-request") | shown | {"requested_teams": []}  # the example lacks the last

    def _ref(self, branch: str) -> Any:
        made = self.document.example("git-ref") | {"ref": f"refs/heads/{branch}"}
        made["object"]["sha"] = self._commit(self.branches[branch])
        return made

    def _commit(self, files: Files) -> str:
        return _kept(self._commits, files, "commit")

    def _tree(self, files: Files) -> str:
        return _kept(self._trees, files, "tree")


def as_told(pull: dict[str, Any]) -> dict[str, Any]:
    """The document's example of a pull request, as the document's schema has it."""
    pull["requested_teams"] = []  # the example of one lacks what is required
    for side in ("base", "head"):
        for unknown in ("network_count", "subscribers_count", "template_repository"):
            del pull[side]["repo"][unknown]
    return pull


def blob_sha(content: bytes) -> str:
    """Git's name for a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def not_found() -> Answer:
    """The answer where there is none, or it may not be seen."""
    return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


def _kept(objects: dict[str, Files], files: Files, sort: str) -> str:
    """Remember the files as they are now; the name by which they are found again."""
    sha = hashlib.sha1(repr((sort, sorted(files.items()))).encode(), usedforsecurity=False).hexdigest()
    objects[sha] = dict(files)
    return sha
