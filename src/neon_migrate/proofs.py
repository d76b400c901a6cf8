"""What was once observed of a migration, kept in the cache: the same files on the same server need no second look."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.hazards.rule import Hazard, Observation
from neon_migrate.sources.migrations import chain
from neon_migrate.walk import DownProof  # noqa: TC001  (msgspec reads the annotations)
from neon_migrate.way_back import WayBack  # noqa: TC001  (the same)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neon_migrate.ledger.migration import Migration
    from neon_migrate.settings import Settings
    from neon_migrate.walk import Step

_MOST_PROJECTS = 50
"""Of how many projects the cache keeps what was seen; those that were looked at longest ago go first."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What running one migration on the history before it has shown.

    down        None where there is no down file
    as_message  see Step.as_message
    hides       see Step.hides
    way_back    what the down file is worth where tables have rows; None where that is not known
    tried       whether that was looked for: the way there itself may not run once more
    """

    hazards: tuple[Hazard, ...] = ()
    down: DownProof | None = None
    as_message: str = ""
    hides: str = ""
    way_back: WayBack | None = None
    tried: bool = False


def proven(step: Step) -> Proven:
    """What a step shows."""
    from neon_migrate.diff import diff
    from neon_migrate.hazards.rules import hazards

    changes = diff(step.before, step.after)
    found = hazards(Observation(step.before, step.after, changes, step.truncated))
    return Proven(found, step.down, step.as_message, step.hides)


def proof_keys(migrations: Sequence[Migration], settings: Settings, server: str) -> tuple[str, ...]:
    """A key for what each migration shows: its down file, all files before it, the server, and the code that looks."""
    context = repr((server, settings.ignore, settings.owners, _code())).encode()
    return tuple(
        hashlib.sha256(b"\0".join((context, key.encode(), one.down.sql.encode() if one.down else b"-"))).hexdigest()
        for key, one in zip(chain(migrations, settings), migrations, strict=True)
    )


@cache
def _code() -> str:
    """A digest of this package's code: a proof is believed only by the code that gave it.

    All of it, since nearly all has a say in what is read, compared, run and judged, and a list of what has would be out
    of date with the next file. By content, as times and sizes differ from one installation to the next, and a cache
    that CI keeps should outlive them. It takes about 8 ms of CPU time.
    """
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def load(settings: Settings) -> dict[str, Proven]:
    """What is known of this project's migrations; empty where nothing is, or nothing that can be read."""
    import msgspec

    try:
        return msgspec.json.decode(_file(settings).read_bytes(), type=dict[str, Proven])
    except (OSError, msgspec.MsgspecError):
        return {}


def store(settings: Settings, known: Mapping[str, Proven]) -> None:
    """Keep what is known for the next time; a cache that can't be written costs time, no more."""
    import msgspec

    file = _file(settings)
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
            part.write(msgspec.json.encode(known))
        os.replace(part.name, file)  # noqa: PTH105
        for old in sorted(file.parent.glob("proofs-*.json"), key=lambda one: one.stat().st_mtime)[:-_MOST_PROJECTS]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _file(settings: Settings) -> Path:
    from neon_migrate.postgres.cache import cache_folder

    return cache_folder() / f"proofs-{hashlib.sha256(str(settings.migrations).encode()).hexdigest()[:16]}.json"
