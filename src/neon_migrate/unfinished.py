"""What no-transaction migrations have done that were begun and not finished: it is in the database and in no ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.execute import file_name, run_unit
from neon_migrate.postgres.progress import digest, read_progress
from neon_migrate.script import units
from neon_migrate.sources.migrations import open_scratch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.ledger.history import History
    from neon_migrate.ledger.migration import MigrationFile
    from neon_migrate.postgres.progress import Direction
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.script import Unit
    from neon_migrate.settings import Settings


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A file whose run stopped half-way.

    done   its first pieces, which are committed; empty where they are not those in the file now
    noted  how many the database says are committed
    total  how many the file has
    """

    name: str
    file: MigrationFile
    done: tuple[Unit, ...]
    noted: int
    total: int

    def __str__(self) -> str:
        if len(self.done) < self.noted:
            return f"{self.name} was begun and edited since: what it did so far is not among what is expected."
        return f"{self.name} was begun and is not finished: {self.noted} of its {self.total} statements are done."


def find_unfinished(session: Session, history: History, settings: Settings) -> tuple[Unfinished, ...]:
    """The up files of pending and the down files of applied migrations that were begun. At most two round trips."""
    begun = read_progress(session, settings.table_name)
    files: list[tuple[tuple[int, Direction], MigrationFile]]
    files = [((one.version, "up"), one.up) for one in history.pending]
    files += [((one.version, "down"), one.down) for one in history.applied if one.down is not None]
    found = []
    for key, file in files:
        progress = begun.get(key)
        if progress is None:
            continue
        name = file_name(file, settings)
        pieces = units(file.sql, name)
        done = tuple(pieces[: progress.done])
        same = not done or digest([piece.text for piece in done]) == progress.digest
        found.append(Unfinished(name, file, done if same else (), progress.done, len(pieces)))
    return tuple(found)


def repeat(server: ScratchServer, database: str, unfinished: Sequence[Unfinished], settings: Settings) -> None:
    """Do on a scratch database what was done so far. Raises StatementError with file, line and column."""
    for one in unfinished:
        with open_scratch(server, database) as session:
            for piece in one.done:
                run_unit(session, one.file, piece, settings)
