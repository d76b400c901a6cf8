"""A Report: what rehearsing the pending migrations showed, as one value that goes through JSON both ways.

It holds no value of any row, so that it may stand in a comment, a summary, a message or an artifact.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  (msgspec reads the annotations, here and below)
from typing import TYPE_CHECKING, Any, Literal

from neon_migrate.differences import Difference  # noqa: TC001
from neon_migrate.errors import ExitCode, NeonMigrateError
from neon_migrate.settings import Severity  # noqa: TC001
from neon_migrate.way_back import Grade  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = 1
"""The version of a Report's JSON; members are only ever added to it."""

Verdict = Literal["in order", "look", "stop"]
RehearsedOn = Literal["neon_branch", "scratch"]


class ReportFileError(NeonMigrateError):
    """A file is no Report of this or an earlier version."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Production:
    """The database that the Report was made against, at that moment.

    fingerprint  of its Catalog (see Catalog.fingerprint)
    lsn          its write-ahead log position, such as `0/16B3748`; empty where it could not be read
    major        14 to 18
    """

    fingerprint: str
    lsn: str
    major: int
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class PendingMigration:
    """A migration that would run.

    checksum  hexadecimal SHA-384, as the ledger will have it
    path      of its up file, from the project's root
    """

    version: int
    description: str
    checksum: str
    path: str


@dataclass(frozen=True, slots=True)
class EditedMigration:
    """A migration that is applied to production and is another one, or none, in the folder.

    path    of the file; empty where there is none any more
    what    the fault in words, and `remedy` what to do
    """

    version: int
    description: str
    fault: Literal["edited", "deleted"]
    path: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One hazard, with what it was seen by.

    code      the rule's name, in kebab-case
    message   what happens, and to whom
    evidence  what was observed; empty where the message says it all
    severity  note: to be known · warning: somebody waits or fails · danger: data goes, or all wait for long
    remedy    what to write instead
    path      the migration file, from the project's root; `line` and `column` of the statement count from 1
    """

    code: str
    severity: Severity
    message: str
    evidence: str
    remedy: str
    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class LockTaken:
    """A lock on a relation that was there before the migration, in Postgres's words (`ACCESS EXCLUSIVE`)."""

    relation: str
    mode: str


@dataclass(frozen=True, slots=True)
class StatementTiming:
    """One statement as it ran in the rehearsal.

    path         the migration file, from the project's root; `line` and `column` count from 1
    duration_ns  nanoseconds on the server
    locks        those it took beyond what its transaction held already, the strongest of each relation
    rewritten    the tables that got a new file, as `schema.name`
    rows         that it wrote or gave, by its command tag; 0 where it has none
    command      its command tag without the count, such as `ALTER TABLE`
    """

    path: str
    line: int
    column: int
    duration_ns: int
    locks: tuple[LockTaken, ...] = ()
    rewritten: tuple[str, ...] = ()
    rows: int = 0
    command: str = ""


@dataclass(frozen=True, slots=True)
class MigrationTiming:
    """One migration as it ran in the rehearsal; the duration, in nanoseconds, is the whole transaction's."""

    version: int
    duration_ns: int
    statements: tuple[StatementTiming, ...] = ()


@dataclass(frozen=True, slots=True)
class WayBack:
    """The way back from one migration, as it was run.

    grade  exact: schema and rows are as before · lossy: the schema is, and data goes · impossible: it does not run, or
           does not restore the schema
    what   what is lost, or why it is impossible, in words
    sql    the down file's text, or what was computed where there is none
    """

    version: int
    grade: Grade
    what: tuple[str, ...] = ()
    sql: str = ""


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table in production: `rows` is Postgres's own estimate (-1: not known), `bytes` with indexes and TOAST."""

    name: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Failure:
    """What stopped the rehearsal.

    version  of the migration that failed; None where it came to none
    path     the migration file with `line` and `column` (from 1) where the place is known
    """

    version: int | None
    what: str
    why: str = ""
    remedy: str = ""
    sqlstate: str = ""
    path: str = ""
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What rehearsing the pending migrations showed.

    database        production's name and host, without the password
    project_id      Neon's; empty where it is not known
    rehearsed_on    a Neon branch has production's rows, a scratch only its schema
    branch          the Neon branch's name; empty for a scratch
    applied_edited  applied migrations that the folder has changed or lost: nothing is rehearsed then
    differences     what the pending migrations change, seen from before (`missing` is what they make)
    sql             all that would run, in order, each file under its name
    diagram         a Mermaid ER diagram of the changed tables and their neighbours; empty where no table changes
    tables          of production: those that the migrations touch
    faults          in what the rehearsed database is not, afterwards, what its migrations make
    digest          see `digest`; deploying what was approved means that it is the same again
    failure         what stopped the rehearsal
    drift           in what production differs from its applied migrations now
    warnings        what makes the Report less certain
    stops_at        the severities that the project's settings let stop a deployment
    """

    database: str
    project_id: str
    rehearsed_on: RehearsedOn
    branch: str
    production: Production
    pending: tuple[PendingMigration, ...]
    applied_edited: tuple[EditedMigration, ...]
    differences: tuple[Difference, ...]
    sql: str
    diagram: str
    hazards: tuple[Finding, ...]
    timings: tuple[MigrationTiming, ...]
    way_back: tuple[WayBack, ...]
    tables: tuple[TableSize, ...]
    faults: tuple[str, ...]
    digest: str
    failure: Failure | None = None
    drift: tuple[Difference, ...] = ()
    warnings: tuple[str, ...] = ()
    stops_at: tuple[Severity, ...] = ()

    @property
    def stopping(self) -> tuple[Finding, ...]:
        """The hazards that the settings let stop a deployment."""
        return tuple(hazard for hazard in self.hazards if hazard.severity in self.stops_at)

    @property
    def verdict(self) -> Verdict:
        """stop: it must not be deployed so · look: somebody has to judge · in order: nothing was found."""
        if self.failure or self.applied_edited or self.faults or self.stopping:
            return "stop"
        dangerous = any(hazard.severity != "note" for hazard in self.hazards)
        one_way = any(way.grade != "exact" for way in self.way_back)
        return "look" if dangerous or one_way or self.drift or self.warnings else "in order"

    @property
    def exit_code(self) -> ExitCode:
        """What a command that made this Report ends with: FAILED, HISTORY, REFUSED or OK."""
        if self.applied_edited:
            return ExitCode.HISTORY
        if self.failure or self.faults:
            return ExitCode.FAILED
        return ExitCode.REFUSED if self.stopping else ExitCode.OK


def digest(
    pending: Iterable[tuple[int, bytes]], ledger: Iterable[tuple[int, bytes, bool]], fingerprint: str, identity: str
) -> str:
    """SHA-256, hexadecimal, over what decides what a deployment does.

    pending      (version, checksum) in the order in which they run
    ledger       (version, checksum, success) of every row
    fingerprint  of production's Catalog
    identity     of the database
    """
    decides = (
        tuple((version, checksum.hex()) for version, checksum in pending),
        tuple(sorted((version, checksum.hex(), success) for version, checksum, success in ledger)),
        fingerprint,
        identity,
    )
    return hashlib.sha256(repr(decides).encode()).hexdigest()


def document(report: Report) -> dict[str, Any]:
    """The Report as plain values, with its format and verdict for those who read it without this library."""
    import msgspec

    return {"format": FORMAT, "verdict": report.verdict, **msgspec.to_builtins(report)}


def encode(report: Report) -> str:
    """The Report as indented JSON, ending in a newline."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document(report))).decode() + "\n"


def decode(text: str | bytes, name: str = "the report") -> Report:
    """The Report that `encode` wrote. Raises ReportFileError.

    name  what to call the text in the error
    """
    import msgspec

    try:
        return msgspec.json.decode(text, type=Report)
    except msgspec.MsgspecError as error:
        raise ReportFileError(
            f"{name} is not a report of neon-migrate dry-run", why=str(error), remedy="Write it again with dry-run."
        ) from None
