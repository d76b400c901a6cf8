"""`neon-migrate undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "the migration was written, or the several that it takes",
        ExitCode.REFUSED: "data would be lost; --allow-data-loss allows it",
        ExitCode.HISTORY: "there is no such version, or later migrations stand in the way",
    }
)
@click.argument("version", type=int)
@click.option("--allow-data-loss", is_flag=True, help="Write it even if tables, columns or values would go.")
def undo(invocation: Invocation, version: int, allow_data_loss: bool) -> Outcome:
    """Write a new migration that takes VERSION back. What is applied is never deleted or edited.

    It has the text of VERSION's down file. Without one it is computed, as several migrations where one would hold up
    the application. (sqlx calls running a down file `revert`: that is `rollback` here.) No database is needed.
    """
    from neon_migrate import api
    from neon_migrate.render.undo import undo_page

    report = api.undo(invocation.project(), version, allow_data_loss=allow_data_loss)
    return Outcome(report, undo_page(report), ExitCode.OK)
