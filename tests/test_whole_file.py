"""Writing a document: whole, or not at all."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import NeonMigrateError
from neon_migrate.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """Writing more than so many bytes to a file fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_new_file_obeys_the_umask(tmp_path: Path) -> None:
    """A file made by export can be read by whoever can read other new files."""
    write_whole(tmp_path / "ours", "text")
    (tmp_path / "plain").write_text("text")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    """No file where there was none, and the one before where there was one; no temporary file either."""
    (tmp_path / "before.sql").write_text("as it was")
    for name in ("new.sql", "before.sql"):
        with file_size_limit(1000), pytest.raises(NeonMigrateError) as raised:
            write_whole(tmp_path / name, "x" * 5000)
        assert name in raised.value.what
        assert raised.value.remedy
    assert [each.name for each in tmp_path.iterdir()] == ["before.sql"]
    assert (tmp_path / "before.sql").read_text() == "as it was"


def test_no_permission_to_write(tmp_path: Path) -> None:
    """A folder that nobody may write to (root may everywhere but in /proc)."""
    folder = Path("/proc") if os.geteuid() == 0 else tmp_path
    if folder == tmp_path:
        tmp_path.chmod(0o500)
    with pytest.raises(NeonMigrateError, match="could not be written"):
        write_whole(folder / "schema.sql", "text")
