"""Bytes: UTF-8 without a byte order mark and without NUL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, Verdict, verdict
from neon_migrate.errors import Location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neon_migrate.inspection import Inspection

_MARK = b"\xef\xbb\xbf"


def run(inspection: Inspection) -> Verdict:
    findings = (finding for file in inspection.files for finding in _of_file(inspection, file))
    return verdict(f"{len(inspection.files)} files are UTF-8", findings)


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
            _at(name, raw, raw.index(b"\0")),
            "Save the file as UTF-8 text; UTF-16 looks like this.",
        )
        return
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        yield Finding(
            f"is not UTF-8: byte 0x{raw[error.start]:02x}",
            _at(name, raw, error.start),
            "Save the file as UTF-8; sqlx refuses the whole folder otherwise.",
        )


def _at(name: str, raw: bytes, offset: int) -> Location:
    start = raw.rfind(b"\n", 0, offset) + 1
    column = len(raw[start:offset].decode(errors="replace")) + 1
    return Location(name, raw.count(b"\n", 0, offset) + 1, column)


CHECK = Check("encoding", 30, run)
