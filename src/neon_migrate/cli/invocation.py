"""One run of the command line: what its global options say, and the project they lead to."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from neon_migrate.errors import UsageError
from neon_migrate.events import Observer, silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.errors import ExitCode
    from neon_migrate.postgres.target import Target
    from neon_migrate.project import Project
    from neon_migrate.render.page import Page
    from neon_migrate.settings import Settings

Need = Literal["none", "optional", "required"]
"""Whether a command works on a database; one that only can does not fail for want of a URL."""


@dataclass(slots=True)
class Options:
    """The global options, as given before or after the command (the later one counts)."""

    database_url: str | None = None
    local: bool = False
    format: Literal["text", "json"] = "text"
    quiet: bool = False
    no_color: bool = False
    directory: str = "."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to: its report for programs, its page for people, and the exit code."""

    report: object
    page: Page
    exit_code: ExitCode


@dataclass(slots=True)
class Invocation:
    """What a command gets to work with.

    command    its name, and `need` its need of a database, once it is known which command runs
    observer   hears of everything that happens
    show       writes a page before the command has ended
    ask        shows a page, asks a question, and gives the answer
    conninfos  every connection string that was come across, for the redaction of errors
    """

    options: Options = field(default_factory=Options)
    command: str = ""
    need: Need = "none"
    observer: Observer = silent
    show: Callable[[Page], None] = lambda page: None
    ask: Callable[[Page, str], str] = lambda page, question: ""
    conninfos: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The folder to look for the project from: `-C`, else the working directory."""
        folder = Path(self.options.directory)
        if not folder.is_dir():
            raise UsageError(f"There is no folder {str(folder)!r}", remedy="Name an existing one with -C.")
        return folder

    @property
    def interactive(self) -> bool:
        """Whether there is somebody to ask: terminals at both ends, and no program that reads the answer."""
        return self.options.format == "text" and sys.stdin.isatty() and sys.stderr.isatty()

    def settings(self) -> Settings:
        """The project's settings. Raises SettingsError."""
        from neon_migrate.settings import load

        return load(self.root)

    def project(self) -> Project:
        """The project with its database, as far as the command needs one.

        Raises SettingsError, and UsageError for a URL that can't be read or options that contradict each other.
        """
        from neon_migrate.project import Project

        settings = self.settings()
        target = None if self.need == "none" else self._target(settings)
        project = Project(settings, target, self.observer)
        if self.need == "required":
            project.require_target()
        return project

    def local_target(self) -> Target:
        """The project's own embedded database, started if need be. Raises ScratchError."""
        from neon_migrate.postgres.local import local_target

        settings = self.settings()
        return local_target(settings.root, major=settings.postgres_major, bindir=settings.postgres_bindir)

    def _target(self, settings: Settings) -> Target | None:
        if self.options.local:
            if self.options.database_url is not None:
                raise UsageError("--local and --database-url name two databases", remedy="Give one of them.")
            return self.local_target()
        from neon_migrate.postgres.target import resolve_target

        target = resolve_target(settings, self.options.database_url, dict(os.environ))
        if target is not None:
            self.conninfos.append(target.conninfo)
        return target
