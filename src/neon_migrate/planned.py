"""A Plan's batches as they are told: to a person as one script for psql, to a machine as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.online import script_of
from neon_migrate.sql import comment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.online import Batch
    from neon_migrate.plan import Statement

_SEVERAL = "Several transactions, so that the database can be used meanwhile: run it by psql -v ON_ERROR_STOP=1 -f."


@dataclass(frozen=True, slots=True)
class PlannedStatement:
    """One SQL statement, without semicolon.

    serves  the objects it creates, changes or drops, such as `table public.users`
    loses   the data that may go with it, in words; empty when none can
    """

    sql: str
    serves: tuple[str, ...]
    loses: str


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """Statements that are committed together.

    transactional  False: a single statement that no transaction may contain
    why            sentences on why they are apart from the others
    """

    statements: tuple[PlannedStatement, ...]
    transactional: bool
    why: tuple[str, ...]

    def script(self) -> str:
        """The statements as SQL text for psql, and why they are apart as comments at its head."""
        return "".join((*map(comment, self.why), script_of([statement.sql for statement in self.statements])))


def planned(batches: Sequence[Batch]) -> tuple[PlannedBatch, ...]:
    """The batches as values of words."""
    return tuple(PlannedBatch(tuple(map(_told, batch.statements)), batch.transactional, batch.why) for batch in batches)


def script(batches: Sequence[PlannedBatch]) -> str:
    """All of them as one SQL text for psql; empty where there are none."""
    several = comment(_SEVERAL) + "\n" if len(batches) > 1 else ""
    return several + "\n".join(batch.script() for batch in batches)


def _told(statement: Statement) -> PlannedStatement:
    return PlannedStatement(statement.sql, tuple(map(str, statement.serves)), statement.loses)
