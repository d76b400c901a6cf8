"""A command as a step of a GitHub workflow: its secrets are blanked in the log, what goes wrong is annotated.

Workflow commands go to standard error, which the runner reads as well: standard output stays what was asked for.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate.errors import NeonMigrateError, as_ours
from neon_migrate.events import CredentialsReceived
from neon_migrate.github.annotations import Annotation, annotation_commands
from neon_migrate.github.workflow_commands import masks
from neon_migrate.masking import SECRET_VARIABLES, URL_VARIABLES, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from neon_migrate.ci.run import Unprepared
    from neon_migrate.cli.invocation import Invocation
    from neon_migrate.events import Event
    from neon_migrate.github.annotations import AnnotationLevel
    from neon_migrate.project import Project
    from neon_migrate.remarks import Remark
    from neon_migrate.report import Failure

ARTIFACTS = "neon-migrate-artifacts"
"""The folder for artifacts where none is named."""

_MASKED = (*URL_VARIABLES, *SECRET_VARIABLES)

_LEVELS: dict[str, AnnotationLevel] = {"error": "error", "warning": "warning", "note": "notice"}


class Workflow:
    """The runner's log."""

    def remark(self, remarks: Iterable[Remark]) -> None:
        """Annotate the places in files that there is something to say of."""
        self._write(
            annotation_commands(
                Annotation(
                    _LEVELS[each.level],
                    "\n".join(filter(None, (each.message, each.remedy))),
                    each.code,
                    each.path,
                    each.line,
                    each.column,
                )
                for each in remarks
            )
        )

    def failures(self, failures: Iterable[Failure]) -> None:
        """Annotate what failed, at its place where it has one."""
        self._write(
            annotation_commands(
                Annotation(
                    "error",
                    "\n".join(filter(None, (each.what, each.why, each.remedy))),
                    "neon-migrate",
                    each.path,
                    each.line,
                    each.column,
                )
                for each in failures
            )
        )

    def mask(self, environment: dict[str, str]) -> None:
        """Let the runner blank every secret of the environment, and the passwords within URLs."""
        given = [environment.get(name, "").strip() for name in _MASKED]
        self._write(masks([*given, *Secrets(environment).known()]))

    def mask_password(self, conninfo: str) -> None:
        """Let the runner blank the password of one more database URL."""
        secrets = Secrets({})
        secrets.learn(conninfo)
        self._write(masks(sorted(secrets.known())))

    def _write(self, commands: Iterable[str]) -> None:
        sys.stderr.writelines(f"{command}\n" for command in commands)
        sys.stderr.flush()


def project_of(invocation: Invocation) -> Project | Unprepared:
    """The project; where it can't be read, what is wrong with it, which the step has to tell."""
    try:
        return invocation.project()
    except NeonMigrateError as error:
        from neon_migrate.ci.run import Unprepared

        return Unprepared(Path(invocation.options.directory), error, invocation.observer)


@contextmanager
def in_workflow(invocation: Invocation) -> Iterator[Workflow]:
    """Mask the secrets first, and those of branches when they come.

    Annotates the error that ends the command, less what is a row's value, and passes it on: one that nobody expected
    as one of ours without its text and its cause, which the job log would quote.
    """
    workflow = Workflow()
    environment = dict(os.environ)
    workflow.mask(environment)
    observer = invocation.observer

    def observe(event: Event) -> None:
        if isinstance(event, CredentialsReceived):
            workflow.mask_password(event.conninfo)
        observer(event)

    invocation.observer = observe
    try:
        yield workflow
    except Exception as error:
        from neon_migrate.ci.failure import failure_of

        secrets = Secrets(environment)
        for conninfo in invocation.conninfos:
            secrets.learn(conninfo)
        ours = as_ours(error)
        workflow.failures([failure_of(ours, secrets)])
        raise ours from None
