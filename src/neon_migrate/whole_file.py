"""Writing a document that a person named a place for: whole, or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from neon_migrate.errors import NeonMigrateError, UsageError


def writable_place(path: Path) -> Path:
    """The absolute path of a file to write. Raises UsageError, before any work is done, where its folder is missing."""
    found = path.resolve()
    if not found.parent.is_dir():
        raise UsageError(f"There is no folder {found.parent}", remedy="Create it, or name another with -o.")
    return found


def write_whole(path: Path, text: str) -> int:
    """Write a text so that the file is there whole or, after any failure, as it was before; its size in bytes.

    What is no regular file (a terminal, a pipe, /dev/null) is written to as it is.
    Raises NeonMigrateError: disk full, no permission.
    """
    content = text.encode("utf-8", "surrogateescape")
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            path.write_bytes(content)
        else:
            _replace(path, content)
    except OSError as error:
        raise NeonMigrateError(
            f"{path} could not be written",
            why=f"{error.strerror or error}.",
            remedy="Nothing was left behind. Make room or take another folder with -o FILE, and try again.",
        ) from None
    return len(content)


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes it 0600; a file made the plain way would obey the umask.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
