"""Draws docs/picture.svg: what a terminal shows while the example shop's schema changes. It is real output.

python docs/make_picture.py
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from neon_migrate.postgres.local import stop

PICTURE = Path(__file__).with_name("picture.svg")
SHOP = Path(__file__).parents[1] / "examples" / "shop"
WIDTH = 104

BEFORE = ("init", "generate -m shop", "apply --local")
SHOWN = ("generate -m loyalty", "validate --local", "apply --local", "compare --local")
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def draw() -> str:
    """The picture as SVG; it names no font that would have to be fetched."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / ".git").mkdir()
        shutil.copy(SHOP / "schema.json", folder / "schema.json")
        try:
            for command in BEFORE:
                _run(command, folder)
            shutil.copy(SHOP / "schema.changed.json", folder / "schema.json")
            for command in SHOWN:
                console.print(Text.assemble(("$ ", "bold green"), (f"neon-migrate {command}", "bold")))
                console.print(Text.from_ansi(_run(command, folder)))
        finally:
            stop(folder)
    return _FONT.sub("", console.export_svg(title="neon-migrate"))


def _run(command: str, folder: Path) -> str:
    """What a command prints on a terminal."""
    ours, its = pty.openpty()
    environment = {
        name: value for name, value in os.environ.items() if "DATABASE_URL" not in name and name != "NO_COLOR"
    }
    environment |= {"TERM": "xterm-256color", "COLUMNS": str(WIDTH)}
    program = Path(sys.executable).with_name("neon-migrate")
    with subprocess.Popen(
        [program, *command.split()], cwd=folder, env=environment, stdout=its, stderr=subprocess.DEVNULL
    ) as process:
        os.close(its)
        printed = b""
        try:
            while chunk := os.read(ours, 65_536):
                printed += chunk
        except OSError:
            pass  # Linux says EIO when the other end is closed
        finally:
            os.close(ours)
    if process.returncode:
        raise SystemExit(f"neon-migrate {command} ended with {process.returncode}")
    return printed.decode().replace("\r\n", "\n").rstrip() + "\n"


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
