"""Remarks as SARIF 2.1.0, which GitHub's code scanning shows and remembers.

Sources: the OASIS standard, and docs.github.com "SARIF support for code scanning" (a result needs a location; the level
is shown; partialFingerprints tell whether a finding is the same as before).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from neon_migrate import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.remarks import Remark

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 5_000
"""What GitHub shows of one run; it drops the rest by severity."""


def sarif(remarks: Sequence[Remark], *, category: str = "neon-migrate") -> dict[str, Any]:
    """The log of one run, as plain values for JSON; remarks on no file are left out, since nothing shows them.

    category  tells several runs on one commit apart, such as those of two databases
    """
    placed = [remark for remark in remarks if remark.path][:MOST_RESULTS]
    rules = sorted({remark.code for remark in placed})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "neon-migrate",
                        "semanticVersion": __version__,
                        "rules": [_rule(code, placed) for code in rules],
                    }
                },
                "automationDetails": {"id": f"{category}/"},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The repository's top folder."}}},
                "results": [_result(remark, rules) for remark in placed],
            }
        ],
    }


def _rule(code: str, remarks: Sequence[Remark]) -> dict[str, Any]:
    first = next(remark for remark in remarks if remark.code == code)
    rule: dict[str, Any] = {"id": code, "name": code, "shortDescription": {"text": code.replace("-", " ")}}
    if first.remedy:
        rule["help"] = {"text": first.remedy}
    return rule


def _result(remark: Remark, rules: Sequence[str]) -> dict[str, Any]:
    artifact = {"uri": quote(remark.path), "uriBaseId": "%SRCROOT%"}
    location: dict[str, Any] = {"artifactLocation": artifact, "region": _region(remark)}
    text = "\n".join(filter(None, (remark.message, remark.remedy)))
    same = f"{remark.code}\0{remark.path}\0{remark.message}"  # not the line: what stands above it may change
    return {
        "ruleId": remark.code,
        "ruleIndex": rules.index(remark.code),
        "level": remark.level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"neonMigrate/v1": hashlib.sha256(same.encode()).hexdigest()},
    }


def _region(remark: Remark) -> dict[str, int]:
    region = {"startLine": remark.line or 1}
    if remark.line and remark.column:
        region["startColumn"] = remark.column
    return region
