"""An error on one screen: what happened, where (with the source line and a caret), why, and what to do now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.render.page import Excerpt, Line, Span, Sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.errors import NeonMigrateError
    from neon_migrate.render.page import Block, Page

_LINES_OF_WHY = 14
_LINES_OF_STATEMENT = 6
_WIDEST_LINE = 400


def fault_page(error: NeonMigrateError) -> Page:
    """The error as a page that fits one screen, whatever Postgres or a file put into it."""
    return tuple(_blocks(error))


def _blocks(error: NeonMigrateError) -> Iterator[Block]:
    code = f" ({error.sqlstate})" if isinstance(error, StatementError) and error.sqlstate else ""
    yield Line((Span("error: ", "bad"), Span(_capped(error.what, 4) + code, "strong")))
    if error.where is not None:
        yield Line(("  at ", Span(str(error.where), "strong")))
        if error.where.line is not None and error.where.source is not None:
            yield Excerpt(error.where.line, error.where.source, error.where.column)
    if isinstance(error, StatementError) and error.statement and not _shown(error):
        yield Line("  in the statement", 0)
        yield Sql(_indented(_capped(error.statement.strip(), _LINES_OF_STATEMENT)))
    if error.why:
        yield Line(_capped(error.why, _LINES_OF_WHY), 2)
    if error.remedy:
        yield Line((Span("what to do: ", "good"), _capped(error.remedy, _LINES_OF_WHY)), 2)


def _shown(error: StatementError) -> bool:
    """Whether the source line already is the whole statement."""
    source = error.where.source if error.where else None
    return source is not None and error.statement.strip().rstrip(";") in source


def _indented(text: str) -> str:
    return "\n".join("    " + line for line in text.split("\n"))


def _capped(text: str, lines: int) -> str:
    found = [line if len(line) <= _WIDEST_LINE else line[:_WIDEST_LINE] + "…" for line in text.strip().split("\n")]
    if len(found) <= lines:
        return "\n".join(found)
    return "\n".join([*found[: lines - 1], f"… and {len(found) - lines + 1} lines more"])
