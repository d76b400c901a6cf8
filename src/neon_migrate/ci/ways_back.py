"""The ways back from a deployment that failed, each as commands to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neon_migrate.ci.run import Run
    from neon_migrate.deployment import StateBefore


def ways_back(run: Run, before: StateBefore | None, applied: Sequence[int]) -> str:
    """The plan as Markdown."""
    return f"{applied} {before} {run.event.sha}"
