"""Where a run writes: results to standard output, progress and errors to standard error."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from neon_migrate.errors import ExitCode
from neon_migrate.events import CredentialsReceived, Notice, Warned
from neon_migrate.render.page import Document, Page

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from neon_migrate.cli.invocation import Invocation, Outcome
    from neon_migrate.errors import NeonMigrateError
    from neon_migrate.events import Event


_FAULTS = (ExitCode.FAILED, ExitCode.UNREACHABLE, ExitCode.HISTORY)
"""Where the page of a report is what went wrong, so that --quiet shows it: a failed check or step, a fault."""


class Screen:
    """Writes for people (in colour on a terminal, as plain text into a pipe) or, with --format json, for programs."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._status: Status | None = None
        self._consoles: dict[int, Console] = {}
        self._notices: list[str] = []
        self._warnings: list[str] = []
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal that can't show a character shows `?`

    @property
    def _json(self) -> bool:
        return self._invocation.options.format == "json"

    def observe(self, event: Event) -> None:
        """Show what happens: the observer of the run's project."""
        if isinstance(event, CredentialsReceived):
            self._invocation.conninfos.append(event.conninfo)
            return
        if isinstance(event, Notice):
            self._notices.append(event.text)
        elif isinstance(event, Warned):
            self._warnings.append(event.text)
        if self._json:
            return
        from neon_migrate.render.progress import lasting, live_text

        if page := lasting(event):
            if isinstance(event, Warned) or not self._invocation.options.quiet:
                self.write(page, sys.stderr)
        elif (text := live_text(event)) is not None:
            self._live(text)

    def deliver(self, outcome: Outcome) -> None:
        """Write what a command came to."""
        self.pause()
        if self._json:
            from neon_migrate.render.json_text import envelope

            sys.stdout.write(
                envelope(
                    self._invocation.command,
                    outcome.exit_code,
                    report=outcome.report,
                    notices=self._notices,
                    warnings=self._warnings,
                )
            )
        elif self._invocation.options.quiet and outcome.exit_code in _FAULTS:
            self.write(outcome.page, sys.stderr)
        elif self._invocation.options.quiet:
            self.write(tuple(block for block in outcome.page if isinstance(block, Document)), sys.stdout)
        else:
            self.write(outcome.page, sys.stdout)
        sys.stdout.flush()

    def fail(self, error: NeonMigrateError) -> None:
        """Write what went wrong, on one screen."""
        self.pause()
        if self._json:
            from neon_migrate.render.json_text import envelope

            code = ExitCode(error.exit_code)
            sys.stdout.write(
                envelope(self._invocation.command, code, error=error, notices=self._notices, warnings=self._warnings)
            )
            sys.stdout.flush()
        else:
            from neon_migrate.render.fault import fault_page

            self.write(fault_page(error), sys.stderr)

    def write(self, page: Page, stream: TextIO) -> None:
        """Write a page, drawn if `stream` is a terminal."""
        if not page:
            return
        if is_terminal(stream):
            from neon_migrate.render.terminal import draw

            draw(page, self._console(stream))
        else:
            from neon_migrate.render.plain import text

            stream.write(text(page))
        stream.flush()

    def show(self, page: Page) -> None:
        """Write a page for people before the command has ended."""
        self.pause()
        if not (self._json or self._invocation.options.quiet):
            self.write(page, sys.stdout)

    def ask(self, page: Page, question: str) -> str:
        """Show a page and ask for an answer, as typed; empty at end of input."""
        self.pause()
        self.write(page, sys.stderr)
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    def pause(self) -> None:
        """Take the live line off the terminal."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _live(self, text: str) -> None:
        if self._invocation.options.quiet or not is_terminal(sys.stderr):
            return
        if self._status is None:
            self._status = self._console(sys.stderr).status(text)
            self._status.start()
        else:
            self._status.update(text)

    def _console(self, stream: TextIO) -> Console:
        from neon_migrate.render.terminal import console

        number = stream.fileno()
        if number not in self._consoles:
            colour = not (self._invocation.options.no_color or os.environ.get("NO_COLOR"))
            self._consoles[number] = console(stream, colour=colour)
        return self._consoles[number]


def is_terminal(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that can be drawn on."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"
