"""Folders for data: whose they are, and what is said when they can't be used."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from neon_migrate.errors import ScratchError
from neon_migrate.postgres.account import server_account
from neon_migrate.postgres.cache import cache_folder, folder_error, locked, pack, private_folder


def test_cache_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is made for this user alone: it may hold the schemas of all their projects."""
    monkeypatch.setenv("NEON_MIGRATE_CACHE", str(tmp_path / "a" / "b"))
    assert cache_folder() == tmp_path / "a" / "b"
    assert cache_folder().stat().st_mode & 0o777 == 0o700


def test_cache_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user has no home that can be written, as in many containers, the cache is in TMPDIR."""
    (tmp_path / "file").touch()
    monkeypatch.delenv("NEON_MIGRATE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder() == tmp_path / f"neon-migrate-{os.geteuid()}"


def test_folder_of_somebody_else(tmp_path: Path) -> None:
    """A folder that another user prepared is not trusted."""
    if os.geteuid() == 0:
        folder = tmp_path / "theirs"
        folder.mkdir()
        os.chown(folder, 12345, 12345)
    else:
        folder = Path("/")
    with pytest.raises(ScratchError, match="can't be used"):
        private_folder(folder)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk(tmp_path: Path, code: int) -> None:
    """A full disk is called that, with the two variables that move the data elsewhere."""
    error = folder_error(tmp_path, OSError(code, os.strerror(code)))
    assert "no room" in error.what
    assert "TMPDIR" in error.remedy
    assert "NEON_MIGRATE_CACHE" in error.remedy


def test_pack(tmp_path: Path) -> None:
    """A folder is packed whole, with modes and empty folders, into a file that appears when it is finished."""
    account = server_account()
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    (source / "file").write_bytes(b"\0content")
    (source / "file").chmod(0o600)
    source.chmod(0o700)
    for path in (source, source / "empty", source / "file"):
        account.give(path)
    pack(source, tmp_path / "packed.tar", account)
    with tarfile.open(tmp_path / "packed.tar") as packed:
        content = {member.name: member.mode & 0o777 for member in packed}
    assert content.keys() == {".", "./empty", "./file"}
    assert (content["."], content["./file"]) == (0o700, 0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packed.tar", "source"]


def test_pack_what_is_not_there(tmp_path: Path) -> None:
    """A failure leaves no half of a file behind."""
    with pytest.raises(ScratchError):
        pack(tmp_path / "nothing", tmp_path / "packed.tar", server_account())
    assert list(tmp_path.iterdir()) == []


def test_lock_is_gone_with_its_process(tmp_path: Path) -> None:
    """A lock that a killed process held does not keep others waiting."""
    code = (
        "import sys, time; from pathlib import Path; from neon_migrate.postgres.cache import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "lock")], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        holder.kill()
    with locked(tmp_path / "lock"):
        pass
