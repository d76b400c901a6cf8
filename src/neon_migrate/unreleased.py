"""Which migrations are new, so that they can still be changed: what the database, git or the caller says."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neon_migrate.ledger.history import History
    from neon_migrate.ledger.migration import Migration

_DEFAULT_BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")

_SET_IN_HOOKS = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
"""What git sets when it runs a hook, relative to where that starts; `-C` would make it mean another place."""


@dataclass(frozen=True, slots=True)
class Unreleased:
    """The new migrations, and how that is known, in words."""

    migrations: tuple[Migration, ...]
    reason: str

    def __contains__(self, version: int) -> bool:
        return any(migration.version == version for migration in self.migrations)


def above(migrations: Sequence[Migration], version: int) -> Unreleased:
    """Those above a version that the caller names."""
    return Unreleased(tuple(one for one in migrations if one.version > version), f"those above {version}")


def by_ledger(history: History) -> Unreleased:
    """Those that a database has not."""
    return Unreleased(history.pending, "those pending in the database")


def by_git(migrations: Sequence[Migration], folder: Path) -> Unreleased:
    """Those that the default branch has not, where `folder` is in a git repository; else the newest alone.

    The default branch is what origin/HEAD says, else origin's or the local main or master.
    """
    for branch in _DEFAULT_BRANCHES:
        base = _git(folder, "merge-base", "HEAD", branch)
        if base is None:
            continue
        names = _git(folder, "ls-tree", "-z", "--name-only", base.strip())
        if names is not None:
            known = set(names.split("\0"))
            new = tuple(one for one in migrations if one.up.path.name not in known)
            return Unreleased(new, f"those not on the git branch {branch}")
    return Unreleased(
        tuple(migrations[-1:]), "the newest (no database was there to ask, and git knows no default branch)"
    )


@dataclass(frozen=True, slots=True)
class Released:
    """The migrations of the default branch that are not as it has them, where it is known.

    branch   its name
    edited   by the names of the files that have another text now
    deleted  by the names of the files that there are none of any more, neither under another name
    """

    branch: str
    edited: tuple[str, ...]
    deleted: tuple[str, ...]


def changed_since_release(migrations: Sequence[Migration], folder: Path) -> Released | None:
    """What became of the default branch's migrations since the folder's branch left it; None where git knows none."""
    for branch in _DEFAULT_BRANCHES:
        base = _git(folder, "merge-base", "HEAD", branch)
        if base is None:
            continue
        commit = base.strip()
        told = _git(folder, "diff", "-z", "--name-status", "--no-renames", "--relative", commit, "--", ".")
        if told is None:
            return None
        words = told.split("\0")
        changes = dict(zip(words[1::2], words[::2], strict=False))
        ours = {one.up.path.name: one for one in migrations}
        gone = {name: number for name in changes if name not in ours and (number := _version(name)) is not None}
        versions = {one.version: one for one in migrations}
        renamed = {name for name, version in gone.items() if version in versions}
        edited = [name for name, change in changes.items() if name in ours and change != "A"]
        edited += [
            name for name in renamed if not _same(_git(folder, "show", f"{commit}:./{name}"), versions[gone[name]])
        ]
        return Released(branch, tuple(sorted(edited)), tuple(sorted(gone.keys() - renamed)))
    return None


def _version(name: str) -> int | None:
    """The version of an up file; None for any other file."""
    number = name.partition("_")[0]
    return int(number) if number.isdecimal() and name.endswith(".sql") and not name.endswith(".down.sql") else None


def _same(text: str | None, migration: Migration) -> bool:
    return text is not None and text == migration.up.sql.replace("\r\n", "\n")


def default_branch(folder: Path) -> str:
    """The branch that deployments go from: origin's default, else main or master, else the one that is checked out.

    Without git, or in a new repository without any, it is main.
    """
    head = _git(folder, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    if head is not None:
        return head.strip().removeprefix("origin/")
    for branch in _DEFAULT_BRANCHES[1:]:
        if _git(folder, "rev-parse", "--verify", "--quiet", branch) is not None:
            return branch.removeprefix("origin/")
    return (_git(folder, "symbolic-ref", "--short", "HEAD") or "main").strip()


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says; None where there is no git, no repository or no such thing in it."""
    environment = {name: value for name, value in os.environ.items() if name not in _SET_IN_HOOKS}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout if done.returncode == 0 else None
