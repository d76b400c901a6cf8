"""An error as it may be shown to everybody who can see a repository: without the values of any row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.redaction import publishable
from neon_migrate.report import Failure

if TYPE_CHECKING:
    from neon_migrate.errors import NeonMigrateError
    from neon_migrate.masking import Secrets


def failure_of(error: NeonMigrateError, secrets: Secrets, text: str = "") -> Failure:
    """What may be told of an error.

    secrets  what must not be in it, whatever it was made of
    text     of the repository's migrations, which whoever reads this can read anyway
    """
    where, (what, why) = error.where, publishable(error, text=text)
    return Failure(
        version=None,
        what=secrets.redact(what),
        why=secrets.redact(why),
        remedy=secrets.redact(error.remedy),
        sqlstate=error.sqlstate if isinstance(error, StatementError) else "",
        path="" if where is None else where.file,
        line=None if where is None else where.line,
        column=None if where is None else where.column,
    )
