"""Stand-ins for extensions that Neon offers and a build of Postgres lacks, so that histories which create them replay.

Neon's list is longer than any wheel's. A stand-in is an extension of the same name that has the functions used most
(see `stand_ins/`), or nothing at all. One that the build has itself is always preferred.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

COMMENT = "stand-in of neon-migrate"
"""The comment of each stand-in in pg_available_extensions: tells it from the real one."""

_STAND_INS = Path(__file__).with_name("stand_ins")


def offered() -> tuple[str, ...]:
    """The extensions that Neon offers, as neon.com/docs/extensions/pg-extensions names them in CREATE EXTENSION."""
    return tuple((_STAND_INS / "offered.txt").read_text(encoding="utf-8").split())


def digest() -> str:
    """Changes whenever a stand-in does."""
    return hashlib.sha256(repr((offered(), COMMENT, _scripts())).encode()).hexdigest()[:12]


def stand_in_path(base: Path) -> Path:
    """A folder for `extension_control_path`, made in `base` when missing. Raises OSError."""
    folder = base / f"extensions-{digest()}"
    if not folder.is_dir():
        part = base / f"{folder.name}.{os.getpid()}.part"
        try:
            (part / "extension").mkdir(parents=True)
            write_stand_ins(part / "extension")
            part.rename(folder)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            if not folder.is_dir():  # it may have been another process that made it just now
                raise
    return folder


def write_stand_ins(folder: Path) -> None:
    """Write control files and scripts for all extensions that `folder` does not hold. Raises OSError."""
    scripts = _scripts()
    for readable in (folder.parent, folder):
        readable.chmod(0o755)
    for name in offered():
        control = folder / f"{name}.control"
        if not control.exists():
            script = folder / f"{name}--1.0.sql"
            script.write_text(scripts.get(name, ""), encoding="utf-8")
            # Functions call each other by schema, and the schema is fixed then.
            relocatable = "false" if "@extschema@" in scripts.get(name, "") else "true"
            control.write_text(
                f"comment = '{COMMENT}'\ndefault_version = '1.0'\nrelocatable = {relocatable}\ntrusted = true\n"
            )
            for file in (script, control):
                file.chmod(0o644)


def _scripts() -> dict[str, str]:
    return {script.stem: script.read_text(encoding="utf-8") for script in sorted(_STAND_INS.glob("*.sql"))}
