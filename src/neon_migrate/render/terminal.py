"""A Page drawn on a terminal: the only module that imports rich, and it is imported only where there is a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from neon_migrate.render.page import Document, Excerpt, Heading, Line, Span, Sql, Table, Tree, spans
from neon_migrate.render.plain import excerpt

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text
    from rich.tree import Tree as RichTree

    from neon_migrate.render.page import Block, Inline, Page

_STYLES = {"plain": "", "good": "green", "warn": "yellow", "bad": "bold red", "dim": "dim", "strong": "bold"}


def console(stream: TextIO, *, colour: bool = True) -> Console:
    """A console on `stream` that colours nothing by itself."""
    from rich.console import Console

    return Console(file=stream, highlight=False, no_color=not colour, emoji=False, markup=False, soft_wrap=False)


def draw(page: Page, on: Console) -> None:
    """Write the page."""
    for block in page:
        if isinstance(block, Document):
            on.file.write(block.text.removesuffix("\n") + "\n")
        else:
            on.print(_renderable(block))


def _text(inline: Inline) -> Text:
    from rich.text import Text

    found = Text(overflow="fold")
    for span in spans(inline):
        found.append(span.text, style=_STYLES[span.tone])
    return found


def _renderable(block: Block) -> RenderableType:
    match block:
        case Heading(heading):
            from rich.text import Text

            return Text(heading, style="bold")
        case Line(inline, indent):
            from rich.padding import Padding

            return Padding(_text(inline), (0, 0, 0, indent))
        case Table():
            return _table(block)
        case Tree():
            return _tree(block)
        case Sql(sql):
            from rich.syntax import Syntax

            return Syntax(sql.rstrip("\n"), "postgresql", theme="ansi_dark", background_color="default", word_wrap=True)
        case Excerpt():
            source, caret = excerpt(block)
            return _text((source, Span("\n" + caret if caret else "", "bad")))
        case _:
            raise TypeError(f"no drawing for {type(block).__name__}")


def _table(table: Table) -> RenderableType:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    drawn = RichTable(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for number, title in enumerate(table.columns):
        drawn.add_column(title, justify="right" if number in table.right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(_text(cell) for cell in row))
    return drawn


def _tree(tree: Tree) -> RichTree:
    from rich.tree import Tree as RichTree

    drawn = RichTree(_text(tree.label), guide_style="dim")
    for child in tree.children:
        drawn.add(_tree(child))
    return drawn
