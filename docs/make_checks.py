"""Writes docs/checks.md from the docstrings of the checks and of the rules; a test fails when it is stale.

python docs/make_checks.py
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

from neon_migrate import checks
from neon_migrate.hazards import observed, rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PAGE = Path(__file__).with_name("checks.md")

HEAD = """\
# The checks of `validate`

<!-- Written by docs/make_checks.py from the code: change the code, then run it. -->

Each check passes, warns, fails, or is skipped and says why; `validate` exits with 1 when one fails. Everything runs on
a scratch Postgres, and what was seen of a migration is kept until its files, the server or the checks change.

| check | what it looks at |
| --- | --- |
"""

RULES = """
# Breaking changes

Seen in the database before and after a new migration ran, so whatever made them: a plain statement, a `DO` block, or a
function that the migration calls. They warn and never fail: whoever knows that nothing uses a column may drop it.
"""

OBSERVED = """
# What others wait for

Seen by `dry-run` while a migration runs: locks, new files of tables, scans, index builds and rows, as Postgres tells of
them. How much each weighs depends on what the tables hold in production ([rehearsal.md](rehearsal.md)).
"""


def page() -> str:
    """The page as it should be."""
    by_name = {module.CHECK.name: module.__doc__ or "" for module in _modules(checks)}
    lines = [f"| {check.name} | {by_name[check.name].strip()} |\n" for check in checks.checks()]
    breaking, waiting = ("".join(_rule(module.__doc__ or "") for module in _modules(one)) for one in (rules, observed))
    return HEAD + "".join(lines) + RULES + breaking + OBSERVED + waiting


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{module.name}")


def _rule(text: str) -> str:
    name, _, rest = text.strip().partition("\n\n")
    for heading in ("What it does:", "Why is this bad:", "Example:", "Safe form:"):
        rest = rest.replace(heading, f"\n**{heading}**")
    return f"\n## {name}\n\n{rest.strip()}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
