"""The folders that servers use: the on-disk cache, the place for throw-away data, locks on them, and copying trees."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from neon_migrate.errors import ScratchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.account import Account

CACHE_VARIABLE = "NEON_MIGRATE_CACHE"
MEGABYTE = 1 << 20

_ROOM_NEEDED = 512 * MEGABYTE
"""/dev/shm is used when this much is free: containers often have 64 MB, and running out there ends in SIGBUS."""

LONGEST_SOCKET_FOLDER = 93
"""What fits into sockaddr_un (104 bytes on macOS) with `/.s.PGSQL.5432` behind it."""


def cache_folder() -> Path:
    """This user's cache (0700), made when missing: NEON_MIGRATE_CACHE, else XDG's place. Raises ScratchError."""
    explicit = os.environ.get(CACHE_VARIABLE)
    if explicit:
        return private_folder(Path(explicit).absolute())
    try:
        return private_folder(_user_cache() / "neon-migrate")
    except (ScratchError, RuntimeError):  # RuntimeError: no home folder can be determined
        return private_folder(Path(tempfile.gettempdir()) / f"neon-migrate-{os.geteuid()}")


def _user_cache() -> Path:
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if configured.startswith("/"):
        return Path(configured)
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def reachable_folder(account: Account) -> Path:
    """A lasting folder that `account` can pass through: the cache, unless it lies under root's private home.

    Raises ScratchError when there is none.
    """
    cache = cache_folder()
    if not account.dropped:
        return cache
    if all(account.reaches(parent) for parent in cache.parents):
        cache.chmod(0o711)
        return cache
    system = Path("/Library/Caches" if sys.platform == "darwin" else "/var/cache")
    folder = private_folder((system if system.is_dir() else Path("/var/tmp")) / "neon-migrate")
    folder.chmod(0o711)
    return folder


def private_folder(path: Path) -> Path:
    """`path` as a folder that only this user may enter. Raises ScratchError when it can't be had, or is another's."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = path.lstat().st_uid  # not of what a link, prepared by somebody else in /tmp, leads to
        if owner != os.geteuid():
            raise PermissionError(errno.EPERM, f"it belongs to user {owner}")
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "it can't be written")
    except OSError as error:
        raise folder_error(path, error) from None
    return path


def folder_error(path: Path, error: OSError) -> ScratchError:
    """What a failed use of `path` means for the user, and what to do about it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ScratchError(
            "There is no room for a throw-away Postgres",
            why=f"{path}: {error.strerror}",
            remedy=f"Free some space, or set TMPDIR and {CACHE_VARIABLE} to folders that have room.",
        )
    return ScratchError(
        f"The folder {path} can't be used",
        why=str(error.strerror or error),
        remedy=f"Set {CACHE_VARIABLE} (kept data) or TMPDIR (throw-away data) to a folder that you may write to.",
    )


def scratch_base(account: Account, *, size: int = 0) -> Path:
    """Where throw-away data goes: memory (/dev/shm) when it has room, else TMPDIR, else /tmp.

    size  bytes of what will be copied there

    Raises ScratchError when no place will do.
    """
    candidates = (Path("/dev/shm"), Path(tempfile.gettempdir()), Path("/tmp"))
    for place in candidates:
        if (
            not place.is_dir()
            or not os.access(place, os.W_OK | os.X_OK)
            or len(str(place)) > LONGEST_SOCKET_FOLDER - 26
        ):
            continue
        if account.dropped and not account.reaches(place):
            continue
        if place == candidates[0]:
            room = os.statvfs(place)
            if room.f_bavail * room.f_frsize < _ROOM_NEEDED + 3 * size:
                continue
        return place
    raise ScratchError(
        "There is no folder for a throw-away Postgres",
        why=f"None of {', '.join(map(str, candidates))} can be written, or its path is too long for a socket.",
        remedy="Set TMPDIR to a folder with a short path that you may write to.",
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` (flock: gone with the process), waiting as long as it takes. Raises ScratchError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise folder_error(path.parent, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def pack(folder: Path, archive: Path, account: Account) -> None:
    """Write what is in `account`'s `folder` into one tar file, whole or not at all. Raises ScratchError.

    A file system takes several times as long to make the 700 files of a small data directory as to write one large one.
    """
    part = archive.with_name(f"{archive.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as output:
            _tar("-cf", folder, account, stdin=subprocess.DEVNULL, stdout=output)
        part.replace(archive)
    except OSError as error:
        raise folder_error(archive.parent, error) from None
    finally:
        part.unlink(missing_ok=True)


def unpack(archive: Path, folder: Path, account: Account) -> None:
    """Make `folder`, with what `pack` wrote in it, as `account`'s own. Raises ScratchError."""
    try:
        with archive.open("rb") as packed:
            folder.mkdir(mode=0o700)
            account.give(folder)
            _tar("-xpf", folder, account, stdin=packed, stdout=subprocess.DEVNULL)
    except OSError as error:
        raise folder_error(folder, error) from None


def _tar(action: str, folder: Path, account: Account, *, stdin: BinaryIO | int, stdout: BinaryIO | int) -> None:
    """Run tar as `account`, so that what it makes is that user's. Raises OSError."""
    done = subprocess.run(
        ["tar", action, "-", *([] if action.startswith("-x") else ["."])],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        check=False,
        **account.process_owner(),
    )
    if done.returncode:
        complaint = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise OSError(errno.ENOSPC if "No space left" in complaint else errno.EIO, complaint or "tar failed")
