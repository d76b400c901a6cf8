"""`neon-migrate schema`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command({ExitCode.OK: "the JSON Schema was printed or written"})
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file instead.")
def schema(invocation: Invocation, output: Path | None) -> Outcome:
    """Print the JSON Schema of schema.json, for editors.

    Name the file in schema.json as "$schema" and the editor completes, explains and checks it.
    """
    from neon_migrate import api
    from neon_migrate.init import json_schema_text
    from neon_migrate.render.page import Document, Line, short_path

    document = api.schema_document()
    text = json_schema_text(document)
    if output is None:
        return Outcome(document, (Document(text),), ExitCode.OK)
    output.write_text(text, encoding="utf-8", newline="\n")
    return Outcome({"output": output}, (Line(f"Wrote {short_path(output.resolve())}"),), ExitCode.OK)
