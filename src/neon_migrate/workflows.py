"""The workflows of GitHub Actions, which `init --github` writes at the repository's top."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from itertools import count
from typing import TYPE_CHECKING

from neon_migrate.errors import UsageError
from neon_migrate.unreleased import default_branch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMES = ("neon-migrations", "neon-maintenance")
_ACTION = re.compile(r"[\w.-]+/[\w.-]+(/[\w./-]+)?@[0-9a-f]{40}")
_BRANCH = re.compile(r"[\w./-]+")
"""A branch's name that means the same in YAML and in an expression."""
_FOLDER = re.compile(r"^ *working-directory: *(\".*\"|'.*'|[^\s#'\"]+)", re.MULTILINE)
_OF_ONE_DATABASE = ("NEON_DATABASE_URL", "NEON_API_KEY", "NEON_PROJECT_ID")


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow's file, and its text."""

    path: Path
    content: str


def workflows(root: Path, action: str | None) -> tuple[Workflow, ...]:
    """The workflows of the project in `root`, running one commit of our action.

    action  as `OWNER/REPOSITORY@COMMIT`; None: the checkout that this neon-migrate was installed from

    Where another project of the same repository has workflows already, these are named after the project's folder, and
    so are the secrets and the variable that tell its database.
    Raises UsageError where it can't be told what they run.
    """
    used = f"{_pinned(action)} # v{_version()}"
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    place = top / ".github" / "workflows"
    folder = "" if root == top else root.relative_to(top).as_posix()
    project = next(name for name in _project_names(folder or top.name) if _free(place, name, folder))
    branch = default_branch(root)
    return tuple(
        Workflow(
            _file(place, name, project),
            _for_folder(_for_project(_template(name), project), folder)
            .replace("@ACTION@", used)
            .replace("@BRANCH@", branch if _BRANCH.fullmatch(branch) else "main"),
        )
        for name in _NAMES
    )


def _project_names(folder: str) -> Iterator[str]:
    """What a project's workflows may be called after, the best first: nothing, its folder, and that with a number."""
    yield ""
    project = re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-").lower() or "project"
    yield project
    yield from (f"{project}-{number}" for number in count(2))


def _free(place: Path, project: str, folder: str) -> bool:
    """Whether the workflows of that name are this folder's, or nobody's yet."""
    return all(_folder_of(_file(place, name, project)) in (None, folder) for name in _NAMES)


def _file(place: Path, name: str, project: str) -> Path:
    return place / f"{'-'.join(filter(None, (name, project)))}.yml"


def _pinned(action: str | None) -> str:
    from neon_migrate.origin import installed_from

    action = action or installed_from()
    if action is None or not _ACTION.fullmatch(action):
        raise UsageError(
            "It is not known which commit of neon-migrate the workflows should run"
            if action is None
            else f"{action!r} names no commit of an action",
            why="A name or a tag may come to mean other code, which would run with production's secrets.",
            remedy="Give --action OWNER/REPOSITORY@COMMIT, with all 40 digits of the commit.",
        )
    return action


def _version() -> str:
    from neon_migrate import __version__

    return __version__


def _template(name: str) -> str:
    return (files("neon_migrate") / "templates" / "github" / f"{name}.yml").read_text(encoding="utf-8")


def _folder_of(workflow: Path) -> str | None:
    """The folder of the project that a workflow is for, from the repository's top; None where there is no workflow."""
    try:
        text = workflow.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = _FOLDER.search(text)
    if found is None:
        return ""
    return str(json.loads(found[1])) if found[1].startswith('"') else found[1].strip("'")


def _for_project(text: str, project: str) -> str:
    """The text with names of its own: of the workflow, of its checks, and of what tells the database."""
    if not project:
        return text
    for name in _NAMES:
        text = re.sub(rf"^name: {name}$", f"name: {name}-{project}", text, flags=re.MULTILINE)
    text = re.sub(r"^(    name: .*)$", rf"\1 ({project})", text, flags=re.MULTILINE)
    for name in _OF_ONE_DATABASE:
        text = text.replace(name, f"{name}_{project.replace('-', '_').upper()}")
    return text.replace("category: neon-migrate", f"category: neon-migrate-{project}")


def _for_folder(text: str, folder: str) -> str:
    """The text with each step told which folder it is for."""
    if not folder:
        return text
    return text.replace("          command:", f"          working-directory: {json.dumps(folder)}\n          command:")
