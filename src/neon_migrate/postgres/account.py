"""Who a server of ours runs as: Postgres refuses root, so root drops to `nobody`."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypedDict

from neon_migrate.errors import ScratchError

if TYPE_CHECKING:
    from pathlib import Path


class ProcessOwner(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that make a child run as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The user a server runs as.

    dropped  whether that is somebody else than this process, so files must be handed over and be within their reach
    """

    uid: int
    gid: int
    dropped: bool

    def process_owner(self) -> ProcessOwner:
        """How `subprocess.Popen` starts a child as this user, without any supplementary group."""
        return ProcessOwner(user=self.uid, group=self.gid, extra_groups=[]) if self.dropped else ProcessOwner()

    def give(self, path: Path) -> None:
        """Make the file or folder (not what is in it) this user's own."""
        if self.dropped:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether this user can read `path` and pass through every folder above it, as the mode bits tell."""
        if not self.dropped:
            return os.access(path, os.R_OK)
        try:
            final = path.resolve(strict=True)
            folder = stat.S_IXOTH | stat.S_IROTH if final.is_dir() else stat.S_IROTH
            return self._allows(final, folder) and all(self._allows(parent, stat.S_IXOTH) for parent in final.parents)
        except OSError:
            return False

    def _allows(self, path: Path, needed: int) -> bool:
        status = path.stat()
        if status.st_uid == self.uid:
            needed <<= 6
        return status.st_mode & needed == needed


@cache
def server_account() -> Account:
    """The user that servers run as: this one, or `nobody` when this is root. Raises ScratchError without a `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), dropped=False)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise ScratchError(
            "No throw-away Postgres can be started as root",
            why="Postgres refuses to run as root, and there is no user `nobody` to run it as.",
            remedy="Run neon-migrate as an ordinary user.",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, dropped=True)
