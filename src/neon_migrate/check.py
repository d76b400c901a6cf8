"""What a check of `validate` is and what it says: the base of every file in `checks/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from neon_migrate.errors import Location, NeonMigrateError
    from neon_migrate.inspection import Inspection

State = Literal["passed", "warned", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has to say of one place.

    weight  whether it alone makes the check fail, or only warn
    """

    message: str
    where: Location | None = None
    remedy: str = ""
    weight: Literal["warned", "failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check came to, and why, in one line."""

    state: State
    reason: str
    findings: tuple[Finding, ...] = ()


class NotKnownError(Exception):
    """What a check asks for could not be found out; its text says why, and the check is skipped."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check; a file in `checks/` has one as `CHECK`.

    name  as the table of checks shows it
    rank  where it stands in the table; the cheap ones that need no server come first
    run   gives the verdict; may raise NotKnownError
    """

    name: str
    rank: int
    run: Callable[[Inspection], Verdict]


def verdict(passed: str, findings: Iterable[Finding]) -> Verdict:
    """The heaviest finding decides; `passed` is the reason where there is none."""
    found = tuple(sorted(findings, key=lambda finding: finding.weight != "failed"))
    if not found:
        return Verdict("passed", passed)
    state: State = "failed" if found[0].weight == "failed" else "warned"
    return Verdict(state, found[0].message.split("\n")[0] if len(found) == 1 else counted(len(found), "finding"), found)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def finding_of(error: NeonMigrateError) -> Finding:
    """An error as a finding."""
    return Finding("\n".join(filter(None, (error.what, error.why))), error.where, error.remedy)
