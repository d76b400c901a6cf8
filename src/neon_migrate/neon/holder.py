"""Who a rehearsal's branch belongs to, so that no rehearsal takes away the branch that another one works on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from neon_migrate.neon.model import Branch

LONGEST = timedelta(hours=6)
"""No rehearsal is taken to last longer: it is what GitHub gives a job."""


@dataclass(frozen=True, slots=True)
class Holder:
    """One rehearsal, as it signs the branch that it makes.

    name     the same for a project and database on one machine, or in one run on GitHub with all its attempts
    process  its process on that machine; None on GitHub, where the attempt before is over when the next one begins
    kept     whether the branch is to stay when the rehearsal has ended
    """

    name: str
    process: int | None = None
    kept: bool = False

    def annotation(self) -> dict[str, str]:
        """What is written on the branch."""
        written = {"holder": self.name, "kept": "yes" if self.kept else "no"}
        return written if self.process is None else {**written, "process": str(self.process)}

    def may_replace(self, branch: Branch, now: datetime) -> bool:
        """Whether nobody needs a branch of ours any more: it was left by a rehearsal that was killed, say."""
        if branch.expires_at is None:  # somebody took the expiry off to keep it
            return False
        if branch.expires_at <= now:
            return True
        if branch.annotation.get("holder") == self.name:
            process = branch.annotation.get("process", "")
            return process == str(self.process) or not _running(process)
        return not kept(branch) and branch.created_at is not None and now - branch.created_at > LONGEST

    def beside(self, name: str) -> str:
        """The name to take where `name` is another's."""
        return f"{name}-{_digest(self.name, str(self.process))[:6]}"


def holder(environment: Mapping[str, str], root: Path, database: str, *, kept: bool = False) -> Holder:
    """The holder for this process.

    environment  GitHub's variables in one of its runs
    root         the project's folder
    database     which one, without a password
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        place = os.path.relpath(root, environment.get("GITHUB_WORKSPACE") or root)
        run = (environment.get(variable, "") for variable in ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_JOB"))
        return Holder(_digest(*run, place, database), kept=kept)
    return Holder(_digest(platform.node(), str(root.resolve()), database), os.getpid(), kept)


def kept(branch: Branch) -> bool:
    """Whether the rehearsal that made it was to leave it there."""
    return branch.annotation.get("kept") == "yes"


def _running(process: str) -> bool:
    """Whether a process of this machine is there."""
    if not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:16]
