"""The page of `init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.page import Line, Span, Table, short_path

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.init import InitReport
    from neon_migrate.render.page import Inline, Page

_PURPOSES = {
    "neon-migrate.toml": "settings",
    "schema.json": "your schema: edit this",
    "neon-migrate.schema.json": "teaches your editor schema.json",
    "migrations": "where generate puts migrations",
    ".gitattributes": "the same line endings on every machine",
    ".gitignore": "keeps passwords and local data out of git",
    "neon-migrate.sh": "neon-migrate from anywhere in the repository",
    "validate-schema-locally.sh": "neon-migrate validate",
    "generate_schema.sh": "neon-migrate generate",
    "neon-migrations.yml": "rehearses pull requests, deploys behind an approval",
    "neon-maintenance.yml": "looks for drift daily, exports the schema weekly",
}


def init_page(report: InitReport) -> Page:
    """What was made, what was there, and what comes next."""

    def row(state: Span, path: Path) -> tuple[Inline, ...]:
        return (state, short_path(path, report.root), Span(_PURPOSES.get(path.name, ""), "dim"))

    rows = (
        *(row(Span("created", "good"), path) for path in report.created),
        *(row(Span("exists", "dim"), path) for path in report.existing),
    )
    return (
        Table(("", "file", "what for"), rows),
        *(Line((Span("to do: ", "warn"), advice)) for advice in report.advice),
        Line(("Next: edit schema.json, then ", Span("neon-migrate generate", "strong"))),
    )
