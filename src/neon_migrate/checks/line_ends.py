"""Line ends: with CRLF the checksum of a file depends on whose machine it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, Verdict, counted, verdict
from neon_migrate.errors import Location

if TYPE_CHECKING:
    from neon_migrate.inspection import Inspection


def run(inspection: Inspection) -> Verdict:
    findings = [
        Finding(
            "has CRLF line ends: git may check it out with LF elsewhere, and then its checksum is another one",
            Location(inspection.shown(file), raw.count(b"\n", 0, raw.index(b"\r\n")) + 1),
            "Put '*.sql eol=lf' into .gitattributes, and save it with LF while it is applied nowhere.",
            "warned",
        )
        for file in inspection.files
        if b"\r\n" in (raw := file.read_bytes())
    ]
    return verdict(f"{counted(len(inspection.files), 'file')}, all with LF", findings)


CHECK = Check("line ends", 40, run)
