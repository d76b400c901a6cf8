"""Bytes: UTF-8 without a byte order mark and without NUL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, Verdict, counted, verdict
from neon_migrate.errors import Location
from neon_migrate.ledger.folder import byte_location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neon_migrate.inspection import Inspection

_MARK = b"\xef\xbb\xbf"


def run(inspection: Inspection) -> Verdict:
    findings = (finding for file in inspection.files for finding in _of_file(inspection, file))
    return verdict(f"{counted(len(inspection.files), 'file')}, all UTF-8", findings)


def _of_file(inspection: Inspection, file: Path) -> Iterator[Finding]:
    name, raw = inspection.shown(file), file.read_bytes()
    if raw.startswith(_MARK):
        yield Finding(
            "starts with a byte order mark, which Postgres takes for a part of the first word",
            Location(name, 1, 1),
            "Save the file as UTF-8 without a byte order mark.",
        )
    if b"\0" in raw:
        yield Finding(
            "holds a NUL byte, which no statement can have",
            byte_location(name, raw, raw.index(b"\0")),
            "Save the file as UTF-8 text; UTF-16 looks like this.",
        )
        return
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        yield Finding(
            f"is not UTF-8: byte 0x{raw[error.start]:02x}",
            byte_location(name, raw, error.start),
            "Save the file as UTF-8; sqlx refuses the whole folder otherwise.",
        )


CHECK = Check("encoding", 30, run)
