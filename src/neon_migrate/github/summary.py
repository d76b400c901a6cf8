"""The job summary: Markdown that a step appends to the file GITHUB_STEP_SUMMARY."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 1024 * 1024
"""What a step may write; of a longer one GitHub shows nothing at all."""


def write_summary(text: str, environment: Mapping[str, str]) -> None:
    """Append to the step's summary, cut to what still fits; nothing where the runner has none."""
    name = environment.get("GITHUB_STEP_SUMMARY", "")
    if not name:
        return
    path = Path(name)
    taken = path.stat().st_size if path.exists() else 0
    content = text.encode() + b"\n"
    room = MOST_BYTES - taken - 1
    if len(content) > room:
        content = content[: max(room, 0)].decode(errors="ignore").encode()
    with path.open("ab") as file:
        file.write(content)
