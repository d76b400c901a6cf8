"""One step of a workflow: what started it, and where it writes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from neon_migrate.ci.failure import failure_of
from neon_migrate.errors import NeonMigrateError, as_ours
from neon_migrate.events import CredentialsReceived, Observer, Warned, silent
from neon_migrate.github.client import TOKEN_VARIABLE, client_of
from neon_migrate.github.comment import marker
from neon_migrate.github.event import read_event
from neon_migrate.github.outputs import write_outputs
from neon_migrate.github.summary import write_summary
from neon_migrate.ledger import folder
from neon_migrate.masking import Secrets
from neon_migrate.notify import Link, tell
from neon_migrate.postgres.target import resolve_target
from neon_migrate.project import Project
from neon_migrate.redaction import publishable
from neon_migrate.settings import SCHEMA_PLACES, Settings, find_root
from neon_migrate.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from neon_migrate.events import Event as Happening
    from neon_migrate.github.client import GitHubClient
    from neon_migrate.github.event import Event
    from neon_migrate.notify import Message
    from neon_migrate.report import Failure

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """One step.

    environment  os.environ: it holds secrets, so nothing of it is printed
    output       the folder for artifacts, made when it is first written to
    received     database URLs that an API gave
    unprepared   why the project could not be read; then it is one without its settings
    """

    event: Event
    environment: Mapping[str, str] = field(repr=False)
    output: Path
    project: Project
    received: list[str] = field(default_factory=list, repr=False)
    unprepared: NeonMigrateError | None = None

    def github(self) -> GitHubClient:
        """A client of the run's repository. Raises UsageError without a token."""
        return client_of(self.event, self.environment.get(TOKEN_VARIABLE, ""))

    @property
    def folder(self) -> str:
        """The project's folder from the repository's top; empty where it is the same, or outside."""
        root, workspace = self.project.settings.root.resolve(), self.event.workspace.resolve()
        if root == workspace or not root.is_relative_to(workspace):
            return ""
        return root.relative_to(workspace).as_posix()

    def marker(self, what: str) -> str:
        """The hidden line by which a comment or issue of this folder and database is found again."""
        database = str(self.project.target.direct()) if self.project.target is not None else ""
        return marker(what, database, self.folder)

    def require_prepared(self) -> None:
        """Raises the error that kept the project from being read, where one did."""
        if self.unprepared is not None:
            raise self.unprepared

    @property
    def secrets(self) -> Secrets:
        """What must not be told: the environment's, and the passwords of the project's database and of branches."""
        secrets = Secrets(self.environment)
        if self.project.target is not None:
            secrets.learn(self.project.target.conninfo)
        for conninfo in self.received:
            secrets.learn(conninfo)
        return secrets

    def failure(self, error: NeonMigrateError) -> Failure:
        """What may be told of an error: no value of a row, no secret."""
        text = ""
        with suppress(Exception):  # a folder that can't be read may be the very error
            migrations = folder.read(self.project.settings).migrations
            text = "\n".join(file.sql for one in migrations for file in (one.up, one.down) if file is not None)
        return failure_of(error, self.secrets, text)

    def artifact(self, name: str, text: str) -> Path:
        """Write one of the run's artifacts. Raises NeonMigrateError."""
        try:
            self.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NeonMigrateError(
                f"The folder {self.output} can't be made",
                why=str(error.strerror or error),
                remedy="Name another one with --output.",
            ) from None
        path = self.output / name
        write_whole(path, text)
        return path

    def artifacts(self, texts: Mapping[str, Callable[[], str]]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """The artifacts, by name, that could be made and written, and a warning for each that could not."""
        files: tuple[Path, ...] = ()
        warnings: tuple[str, ...] = ()
        for name, text in texts.items():
            path, unwritten = self.attempt("An artifact is missing", partial(self._make, name, text))
            files += (path,) if path is not None else ()
            warnings += unwritten
        return files, warnings

    def _make(self, name: str, text: Callable[[], str]) -> Path:
        return self.artifact(name, text())

    def summarise(self, text: Callable[[], str]) -> tuple[str, ...]:
        """Add to the job summary; gives a warning where it could not be made or written."""
        return self.attempt("The job summary could not be written", lambda: write_summary(text(), self.environment))[1]

    def outputs(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Set the step's outputs; gives a warning where that failed."""
        return self.attempt("The outputs could not be set", lambda: write_outputs(values, self.environment))[1]

    def tell(self, message: Message) -> tuple[str, ...]:
        """Tell the team, with a link to this run; gives a warning for each way that failed, and never raises."""
        links = (*message.links, Link("run", self.event.run_url))
        warnings = tell(replace(message, links=links), self.environment)
        for warning in warnings:
            self.project.observer(Warned(warning))
        return warnings

    def attempt(self, what: str, act: Callable[[], T]) -> tuple[T | None, tuple[str, ...]]:
        """Do something that the outcome does not depend on: what `act` gives, or None and a warning that it failed."""
        try:
            return act(), ()
        except NeonMigrateError as error:
            said, why = publishable(error)
            warning = " ".join(filter(None, (f"{what}: {said}.", why, error.remedy)))
        except OSError as error:  # the runner's own files: its disk is full, say
            warning = f"{what}: {error}."
        except Exception as error:  # a fault of ours: what is left to be told is still told
            warning = f"{what}: {as_ours(error).what}."
        warning = self.secrets.redact(warning)
        self.project.observer(Warned(warning))
        return None, (warning,)


@dataclass(frozen=True, slots=True)
class Unprepared:
    """A project that can't be read: its settings or its database's URL. There is all the more to be told then.

    root   the folder in which the step was started
    error  what is wrong
    """

    root: Path
    error: NeonMigrateError
    observer: Observer = silent

    def bare(self, environment: Mapping[str, str]) -> Project:
        """The project as far as it is known; its database tells which comment it has."""
        root = find_root(self.root)
        settings = Settings(root=root, migrations=root / "migrations", schema=root / SCHEMA_PLACES[0])
        try:
            target = resolve_target(settings, None, dict(environment))
        except NeonMigrateError:
            target = None
        return Project(settings, target, self.observer)


def start(project: Project | Unprepared, environment: Mapping[str, str], output: Path = Path()) -> Run:
    """The step that `environment` describes. Raises UsageError outside GitHub Actions, and as `read_event` does."""
    received: list[str] = []
    unprepared = project.error if isinstance(project, Unprepared) else None
    known = project.bare(environment) if isinstance(project, Unprepared) else project

    def observe(event: Happening) -> None:
        if isinstance(event, CredentialsReceived):
            received.append(event.conninfo)
        known.observer(event)

    told = replace(known, observer=observe, discreet=True)
    return Run(read_event(environment), environment, output, told, received, unprepared)
