"""Somebody who looks on while migrations run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from neon_migrate.postgres.message import TextRows, Tick


class Probe(Protocol):
    """Somebody who looks at every statement of a run (see postgres.observe); a rehearsal has one.

    head, tail  statements that are run before and after each of the file's, in the same transaction
    """

    @property
    def head(self) -> tuple[str, ...]: ...

    @property
    def tail(self) -> tuple[str, ...]: ...

    def opened(self) -> None:
        """A transaction begins, perhaps the second attempt at one."""

    def committed(self) -> None:
        """It is committed."""

    def note(self, offset: int, before: Sequence[TextRows], tag: str, after: Sequence[TextRows]) -> None:
        """The statement at `offset` of its file ran; `before` and `after` are what `head` and `tail` gave."""

    def alone(self, offset: int, run: Callable[[Tick], None]) -> None:
        """Calls `run`, which sends what is no part of a transaction of ours."""
