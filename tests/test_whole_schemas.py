"""Whole schemas that others use as examples, as pg_dump wrote them: imported into a schema.json and loaded from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.diff import Create, diff
from neon_migrate.importing import import_schema
from neon_migrate.postgres.scratch import scratch_server
from neon_migrate.project import Project
from neon_migrate.settings import load as load_settings
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.sources.schema_json import read_document
from neon_migrate.sources.schema_json.load import loaded
from pairs import SETTINGS, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.postgres.scratch import ScratchServer


@pytest.fixture
def server() -> Iterator[ScratchServer]:
    """A server of its own, since the schemas make roles."""
    with scratch_server() as running:
        yield running


@pytest.mark.parametrize("name", ["basejump", "employee_dump", "pagila_2022", "sakila_dump"])
def test_a_schema_is_imported(
    server: ScratchServer, inputs: Path, tmp_path: Path, name: str, record_property: pytest.RecordProperty
) -> None:
    """What the written schema.json makes is equal to what was imported, but for what the import names one by one."""
    database = load(server, inputs / "schemas" / f"dump_{name}.sql")
    (tmp_path / "migrations").mkdir()
    report = import_schema(Project(load_settings(tmp_path), server.target(database)))
    assert report.differences == ()
    if report.problem:
        # A column needs a type or a function that has no word: it is named, and the file does not load without it.
        assert any(one.split()[-1] in report.problem for one in report.not_expressible), report.problem
        record_property("inputs: schemas imported", {"need what is named as not expressible": 1})
        return
    found = scratch_catalog(server, database, SETTINGS)
    again = scratch_catalog(server, loaded(server, read_document(report.file)), SETTINGS)
    left = diff(again, found)
    assert all(isinstance(change, Create) and _is_named(change.key, found, report.not_expressible) for change in left)
    record_property("inputs: schemas imported", {"equal, the rest named" if left else "equal": 1})


def _is_named(key: Key, found: Catalog, names: tuple[str, ...]) -> bool:
    """Whether the object, or what it belongs to, is among the names."""
    if str(key) in names:
        return True
    owner = found.objects[key].owner
    return owner is not None and _is_named(owner, found, names)
