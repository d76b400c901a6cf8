"""The command line: parse, call `neon_migrate.api`, render. Nothing else prints.

Importing this package imports nothing more, so that `neon-migrate --version` and shells that complete stay quick.
"""

from __future__ import annotations

import sys

from neon_migrate import __version__


def main() -> None:
    """The console script `neon-migrate`: ends the process with the exit code of the command."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        sys.stdout.write(f"neon-migrate {__version__}\n")
        return
    from neon_migrate.cli.application import run

    sys.exit(run(arguments))
