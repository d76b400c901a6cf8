"""The files against the ledger: what is applied, what is pending, and every fault that the two can have together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neon_migrate.ledger.migration import checksum

if TYPE_CHECKING:
    from neon_migrate.ledger.folder import Stray, StrayCode
    from neon_migrate.ledger.migration import LedgerRow, Migration

FaultCode = Literal[
    "applied-without-file",
    "checksum-mismatch",
    "dirty",
    "out-of-order",
    "not-a-migration",
    "duplicate-version",
    "down-without-up",
]

_STRAYS_THAT_BLOCK: frozenset[StrayCode] = frozenset({"duplicate-version"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that the folder and the ledger don't agree on.

    blocks  whether nothing is to be applied before it is resolved (sqlx stops too)
    """

    code: FaultCode
    version: int | None
    what: str
    remedy: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class History:
    """The migrations of a folder and the rows of a ledger, both ascending by version."""

    migrations: tuple[Migration, ...]
    rows: tuple[LedgerRow, ...]
    strays: tuple[Stray, ...] = ()

    @property
    def applied(self) -> tuple[Migration, ...]:
        """The migrations that the ledger has, dirty ones left out."""
        done = {row.version for row in self.rows if row.success}
        return tuple(migration for migration in self.migrations if migration.version in done)

    @property
    def pending(self) -> tuple[Migration, ...]:
        """The migrations that the ledger does not have, in the order in which sqlx applies them."""
        known = {row.version for row in self.rows}
        return tuple(migration for migration in self.migrations if migration.version not in known)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault, those that block first, then by version."""
        files = {migration.version: migration for migration in self.migrations}
        found = [_of_stray(stray) for stray in self.strays]
        for row in self.rows:
            migration = files.get(row.version)
            if not row.success:
                found.append(_dirty(row))
            if migration is None:
                found.append(_without_file(row))
            elif migration.checksum != row.checksum:
                found.append(_mismatch(row, migration))
        latest = max((row.version for row in self.rows), default=None)
        found += [
            _out_of_order(migration, latest)
            for migration in self.pending
            if latest is not None and migration.version < latest
        ]
        return tuple(sorted(found, key=lambda fault: (not fault.blocks, fault.version or 0)))


def _of_stray(stray: Stray) -> Fault:
    return Fault(stray.code, stray.version, stray.what, stray.remedy, stray.code in _STRAYS_THAT_BLOCK)


def _dirty(row: LedgerRow) -> Fault:
    return Fault(
        "dirty",
        row.version,
        f"Version {row.version} ({row.description}) is dirty: its run of {_moment(row)} was recorded as failed",
        f"Look at what it left behind, then neon-migrate resolve {row.version} --applied, or --reverted.",
        blocks=True,
    )


def _without_file(row: LedgerRow) -> Fault:
    return Fault(
        "applied-without-file",
        row.version,
        f"Version {row.version} ({row.description}) was applied on {_moment(row)} and has no file",
        "Bring the file back from version control. Where the migration was really taken back by hand: "
        f"neon-migrate resolve {row.version} --reverted.",
        blocks=True,
    )


def _mismatch(row: LedgerRow, migration: Migration) -> Fault:
    only, remedy = _text_difference(row, migration)
    return Fault(
        "checksum-mismatch",
        row.version,
        f"{migration.up.path.name} was changed after it was applied on {_moment(row)}{only}\n"
        f"  applied  {row.checksum.hex()}\n"
        f"  file     {migration.checksum.hex()}",
        remedy,
        blocks=True,
    )


def _text_difference(row: LedgerRow, migration: Migration) -> tuple[str, str]:
    """Whether line ends or the byte order mark alone explain the difference, and what to do."""
    text = migration.up.sql
    unmarked = text.removeprefix("\ufeff")
    for mark in ("", "\ufeff"):
        for line_end in ("\n", "\r\n"):
            variant = mark + unmarked.replace("\r\n", "\n").replace("\n", line_end)
            if checksum(variant) != row.checksum:
                continue
            if text.startswith("\ufeff") != bool(mark):
                return "; the byte order mark differs", "Save the file as it was: UTF-8, " + (
                    "with the byte order mark." if mark else "without a byte order mark."
                )
            name = "LF" if line_end == "\n" else "CRLF"
            return (
                "; only its line ends differ",
                f"Save the file with {name} line ends, and put '*.sql eol=lf' into .gitattributes.",
            )
    return "", "Bring the file back as it was from version control, and put the change into a new migration."


def _out_of_order(migration: Migration, latest: int | None) -> Fault:
    return Fault(
        "out-of-order",
        migration.version,
        f"{migration.up.path.name} is pending and below {latest}, which is applied: it runs in its place in the order "
        "of versions, but after what is applied already",
        "Give it a version above the latest, unless it doesn't matter which of them runs first.",
        blocks=False,
    )


def _moment(row: LedgerRow) -> str:
    return row.installed_on.isoformat(sep=" ", timespec="seconds")
