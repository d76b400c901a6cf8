"""An error as it may be shown to everybody who can see a repository: without the values of any row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.redaction import without_values
from neon_migrate.report import Failure

if TYPE_CHECKING:
    from neon_migrate.errors import NeonMigrateError


def failure_of(error: NeonMigrateError) -> Failure:
    """What may be told of an error."""
    where, what, why, sqlstate = error.where, error.what, error.why, ""
    if isinstance(error, StatementError):
        what, why = without_values(error)
        sqlstate = error.sqlstate
    return Failure(
        version=None,
        what=what,
        why=why,
        remedy=error.remedy,
        sqlstate=sqlstate,
        path="" if where is None else where.file,
        line=None if where is None else where.line,
        column=None if where is None else where.column,
    )
