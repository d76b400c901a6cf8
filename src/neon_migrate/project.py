"""A project as every command needs it: its settings, its database, and who is told of what happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.errors import UsageError
from neon_migrate.events import Notice, Observer, silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target
    from neon_migrate.settings import Settings

NO_DATABASE = UsageError(
    "No database was named",
    remedy=(
        "There are three ways: --database-url URL, the environment variable NEON_DATABASE_URL (or DATABASE_URL, also "
        "from .env), or --local for this project's own embedded database."
    ),
)


@dataclass(frozen=True, slots=True)
class Project:
    """What a command works on.

    target    None when no database was named: commands that need one say which three ways there are
    discreet  whether others read what is told of the database: what rows may have gone into is left out then (see
              `disclosure`)
    """

    settings: Settings
    target: Target | None = None
    observer: Observer = silent
    discreet: bool = False

    def require_target(self) -> Target:
        """The database. Raises UsageError where none was named; never falls back to another."""
        if self.target is None:
            raise NO_DATABASE
        return self.target

    def session(self) -> Session:
        """A connection to the database itself: Neon's pooler is gone around, and the observer told of it.

        Raises UsageError (none named) and UnreachableError.
        """
        from neon_migrate.postgres.session import connect

        target = self.require_target()
        if target.pooled:
            self.observer(Notice(f"The URL names Neon's pooler; the direct host is used: {target.direct()}"))
        return connect(target.direct())

    def scratch(self, *, major: int | None = None, wanted: Sequence[str] = ()) -> AbstractContextManager[ScratchServer]:
        """A throw-away server of the target's major version (or the nearest; the server says which it is).

        major   the target's major version, where a connection told it; else the setting `postgres-major`
        wanted  keys of kept databases, best first (see ScratchServer.keep)
        """
        from neon_migrate.postgres.scratch import scratch_server

        return scratch_server(
            major=major or self.settings.postgres_major, bindir=self.settings.postgres_bindir, wanted=wanted
        )
