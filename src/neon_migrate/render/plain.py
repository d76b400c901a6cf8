"""A Page as plain text: no colour, no wrapping, so that it can be searched, compared and mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.page import Document, Excerpt, Heading, Line, Sql, Table, Tree, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.render.page import Block, Page

_WIDEST_EXCERPT = 110


def text(page: Page) -> str:
    """The whole page, ending in a newline (empty for an empty page)."""
    return "".join(f"{line}\n" for block in page for line in _lines(block))


def clip(source: str, column: int | None, width: int = _WIDEST_EXCERPT) -> tuple[str, int | None]:
    """A source line cut to `width` characters around `column`, tabs as single blanks, and where the column is now."""
    source = "".join(character if character.isprintable() else " " for character in source)
    if len(source) <= width:
        return source.rstrip(), column
    start = max(0, min((column or 1) - 1 - width // 2, len(source) - width))
    cut = ("…" if start else "") + source[start : start + width].rstrip() + ("…" if start + width < len(source) else "")
    return cut, None if column is None else column - start + bool(start)


def excerpt(block: Excerpt) -> tuple[str, str]:
    """The source line behind its number, and the caret's line (empty without a column)."""
    source, column = clip(block.source, block.column)
    gutter = f"{block.line:>5} | "
    return gutter + source, "" if column is None else " " * (len(gutter) - 2) + "| " + " " * (column - 1) + "^"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(heading):
            yield heading
        case Line(inline, indent):
            yield from ((" " * indent + part).rstrip() for part in text_of(inline).split("\n"))
        case Table():
            yield from _table(block)
        case Tree():
            yield from _tree(block, 0)
        case Sql(sql):
            yield from sql.rstrip("\n").split("\n")
        case Excerpt():
            yield from filter(None, excerpt(block))
        case Document(document):
            yield document.removesuffix("\n")


def _table(table: Table) -> Iterator[str]:
    rows = [table.columns, *(tuple(text_of(cell).replace("\n", " ") for cell in row) for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns))]
    for row in rows:
        cells = (
            cell.rjust(width) if column in table.right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _tree(tree: Tree, depth: int) -> Iterator[str]:
    yield "  " * depth + text_of(tree.label)
    for child in tree.children:
        yield from _tree(child, depth + 1)
