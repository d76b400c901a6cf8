"""The page of the checks and rules."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "docs" / "make_checks.py"


def test_the_page_is_what_the_code_says() -> None:
    """`python docs/make_checks.py` writes it."""
    spec = importlib.util.spec_from_file_location("make_checks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text(encoding="utf-8") == script.page()
