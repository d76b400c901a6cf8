"""Projects with a schema.json for tests of what writes migrations, all on one scratch server."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from histories import migrations_of, write_project
from neon_migrate.postgres.session import connect
from neon_migrate.project import Project
from neon_migrate.sources.migrations import open_scratch, replay, run
from peers import dumped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Rows
    from neon_migrate.postgres.target import Target

ID = {"type": "integer", "primary": True, "identity": "always"}
ORDERS = {"fields": {"id": ID, "user_id": {"type": "integer", "references": {"table": "users", "column": "id"}}}}
USERS = {"fields": {"id": ID, "email": {"type": "text", "nullable": False, "unique": True}}}


@dataclass(frozen=True)
class OnOneServer(Project):
    """A project whose throw-away server is one that runs already."""

    server: ScratchServer | None = None

    def scratch(self, *, major: int | None = None, wanted: Sequence[str] = ()) -> AbstractContextManager[ScratchServer]:
        """The server of all tests."""
        assert self.server is not None
        return nullcontext(self.server)


@dataclass
class Desk:
    """A project in a folder, and what its migrations do."""

    root: Path
    server: ScratchServer
    target: Target | None = None

    def project(
        self, schema: Mapping[str, Any] | None = None, files: Mapping[str, str] | None = None, settings: str = ""
    ) -> Project:
        """The project with this schema.json, these migrations beside those there are, and these settings."""
        texts = dict(files or {})
        if schema is not None:
            texts["schema.json"] = json.dumps(schema, indent=2)
        if settings:
            texts["neon-migrate.toml"] = settings
        written = write_project(self.root, texts, self.target)
        return OnOneServer(written.settings, self.target, server=self.server)

    def applied(self, files: Mapping[str, str], schema: Mapping[str, Any] | None = None) -> Project:
        """The project with these migrations, all of them applied to its database."""
        project = self.project(schema, files)
        with connect(project.require_target()) as session:
            run(session, migrations_of(project.settings), project.settings)
        return project

    def execute(self, sql: str) -> None:
        """Change the project's database behind the back of its migrations."""
        with connect(self.project().require_target()) as session:
            session.script(sql)

    def replayed(self, *, run: Sequence[str] = (), count: int | None = None) -> str:
        """A new database with the first `count` migrations, and then some more SQL."""
        settings = self.project().settings
        name = replay(self.server, migrations_of(settings)[:count], settings).database
        with open_scratch(self.server, name) as session:
            for text in run:
                session.script(text)
        return name

    def dump(self, *, run: Sequence[str] = (), count: int | None = None) -> tuple[str, ...]:
        """What pg_dump says of such a database."""
        name = self.replayed(run=run, count=count)
        try:
            return dumped(self.server.target(name))
        finally:
            self.server.drop(name)

    def rows(self, sql: str, *, run: Sequence[str] = ()) -> Rows:
        """What a query gives after all migrations, and then some more SQL."""
        name = self.replayed(run=run)
        try:
            with self.server.session(name) as session:
                return session.query(sql)
        finally:
            self.server.drop(name)


def schema(tables: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    """A schema.json as a value."""
    return {"version": "1.0.0", "tables": dict(tables), **rest}
