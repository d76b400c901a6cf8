"""Kinds, rules, checks and notifiers are found by looking into their package."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from neon_migrate.discovery import discovered

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

ONE = "from types import SimpleNamespace\nTHING = SimpleNamespace(name={!r}, rank={})\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ModuleType:
    """A package with the files `a`, `b`, … of these names and ranks."""
    folder = tmp_path / "things_found"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for file, (name, rank) in zip("abc", request.param, strict=False):
        (folder / f"{file}.py").write_text(ONE.format(name, rank))
    monkeypatch.syspath_prepend(tmp_path)
    for loaded in [name for name in sys.modules if name.partition(".")[0] == "things_found"]:
        monkeypatch.delitem(sys.modules, loaded)
    return importlib.import_module("things_found")


@pytest.mark.parametrize("package", [[("z", 1), ("y", 3), ("x", 2)]], indirect=True)
def test_they_come_in_the_order_that_is_asked_for(package: ModuleType) -> None:
    """By name, or by the last of what has to be unique."""
    assert [one.name for one in discovered(package, "THING")] == ["x", "y", "z"]
    assert [one.name for one in discovered(package, "THING", unique=("name", "rank"))] == ["z", "x", "y"]


@pytest.mark.parametrize("package", [[("x", 1), ("x", 2)]], indirect=True)
def test_two_of_one_name_are_refused(package: ModuleType) -> None:
    """The second would silently take the first one's place."""
    with pytest.raises(ImportError, match=r"two of one name in things_found: \['x'\]"):
        discovered(package, "THING")


@pytest.mark.parametrize("package", [[("x", 1), ("y", 1)]], indirect=True)
def test_two_of_one_rank_are_refused_where_it_orders_them(package: ModuleType) -> None:
    """Elsewhere a rank may be shared."""
    with pytest.raises(ImportError, match="two of one rank"):
        discovered(package, "THING", unique=("name", "rank"))
    assert len(discovered(package, "THING")) == 2
