"""A step's outputs, for later steps and jobs: the file GITHUB_OUTPUT."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def write_outputs(values: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Append each value under its name; nothing where the runner takes no outputs.

    A value stands between lines that nobody can guess, so that no text in it (a file's name, a description) can end it
    and set another output. Raises ValueError for a name that is none.
    """
    name = environment.get("GITHUB_OUTPUT", "")
    lines = []
    for key, value in values.items():
        if not _NAME.fullmatch(key):
            raise ValueError(f"{key!r} is no name of an output")
        delimiter = f"neon-migrate-{uuid4()}"
        lines.append(f"{key}<<{delimiter}\n{value}\n{delimiter}\n")
    if name:
        with Path(name).open("a", encoding="utf-8") as file:
            file.writelines(lines)
