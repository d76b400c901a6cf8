"""`neon-migrate completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode, NeonMigrateError

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command({ExitCode.OK: "the script was printed"})
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(invocation: Invocation, shell: str) -> Outcome:
    """Print the script that teaches a shell to complete neon-migrate's commands and options.

    \b
    bash    eval "$(neon-migrate completion bash)"           in ~/.bashrc
    zsh     eval "$(neon-migrate completion zsh)"            in ~/.zshrc
    fish    neon-migrate completion fish | source            in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from neon_migrate.cli.application import PROGRAM, application
    from neon_migrate.render.page import Document

    found = get_completion_class(shell)
    if found is None:
        raise NeonMigrateError(f"There is no completion for {shell}")
    script = found(application(), {}, PROGRAM, "_NEON_MIGRATE_COMPLETE").source()
    return Outcome({"shell": shell, "script": script}, (Document(script),), ExitCode.OK)
