"""docs/schema-json.md: every example is true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import SchemaError
from neon_migrate.sources.schema_json import (
    insert_statements,
    load,
    parse_document,
    read_document,
    schema_document,
    seeds_of,
)

from .test_json_schema import accepts

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

PAGE = (Path(__file__).parents[3] / "docs" / "schema-json.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?:<!-- (.*?) -->\n)?```json\n(.*?)```", PAGE, re.DOTALL)
FILES = {
    "domains.sql": "CREATE DOMAIN year AS integer CHECK (VALUE > 1887);",
    "views.sql": "CREATE VIEW old_films AS SELECT title FROM films WHERE made < 1950;",
}


def block(mark: str) -> str:
    """The example that is marked so."""
    return next(text for found, text in BLOCKS if found == mark)


@pytest.mark.parametrize("text", [text for mark, text in BLOCKS if mark != "error"])
def test_every_example_loads(session: Session, tmp_path: Path, text: str) -> None:
    """Each example is a whole document, valid for an editor, without a warning, and makes a database."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "schema.json").write_text(text)
    document = read_document(tmp_path / "schema.json")
    load(session, document)
    schema = schema_document()
    assert document.warnings == ()
    assert accepts(schema, json.loads(text), schema)


def test_the_seeds_are_inserted_as_shown(session: Session) -> None:
    """The SQL on the page is what the seeds on the page become, and it runs."""
    document = parse_document(block("seeds"))
    written = "\n\n".join(f"{text};" for seed in seeds_of(document) for text in insert_statements(seed, seed.records))
    assert f"```sql\n{written}\n```" in PAGE
    load(session, document)
    session.script(written)
    assert session.query("SELECT count(*) FROM role_parents") == [(1,)]


def test_the_error_is_as_shown(session: Session) -> None:
    """The message on the page is the one that its example gives."""
    with pytest.raises(SchemaError) as caught:
        load(session, parse_document(block("error")))
    assert f"```text\n{caught.value}\n```" in PAGE


def test_every_word_is_on_the_page() -> None:
    """Each key that the format knows is named."""
    schema = schema_document()
    words = set(schema["properties"])
    for definition in schema["$defs"].values():
        words |= set(definition["properties"])
    assert not {word for word in words if not re.search(rf"[`\"]{re.escape(word)}[`\"]", PAGE)}
