"""Mermaid itself, as what judges our diagrams: read by its own grammar, in node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from npm import UNAVAILABLE, npm_installed, npm_package

if TYPE_CHECKING:
    from collections.abc import Sequence

_MERMAID = (
    "mermaid",
    "11.12.0",
    "66e755c7bdc1c2b3097c2166492253f38cbabb96eb12857c0ce22d747a2634bc"
    "f7dae06336b7a59bb9a0f795fb83e0ba528407fd6ea604b183103bfbdc977106",
)
_SCRIPT = "dist/mermaid.min.js"


def read_by_mermaid(diagrams: Sequence[str]) -> list[dict[str, Any]]:
    """What Mermaid makes of each: `entities` with their attributes, and `relationships`; or `error`.

    One process reads them all. Skips the test where npm or node can't be had.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip(f"{UNAVAILABLE}: node is not installed")
    here = Path(__file__).parent
    script = npm_package(*_MERMAID, only=_SCRIPT) / _SCRIPT
    command = [node, str(here / "read.cjs"), str(script), str(npm_installed(here))]
    done = subprocess.run(command, input=json.dumps(diagrams), capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
