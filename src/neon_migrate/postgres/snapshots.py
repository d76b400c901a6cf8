"""Databases kept from one run to the next: packed data directories in the cache, found by the keys of their content."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neon_migrate.errors import ScratchError
from neon_migrate.postgres.account import server_account
from neon_migrate.postgres.cache import MEGABYTE, folder_error, pack, private_folder
from neon_migrate.postgres.cluster import cluster_cache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from neon_migrate.postgres.binaries import Build

MOST_SNAPSHOTS = 8
MOST_BYTES = 1024 * MEGABYTE
"""Beyond either, those not used for the longest time are removed."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A packed data directory in the cache.

    archive    the file; its description is beside it
    databases  the kept databases' names by their keys
    roles      a fingerprint of the cluster's roles, which all its databases share
    size       bytes of the archive
    used       when it was last used, in seconds since the epoch
    """

    archive: Path
    databases: Mapping[str, str]
    roles: str
    size: int
    used: float

    @property
    def description(self) -> Path:
        """The JSON file that says all this."""
        return self.archive.with_suffix(".json")


class Snapshots:
    """The snapshots made with one build.

    Several processes may use them at once without a lock: files appear whole, the description last, and a file that is
    removed can be read to its end by who has opened it.
    """

    def __init__(self, build: Build) -> None:
        self._folder = private_folder(cluster_cache(build) / "snapshots")

    def best(self, wanted: Sequence[str]) -> Snapshot | None:
        """The snapshot that holds the first of the wanted keys there is, and most of the others."""
        present = self._present()
        for key in wanted:
            holders = [snapshot for snapshot in present if key in snapshot.databases]
            if holders:
                return max(holders, key=lambda snapshot: len(snapshot.databases.keys() & set(wanted)))
        return None

    def archive(self, snapshot: Snapshot) -> Path:
        """The file to start a server from. Raises ScratchError when it is damaged, or gone by now."""
        try:
            if snapshot.archive.stat().st_size != snapshot.size:
                raise ScratchError(f"{snapshot.archive} is damaged")
            os.utime(snapshot.description)
        except OSError as error:
            raise folder_error(snapshot.archive, error) from None
        return snapshot.archive

    def add(self, data: Path, databases: Mapping[str, str], roles: str) -> None:
        """Pack a cleanly stopped data directory into the cache. Raises ScratchError and OSError."""
        archive = self._folder / f"{time.time_ns()}-{os.getpid()}.tar"
        pack(data, archive, server_account())
        description = {"databases": dict(databases), "roles": roles, "size": archive.stat().st_size}
        part = archive.with_suffix(".part")
        part.write_text(json.dumps(description))
        part.replace(archive.with_suffix(".json"))
        self._evict()

    def discard(self, snapshot: Snapshot) -> None:
        """Remove one."""
        snapshot.description.unlink(missing_ok=True)
        snapshot.archive.unlink(missing_ok=True)

    def _present(self) -> list[Snapshot]:
        """Newest use first."""
        found = (_read(description) for description in self._folder.glob("*.json"))
        return sorted((snapshot for snapshot in found if snapshot), key=lambda snapshot: -snapshot.used)

    def _evict(self) -> None:
        """Remove those that hold nothing more than a newer one does, then the oldest, then what was never finished."""
        kept: list[Snapshot] = []
        for snapshot in self._present():
            redundant = any(snapshot.databases.keys() <= newer.databases.keys() for newer in kept)
            full = len(kept) == MOST_SNAPSHOTS or sum(s.size for s in (*kept, snapshot)) > MOST_BYTES
            if kept and (redundant or full):
                self.discard(snapshot)
            else:
                kept.append(snapshot)
        described = {snapshot.archive.stem for snapshot in kept}
        abandoned = time.time() - 3600
        for file in self._folder.iterdir():
            if file.stem not in described and file.stat().st_mtime < abandoned:
                file.unlink(missing_ok=True)


def _read(description: Path) -> Snapshot | None:
    """None for what can't be read as a description."""
    try:
        content: dict[str, Any] = json.loads(description.read_bytes())
        return Snapshot(
            description.with_suffix(".tar"),
            dict(content["databases"]),
            str(content["roles"]),
            int(content["size"]),
            description.stat().st_mtime,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
