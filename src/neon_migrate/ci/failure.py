"""An error as it may be shown to everybody who can see a repository: without the values of any row."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from neon_migrate import __version__
from neon_migrate.errors import NeonMigrateError, StatementError
from neon_migrate.redaction import publishable
from neon_migrate.report import Failure

if TYPE_CHECKING:
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


def as_ours(error: Exception) -> NeonMigrateError:
    """The error itself where it is one of ours; one that nobody expected without its text, which may quote a row."""
    if isinstance(error, NeonMigrateError):
        return error
    remedy = "neon-migrate status shows how far the database came."
    if isinstance(error, OSError) and error.strerror:
        what = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
        return NeonMigrateError(what, remedy=f"Put that right. {remedy}")
    places = extract_tb(error.__traceback__)
    at = f"It was raised in {Path(places[-1].filename).name}, line {places[-1].lineno}." if places else ""
    what = f"A fault in neon-migrate {__version__}: {type(error).__name__}"
    return NeonMigrateError(what, why=at, remedy=f"{remedy} Report it to the issue tracker of neon-migrate.")
